"""Files as rows: what each was when it was last read, and which document came of it.

Every function works on an open connection inside a transaction that the caller has begun.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rag.records import Source
from rag.store.base import UNTRUSTED, FileRecord, KnownFile, Stamp
from rag.store.postgres.access_tables import pg_stamp_again
from rag.store.postgres.postgres_connections import PgConnection
from rag.store.postgres.row_values import first, holdable, one, rows, run, run_each

_FILE = (
    "f.path, f.location, f.size, f.mtime_ns, f.inode, f.content_sha256, f.document_id, f.error, f.read_at, f.read_with"
)
_DOCUMENT = "d.id, d.title, d.location, d.media_type, d.content_sha256, d.modified_at"
_KNOWN = f"SELECT {_FILE}, {_DOCUMENT} FROM files f LEFT JOIN documents d ON d.id = f.document_id"  # noqa: S608 - constants


def pg_file(connection: PgConnection, path: bytes) -> KnownFile | None:
    """What is known of one file; None of one that was never read."""
    row = first(connection, f"{_KNOWN} WHERE f.path = %s", (path,))
    return None if row is None else _known(row)


def pg_files(connection: PgConnection, prefix: bytes, location: str) -> list[KnownFile]:
    """What is known from under a folder, by path; last, with an empty path, documents that no file is remembered for.

    `prefix` is the folder's path with a slash at its end, `location` the same for people.
    """
    end = prefix[:-1] + b"0"  # which follows the slash
    found = rows(connection, f"{_KNOWN} WHERE f.path >= %s AND f.path < %s ORDER BY f.path", (prefix, end))
    above = location[:-1] + "0"  # likewise
    return [
        *map(_known, found),
        *_unremembered(connection, "d.location >= %s AND d.location < %s", (holdable(location), holdable(above))),
    ]


def pg_document_at(connection: PgConnection, document_id: str, location: str) -> KnownFile | None:
    """What is known of a document with this id and location that no file is remembered for, if there is one."""
    found = _unremembered(connection, "d.id = %s AND d.location = %s", (holdable(document_id), holdable(location)))
    return found[0] if found else None


def _unremembered(connection: PgConnection, condition: str, values: tuple[str, str]) -> list[KnownFile]:
    """The documents under a condition that no file is remembered for, by location; the path in the records is empty."""
    found = rows(
        connection,
        f"SELECT {_DOCUMENT} FROM documents d WHERE {condition}"  # noqa: S608 - constants
        " AND NOT EXISTS (SELECT 1 FROM files f WHERE f.document_id = d.id) ORDER BY d.location",
        values,
    )
    return [KnownFile(FileRecord(b"", row[2], UNTRUSTED, row[4], row[0], "", "", ""), *_document(row)) for row in found]


def pg_failed(connection: PgConnection) -> list[FileRecord]:
    """The files that did not become documents when they were last read, by path."""
    return [_record(row) for row in rows(connection, f"SELECT {_FILE} FROM files f WHERE error <> '' ORDER BY path")]  # noqa: S608 - constants


def pg_owner_of(connection: PgConnection, document_id: str) -> tuple[bytes, str] | None:
    """Path and location of the file that this document id belongs to; the path is empty when no file is remembered."""
    values = (holdable(document_id),)
    row = first(connection, "SELECT path, location FROM files WHERE document_id = %s", values)
    if row is None:
        row = first(connection, "SELECT ''::bytea, location FROM documents WHERE id = %s", values)
    return None if row is None else (bytes(row[0]), row[1])


def pg_same_content(connection: PgConnection) -> list[tuple[str, str]]:
    """SHA-256 and location of each document that was read from the same bytes as another, in that order."""
    found = rows(
        connection,
        "SELECT content_sha256, location FROM documents WHERE content_sha256 IN"
        " (SELECT content_sha256 FROM documents GROUP BY content_sha256 HAVING count(*) > 1) ORDER BY 1, 2",
    )
    return [(row[0], row[1]) for row in found]


def pg_write_files(connection: PgConnection, records: Iterable[FileRecord]) -> None:
    """Remember these files, in place of what was known of them. A document belongs to the last file it came from."""
    for record in records:
        if record.document_id:
            run(connection, "DELETE FROM files WHERE document_id = %s", (record.document_id,))
        stamp = record.stamp
        run(connection, "DELETE FROM files WHERE path = %s", (record.path,))
        run(
            connection,
            "INSERT INTO files (path, location, size, mtime_ns, inode, content_sha256, document_id, error,"
            " read_at, read_with) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (
                record.path,
                record.location,
                stamp.size,
                stamp.mtime_ns,
                stamp.inode,
                record.content_sha256,
                record.document_id,
                record.error,
                record.read_at,
                record.read_with,
            ),
        )


def pg_forget_files(connection: PgConnection, paths: Iterable[bytes]) -> None:
    """Forget these files; their documents stay."""
    run_each(connection, "DELETE FROM files WHERE path = %s", [(path,) for path in paths])


def pg_forget_document(connection: PgConnection, document_id: str) -> None:
    """Forget the file that this document came from."""
    run(connection, "DELETE FROM files WHERE document_id = %s", (holdable(document_id),))


def pg_relocate(connection: PgConnection, document_id: str, location: str, modified_at: str) -> None:
    """Give a document another location and time of change; its text stays as it is."""
    number = one(
        connection,
        "UPDATE documents SET location = %s, modified_at = %s WHERE id = %s RETURNING number",
        (location, modified_at, document_id),
    )
    if number is not None:
        pg_stamp_again(connection, number)


def _known(row: Sequence[Any]) -> KnownFile:
    """The record of a row with the columns of _FILE and _DOCUMENT."""
    record = _record(row[:10])
    return KnownFile(record) if row[10] is None else KnownFile(record, *_document(row[10:]))


def _record(row: Sequence[Any]) -> FileRecord:
    path, location, size, mtime_ns, inode, *rest = row
    return FileRecord(bytes(path), location, Stamp(size, mtime_ns, inode), *rest)


def _document(row: Sequence[Any]) -> tuple[Source, str, str]:
    return Source(*row[:4]), row[4], row[5]
