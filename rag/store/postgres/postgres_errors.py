"""The one place that turns PostgreSQL's errors into ours, and says what each means to a user."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors
from psycopg_pool import PoolClosed, PoolTimeout

from rag.errors import StorageBusy, StorageDamaged, StorageError, StorageFull, StorageReadOnly, StorageUnreachable

_UNREACHABLE = (
    psycopg.OperationalError,
    errors.AdminShutdown,
    errors.CrashShutdown,
    errors.CannotConnectNow,
    PoolTimeout,
)
# What stands in the words with which a connection is refused, by the server or by the client, and what to do about it.
# A server may speak another language; then the last one is said.
_ADVICE = (
    ("pg_hba.conf", "Let this machine and this role in with a line in the server's pg_hba.conf."),
    (
        "certificate",
        "The server needs a certificate for the host that CITEWELL_DATABASE names, by an authority that"
        " sslrootcert names (docs/postgresql.md).",
    ),
    ("session is read-only", "One of the servers that CITEWELL_DATABASE names must be the primary, and take changes."),
    ("SSL", "Switch TLS on at the server, or say another sslmode in CITEWELL_DATABASE (docs/postgresql.md)."),
    ("password", "Put the role and its password right in CITEWELL_DATABASE, or in ~/.pgpass."),
    ("permission denied", "Give the role of CITEWELL_DATABASE the rights that docs/postgresql.md names."),
    ("does not exist", "Make it, or name another one in CITEWELL_DATABASE."),
    ("", "See that it runs and that this machine may connect."),
)


@contextmanager
def pg_translated(place: str) -> Iterator[None]:
    """Raise a StorageError in place of an error of psycopg about the database at `place`, which names no password."""
    try:
        yield
    except PoolClosed as error:
        raise ValueError("the store is closed") from error
    except psycopg.Error as error:
        raise _meaning(error, place) from error


def said(error: BaseException) -> str:
    """What an error of PostgreSQL says, in one line."""
    return " ".join(str(error).split())


def _meaning(error: psycopg.Error, place: str) -> StorageError:
    """The StorageError for an error of PostgreSQL."""
    if isinstance(error, errors.ReadOnlySqlTransaction):
        return StorageReadOnly(
            f"{place} takes no changes: it is a standby, or read-only. Name the primary in CITEWELL_DATABASE."
        )
    if isinstance(error, errors.DiskFull):
        return StorageFull(
            f"{place} could not be written: {said(error)}. Free some space on the machine of the database."
        )
    if isinstance(error, errors.InsufficientPrivilege):
        return StorageError(
            f"{place} refused: {said(error)}. Give the role of CITEWELL_DATABASE the rights that docs/postgresql.md"
            " names, or open it once as the owner of the tables."
        )
    if isinstance(error, errors.LockNotAvailable | errors.DeadlockDetected | errors.SerializationFailure):
        return StorageBusy(f"{place} was kept locked by another node for too long: {said(error)}. Try again.")
    if isinstance(error, errors.DataCorrupted | errors.IndexCorrupted):
        return StorageDamaged(f"{place} is damaged: {said(error)}. Restore it.")
    if isinstance(error, errors.TooManyConnections):
        return StorageUnreachable(
            f"{place} has no connection left: {said(error)}. Raise max_connections, or run fewer nodes."
        )
    if isinstance(error, _UNREACHABLE):
        words = said(error)
        advice = next(advice for part, advice in _ADVICE if part in words)
        return StorageUnreachable(f"{place} could not be reached: {words}. {advice}")
    return StorageError(f"{place} could not be used: {said(error)}.")
