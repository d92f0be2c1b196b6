"""People, their sessions, invitations and keys as rows."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import apsw

from rag.store.people_store import LOCAL, KeyRecord, NewPerson, Person, SessionRecord
from rag.store.rows import people_columns as columns
from rag.store.sqlite.database import Database

_SAID = "(SELECT json_group_array(DISTINCT b.value) FROM belongings b WHERE b.person = p.number AND b.kind = '{}')"
_PERSON = (
    f"SELECT {columns.PERSON},"  # noqa: S608 - constant
    f" {_SAID.format('role')}, {_SAID.format('group')}, {_SAID.format('edits')} FROM people p"
)
_NUMBER = "(SELECT number FROM people WHERE name = ?)"


class SqlitePeople:
    """The `rag.store.people_store.PeopleStore` of an open database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def people(self) -> list[Person]:
        return [_person(row) for row in self._rows(f"{_PERSON} ORDER BY p.name")]

    def person(self, name: str) -> Person | None:
        rows = self._rows(f"{_PERSON} WHERE p.name = ?", name)
        return _person(rows[0]) if rows else None

    def password_hash(self, name: str) -> str:
        rows = self._rows("SELECT password FROM people WHERE name = ?", name)
        return str(rows[0][0]) if rows else ""

    def add_person(self, given: NewPerson) -> bool:
        with self._database.writing() as connection:
            added = connection.execute(
                "INSERT INTO people (name, shown_as, mail, is_service, created_at) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT DO NOTHING RETURNING 1",
                (given.name, given.shown_as, given.mail, given.is_service, given.created_at),
            ).fetchall()
            if not added:
                return False
            for kind, values, said_by in columns.said_of(given):
                _write_belongings(connection, given.name, kind, values, said_by)
        return True

    def belongings(self, name: str, kind: str, *, said_by: str = LOCAL) -> frozenset[str]:
        rows = self._rows(
            f"SELECT value FROM belongings WHERE person = {_NUMBER} AND kind = ? AND said_by = ?",  # noqa: S608 - constant
            name,
            kind,
            said_by,
        )
        return frozenset(str(row[0]) for row in rows)

    def set_belongings(self, name: str, kind: str, values: Iterable[str], *, said_by: str = LOCAL) -> None:
        with self._database.writing() as connection:
            _write_belongings(connection, name, kind, values, said_by)

    def set_password(self, name: str, hashed: str) -> None:
        with self._database.writing() as connection:
            connection.execute("UPDATE people SET password = ? WHERE name = ?", (hashed, name))
            connection.execute(f"DELETE FROM sessions WHERE person = {_NUMBER}", (name,))  # noqa: S608 - constant text
            connection.execute(f"DELETE FROM invitations WHERE person = {_NUMBER}", (name,))  # noqa: S608 - as above

    def set_suspended(self, name: str, suspended: bool) -> None:
        with self._database.writing() as connection:
            connection.execute("UPDATE people SET suspended = ? WHERE name = ?", (suspended, name))
            if suspended:
                connection.execute(f"DELETE FROM sessions WHERE person = {_NUMBER}", (name,))  # noqa: S608 - constant

    def note_signed_in(self, name: str, moment: int) -> None:
        self._write("UPDATE people SET signed_in_at = ? WHERE name = ?", moment, name)

    def describe(self, name: str, shown_as: str, mail: str) -> None:
        self._write("UPDATE people SET shown_as = ?, mail = ? WHERE name = ?", shown_as, mail, name)

    def remove_person(self, name: str) -> bool:
        with self._database.writing() as connection:
            removed = connection.execute("DELETE FROM people WHERE name = ? RETURNING 1", (name,)).fetchall()
            if removed:
                connection.execute("DELETE FROM conversations WHERE owner = ?", (name,))
        self._database.empty_log()
        return bool(removed)

    def add_invitation(self, name: str, digest: bytes, ends_at: int) -> None:
        self._write(
            f"INSERT OR REPLACE INTO invitations (person, digest, ends_at) VALUES ({_NUMBER}, ?, ?)",  # noqa: S608 - constant
            name,
            digest,
            ends_at,
        )

    def invited(self, digest: bytes, moment: int) -> str | None:
        rows = self._rows(
            "SELECT p.name FROM invitations i JOIN people p ON p.number = i.person"
            " WHERE i.digest = ? AND i.ends_at > ?",
            digest,
            moment,
        )
        return str(rows[0][0]) if rows else None

    def add_session(self, record: SessionRecord) -> None:
        with self._database.writing() as connection:
            connection.execute("DELETE FROM sessions WHERE ends_at <= ?", (record.started_at,))
            connection.execute(
                f"INSERT INTO sessions ({columns.NEW_SESSION})"  # noqa: S608 - constant
                f" VALUES (?, {_NUMBER}, ?, ?, ?, ?, ?)",
                columns.session_values(record, record.person),
            )

    def session(self, digest: bytes) -> SessionRecord | None:
        rows = self._rows(f"{columns.SESSION} WHERE s.digest = ?", digest)
        return SessionRecord(*rows[0]) if rows else None

    def sessions(self, name: str) -> list[SessionRecord]:
        rows = self._rows(f"{columns.SESSION} WHERE p.name = ? ORDER BY s.seen_at DESC", name)
        return [SessionRecord(*row) for row in rows]

    def count_sessions(self, moment: int) -> int:
        return int(self._rows("SELECT count(*) FROM sessions WHERE ends_at > ?", moment)[0][0])

    def touch_session(self, digest: bytes, moment: int) -> None:
        self._write("UPDATE sessions SET seen_at = ? WHERE digest = ?", moment, digest)

    def change_session(self, digest: bytes, before: str, details: str) -> bool:
        query = "UPDATE sessions SET details = ? WHERE digest = ? AND details = ? RETURNING 1"
        return bool(self._write(query, details, digest, before))

    def end_session(self, digest: bytes) -> None:
        self._write("DELETE FROM sessions WHERE digest = ?", digest)

    def end_sessions(self, name: str) -> int:
        return len(self._write(f"DELETE FROM sessions WHERE person = {_NUMBER} RETURNING 1", name))  # noqa: S608 - constant

    def add_key(self, record: KeyRecord, *, live_at: int, at_most: int, at_most_of_name: int) -> bool:
        with self._database.writing() as connection:
            connection.execute(
                f"DELETE FROM keys WHERE person = {_NUMBER} AND ends_at <= ?",  # noqa: S608 - constant text
                (record.person, live_at),
            )
            row = connection.execute(
                f"SELECT count(*), ifnull(sum(name = ?), 0) FROM keys WHERE person = {_NUMBER}",  # noqa: S608 - as above
                (record.name, record.person),
            ).fetchone()
            count, of_name = row or (0, 0)
            if int(count) >= at_most or int(of_name) >= at_most_of_name:
                return False
            connection.execute(
                f"INSERT INTO keys ({columns.NEW_KEY})"  # noqa: S608 - as above
                f" VALUES (?, ?, {_NUMBER}, ?, ?, ?, ?)",
                columns.key_values(record, record.person),
            )
        return True

    def key(self, digest: bytes) -> KeyRecord | None:
        rows = self._rows(f"{columns.KEY} WHERE k.digest = ?", digest)
        return columns.key_of(rows[0]) if rows else None

    def keys(self, name: str) -> list[KeyRecord]:
        rows = self._rows(f"{columns.KEY} WHERE p.name = ? ORDER BY k.number DESC", name)
        return [columns.key_of(row) for row in rows]

    def touch_key(self, key_id: str, moment: int) -> None:
        self._write("UPDATE keys SET used_at = ? WHERE id = ?", moment, key_id)

    def remove_key(self, name: str, key_id: str) -> bool:
        return bool(self._write(f"DELETE FROM keys WHERE person = {_NUMBER} AND id = ? RETURNING 1", name, key_id))  # noqa: S608 - constant

    def _rows(self, query: str, *values: Any) -> list[Any]:
        with self._database.reading() as connection:
            return connection.execute(query, values).fetchall()

    def _write(self, query: str, *values: Any) -> list[Any]:
        with self._database.writing() as connection:
            return connection.execute(query, values).fetchall()


def _write_belongings(connection: apsw.Connection, name: str, kind: str, values: Iterable[str], said_by: str) -> None:
    connection.execute(
        f"DELETE FROM belongings WHERE person = {_NUMBER} AND kind = ? AND said_by = ?",  # noqa: S608 - constant text
        (name, kind, said_by),
    )
    connection.executemany(
        "INSERT INTO belongings (person, kind, value, said_by) SELECT number, ?, ?, ? FROM people WHERE name = ?",
        [(kind, value, said_by, name) for value in sorted(set(values))],
    )


def _person(row: Any) -> Person:
    *known, roles, groups, edits = row
    return columns.person_of(known, json.loads(roles), json.loads(groups), json.loads(edits))
