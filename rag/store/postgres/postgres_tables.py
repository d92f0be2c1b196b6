"""The rows of a PostgreSQL database as `rag.store.table_copy` reads and writes them."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rag.store.postgres.document_tables import pg_count_again
from rag.store.postgres.meta_tables import TIMELINE, pg_change_fact, pg_fact
from rag.store.postgres.postgres_connections import Connections, Hold, PgConnection
from rag.store.postgres.row_values import in_binary, one, rows, run, run_each
from rag.store.postgres.vector_type import SentVector
from rag.store.postgres.word_tables import pg_insert_words
from rag.store.table_copy import RowValue, StoredTable, TableRow

# Facts that belong to the database itself.
_HALF_MOVED = "half_moved"
_ITS_OWN = ("database_id", "format", TIMELINE, _HALF_MOVED)
_VECTORS = ("sentence_vectors", "chunk_vectors")
_YES_OR_NO = ("by_hand", "is_service", "suspended")
# As both kinds of store have vectors on their way, and as pgvector sends them.
_PLAIN, _SENT = np.dtype("<f4"), np.dtype(">f4")


class PostgresTables:
    """The `rag.store.table_copy.RowTarget` of an open database. What is read is of one moment inside a snapshot."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def read_rows(self, table: StoredTable, after: TableRow | None, count: int) -> list[TableRow]:
        key = ", ".join(table.key)
        statement = f"SELECT {', '.join(table.columns)} FROM {table.name}"  # noqa: S608 - names of ours
        if after is not None:
            statement += f" WHERE ({key}) > ({', '.join(['%s'] * table.keys)})"
        with self._connections.reading() as connection:
            found = in_binary(connection, f"{statement} ORDER BY {key} LIMIT %s", (*(after or ()), count))
        return [_portable(table, row) for row in found]

    def facts(self) -> Mapping[str, int | str]:
        with self._connections.reading() as connection:
            found = rows(connection, "SELECT name, value FROM meta")
        return {name: json.loads(value) for name, value in found if name not in _ITS_OWN}

    def last_number(self, table: StoredTable) -> int:
        with self._connections.reading() as connection:
            given = one(
                connection,
                "SELECT pg_sequence_last_value(pg_get_serial_sequence(%s, %s)::regclass)",
                (table.name, table.columns[0]),
            )
        return int(given or 0)

    def last_key(self, table: StoredTable) -> TableRow | None:
        order = ", ".join(f"{column} DESC" for column in table.key)
        with self._connections.reading() as connection:
            found = in_binary(
                connection,
                f"SELECT {', '.join(table.key)} FROM {table.name} ORDER BY {order} LIMIT 1",  # noqa: S608 - names of ours
            )
        return found[0] if found else None

    def write_rows(self, table: StoredTable, rows: Sequence[TableRow]) -> None:
        places = ", ".join(["%s"] * len(table.columns))
        with self._connections.writing(Hold.DOCUMENTS_CHANGE) as connection:
            run_each(
                connection,
                f"INSERT INTO {table.name} ({', '.join(table.columns)}) VALUES ({places})",  # noqa: S608 - names of ours
                [_native(table, row) for row in rows],
            )
            if table.name == "chunks":
                searched = table.columns.index("search_text")
                pg_insert_words(connection, [int(str(row[0])) for row in rows], [str(row[searched]) for row in rows])

    def half_moved(self) -> str:
        with self._connections.reading() as connection:
            return str(pg_fact(connection, _HALF_MOVED) or "")

    def set_half_moved(self, source: str) -> None:
        with self._connections.writing() as connection:
            pg_change_fact(connection, _HALF_MOVED, source)

    def finish(self, facts: Mapping[str, int | str], numbers: Mapping[str, int]) -> None:
        with self._connections.writing(Hold.DOCUMENTS_CHANGE) as connection:
            for name, value in facts.items():
                pg_change_fact(connection, name, value)
            run(connection, "DELETE FROM changes")
            run(connection, "INSERT INTO changes VALUES (%s, %s)", (facts["change_number"], secrets.randbits(62)))
            pg_count_again(connection)
            _give_no_number_twice(connection, numbers)


def _give_no_number_twice(connection: PgConnection, numbers: Mapping[str, int]) -> None:
    for name, number in numbers.items():
        column = "number" if name in ("documents", "conversations", "people", "keys") else "id"
        if number:
            run(connection, "SELECT setval(pg_get_serial_sequence(%s, %s)::regclass, %s)", (name, column, number))


def _portable(table: StoredTable, row: Sequence[Any]) -> TableRow:
    """A row as both kinds of store have it."""
    return tuple(_portable_value(table, column, value) for column, value in zip(table.columns, row, strict=True))


def _portable_value(table: StoredTable, column: str, value: Any) -> RowValue:
    if table.name in _VECTORS and column == "vector":
        return np.frombuffer(value[4:], _SENT).astype(_PLAIN).tobytes()
    given: RowValue = int(value) if isinstance(value, bool) else value
    return given


def _native(table: StoredTable, row: TableRow) -> tuple[Any, ...]:
    """A row as PostgreSQL takes it."""
    return tuple(_native_value(table, column, value) for column, value in zip(table.columns, row, strict=True))


def _native_value(table: StoredTable, column: str, value: RowValue) -> Any:
    if table.name in _VECTORS and isinstance(value, bytes):
        numbers = np.frombuffer(value, _PLAIN)
        return SentVector(len(numbers).to_bytes(2) + b"\0\0" + numbers.astype(_SENT).tobytes())
    return bool(value) if column in _YES_OR_NO else value
