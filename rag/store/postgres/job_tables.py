"""Jobs as rows. Their tables are not logged: nothing here waits for a disk, or for a standby."""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import astuple

from rag.records import Source
from rag.store.job_store import LEASE_SECONDS, Job
from rag.store.postgres.postgres_connections import Connections, PgConnection
from rag.store.postgres.row_values import first, holdable, in_binary, one, run

# How often a process says that it takes jobs, and after how long a silence it is taken for dead. Renewing a lease says
# it too, every ten seconds.
_SAID_SECONDS = 5.0
_SILENT_SECONDS = 30.0
# A job that was taken so often and never finished may be what its takers died of.
_MOST_TRIES = 3
# Jobs that nobody has asked after for so long are those of a node that has died.
_FORGOTTEN_AFTER = "1 day"
_IS_FREE = "outcome IS NULL AND lease_until < clock_timestamp()"


class PostgresJobs:
    """The `rag.store.job_store.JobStore` of an open database."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._seen_until = 0.0  # on the clock of this process: until then others know of it

    def helpers(self, made_with: str) -> int:
        with self._connections.reading() as connection:
            found: int = one(
                connection,
                "SELECT count(*) FROM helpers WHERE made_with = %s AND name <> %s"
                " AND seen_at > clock_timestamp() - make_interval(secs => %s)",
                (made_with, self._connections.name, _SILENT_SECONDS),
            )
        return found

    def offer(self, key: str, source: Source, data: bytes, *, made_with: str) -> None:
        described = json.dumps([holdable(value) for value in astuple(source)])
        with self._connections.writing() as connection:
            run(
                connection,
                "INSERT INTO jobs (key, made_with, asked_by, source, data) VALUES (%s, %s, %s, %s, %b)"
                " ON CONFLICT (key) DO UPDATE SET asked_by = excluded.asked_by, asked_at = clock_timestamp()",
                (key, made_with, self._connections.name, described, data),
            )

    def outcome(self, key: str) -> bytes | None:
        with self._connections.reading() as connection:
            found = in_binary(connection, "SELECT outcome FROM jobs WHERE key = %s", (key,))
        return bytes(found[0][0]) if found and found[0][0] is not None else None

    def withdraw(self, key: str) -> bool:
        with self._connections.writing() as connection:
            run(connection, f"DELETE FROM jobs WHERE key = %s AND {_IS_FREE}", (key,))  # noqa: S608 - constant text
            return one(connection, "SELECT 1 FROM jobs WHERE key = %s", (key,)) is None

    def forget(self) -> None:
        with self._connections.writing() as connection:
            run(
                connection,
                "DELETE FROM jobs WHERE asked_by = %s OR asked_at < clock_timestamp() - %s::interval",
                (self._connections.name, _FORGOTTEN_AFTER),
            )

    def take(self, made_with: str) -> Job | None:
        claim = secrets.token_hex(16)
        with self._connections.writing() as connection:
            self._be_seen(connection, made_with)
            row = first(
                connection,
                "UPDATE jobs SET claim = %s, taken_by = %s, tries = tries + 1,"  # noqa: S608 - constant text
                " lease_until = clock_timestamp() + make_interval(secs => %s) WHERE id ="
                f" (SELECT id FROM jobs WHERE made_with = %s AND tries < %s AND {_IS_FREE}"
                "  ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id, source",
                (claim, self._connections.name, LEASE_SECONDS, made_with, _MOST_TRIES),
            )
            if row is None:
                return None
            ((data,),) = in_binary(connection, "SELECT data FROM jobs WHERE id = %s", (row[0],))
        return Job(row[0], claim, Source(*json.loads(row[1])), bytes(data))

    def renew(self, job: Job, made_with: str) -> bool:
        with self._connections.writing() as connection:
            self._be_seen(connection, made_with)
            until = "lease_until = clock_timestamp() + make_interval(secs => %s)"
            return self._change(connection, job, until, LEASE_SECONDS)

    def finish(self, job: Job, outcome: bytes) -> bool:
        with self._connections.writing() as connection:
            return self._change(connection, job, "outcome = %b, data = ''", outcome)

    def give_back(self, job: Job) -> None:
        with self._connections.writing() as connection:
            self._change(connection, job, "lease_until = '-infinity', tries = tries - %s", 1)

    def leave(self) -> None:
        with self._connections.writing() as connection:
            run(connection, "DELETE FROM helpers WHERE name = %s", (self._connections.name,))
        self._seen_until = 0.0

    def _be_seen(self, connection: PgConnection, made_with: str) -> None:
        """Say that this process takes jobs, as often as is needed; those that have died are forgotten."""
        if time.monotonic() < self._seen_until:
            return
        run(
            connection,
            "INSERT INTO helpers VALUES (%s, %s, clock_timestamp()) ON CONFLICT (name) DO UPDATE"
            " SET made_with = excluded.made_with, seen_at = excluded.seen_at",
            (self._connections.name, made_with),
        )
        run(connection, "DELETE FROM helpers WHERE seen_at < clock_timestamp() - %s::interval", (_FORGOTTEN_AFTER,))
        self._seen_until = time.monotonic() + _SAID_SECONDS

    def _change(self, connection: PgConnection, job: Job, how: str, value: float | bytes) -> bool:
        """Change a job for whoever has its claim, unless it has an outcome; whether it still was theirs."""
        changed = run(
            connection,
            f"UPDATE jobs SET {how} WHERE id = %s AND claim = %s AND outcome IS NULL",  # noqa: S608 - texts from here
            (value, job.id, job.claim),
        )
        return changed > 0
