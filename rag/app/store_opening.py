"""The one place that knows which kinds of store there are: opens the one that the settings name."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from rag.disk import make_private_directory
from rag.errors import InputError, InvalidSetting, StorageError
from rag.settings import Settings
from rag.store.backup_file import FilesBeside
from rag.store.base import Store
from rag.store.sqlite.backup import back_up, extract_files, restore
from rag.store.sqlite.sqlite_store import SqliteStore
from rag.store.sqlite.sqlite_tables import SqliteTables
from rag.store.table_copy import RowSource, RowTarget, copy_rows

__all__ = ["extract_files", "open_store", "open_with_tables", "restore_database"]


def open_store(settings: Settings, *, create: bool = True) -> Store:
    """The store of the settings: the database that they name, else the one in the data directory.

    With `create`, a new one where there is none. Raises IndexMissing otherwise, InvalidSetting, StorageError.
    """
    store, tables = open_with_tables(settings.data_dir, settings.database, create=create)
    try:
        if tables.half_moved():
            place = "The database of CITEWELL_DATABASE" if settings.database else settings.data_dir
            raise StorageError(
                f"{place} is only half moved."
                " Give the same `rag migrate-store` again: it goes on where it was broken off."
            )
    except BaseException:
        store.close()
        raise
    return store


def open_with_tables(data_dir: Path, database: str, *, create: bool) -> tuple[Store, RowTarget]:
    """The store in the database, or without one in the data directory, and its rows, half moved or not."""
    if not database:
        kept = SqliteStore.open(data_dir, create=create)
        return kept, SqliteTables(kept.database)
    try:
        from rag.store.postgres.postgres_store import PostgresStore
    except ImportError as error:
        raise InvalidSetting(
            f"CITEWELL_DATABASE names a PostgreSQL database, and {error.name} is not installed. Install it: pip install"
            " 'citewell[postgres]', or leave the setting out."
        ) from error
    make_private_directory(data_dir)  # for the index, the model and the audit log of this machine
    shared = PostgresStore.open(database, create=create, write_backup=_write_backup)
    return shared, shared.tables


def restore_database(settings: Settings, backup: Path, data_dir: Path, *, replace: bool) -> Path | None:
    """Make a backup the database of a data directory, as `rag.store.sqlite.backup.restore` does.

    Raises InputError where the settings name another database.
    """
    if settings.database:
        raise InputError(
            "CITEWELL_DATABASE names a PostgreSQL database, which is restored by its own means (docs/postgresql.md)."
            " Leave the setting out to restore into a data directory."
        )
    return restore(backup, data_dir, replace=replace)


def _write_backup(source: RowSource, target: Path, files: FilesBeside) -> int:
    """Write the rows of another kind of store as a backup that `rag restore` takes; its size in bytes."""
    target = target.absolute()
    if target.exists() or target.is_symlink():
        raise InputError(f"{target} is there already; a backup is never written over something. Choose another name.")
    if not target.parent.is_dir():
        raise InputError(f"{target.parent} is no folder; expected one to write the backup into.")
    with (
        TemporaryDirectory(prefix=".citewell-", dir=target.parent) as folder,
        SqliteStore.open(Path(folder) / "data") as copy,
    ):
        copy_rows(source, SqliteTables(copy.database))
        return back_up(copy.database, target, files)
