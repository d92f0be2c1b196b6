"""Earlier texts of documents, so that a citation of one can still be checked. Deleting a document deletes them too.

Every function works on an open connection inside a transaction that the caller has begun.
"""

from __future__ import annotations

import hashlib
import json

import apsw

from rag.records import Document
from rag.store.base import Version
from rag.store.fitting import now
from rag.store.rows.document_columns import BLOCK, VERSION, VERSION_DOCUMENT, version_of
from rag.store.sqlite.storable import storable


def keep_version(connection: apsw.Connection, document_id: str, *, new_sha256: str, at_most: int) -> None:
    """Before a document is replaced: keep its text, unless it stays the same, and no more than `at_most` of them.

    A text that comes back is current again and no earlier one any more.
    """
    connection.execute("DELETE FROM versions WHERE document_id = ? AND text_sha256 = ?", (document_id, new_sha256))
    row = connection.execute(
        "SELECT number, text_sha256, title, location, media_type, content_sha256, updated_at, modified_at, text"
        " FROM documents WHERE id = ? AND text_sha256 != ?",
        (document_id, new_sha256),
    ).fetchone()
    if row is not None and at_most:
        number, *columns = row
        blocks = connection.execute(
            f"SELECT {BLOCK} FROM blocks WHERE document = ? ORDER BY position",  # noqa: S608 - constant columns
            (number,),
        ).fetchall()
        connection.execute(
            "INSERT INTO versions (document_id, text_sha256, title, location, media_type, content_sha256, stored_at,"
            " modified_at, text, blocks, superseded_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (document_id, *columns, json.dumps(blocks), now()),
        )
    connection.execute(
        "DELETE FROM versions WHERE document_id = ?1 AND id NOT IN"
        " (SELECT id FROM versions WHERE document_id = ?1 ORDER BY id DESC LIMIT ?2)",
        (document_id, at_most),
    )


def forget_versions(connection: apsw.Connection, document_id: str) -> None:
    """Delete all earlier texts of a document."""
    connection.execute("DELETE FROM versions WHERE document_id = ?", (storable(document_id),))


def list_versions(connection: apsw.Connection, document_id: str) -> list[Version]:
    """The earlier versions of a document that are kept, newest first."""
    rows = connection.execute(
        f"SELECT {VERSION} FROM readable_versions WHERE document_id = ? ORDER BY id DESC",  # noqa: S608 - constant columns
        (storable(document_id),),
    )
    return [Version(*row) for row in rows]


def read_version(connection: apsw.Connection, document_id: str, sha256: str) -> tuple[Version, Document] | None:
    """The newest earlier version whose text's SHA-256 begins with `sha256`, if it is kept."""
    row = connection.execute(
        f"SELECT {VERSION}, {VERSION_DOCUMENT}"  # noqa: S608 - as above
        " FROM readable_versions WHERE document_id = ?1 AND substr(text_sha256, 1, length(?2)) = ?2"
        " ORDER BY id DESC LIMIT 1",
        (storable(document_id), storable(sha256)),
    ).fetchone()
    return None if row is None else version_of(document_id, row)


def damaged_versions(connection: apsw.Connection) -> list[str]:
    """A sentence for each earlier text that is not the one that was hashed; a backup of an older format has none."""
    if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'versions'").get:
        return []
    rows = connection.execute("SELECT document_id, text_sha256, text FROM versions ORDER BY id")
    return [
        f"an earlier text of document {document_id} is not the one that was hashed"
        for document_id, text_sha256, text in rows
        if hashlib.sha256(text.encode()).hexdigest() != text_sha256
    ]
