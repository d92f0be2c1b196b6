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

import apsw

from rag.disk import make_private_directory, network_file_system
from rag.errors import (
    IndexMissing,
    StorageBusy,
    StorageDamaged,
    StorageError,
    StorageReadOnly,
    StorageTooNew,
)
from rag.store.failures import RESTORE, translated
from rag.store.lock import WriteLock

OLDEST_SQLITE = (3, 51, 3)
APPLICATION_ID = 0x43495445  # "CITE"; `file` and SQLite's own tools show it
SCHEMA_VERSION = 6
# From each older format to the next one. A database is brought up to date when it is opened.
_UPGRADES = {
    1: "ALTER TABLE documents ADD COLUMN modified_at TEXT NOT NULL DEFAULT ''",
    2: """
CREATE TABLE files (
    path BLOB PRIMARY KEY, location TEXT NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
    inode INTEGER NOT NULL, content_sha256 TEXT NOT NULL, document_id TEXT NOT NULL, error TEXT NOT NULL,
    read_at TEXT NOT NULL, read_with TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX files_by_document ON files (document_id);
CREATE TABLE versions (
    id INTEGER PRIMARY KEY AUTOINCREMENT, document_id TEXT NOT NULL, text_sha256 TEXT NOT NULL, title TEXT NOT NULL,
    location TEXT NOT NULL, media_type TEXT NOT NULL, content_sha256 TEXT NOT NULL, stored_at TEXT NOT NULL,
    superseded_at TEXT NOT NULL, modified_at TEXT NOT NULL, blocks TEXT NOT NULL, text TEXT NOT NULL,
    UNIQUE (document_id, text_sha256)
) STRICT;
""",
    3: """
CREATE TABLE originals (
    document INTEGER PRIMARY KEY REFERENCES documents (number) ON DELETE CASCADE, data BLOB NOT NULL
) STRICT;
""",
    4: """
CREATE TABLE conversations (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, title TEXT NOT NULL,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL) STRICT;
CREATE INDEX conversations_by_age ON conversations (updated_at);
CREATE TABLE turns (id INTEGER PRIMARY KEY AUTOINCREMENT, conversation INTEGER NOT NULL REFERENCES conversations
    (number) ON DELETE CASCADE, number INTEGER NOT NULL, request_id TEXT NOT NULL, shown TEXT NOT NULL, asked_at
    TEXT NOT NULL, relevance TEXT CHECK (relevance IN ('relevant', 'not_relevant')), UNIQUE (conversation, number))
    STRICT;
CREATE UNIQUE INDEX turns_by_request ON turns (conversation, request_id) WHERE request_id <> '';
CREATE TABLE turn_documents (document_id TEXT NOT NULL, turn INTEGER NOT NULL REFERENCES turns (id) ON DELETE
    CASCADE, PRIMARY KEY (document_id, turn)) STRICT, WITHOUT ROWID;
CREATE INDEX turn_documents_by_turn ON turn_documents (turn);
CREATE TABLE questions (id INTEGER PRIMARY KEY AUTOINCREMENT, answer_id TEXT NOT NULL, question TEXT NOT NULL,
    outcome TEXT NOT NULL, confidence REAL NOT NULL, index_version INTEGER NOT NULL, vector BLOB NOT NULL, asked_at
    TEXT NOT NULL) STRICT;
CREATE INDEX questions_by_age ON questions (asked_at);
CREATE INDEX questions_by_answer ON questions (answer_id);
CREATE TABLE outcomes (day TEXT NOT NULL, outcome TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (day, outcome))
    STRICT, WITHOUT ROWID;
""",
    5: """
CREATE TABLE changes (number INTEGER PRIMARY KEY, token INTEGER NOT NULL) STRICT;
INSERT INTO changes SELECT value, abs(random() / 2) FROM meta WHERE name = 'change_number';
CREATE TABLE removed_chunks (chunk INTEGER PRIMARY KEY, change INTEGER NOT NULL) STRICT;
CREATE INDEX removed_chunks_by_change ON removed_chunks (change);
CREATE TRIGGER chunk_removal_noted AFTER DELETE ON chunks BEGIN
    INSERT OR REPLACE INTO removed_chunks VALUES (old.id, (SELECT value + 1 FROM meta WHERE name = 'change_number'));
END;
CREATE TABLE totals (name TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO totals SELECT 'documents', count(*) FROM documents;
INSERT INTO totals SELECT 'sentences', count(*) FROM sentences;
INSERT INTO totals SELECT 'chunks', count(*) FROM chunks;
CREATE TRIGGER document_counted AFTER INSERT ON documents BEGIN
    UPDATE totals SET count = count + 1 WHERE name = 'documents';
END;
CREATE TRIGGER document_discounted AFTER DELETE ON documents BEGIN
    UPDATE totals SET count = count - 1 WHERE name = 'documents';
END;
CREATE TRIGGER sentence_counted AFTER INSERT ON sentences BEGIN
    UPDATE totals SET count = count + 1 WHERE name = 'sentences';
END;
CREATE TRIGGER sentence_discounted AFTER DELETE ON sentences BEGIN
    UPDATE totals SET count = count - 1 WHERE name = 'sentences';
END;
CREATE TRIGGER chunk_counted AFTER INSERT ON chunks BEGIN
    UPDATE totals SET count = count + 1 WHERE name = 'chunks';
END;
CREATE TRIGGER chunk_discounted AFTER DELETE ON chunks BEGIN
    UPDATE totals SET count = count - 1 WHERE name = 'chunks';
END;
""",
}
FILE_NAME = "citewell.sqlite"
LOCK_NAME = "write.lock"
_SCHEMA = Path(__file__).parent.parent / "schema.sql"

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
        self._idle: list[apsw.Connection] = []
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
            version = connection.pragma("user_version")
            while version < SCHEMA_VERSION:  # unless another process was faster
                connection.execute(_UPGRADES[version])
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
        connection = self._connect(f"{self.path}", apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE)
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
        if version < min(_UPGRADES) or not isinstance(found, str):
            raise StorageDamaged(f"{self.path} has format {version} and no usable id. {RESTORE}")
        return found

    def _connect(self, name: str, flags: int) -> apsw.Connection:
        """A new connection with the settings that every connection has, after a first look into the file."""
        with translated(self.path):
            connection = apsw.Connection(name, flags=flags)
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

    def _connect_reader(self) -> apsw.Connection:
        """A new connection that only reads, also where the directory cannot be written."""
        try:
            connection = self._connect(str(self.path), apsw.SQLITE_OPEN_READWRITE)
        except StorageError as error:
            if os.access(self._directory, os.W_OK):
                raise
            return self._connect_immutable(error)
        connection.execute("PRAGMA query_only = ON")
        return connection

    def _connect_immutable(self, error: StorageError) -> apsw.Connection:
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
        return self._connect(uri, apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)

    def _borrow(self) -> apsw.Connection:
        """A connection for reading that no other thread uses."""
        with self._pool_lock:
            if self._closed:
                raise ValueError("the store is closed")
            if self._idle:
                return self._idle.pop()
        return self._connect_reader()

    def _give_back(self, connection: apsw.Connection) -> None:
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
            with translated(self.path, connection), _transaction(connection, "BEGIN"):
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
                self._writer = self._connect(str(self.path), apsw.SQLITE_OPEN_READWRITE)
            with translated(self.path, self._writer), _transaction(self._writer, "BEGIN IMMEDIATE"):
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
def _transaction(connection: apsw.Connection, begin: str) -> Iterator[None]:
    """A transaction around the block: committed, or rolled back when an error leaves it."""
    connection.execute(begin)
    try:
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
