"""A database of PostgreSQL: its connections and transactions.

Knows the tables only by name. Threads read at once, each in a transaction that sees one moment. Documents are changed
in turn, over all nodes, in the order in which the numbers of chunks are given out, which an index relies on when it
catches up; what is no document (conversations, votes, people) is written side by side.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Any

import psycopg
from psycopg import conninfo, errors, sql
from psycopg_pool import ConnectionPool

from rag.errors import InvalidSetting, StorageBusy, StorageUnreachable
from rag.records import Access
from rag.store.postgres.advisory_lock import DOCUMENTS, AdvisoryLock
from rag.store.postgres.postgres_errors import pg_translated, said
from rag.store.postgres.table_formats import SCHEMA, bring_up_to_date, refuse_newer, refuse_unusable
from rag.store.postgres.vector_type import adapt_vectors

PgConnection = psycopg.Connection[tuple[Any, ...]]

# For one process: threads that read at once beyond these wait for one of them to finish.
_MOST_READING = 10
_MOST_WRITING = 4
# Seconds that a thread waits for a connection, and a statement for a lock that another node holds.
_POOL_SECONDS = 20.0
_LOCK_SECONDS = 30
# Seconds after which the pool begins anew with trying to connect, since it waits twice as long after each failure: one
# that tried for 20 s would find a new primary up to 8 s late.
_ROUND_SECONDS = 2.0
# How soon the machine of the database takes a node for gone that has lost its power or its network: 10 s without a
# word, then 3 questions 10 s apart. Until then its lock stays. And how soon a node takes the machine for gone.
_KEEP_ALIVE = "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3"
_OURS_ALIVE = {"keepalives_idle": 10, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 40_000}
# Seconds in which it is found out whether a change was made whose commit was not answered: longer than it takes until
# a standby is in place of the primary.
_OUTCOME_SECONDS = 60.0
_OUTCOME_PAUSE = 0.5
# With these words a server ends a connection, perhaps before the client has noticed that it is closed.
_ENDED = (errors.AdminShutdown, errors.CrashShutdown, errors.IdleInTransactionSessionTimeout)
_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; "
_NOBODY = Access("", frozenset())


class Hold(Enum):
    """What a transaction that writes keeps from others meanwhile."""

    NOTHING = ""
    DOCUMENTS_STAY = f"SELECT pg_advisory_xact_lock_shared({DOCUMENTS})"  # nobody changes documents
    DOCUMENTS_CHANGE = f"SELECT pg_advisory_xact_lock({DOCUMENTS})"  # nobody else does, or relies on their staying


class Connections:
    """An open database. Safe to use from several threads; open it after a fork, not before."""

    database_id: str  # made at random with the database: tells an index of another one apart

    def __init__(self, url: str, *, create: bool) -> None:
        """Open the database that `url` names; with `create`, make the tables where there are none.

        Raises InvalidSetting for what is no address, IndexMissing without `create` where there are no tables,
        StorageTooNew, and StorageError where the database cannot be reached, or lacks pgvector.
        """
        self.place = place_of(url)
        self.name = f"citewell {socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._url = _complete(url, self.name[:63])
        with pg_translated(self.place), self._connect() as connection:
            refuse_unusable(connection, self.place)
            self.database_id = bring_up_to_date(connection, self.place, create=create)
        self.write_lock = AdvisoryLock(self._connect, self.place)
        self._snapshot = threading.local()
        self._readers = self._pool(_MOST_READING)
        self._writers = self._pool(_MOST_WRITING)
        self.is_closed = False

    def _connect(self) -> PgConnection:
        """A new connection outside of the pools, each statement of which is a transaction."""
        connection = psycopg.connect(self._url, autocommit=True)
        _prepare(connection)
        return connection

    def _pool(self, most: int) -> ConnectionPool[PgConnection]:
        return ConnectionPool(
            self._url,
            connection_class=psycopg.Connection[tuple[Any, ...]],
            kwargs={"autocommit": True},
            min_size=0,
            max_size=most,
            num_workers=1,
            timeout=_POOL_SECONDS,
            reconnect_timeout=_ROUND_SECONDS,
            reconnect_failed=ConnectionPool.check,  # which begins anew, with what waits or lies unused
            configure=_configure,
            open=True,
        )

    def close(self) -> None:
        """Give back every connection. Closing twice is no error."""
        self.is_closed = True
        self.write_lock.close()
        self._readers.close()
        self._writers.close()

    @contextmanager
    def reading(self, access: Access = _NOBODY) -> Iterator[PgConnection]:
        """A connection on which everything read belongs to one moment, whatever is committed meanwhile.

        Its views show what `access` allows, and nothing without one. Inside another `reading` of the same thread it is
        the same connection, and so the same moment.
        """
        self._refuse_closed()
        outer: PgConnection | None = getattr(self._snapshot, "connection", None)
        with pg_translated(self.place):
            if outer is not None:
                yield from self._reading_within(outer, access)
                return
            connection = self._begun(self._readers, _READ + ("SELECT 1" if access == _NOBODY else _reader(access)))
            self._snapshot.connection, self._snapshot.access = connection, access
            try:
                yield connection
                connection.execute("COMMIT")
            finally:
                self._snapshot.connection = None
                _end(self._readers, connection)

    def _reading_within(self, connection: PgConnection, access: Access) -> Iterator[PgConnection]:
        """The connection of an outer `reading`, for whom `access` says meanwhile."""
        before: Access = self._snapshot.access
        if before == access:
            yield connection
            return
        connection.execute(_reader(access))
        self._snapshot.access = access
        try:
            yield connection
        finally:
            self._snapshot.access = before
            if not connection.closed and connection.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS:
                connection.execute(_reader(before))

    @contextmanager
    def writing(
        self, hold: Hold = Hold.NOTHING, *, is_made: Callable[[PgConnection], bool] | None = None
    ) -> Iterator[PgConnection]:
        """A connection in a transaction that is committed at the end, and undone when an error leaves the block.

        When the block has been left without an error, what was written is on the disk of the database. Where the
        connection ends during the commit, `is_made` looks whether the change is there, on another one.
        Raises StorageUnreachable when it is not there, and, with other words, when that cannot be told; StorageTooNew
        where a node of a newer release has changed the tables since they were opened.
        """
        self._refuse_closed()
        mark = f"SELECT pg_advisory_xact_lock({secrets.randbits(62)})" if is_made else ""
        with pg_translated(self.place):
            connection = self._begun(self._writers, f"BEGIN; {hold.value}; {mark}")
            try:
                refuse_newer(connection, self.place)
                yield connection
                self.write_lock.confirm()
                lost = _commit(connection)
            finally:
                _end(self._writers, connection)
            # By now the pool has its place back: as many threads as it has may have lost theirs at once.
            if lost is not None:
                self._confirm_made(is_made, mark, lost)

    def _confirm_made(
        self, is_made: Callable[[PgConnection], bool] | None, mark: str, error: psycopg.OperationalError
    ) -> None:
        """Return where a change is there whose commit was not answered. Raises StorageUnreachable otherwise."""
        made = None if is_made is None else self._outcome(is_made, mark)
        if made:
            return
        what = "was not made" if made is False else "may have been made or not"
        raise StorageUnreachable(
            f"The connection to {self.place} has ended during a commit ({said(error)}). The change {what}; do it again:"
            " that makes it once."
        ) from error

    def _outcome(self, is_made: Callable[[PgConnection], bool], mark: str) -> bool | None:
        """Whether `is_made` finds a change; None where the database does not say so in time.

        A server that still commits it has the lock of this change alone, which `mark` takes: so this waits for it.
        """
        until = time.monotonic() + _OUTCOME_SECONDS
        while True:
            try:
                with pg_translated(self.place):
                    connection = self._begun(self._writers, f"BEGIN; {mark}")
                    try:
                        made = is_made(connection)
                        if made:  # where a standby has to have it too, this commit is not over before it has
                            connection.execute("SELECT pg_logical_emit_message(true, 'citewell', ''); COMMIT")
                        return made
                    finally:
                        _end(self._writers, connection)
            except (StorageUnreachable, StorageBusy):
                if time.monotonic() >= until:
                    return None
                time.sleep(_OUTCOME_PAUSE)

    def _begun(self, pool: ConnectionPool[PgConnection], begin: str) -> PgConnection:
        """A connection in a transaction. One that has died while nobody used it, as with a server, is put away."""
        for _ in range(_MOST_READING):
            connection = pool.getconn()
            try:
                connection.execute(begin.encode())
                return connection
            except psycopg.OperationalError:
                is_dead = connection.closed
                _end(pool, connection)
                if not is_dead:
                    raise
            except BaseException:
                _end(pool, connection)
                raise
        connection = pool.getconn()
        connection.execute(begin.encode())
        return connection

    def aside(self, statement: str) -> None:
        """Run a statement that must not stand in a transaction, such as VACUUM."""
        self._refuse_closed()
        with pg_translated(self.place), self._connect() as connection:
            connection.execute(statement.encode())

    def confirm_usable(self) -> None:
        """Raise StorageError when the database cannot be reached, or is none (any more) that this program can read."""
        with self.reading() as connection:
            bring_up_to_date(connection, self.place, create=False, is_only_a_look=True)

    def _refuse_closed(self) -> None:
        if self.is_closed:
            raise ValueError("the store is closed")


def _complete(url: str, name: str) -> str:
    """The address with what it leaves open: how long to wait for a host, and which of several is the one."""
    given = conninfo.conninfo_to_dict(url)
    hosts = str(given.get("host") or given.get("hostaddr") or "").count(",") + 1
    # One that has lost its power lets each wait in vain; the others must get their turn while a thread waits.
    ours: dict[str, str | int] = {"connect_timeout": max(int(_POOL_SECONDS) // hosts, 2), **_OURS_ALIVE}
    if hosts > 1:
        ours["target_session_attrs"] = "read-write"  # a standby knows less than was acknowledged
    return conninfo.make_conninfo(url, **{**ours, **given, "application_name": name})


def place_of(url: str) -> str:
    """A database as people may be told of it: without user, password and options. Raises InvalidSetting."""
    try:
        found = conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        raise InvalidSetting(
            f"CITEWELL_DATABASE is no address of a PostgreSQL database: {said(error)}. Expected one as"
            " postgresql://USER@HOST/DATABASE."
        ) from error
    host = found.get("host") or "the local socket"
    return f"the PostgreSQL database {found.get('dbname') or found.get('user') or ''!r} at {host}"


def _reader(access: Access) -> str:
    """The statement that tells the views who reads, until the transaction ends."""
    names = json.dumps([name.replace("\0", "\ufffd") for name in sorted(access.names)])
    told = sql.SQL(
        "SELECT set_config('citewell.reads_everything', {}, true), set_config('citewell.names', {}, true)"
    ).format(sql.Literal("1" if access.reads_everything else "0"), sql.Literal(names))
    return told.as_string()


def _configure(connection: PgConnection) -> None:
    _prepare(connection)
    adapt_vectors(connection)


def _prepare(connection: PgConnection) -> None:
    """Settings that every connection has."""
    connection.execute(f"SET search_path = {SCHEMA}, public; SET lock_timeout = '{_LOCK_SECONDS}s'; {_KEEP_ALIVE}")
    # A server may be set so that it answers before a commit is on its disk: not to us.
    connection.execute(
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
    )


def _commit(connection: PgConnection) -> psycopg.OperationalError | None:
    """Commit; where the connection ends meanwhile, how, as then the change may have been made or not."""
    try:
        connection.execute("COMMIT")
    except psycopg.OperationalError as error:
        if connection.closed or isinstance(error, _ENDED):
            return error
        raise
    return None


def _end(pool: ConnectionPool[PgConnection], connection: PgConnection) -> None:
    """Give a connection back, out of any transaction; the pool puts away one that is broken."""
    if not connection.closed and connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
        try:
            connection.rollback()
        except psycopg.Error:
            connection.close()
    pool.putconn(connection)
