"""Text as PostgreSQL can hold it, and single values that statements give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg

from rag.store.postgres.postgres_connections import PgConnection

ResultRows = list[tuple[Any, ...]]


def holdable(text: str) -> str:
    """The text with "?" for what has no UTF-8, half of a surrogate pair, and U+FFFD for NUL, which is no text here."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\ufffd")


def rows(connection: PgConnection, statement: str, values: Sequence[Any] | dict[str, Any] = ()) -> ResultRows:
    """All rows that a statement gives."""
    return connection.execute(statement.encode(), values or None).fetchall()


def first(connection: PgConnection, statement: str, values: Sequence[Any] | dict[str, Any] = ()) -> Any:
    """The first row, or None."""
    return connection.execute(statement.encode(), values or None).fetchone()


def one(connection: PgConnection, statement: str, values: Sequence[Any] | dict[str, Any] = ()) -> Any:
    """The first value of the first row, or None."""
    row = first(connection, statement, values)
    return None if row is None else row[0]


def run(connection: PgConnection, statement: str, values: Sequence[Any] | dict[str, Any] = ()) -> int:
    """Run a statement, and give how many rows it has written or found."""
    return connection.execute(statement.encode(), values or None).rowcount


def run_each(connection: PgConnection, statement: str, values: Sequence[Sequence[Any]]) -> None:
    """Run a statement once for each row of values, in order."""
    if values:
        connection.cursor().executemany(statement.encode(), values)


def in_binary(connection: PgConnection, statement: str, values: Sequence[Any] = ()) -> ResultRows:
    """All rows of a statement, sent in binary: vectors and files take half as much as in text."""
    cursor: psycopg.Cursor[tuple[Any, ...]] = connection.cursor(binary=True)
    return cursor.execute(statement.encode(), values or None).fetchall()
