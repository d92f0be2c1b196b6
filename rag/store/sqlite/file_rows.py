"""Files as rows: what each was when it was last read, and which document came of it.

Every function works on an open connection inside a transaction that the caller has begun.
"""

from __future__ import annotations

from collections.abc import Iterable

import apsw

from rag.store.base import FileRecord, KnownFile
from rag.store.rows import file_columns as columns
from rag.store.sqlite.access_rows import stamp_again


def read_file(connection: apsw.Connection, path: bytes) -> KnownFile | None:
    """What is known of one file; None of one that was never read."""
    row = connection.execute(f"{columns.KNOWN} WHERE f.path = ?", (path,)).fetchone()
    return None if row is None else columns.known_of(row)


def read_files(connection: apsw.Connection, prefix: bytes, location: str) -> list[KnownFile]:
    """What is known from under a folder, by path; last, with an empty path, documents that no file is remembered for.

    `prefix` is the folder's path with a slash at its end, `location` the same for people.
    """
    end = prefix[:-1] + b"0"  # which follows the slash
    rows = connection.execute(f"{columns.KNOWN} WHERE f.path >= ? AND f.path < ? ORDER BY f.path", (prefix, end))
    above = location[:-1] + "0"  # likewise
    return [
        *map(columns.known_of, rows),
        *_read_unremembered(connection, "d.location >= ? AND d.location < ?", (location, above)),
    ]


def document_at(connection: apsw.Connection, document_id: str, location: str) -> KnownFile | None:
    """What is known of a document with this id and location that no file is remembered for, if there is one."""
    found = _read_unremembered(connection, "d.id = ? AND d.location = ?", (document_id, location))
    return found[0] if found else None


def _read_unremembered(connection: apsw.Connection, condition: str, values: tuple[str, str]) -> list[KnownFile]:
    """The documents under a condition that no file is remembered for, by location; the path in the records is empty.

    An earlier version of the program stored them, or they were given such a location by other means.
    """
    rows = connection.execute(
        columns.unremembered_where(condition),
        values,
    )
    return [columns.unremembered_of(row) for row in rows]


def read_failed(connection: apsw.Connection) -> list[FileRecord]:
    """The files that did not become documents when they were last read, by path."""
    failed = f"SELECT {columns.FILE} FROM files f WHERE error != '' ORDER BY path"  # noqa: S608 - constants
    return [columns.file_of(row) for row in connection.execute(failed)]


def owner_of(connection: apsw.Connection, document_id: str) -> tuple[bytes, str] | None:
    """Path and location of the file that this document id belongs to; the path is empty when no file is remembered."""
    row = connection.execute("SELECT path, location FROM files WHERE document_id = ?", (document_id,)).fetchone()
    if row is None:
        row = connection.execute("SELECT x'', location FROM documents WHERE id = ?", (document_id,)).fetchone()
    return None if row is None else (bytes(row[0]), row[1])


def same_content(connection: apsw.Connection) -> list[tuple[str, str]]:
    """SHA-256 and location of each document that was read from the same bytes as another, in that order."""
    rows = connection.execute(columns.SAME_CONTENT)
    return [(row[0], row[1]) for row in rows]


def write_files(connection: apsw.Connection, records: Iterable[FileRecord]) -> None:
    """Remember these files, in place of what was known of them. A document belongs to the last file it came from."""
    for record in records:
        if record.document_id:
            connection.execute("DELETE FROM files WHERE document_id = ?", (record.document_id,))
        connection.execute(
            f"INSERT OR REPLACE INTO files ({columns.NEW_FILE}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - constants
            columns.file_values(record),
        )


def forget_files(connection: apsw.Connection, paths: Iterable[bytes]) -> None:
    """Forget these files; their documents stay."""
    connection.executemany("DELETE FROM files WHERE path = ?", [(path,) for path in paths])


def forget_document(connection: apsw.Connection, document_id: str) -> None:
    """Forget the file that this document came from."""
    connection.execute("DELETE FROM files WHERE document_id = ?", (document_id,))


def relocate(connection: apsw.Connection, document_id: str, location: str, modified_at: str) -> None:
    """Give a document another location and time of change; its text stays as it is."""
    number = connection.execute(
        "UPDATE documents SET location = ?, modified_at = ? WHERE id = ? RETURNING number",
        (location, modified_at, document_id),
    ).get
    if number is not None:
        stamp_again(connection, number)
