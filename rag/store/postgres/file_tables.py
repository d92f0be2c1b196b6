"""Files as rows: what each was when it was last read, and which document came of it.

Every function works on an open connection inside a transaction that the caller has begun.
"""

from __future__ import annotations

from collections.abc import Iterable

from rag.store.base import FileRecord, KnownFile
from rag.store.postgres.access_tables import pg_stamp_again
from rag.store.postgres.postgres_connections import PgConnection
from rag.store.postgres.row_values import first, holdable, one, rows, run, run_each
from rag.store.rows import file_columns as columns


def pg_file(connection: PgConnection, path: bytes) -> KnownFile | None:
    """What is known of one file; None of one that was never read."""
    row = first(connection, f"{columns.KNOWN} WHERE f.path = %s", (path,))
    return None if row is None else columns.known_of(row)


def pg_files(connection: PgConnection, prefix: bytes, location: str) -> list[KnownFile]:
    """What is known from under a folder, by path; last, with an empty path, documents that no file is remembered for.

    `prefix` is the folder's path with a slash at its end, `location` the same for people.
    """
    end = prefix[:-1] + b"0"  # which follows the slash
    found = rows(connection, f"{columns.KNOWN} WHERE f.path >= %s AND f.path < %s ORDER BY f.path", (prefix, end))
    above = location[:-1] + "0"  # likewise
    return [
        *map(columns.known_of, found),
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
        columns.unremembered_where(condition),
        values,
    )
    return [columns.unremembered_of(row) for row in found]


def pg_failed(connection: PgConnection) -> list[FileRecord]:
    """The files that did not become documents when they were last read, by path."""
    failed = f"SELECT {columns.FILE} FROM files f WHERE error <> '' ORDER BY path"  # noqa: S608 - constants
    return [columns.file_of(row) for row in rows(connection, failed)]


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
        columns.SAME_CONTENT,
    )
    return [(row[0], row[1]) for row in found]


def pg_write_files(connection: PgConnection, records: Iterable[FileRecord]) -> None:
    """Remember these files, in place of what was known of them. A document belongs to the last file it came from."""
    for record in records:
        if record.document_id:
            run(connection, "DELETE FROM files WHERE document_id = %s", (record.document_id,))
        run(connection, "DELETE FROM files WHERE path = %s", (record.path,))
        run(
            connection,
            f"INSERT INTO files ({columns.NEW_FILE}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",  # noqa: S608 - constants
            columns.file_values(record),
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
