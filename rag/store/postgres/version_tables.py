"""Earlier texts of documents, and the bytes that documents were read from.

Every function works on an open connection inside a transaction that the caller has begun.
"""

from __future__ import annotations

import json

from rag.records import Document, Source
from rag.store.base import Version, document_not_found
from rag.store.fitting import now
from rag.store.postgres.postgres_connections import PgConnection
from rag.store.postgres.row_values import first, holdable, in_binary, one, rows, run
from rag.store.rows.document_columns import BLOCK, VERSION, VERSION_DOCUMENT, check_original, version_of

# PostgreSQL takes no message of a gigabyte; a document of this size is stored without its original.
_MAX_BYTES = 500_000_000


def pg_keep_version(connection: PgConnection, document_id: str, *, new_sha256: str, at_most: int) -> None:
    """Before a document is replaced: keep its text, unless it stays the same, and no more than `at_most` of them.

    A text that comes back is current again and no earlier one any more.
    """
    run(connection, "DELETE FROM versions WHERE document_id = %s AND text_sha256 = %s", (document_id, new_sha256))
    row = first(
        connection,
        "SELECT number, text_sha256, title, location, media_type, content_sha256, updated_at, modified_at, text"
        " FROM documents WHERE id = %s AND text_sha256 <> %s",
        (document_id, new_sha256),
    )
    if row is not None and at_most:
        number, *columns = row
        blocks = rows(
            connection,
            f"SELECT {BLOCK} FROM blocks WHERE document = %s ORDER BY position",  # noqa: S608 - constant columns
            (number,),
        )
        run(
            connection,
            "INSERT INTO versions (document_id, text_sha256, title, location, media_type, content_sha256, stored_at,"
            " modified_at, text, blocks, superseded_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (document_id, *columns, json.dumps(blocks), now()),
        )
    run(
        connection,
        "DELETE FROM versions WHERE document_id = %(id)s AND id NOT IN"
        " (SELECT id FROM versions WHERE document_id = %(id)s ORDER BY id DESC LIMIT %(most)s)",
        {"id": document_id, "most": at_most},
    )


def pg_forget_versions(connection: PgConnection, document_id: str) -> None:
    """Delete all earlier texts of a document."""
    run(connection, "DELETE FROM versions WHERE document_id = %s", (holdable(document_id),))


def pg_versions(connection: PgConnection, document_id: str) -> list[Version]:
    """The earlier versions of a document that are kept, newest first."""
    found = rows(
        connection,
        f"SELECT {VERSION} FROM readable_versions WHERE document_id = %s ORDER BY id DESC",  # noqa: S608 - constant columns
        (holdable(document_id),),
    )
    return [Version(*row) for row in found]


def pg_version(connection: PgConnection, document_id: str, sha256: str) -> tuple[Version, Document] | None:
    """The newest earlier version whose text's SHA-256 begins with `sha256`, if it is kept."""
    row = first(
        connection,
        f"SELECT {VERSION}, {VERSION_DOCUMENT}"  # noqa: S608 - as above
        " FROM readable_versions WHERE document_id = %s AND starts_with(text_sha256, %s) ORDER BY id DESC LIMIT 1",
        (holdable(document_id), holdable(sha256)),
    )
    return None if row is None else version_of(document_id, row)


def pg_insert_original(connection: PgConnection, number: int, data: bytes, content_sha256: str) -> None:
    """Keep the bytes of document `number`, which was just written. Raises ValueError unless they have that SHA-256."""
    check_original(data, content_sha256)
    if len(data) <= _MAX_BYTES:
        run(connection, "INSERT INTO originals (document, data) VALUES (%s, %b)", (number, data))


def pg_add_original(connection: PgConnection, document: Document, data: bytes) -> None:
    """Keep the bytes of a document that is stored, unless it has some already."""
    number = one(
        connection,
        "SELECT number FROM documents WHERE id = %s AND number NOT IN (SELECT document FROM originals)",
        (holdable(document.source.id),),
    )
    if number is not None:
        pg_insert_original(connection, number, data, document.content_sha256)


def pg_original(connection: PgConnection, document_id: str) -> tuple[Source, str, bytes] | None:
    """Source, SHA-256 and bytes of a document's original, None where none is kept. Raises DocumentNotFound."""
    found = in_binary(
        connection,
        "SELECT id, title, location, media_type, content_sha256, data"
        " FROM readable_documents LEFT JOIN readable_originals ON document = number WHERE id = %s",
        (holdable(document_id),),
    )
    if not found:
        raise document_not_found(document_id)
    *source, sha256, data = found[0]
    return None if data is None else (Source(*source), sha256, bytes(data))


def pg_describe_original(connection: PgConnection, document_id: str) -> tuple[Source, str, int] | None:
    """Source, SHA-256 and length in bytes of a document's original, None where none is kept. Raises DocumentNotFound.

    Nothing of the original itself is read.
    """
    row = first(
        connection,
        "SELECT id, title, location, media_type, content_sha256, octet_length(data)"
        " FROM readable_documents LEFT JOIN readable_originals ON document = number WHERE id = %s",
        (holdable(document_id),),
    )
    if row is None:
        raise document_not_found(document_id)
    *source, sha256, size = row
    return None if size is None else (Source(*source), sha256, size)


def pg_original_part(connection: PgConnection, document_id: str, sha256: str, start: int, length: int) -> bytes:
    """Bytes of the original with that SHA-256, from `start` on, fewer at its end; none when it is gone."""
    found = in_binary(
        connection,
        "SELECT substring(data FROM %s::int FOR %s::int) FROM readable_documents"
        " JOIN readable_originals ON document = number WHERE id = %s AND content_sha256 = %s",
        (min(start + 1, 2**31 - 1), min(length, 2**30), holdable(document_id), holdable(sha256)),
    )
    return bytes(found[0][0]) if found else b""


def pg_original_sha256(connection: PgConnection, document_id: str) -> str | None:
    """The SHA-256 of a document's original, None where none is kept. Raises DocumentNotFound."""
    described = pg_describe_original(connection, document_id)
    return None if described is None else described[1]
