"""The database file: opening it, connections and transactions.

Knows the schema only by name; what is in the tables is the business of the files beside this one. Threads read at
once, each on a connection of its own, and write in turn. Relies on apsw for an SQLite that is new enough: 3.7.0 to
3.51.2 can lose committed changes when two connections use a write-ahead log (https://sqlite.org/wal.html#walresetbug).

SQLite's own locks vanish when this process opens and closes the database file by other means. Nothing here, and
nothing elsewhere, may do that: `stat` is as far as it goes.
"""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import apsw

from rag.disk import make_private_directory, make_private_file, network_file_system
from rag.errors import IndexMissing, StorageBusy, StorageDamaged, StorageError, StorageReadOnly, StorageTooNew
from rag.store.fitting import stamp_of
from rag.store.sqlite.full_text import count_occurrences
from rag.store.sqlite.lock import WriteLock
from rag.store.sqlite.readable import ReadingConnection, make_views
from rag.store.sqlite.rest_answers import kept_of_rest
from rag.store.sqlite.sqlite_errors import RESTORE, translated
from rag.store.sqlite.upgrades import SCHEMA_VERSION, UPGRADES

C = TypeVar("C", bound=apsw.Connection)

OLDEST_SQLITE = (3, 51, 3)
APPLICATION_ID = 0x43495445  # "CITE"; `file` and SQLite's own tools show it
FILE_NAME = "citewell.sqlite"
LOCK_NAME = "write.lock"
_SCHEMA = Path(__file__).parent / "schema.sql"

# Milliseconds. Another process commits in well under a second, and a person waits five.
_BUSY_TIMEOUT = 5_000
# Connections kept open between reads; more than this many threads reading at once open theirs anew.
_IDLE_CONNECTIONS = 8


