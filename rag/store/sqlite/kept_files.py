"""Files from beside the database, in a table of a backup: it exists in backups alone."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import apsw

from rag.disk import storage_error
from rag.errors import InputError, StorageDamaged
from rag.store.backup_file import BackupFile, FilesBeside
from rag.store.base import Check
from rag.store.sqlite.sqlite_errors import translated

_TRIES = 3
_PART_BYTES = 8_000_000  # of one row: a file of any size takes no more memory
# Letters, digits and single points, so that no name leads out of the folder that it is written to.
_NAME = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*(?:/[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)*")
_TABLE = """
CREATE TABLE kept_files (
    name TEXT NOT NULL,
    part INTEGER NOT NULL,  -- from 0 on
    parts INTEGER NOT NULL, -- that the file has
    sha256 TEXT NOT NULL,   -- of the part
    content BLOB NOT NULL,
    UNIQUE (name, part)
)"""


def add(backup: Path, files: FilesBeside) -> None:
    """Put the files into a copy of a database that nobody else uses yet. Raises StorageError."""
    for tried in range(1, _TRIES + 1):
        try:
            with translated(backup):
                connection = apsw.Connection(str(backup))
                try:
                    with connection:
                        _insert(connection, files())
                finally:
                    connection.close()
            return
        except FileNotFoundError as error:  # one of the files was removed since they were looked for, as old logs are
            if tried == _TRIES:
                raise storage_error(error, backup) from error


def drop(connection: apsw.Connection) -> None:
    """Take the table out of what is to be a database; nothing of the files stays in its pages."""
    connection.execute("PRAGMA secure_delete = ON").fetchall()
    connection.execute("DROP TABLE IF EXISTS kept_files")


def check(connection: apsw.Connection) -> Check:
    """Whether all files are there whole."""
    count, bad = 0, set()
    if _has_table(connection):
        expected: dict[str, int] = {}
        rows = connection.execute("SELECT name, part, parts, sha256, content FROM kept_files ORDER BY name, part")
        for name, part, parts, digest, content in rows:
            if part != expected.get(name, 0) or part >= parts or hashlib.sha256(content).hexdigest() != digest:
                bad.add(name)
            expected[name] = part + 1
        totals = connection.execute("SELECT name, max(parts), count(*) FROM kept_files GROUP BY name")
        for name, parts, there in totals:
            count += 1
            if parts != there:
                bad.add(name)
    return Check("files", not bad, f"{', '.join(sorted(bad))} is not as it was kept" if bad else f"{count} files")


def extract(connection: apsw.Connection, into: Path) -> None:
    """Write the files of a backup below `into`, for this user alone, and return when they are on the disk.

    Raises InputError for a name that is none, StorageDamaged, StorageError.
    """
    if not _has_table(connection):
        return
    names = [str(row[0]) for row in connection.execute("SELECT DISTINCT name FROM kept_files ORDER BY name")]
    for name in names:
        if not _NAME.fullmatch(name):
            raise InputError(f"The backup has a file {name[:100]!r}; expected names as `rag backup` writes them.")
        path = into / name
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                for part in _parts(connection, name):
                    file.write(part)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise storage_error(error, path) from error


def _parts(connection: apsw.Connection, name: str) -> Iterator[bytes]:
    rows = connection.execute("SELECT sha256, content FROM kept_files WHERE name = ? ORDER BY part", (name,))
    for digest, content in rows:
        if hashlib.sha256(content).hexdigest() != digest:
            raise StorageDamaged(f"{name} in the backup is not as it was kept. Use another backup.")
        yield content


def _insert(connection: apsw.Connection, files: Sequence[BackupFile]) -> None:
    connection.execute(_TABLE)
    for file in files:
        parts = max(1, -(-file.size // _PART_BYTES))
        for number, content in enumerate(_read(file)):
            digest = hashlib.sha256(content).hexdigest()
            row = (file.name, number, parts, digest, content)
            connection.execute("INSERT INTO kept_files VALUES (?, ?, ?, ?, ?)", row)


def _read(file: BackupFile) -> Iterator[bytes]:
    """The content in parts; an empty file is one empty part. Raises FileNotFoundError."""
    if isinstance(file.content, bytes):
        for start in range(0, max(1, file.size), _PART_BYTES):
            yield file.content[start : min(start + _PART_BYTES, file.size)]
        return
    with file.content.open("rb") as opened:
        for start in range(0, max(1, file.size), _PART_BYTES):
            yield opened.read(min(_PART_BYTES, file.size - start))


def _has_table(connection: apsw.Connection) -> bool:
    return bool(connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'kept_files'").fetchall())
