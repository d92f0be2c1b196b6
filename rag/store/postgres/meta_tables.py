"""Facts about the whole database, by name, each as JSON, and the log of changes by which an index catches up.

Every function works on an open connection inside a transaction that the caller has begun.
"""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import asdict

import numpy as np

from rag.records import ModelIdentity
from rag.records.arrays import IntVector
from rag.store.base import SiteThreshold
from rag.store.fitting import check_model
from rag.store.postgres.postgres_connections import PgConnection
from rag.store.postgres.row_values import one, rows, run
from rag.store.postgres.vector_type import ids_of

# Seconds after which a process that was not heard of keeps no more of the log of changes: a week.
_REMEMBERED_SECONDS = 7 * 86_400
# The fact that names the line of history which the database was last changed on: each promotion begins another one.
TIMELINE = "timeline"
# How far the number of changes leaps then: above all that may be lost; by chance, so that two standbys that are
# promoted one after the other do not give the same numbers; and so little that JavaScript has all of them exactly.
_LEAST_LEAP, _LEAP_BITS = 1_000_000, 32


def pg_fact(connection: PgConnection, name: str) -> int | str | None:
    """What is written down under a name; None where nothing is."""
    found = one(connection, "SELECT value FROM meta WHERE name = %s", (name,))
    value: int | str | None = None if found is None else json.loads(found)
    return value


def pg_change_fact(connection: PgConnection, name: str, value: int | str) -> None:
    """Write a value down under a name, in place of the one before."""
    run(
        connection,
        "INSERT INTO meta VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (name, json.dumps(value)),
    )


def pg_model(connection: PgConnection) -> ModelIdentity | None:
    """The model that is bound, or None."""
    found = pg_fact(connection, "model")
    return None if found is None else ModelIdentity(**json.loads(str(found)))


def pg_dimension(connection: PgConnection) -> int:
    """The length of the vectors here; 0 before a model is bound."""
    bound = pg_model(connection)
    return bound.dimension if bound else 0


def pg_bind_model(connection: PgConnection, identity: ModelIdentity, place: str) -> None:
    """Record the model of the database, unless it is recorded already. Raises ModelMismatch for another."""
    bound = pg_model(connection)
    if bound is None:
        pg_change_fact(connection, "model", json.dumps(asdict(identity)))
    else:
        check_model(bound, identity, place, "database")


def pg_threshold(connection: PgConnection) -> SiteThreshold | None:
    """The threshold that was fitted to this site's questions, or None."""
    found = pg_fact(connection, "threshold")
    return None if found is None else SiteThreshold(**json.loads(str(found)))


def pg_write_threshold(connection: PgConnection, threshold: SiteThreshold | None) -> None:
    """Keep the threshold in place of the one before; None forgets it."""
    run(connection, "DELETE FROM meta WHERE name = 'threshold'")
    if threshold is not None:
        pg_change_fact(connection, "threshold", json.dumps(asdict(threshold)))


def pg_change_number(connection: PgConnection) -> int:
    """The number of committed changes to the documents."""
    return int(one(connection, "SELECT value FROM meta WHERE name = 'change_number'"))


def pg_count_change(connection: PgConnection) -> None:
    """Count one more change and give it a token; belongs in the transaction that makes it.

    A standby that took the place of a server which lost its last changes must not give their numbers again: nodes may
    have them in memory. So the first change there has a number far above all that were lost.
    """
    number = one(
        connection,
        "UPDATE meta SET value = (value::bigint + %s)::text WHERE name = 'change_number' RETURNING value::bigint",
        (secrets.randbits(_LEAP_BITS) + _LEAST_LEAP if _is_on_new_timeline(connection) else 1,),
    )
    run(
        connection,
        "INSERT INTO changes VALUES (%s, %s) ON CONFLICT (number) DO UPDATE SET token = excluded.token",
        (number, secrets.randbits(62)),
    )


def _is_on_new_timeline(connection: PgConnection) -> bool:
    """Whether another server, or a restored one, goes on with what was written so far; it is noted."""
    now = one(connection, "SELECT substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)")
    before = pg_fact(connection, TIMELINE)
    if before == now:
        return False
    pg_change_fact(connection, TIMELINE, now)
    return before is not None


def pg_change_token(connection: PgConnection, number: int) -> int | None:
    """The token of a change; None when it is none of this database, or so long ago that it was forgotten."""
    token: int | None = one(connection, "SELECT token FROM changes WHERE number = %s", (number,))
    return token


def pg_removed_since(connection: PgConnection, number: int) -> IntVector:
    """The ids of the chunks that changes after this one removed, ascending. It must not be forgotten yet."""
    found = rows(connection, "SELECT chunk FROM removed_chunks WHERE change > %s ORDER BY chunk", (number,))
    return np.array(ids_of(found), dtype=np.int64)


def pg_note_removed(connection: PgConnection, document: int) -> None:
    """Note the chunks of a document that is about to be removed, under the number of the change that does it."""
    run(
        connection,
        "INSERT INTO removed_chunks SELECT id, (SELECT value::bigint + 1 FROM meta WHERE name = 'change_number')"
        " FROM chunks WHERE document = %s ON CONFLICT (chunk) DO UPDATE SET change = excluded.change",
        (document,),
    )


def pg_forget_before(connection: PgConnection, number: int, own_name: str) -> None:
    """Forget what was before this change, or before the one that the index of another process has come to."""
    behind = one(
        connection,
        "SELECT min(change) FROM nodes WHERE name <> %s AND seen_at > %s",
        (own_name, int(time.time()) - _REMEMBERED_SECONDS),
    )
    kept = number if behind is None else min(number, behind)
    run(connection, "DELETE FROM changes WHERE number < %s", (kept,))
    run(connection, "DELETE FROM removed_chunks WHERE change <= %s", (kept,))


def note_node(connection: PgConnection, name: str, change: int) -> None:
    """Note how far the index of a process has come; those that were not heard of for long are forgotten."""
    moment = int(time.time())
    run(connection, "DELETE FROM nodes WHERE seen_at <= %s", (moment - _REMEMBERED_SECONDS,))
    run(
        connection,
        "INSERT INTO nodes VALUES (%s, %s, %s)"
        " ON CONFLICT (name) DO UPDATE SET change = excluded.change, seen_at = excluded.seen_at",
        (name, change, moment),
    )


def forget_node(connection: PgConnection, name: str) -> None:
    """A process has closed the database."""
    run(connection, "DELETE FROM nodes WHERE name = %s", (name,))
