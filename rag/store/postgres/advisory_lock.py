"""The lock that lets one node at a time bring documents in, held on a connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from rag.errors import StorageBusy, StorageUnreachable
from rag.store.postgres.postgres_errors import pg_translated, said

# Keys of the locks of a database that are ours: "CITE" and a number.
_OURS = 0x43495445
FORMAT = f"{_OURS}, 1"  # held while the tables are made or changed
DOCUMENTS = f"{_OURS}, 2"  # for the transactions that change documents
_WRITE_LOCK = f"{_OURS}, 3"  # for a whole ingest
_HOLDER = (
    "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid"  # noqa: S608 - constant
    f" WHERE l.locktype = 'advisory' AND l.granted AND l.classid = {_OURS} AND l.objid = 3"
    " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


class AdvisoryLock:
    """An advisory lock, which PostgreSQL lets go of when the connection ends: a node that died leaves nothing."""

    def __init__(self, connect: Callable[[], psycopg.Connection[tuple[Any, ...]]], place: str) -> None:
        """`connect` makes a connection that is used for nothing else."""
        self._connect = connect
        self._place = place
        self._turn = threading.RLock()
        self._depth = 0
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None
        self._is_closed = False

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes from writing while the block runs; reentrant. Threads of this process take turns.

        Raises StorageBusy at once when another process has it.
        """
        with self._turn:
            if self._depth == 0:
                with pg_translated(self._place):
                    self._take()
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if self._depth == 0:
                    self._let_go()

    def confirm(self) -> None:
        """Raise StorageUnreachable when the lock was held here and the connection that holds it has ended.

        Then another node may have it by now.
        """
        if not self._depth or self._connection is None:
            return
        try:
            self._connection.execute("SELECT 1")
        except psycopg.Error as error:
            raise StorageUnreachable(
                f"The connection to {self._place} that held the lock for writing has ended ({said(error)}), so another"
                " node may be writing. Nothing more is written here; try again."
            ) from error

    def close(self) -> None:
        """End the connection; a lock that is held goes with it. Afterwards none is taken: that is a ValueError."""
        self._is_closed = True
        if self._connection is not None:
            self._connection.close()

    def _take(self) -> None:
        if self._is_closed:
            raise ValueError("the store is closed")
        connection = self._connection
        if connection is None or connection.closed:
            connection = self._connection = self._connect()
        try:
            taken = connection.execute(f"SELECT pg_try_advisory_lock({_WRITE_LOCK})".encode()).fetchone()
        except psycopg.OperationalError:  # it has ended while nobody used it
            connection.close()
            connection = self._connection = self._connect()
            taken = connection.execute(f"SELECT pg_try_advisory_lock({_WRITE_LOCK})".encode()).fetchone()
        if taken != (True,):
            holder = connection.execute(_HOLDER.encode()).fetchone()
            who = f"the node {holder[0]!r}" if holder and holder[0] else "another node"
            raise StorageBusy(f"{who} is writing to {self._place}. Try again when it has finished.")

    def _let_go(self) -> None:
        connection = self._connection
        if connection is None or connection.closed:
            return
        try:
            connection.execute(f"SELECT pg_advisory_unlock({_WRITE_LOCK})".encode())
        except psycopg.Error:
            connection.close()  # which lets go of it too
