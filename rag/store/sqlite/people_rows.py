"""People, their sessions, invitations and keys as rows."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import apsw

from rag.store.people_store import LOCAL, KeyRecord, NewPerson, Person, SessionRecord
from rag.store.sqlite.database import Database

_PERSON = """
SELECT p.name, p.shown_as, p.mail, p.is_service, p.suspended, p.password <> '', p.created_at, p.signed_in_at,
    (SELECT json_group_array(DISTINCT b.value) FROM belongings b WHERE b.person = p.number AND b.kind = 'role'),
    (SELECT json_group_array(DISTINCT b.value) FROM belongings b WHERE b.person = p.number AND b.kind = 'group'),
    (SELECT json_group_array(DISTINCT b.value) FROM belongings b WHERE b.person = p.number AND b.kind = 'edits')
FROM people p"""
_SESSION = """
SELECT s.digest, p.name, s.method, s.details, s.started_at, s.seen_at, s.ends_at
FROM sessions s JOIN people p ON p.number = s.person"""
_KEY = """
SELECT k.id, k.digest, p.name, k.name, k.scopes, k.created_at, k.ends_at, k.used_at
FROM keys k JOIN people p ON p.number = k.person"""
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
            for kind, values in (("role", given.roles), ("group", given.groups), ("edits", given.edits)):
                _write_belongings(connection, given.name, kind, values, LOCAL if kind != "group" else given.said_by)
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
                "INSERT INTO sessions (digest, person, method, details, started_at, seen_at, ends_at)"  # noqa: S608 - constant
                f" VALUES (?, {_NUMBER}, ?, ?, ?, ?, ?)",
                (
                    record.digest,
                    record.person,
                    record.method,
                    record.details,
                    record.started_at,
                    record.seen_at,
                    record.ends_at,
                ),
            )

    def session(self, digest: bytes) -> SessionRecord | None:
        rows = self._rows(f"{_SESSION} WHERE s.digest = ?", digest)
        return SessionRecord(*rows[0]) if rows else None

    def sessions(self, name: str) -> list[SessionRecord]:
        return [SessionRecord(*row) for row in self._rows(f"{_SESSION} WHERE p.name = ? ORDER BY s.seen_at DESC", name)]

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
                "INSERT INTO keys (id, digest, person, name, scopes, created_at, ends_at)"  # noqa: S608 - as above
                f" VALUES (?, ?, {_NUMBER}, ?, ?, ?, ?)",
                (
                    record.id,
                    record.digest,
                    record.person,
                    record.name,
                    json.dumps(sorted(record.scopes)),
                    record.created_at,
                    record.ends_at,
                ),
            )
        return True

    def key(self, digest: bytes) -> KeyRecord | None:
        rows = self._rows(f"{_KEY} WHERE k.digest = ?", digest)
        return _key(rows[0]) if rows else None

    def keys(self, name: str) -> list[KeyRecord]:
        return [_key(row) for row in self._rows(f"{_KEY} WHERE p.name = ? ORDER BY k.number DESC", name)]

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
    name, shown_as, mail, is_service, suspended, has_password, created_at, signed_in_at, roles, groups, edits = row
    return Person(
        name=name,
        shown_as=shown_as,
        mail=mail,
        is_service=bool(is_service),
        suspended=bool(suspended),
        has_password=bool(has_password),
        roles=frozenset(json.loads(roles)),
        groups=frozenset(json.loads(groups)),
        edits=frozenset(json.loads(edits)),
        created_at=created_at,
        signed_in_at=signed_in_at,
    )


def _key(row: Any) -> KeyRecord:
    key_id, digest, person, name, scopes, created_at, ends_at, used_at = row
    return KeyRecord(key_id, digest, person, name, frozenset(json.loads(scopes)), created_at, ends_at, used_at)
