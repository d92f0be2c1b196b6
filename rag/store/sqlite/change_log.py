"""The log of changes, by which an index in memory or on disk catches up with the documents.

Functions work on an open connection inside a transaction that the caller has begun.
"""

from __future__ import annotations

import secrets

import apsw
import numpy as np

from rag.records.arrays import IntVector


def change_number(connection: apsw.Connection) -> int:
    """The number of committed changes to the documents."""
    number: int = connection.execute("SELECT value FROM meta WHERE name = 'change_number'").get
    return number


def count_change(connection: apsw.Connection) -> None:
    """Count one more change and give it a token; belongs in the transaction that makes it."""
    connection.execute("UPDATE meta SET value = value + 1 WHERE name = 'change_number'")
    connection.execute(
        "INSERT OR REPLACE INTO changes VALUES (?, ?)", (change_number(connection), secrets.randbits(62))
    )


def change_token(connection: apsw.Connection, number: int) -> int | None:
    """The token of a change; None when it is none of this database, or so long ago that it was forgotten."""
    token: int | None = connection.execute("SELECT token FROM changes WHERE number = ?", (number,)).get
    return token


def removed_since(connection: apsw.Connection, number: int) -> IntVector:
    """The ids of the chunks that changes after this one removed, ascending. It must not be forgotten yet."""
    found = connection.execute("SELECT chunk FROM removed_chunks WHERE change > ? ORDER BY chunk", (number,))
    return np.fromiter((row[0] for row in found), dtype=np.int64)


def forget_before(connection: apsw.Connection, number: int) -> None:
    """Forget what was before this change: an index that has it is on the disk."""
    connection.execute("DELETE FROM changes WHERE number < ?", (number,))
    connection.execute("DELETE FROM removed_chunks WHERE change <= ?", (number,))