class Database:
    """An open database file. Safe to use from several threads; open it after a fork, not before."""

    database_id: str  # made at random with the database: tells an index of another one apart

    def __init__(self, data_dir: Path, *, create: bool) -> None:
        """Open the database in `data_dir`; with `create`, make the directory and the database where missing.

        Raises IndexMissing without `create` when there is nothing there, StorageTooNew, StorageDamaged when the file is
        no database of this program, StorageReadOnly when it would have to be written and cannot, StorageError.
        """
        refuse_old_sqlite(apsw.sqlite_lib_version())
        self._directory = data_dir.absolute()
        self.path = self._directory / FILE_NAME
        # Held for a whole ingest; the next one for a single transaction, so that feedback need not wait for the first.
        self.write_lock = WriteLock(self._directory / LOCK_NAME)
        self._writer_lock = threading.RLock()
        self._writer: apsw.Connection | None = None
        self._pool_lock = threading.Lock()
        self._idle: list[ReadingConnection] = []
        self._keeps_connections = True
        self._closed = False
        self._snapshot = threading.local()
        if create:
            make_private_directory(self._directory)
        elif not self.path.exists():
            raise self._missing()
        kind = network_file_system(self._directory)
        if kind is not None:
            raise StorageError(
                f"{self._directory} is on a network file system ({kind}), where locks do not hold and data is lost."
                " Choose a data directory on a local disk."
            )
        if create:
            self._patiently(self._create_schema)
        self._file = _file_id(self.path)
        self._patiently(self._learn_id)

    def _patiently(self, step: Callable[[], None]) -> None:
        """Do `step` again while another process is in the way, for as long as SQLite itself would wait.

        While a database is being made, SQLite answers "busy" at once instead of waiting. Each step does nothing twice.
        """
        deadline = time.monotonic() + _BUSY_TIMEOUT / 1_000
        while True:
            try:
                return step()
            except StorageBusy:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def _learn_id(self) -> None:
        with self.reading() as connection:
            self.database_id = self._recognise(connection)
            is_older = connection.pragma("user_version") < SCHEMA_VERSION
        if is_older:
            self._upgrade()

    def _upgrade(self) -> None:
        """Bring the database from an older format to today's, all of it or nothing."""
        with self.writing() as connection:
            connection.create_scalar_function("kept_of_rest", _kept_of_rest, 1)
            connection.create_scalar_function("stamp_of", stamp_of)
            version = connection.pragma("user_version")
            while version < SCHEMA_VERSION:  # unless another process was faster
                connection.execute(UPGRADES[version])
                version += 1
                connection.execute(f"PRAGMA user_version = {version}")

    def _missing(self) -> IndexMissing:
        """The error for a data directory that holds no documents yet."""
        return IndexMissing(
            f"{self._directory} holds no documents yet: there is no {FILE_NAME}. Add some first, with"
            " `rag ingest FILE...`, or name another data directory."
        )

    def _create_schema(self) -> None:
        """Fill an empty database, all of it or nothing; leave any other as it is."""
        if self.path.exists() and self.path.stat().st_size:
            with self.reading() as connection:
                if not is_empty(connection):
                    return
        make_private_file(self.path)
        connection = self._connect(
            f"{self.path}", apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE, apsw.Connection
        )
        try:
            with translated(self.path, connection):
                connection.execute("PRAGMA journal_mode = WAL").fetchall()
                connection.execute("BEGIN IMMEDIATE")
                if is_empty(connection):  # no other process was faster
                    connection.execute(_SCHEMA.read_text(encoding="utf-8")).fetchall()
                    meta = [("database_id", str(uuid.uuid4())), ("change_number", 0)]
                    connection.executemany("INSERT INTO meta (name, value) VALUES (?, ?)", meta)
                    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}").fetchall()
                    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}").fetchall()
                connection.execute("COMMIT")
        finally:
            connection.close()

    def _recognise(self, connection: apsw.Connection) -> str:
        """The id of the database, after checking that this program can use it."""
        if is_empty(connection):  # the process that made the file died before it made the tables
            raise self._missing()
        if connection.pragma("application_id") != APPLICATION_ID:
            raise StorageDamaged(
                f"{self.path} is a database of another program; expected one of Citewell."
                " Choose another data directory."
            )
        version = connection.pragma("user_version")
        if version > SCHEMA_VERSION:
            raise StorageTooNew(
                f"{self.path} has format {version}; this version of the program knows format {SCHEMA_VERSION}."
                " Update the program, or choose another data directory."
            )
        found = connection.execute("SELECT value FROM meta WHERE name = 'database_id'").get
        if version < min(UPGRADES) or not isinstance(found, str):
            raise StorageDamaged(f"{self.path} has format {version} and no usable id. {RESTORE}")
        return found

    def _connect(self, name: str, flags: int, kind: type[C]) -> C:
        """A new connection with the settings that every connection has, after a first look into the file."""
        with translated(self.path):
            connection = kind(name, flags=flags)
        try:
            with translated(self.path, connection):
                connection.set_busy_timeout(_BUSY_TIMEOUT)
                # FULL: a commit is on the disk before it is acknowledged, in a power cut too.
                connection.execute("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON")
                connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchall()
        except BaseException:
            connection.close()
            raise
        return connection

    def _connect_reader(self) -> ReadingConnection:
        """A new connection that only reads, also where the directory cannot be written."""
        try:
            connection = self._connect(str(self.path), apsw.SQLITE_OPEN_READWRITE, ReadingConnection)
        except StorageError as error:
            if os.access(self._directory, os.W_OK):
                raise
            connection = self._connect_immutable(error)
        make_views(connection)
        count_occurrences(connection)
        connection.execute("PRAGMA query_only = ON")
        return connection

    def _connect_immutable(self, error: StorageError) -> ReadingConnection:
        """A connection that takes no locks, for a directory in which the files for locking cannot be made.

        That is safe while nobody writes. Such a connection is used once and not kept, so that a writer with more
        rights than ours is noticed by the next one: it leaves the files for locking behind while it is there.
        """
        log = Path(f"{self.path}-wal")
        if log.exists() and log.stat().st_size:
            raise StorageReadOnly(
                f"{self._directory} cannot be written, and {log.name} in it has changes that must be merged first."
                " Open it once as a user who may write there."
            ) from error
        self._keeps_connections = False
        uri = f"{self.path.as_uri()}?immutable=1"
        return self._connect(uri, apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI, ReadingConnection)

    def _borrow(self) -> ReadingConnection:
        """A connection for reading that no other thread uses."""
        with self._pool_lock:
            if self._closed:
                raise ValueError("the store is closed")
            if self._idle:
                return self._idle.pop()
        return self._connect_reader()

    def _give_back(self, connection: ReadingConnection) -> None:
        """Keep a borrowed connection for the next reader, or close it."""
        with self._pool_lock:
            if self._keeps_connections and not self._closed and len(self._idle) < _IDLE_CONNECTIONS:
                self._idle.append(connection)
                return
        connection.close()

    def close(self) -> None:
        """Give back every file handle. Reads still under way in other threads end first, and then theirs."""
        with self._writer_lock, self._pool_lock:
            self._closed = True
            connections = [*self._idle, *([self._writer] if self._writer else [])]
            self._idle, self._writer = [], None
            for connection in connections:
                connection.close()

    @contextmanager
    def reading(self) -> Iterator[apsw.Connection]:
        """A connection on which everything read belongs to one moment, whatever is committed meanwhile.

        Inside another `reading` of the same thread it is the same connection, and so the same moment.
        """
        outer: apsw.Connection | None = getattr(self._snapshot, "connection", None)
        if outer is not None:
            yield outer
            return
        connection = self._borrow()
        self._snapshot.connection = connection
        try:
            with translated(self.path, connection), transaction(connection, "BEGIN"):
                yield connection
        finally:
            self._snapshot.connection = None
            self._give_back(connection)

    @contextmanager
    def writing(self) -> Iterator[apsw.Connection]:
        """A connection in a transaction that is committed at the end, and undone when an error leaves the block.

        When the block has been left without an error, what was written is on the disk.
        """
        with self._writer_lock:
            if self._closed:
                raise ValueError("the store is closed")
            self._refuse_replaced()
            if self._writer is None:
                self._writer = self._connect(str(self.path), apsw.SQLITE_OPEN_READWRITE, apsw.Connection)
            with translated(self.path, self._writer), transaction(self._writer, "BEGIN IMMEDIATE"):
                yield self._writer
                self.write_lock.confirm()

    def copy_to(self, path: Path) -> None:
        """Write a copy of one moment, without a log, to `path`, which does not exist; others go on meanwhile."""
        connection = self._connect_reader()
        try:
            with translated(self.path, connection):
                connection.execute("PRAGMA query_only = OFF")  # which forbids this copy too, though it only reads
                connection.execute("VACUUM INTO ?", (str(path),))
        finally:
            connection.close()

    def _refuse_replaced(self) -> None:
        """Raise StorageError when another file stands at our path by now: what we write would be lost with ours."""
        if self._file != _file_id(self.path):
            raise StorageError(
                f"{self.path} is another file than when it was opened: a backup was restored, or it was moved. Start"
                " the program again before anything is written."
            )

    def confirm_usable(self) -> None:
        """Raise StorageError when there is another file by now, or a newer program has upgraded this one."""
        self._refuse_replaced()
        with self.reading() as connection:
            self._recognise(connection)

    def merge_log(self) -> int:
        """Merge the log as `empty_log` does, also where nothing was written here; bytes of it that are left."""
        with self.writing():
            pass  # for a connection that may write
        self.empty_log()
        try:
            return Path(f"{self.path}-wal").stat().st_size
        except OSError:
            return 0

    def size(self) -> int:
        """Bytes of the file and its log."""
        total = 0
        for path in (self.path, Path(f"{self.path}-wal")):
            with suppress(OSError):
                total += path.stat().st_size
        return total

    def empty_log(self) -> None:
        """Move the write-ahead log into the database file, so that no deleted text is left in it.

        Raises nothing: what was committed stays committed. With a reader in the way, or no space, the log is left for
        the next time, and the last connection to close tries too.
        """
        with self._writer_lock:
            if self._writer is not None:
                with suppress(StorageError), translated(self.path, self._writer):
                    self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


@contextmanager
def transaction(connection: apsw.Connection, begin: str) -> Iterator[None]:
    """A transaction around the block: committed, or rolled back when an error leaves it.

    An interrupt may come while it begins, and is raised when it has begun.
    """
    try:
        connection.execute(begin)
        yield
        connection.execute("COMMIT")
    finally:
        # SQLite has rolled back by itself after some errors, such as a full disk.
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _file_id(path: Path) -> tuple[int, int] | None:
    """What tells the file at `path` from another one that takes its place; None when there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _kept_of_rest(*values: object) -> str:
    """`kept_of_rest` as SQLite calls it."""
    return kept_of_rest(str(values[0]))


def is_empty(connection: apsw.Connection) -> bool:
    """Whether the database has no tables at all."""
    return not connection.execute("SELECT count(*) FROM sqlite_schema").get


def refuse_old_sqlite(version: str) -> None:
    """Raise StorageError when `version` ("3.51.3") is of an SQLite that can lose committed changes."""
    if tuple(int(part) for part in version.split(".")) < OLDEST_SQLITE:
        raise StorageError(
            f"SQLite {version} can lose committed data; expected {'.'.join(map(str, OLDEST_SQLITE))} or newer."
            " Update the package apsw."
        )
