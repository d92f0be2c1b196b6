"""The rows of an SQLite database as `rag.store.table_copy` reads and writes them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from rag.store.sqlite.database import Database
from rag.store.sqlite.meta_rows import change_fact, fact
from rag.store.table_copy import StoredTable, TableRow

# Facts that belong to the database itself.
_HALF_MOVED = "half_moved"
_ITS_OWN = ("database_id", _HALF_MOVED)


class SqliteTables:
    """The `rag.store.table_copy.RowTarget` of an open database. What is read is of one moment inside a snapshot."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read_rows(self, table: StoredTable, after: TableRow | None, count: int) -> list[TableRow]:
        key = ", ".join(table.key)
        statement = f"SELECT {', '.join(table.columns)} FROM {table.name}"  # noqa: S608 - names of ours
        if after is not None:
            statement += f" WHERE ({key}) > ({', '.join(['?'] * table.keys)})"
        with self._database.reading() as connection:
            found = connection.execute(f"{statement} ORDER BY {key} LIMIT ?", (*(after or ()), count)).fetchall()
        return [tuple(map(_without_nul, row)) for row in found]

    def facts(self) -> Mapping[str, int | str]:
        with self._database.reading() as connection:
            found: list[Any] = connection.execute(
                "SELECT name, value FROM meta WHERE name NOT IN (?, ?)", _ITS_OWN
            ).fetchall()
        return dict(found)

    def last_number(self, table: StoredTable) -> int:
        with self._database.reading() as connection:
            return connection.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table.name,)).get or 0

    def last_key(self, table: StoredTable) -> TableRow | None:
        order = ", ".join(f"{column} DESC" for column in table.key)
        with self._database.reading() as connection:
            return connection.execute(
                f"SELECT {', '.join(table.key)} FROM {table.name} ORDER BY {order} LIMIT 1"  # noqa: S608 - names of ours
            ).fetchone()

    def write_rows(self, table: StoredTable, rows: Sequence[TableRow]) -> None:
        places = ", ".join(["?"] * len(table.columns))
        with self._database.writing() as connection:
            connection.executemany(
                f"INSERT INTO {table.name} ({', '.join(table.columns)}) VALUES ({places})",  # noqa: S608 - names of ours
                rows,
            )

    def half_moved(self) -> str:
        with self._database.reading() as connection:
            return str(fact(connection, _HALF_MOVED) or "")

    def set_half_moved(self, source: str) -> None:
        with self._database.writing() as connection:
            change_fact(connection, _HALF_MOVED, source)

    def finish(self, facts: Mapping[str, int | str], numbers: Mapping[str, int]) -> None:
        with self._database.writing() as connection:
            connection.executemany("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", list(facts.items()))
            connection.execute("DELETE FROM changes")
            connection.execute("INSERT INTO changes VALUES (?, ?)", (facts["change_number"], secrets.randbits(62)))
            for name, number in numbers.items():
                connection.execute("DELETE FROM sqlite_sequence WHERE name = ?", (name,))
                connection.execute("INSERT INTO sqlite_sequence VALUES (?, ?)", (name, number))


def _without_nul(value: Any) -> Any:
    """A value as PostgreSQL can hold it too: NUL is no text there."""
    return value.replace("\0", "\ufffd") if isinstance(value, str) else value
