"""One file that holds everything, made while others read and write, and put back in place of what is there.

Files from beside the database, such as the audit log, lie in a table of it (`kept_files.py`). The indexes do not:
they are made again from the database. A restored database gets an id of its own, so that an index of what stood there
before is never taken for its own.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import apsw

from rag.disk import flush_directory, make_private_directory, storage_error
from rag.errors import InputError, StorageDamaged, StorageError, StorageTooNew
from rag.store.backup_file import FilesBeside, nothing_beside
from rag.store.base import Check
from rag.store.sqlite import checks, kept_files
from rag.store.sqlite.database import APPLICATION_ID, FILE_NAME, LOCK_NAME, Database
from rag.store.sqlite.lock import WriteLock
from rag.store.sqlite.sqlite_errors import translated
from rag.store.sqlite.upgrades import SCHEMA_VERSION

_BESIDE = ("-wal", "-shm")  # what SQLite keeps next to a database that is in use


def back_up(database: Database, target: Path, files: FilesBeside = nothing_beside) -> int:
    """Write a copy of one moment of `database` to `target`, with these files, checked; its size in bytes.

    The files are those of a moment after that of the database. Others go on reading and writing. Raises InputError when
    there is something at `target`, StorageError when the copy cannot be written or does not read back; then nothing is
    left there.
    """
    target = target.absolute()
    if target.exists() or target.is_symlink():
        raise InputError(f"{target} is there already; a backup is never written over something. Choose another name.")
    if not target.parent.is_dir():
        raise InputError(f"{target.parent} is no folder; expected one to write the backup into.")
    with _made_apart(target) as new:
        database.copy_to(new)
        kept_files.add(new, files)
        _refuse_damage(check_backup(new), new)
    return target.stat().st_size


def check_backup(path: Path) -> list[Check]:
    """Whether the pages, texts and originals of a backup are sound. Raises what `restore` raises for what is none."""
    with _opened(path) as connection:
        return [
            checks.check_pages(connection),
            checks.check_texts(connection),
            checks.check_originals(connection),
            kept_files.check(connection),
        ]


def extract_files(backup: Path, into: Path) -> None:
    """Write the files that a backup keeps below the folder `into`; nothing where it keeps none.

    Raises what `restore` raises.
    """
    with _opened(backup) as connection:
        make_private_directory(into.parent)
        make_private_directory(into)
        kept_files.extract(connection, into)


def restore(backup: Path, data_dir: Path, *, replace: bool) -> Path | None:
    """Make `backup` the database of `data_dir`. What was there is set aside, and where to is given back.

    Raises InputError for a file that is no backup, or, without `replace`, when the directory has a database already;
    StorageDamaged for a damaged backup, StorageTooNew for one of a newer program, StorageBusy while somebody writes.
    Until the last step, which is one renaming, the directory is what it was. A server that has the directory open goes
    on with what was there, and refuses to write until it is started again.
    """
    _refuse_damage(check_backup(backup), backup)
    data_dir = data_dir.absolute()
    make_private_directory(data_dir)
    live = data_dir / FILE_NAME
    with WriteLock(data_dir / LOCK_NAME).held():
        if live.exists() and not replace:
            raise InputError(f"{data_dir} has a database already. To put the backup in its place, give --replace.")
        with _made_apart(live) as new:
            with _opened(backup) as connection:
                connection.execute("VACUUM INTO ?", (str(new),))
            _make_database(new)
            aside = _set_aside(live) if live.exists() else None
    return aside


@contextmanager
def _made_apart(target: Path) -> Iterator[Path]:
    """A name beside `target` to write to; at the end, if all went well, it is on the disk under `target`'s name."""
    new = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}")
    try:
        yield new
        new.chmod(0o600)
        with new.open("rb") as file:
            os.fsync(file.fileno())
        new.replace(target)
        flush_directory(target.parent)
    except OSError as error:
        raise storage_error(error, target) from error
    finally:
        for name in (new, *(Path(f"{new}{end}") for end in ("-journal", *_BESIDE))):
            with suppress(OSError):
                name.unlink(missing_ok=True)


@contextmanager
def _opened(path: Path) -> Iterator[apsw.Connection]:
    """A backup, opened so that nothing beside it is read or made. Raises InputError for anything else."""
    if not path.is_file():
        raise InputError(f"{path} is no file; expected one that `rag backup` wrote.")
    for end in _BESIDE:
        if Path(f"{path}{end}").exists():
            raise InputError(f"{path} is a database in use, and what belongs to it lies beside it; use `rag backup`.")
    with translated(path):
        connection = apsw.Connection(
            f"{path.absolute().as_uri()}?immutable=1", flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
        )
    try:
        with translated(path, connection):
            try:
                kind = connection.pragma("application_id")
            except apsw.NotADBError as error:
                raise InputError(f"{path} is no database; expected a file that `rag backup` wrote.") from error
            if kind != APPLICATION_ID:
                raise InputError(f"{path} is a database of another program; expected one that `rag backup` wrote.")
            version = connection.pragma("user_version")
            if version > SCHEMA_VERSION:
                raise StorageTooNew(
                    f"{path} has format {version}; this version of the program knows format {SCHEMA_VERSION}."
                    " Update the program first."
                )
            yield connection
    finally:
        connection.close()


def _refuse_damage(found: list[Check], path: Path) -> None:
    """Raise StorageDamaged with what did not hold."""
    bad = [f"{check.name}: {check.detail}" for check in found if not check.ok]
    if bad:
        raise StorageDamaged(f"{path} is damaged: {'; '.join(bad)}. Nothing was changed; use another backup.")


def _make_database(path: Path) -> None:
    """Make a database of the copy of a backup: without the files that it kept, and with an id of its own."""
    with translated(path):
        connection = apsw.Connection(str(path))
        try:
            kept_files.drop(connection)
            connection.execute("UPDATE meta SET value = ? WHERE name = 'database_id'", (str(uuid.uuid4()),))
        finally:
            connection.close()


def _set_aside(live: Path) -> Path:
    """Keep the database that stands there under another name too, and move away what SQLite has beside it.

    A log left behind would be merged into the new database. That of a sound one is merged into the old one first.
    """
    aside = live.with_name(f"replaced-{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:4]}.sqlite")
    with suppress(StorageError):  # it may be too damaged to be opened, which is what backups are for
        with translated(live):
            connection = apsw.Connection(str(live))
        try:
            with translated(live, connection):
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            connection.close()
    try:
        os.link(live, aside)
        for end in _BESIDE:
            with suppress(FileNotFoundError):
                Path(f"{live}{end}").rename(f"{aside}{end}")
    except OSError as error:
        raise storage_error(error, live) from error
    return aside
