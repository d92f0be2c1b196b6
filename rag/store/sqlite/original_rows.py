"""The bytes that documents were read from, so that a citation can be checked against the page itself.

Every function works on an open connection inside a transaction that the caller has begun.
"""

from __future__ import annotations

import hashlib

import apsw

from rag.records import Document, Source
from rag.store.base import document_not_found
from rag.store.rows.document_columns import check_original
from rag.store.sqlite.document_rows import number_of
from rag.store.sqlite.storable import storable

# SQLite stores no value of a gigabyte or more; a document of that size is stored without its original.
_MAX_BYTES = 950_000_000


def insert_original(connection: apsw.Connection, number: int, data: bytes, content_sha256: str) -> None:
    """Keep the bytes of document `number`, which was just written. Raises ValueError unless they have that SHA-256."""
    check_original(data, content_sha256)
    if len(data) <= _MAX_BYTES:
        connection.execute("INSERT INTO originals (document, data) VALUES (?, ?)", (number, data))


def add_original(connection: apsw.Connection, document: Document, data: bytes) -> None:
    """Keep the bytes of a document that is stored, unless it has some already."""
    number = connection.execute(
        "SELECT number FROM documents WHERE id = ? AND number NOT IN (SELECT document FROM originals)",
        (storable(document.source.id),),
    ).get
    if number is not None:
        insert_original(connection, number, data, document.content_sha256)


def read_original(connection: apsw.Connection, document_id: str) -> tuple[Source, str, bytes] | None:
    """Source, SHA-256 and bytes of a document's original, None where none is kept. Raises DocumentNotFound."""
    row = connection.execute(
        "SELECT id, title, location, media_type, content_sha256, data"
        " FROM readable_documents LEFT JOIN readable_originals ON document = number WHERE number = ?",
        (number_of(connection, document_id),),
    ).fetchone()
    if row is None:
        raise document_not_found(document_id)
    *source, sha256, data = row
    return None if data is None else (Source(*source), sha256, data)


def describe_original(connection: apsw.Connection, document_id: str) -> tuple[Source, str, int] | None:
    """Source, SHA-256 and length in bytes of a document's original, None where none is kept. Raises DocumentNotFound.

    Nothing of the original itself is read.
    """
    row = connection.execute(
        "SELECT id, title, location, media_type, content_sha256, length(data)"
        " FROM readable_documents LEFT JOIN readable_originals ON document = number WHERE number = ?",
        (number_of(connection, document_id),),
    ).fetchone()
    if row is None:
        raise document_not_found(document_id)
    *source, sha256, size = row
    return None if size is None else (Source(*source), sha256, size)


def read_original_part(connection: apsw.Connection, document_id: str, sha256: str, start: int, length: int) -> bytes:
    """Bytes of the original with that SHA-256, from `start` on, fewer at its end; none when it is gone."""
    number = connection.execute(
        "SELECT number FROM readable_documents JOIN readable_originals ON document = number"
        " WHERE id = ? AND content_sha256 = ?",
        (storable(document_id), sha256),
    ).get
    if number is None:
        return b""
    blob = connection.blob_open("main", "originals", "data", number, False)
    try:
        blob.seek(min(start, blob.length()))
        return blob.read(length)
    finally:
        blob.close()


def original_sha256(connection: apsw.Connection, document_id: str) -> str | None:
    """The SHA-256 of a document's original, None where none is kept. Raises DocumentNotFound."""
    described = describe_original(connection, document_id)
    return None if described is None else described[1]


def damaged_originals(connection: apsw.Connection) -> tuple[int, list[str]]:
    """How many originals are kept, and a sentence for each that is not what was hashed. One is in memory at a time.

    A backup of an older format has no table of them.
    """
    if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'originals'").get:
        return 0, []
    kept, problems = 0, []
    for document_id, sha256, data in connection.execute(
        "SELECT id, content_sha256, data FROM originals JOIN documents ON document = number ORDER BY number"
    ):
        kept += 1
        if hashlib.sha256(data).hexdigest() != sha256:
            problems.append(f"the original of document {document_id} is not the one that was hashed")
    return kept, problems
