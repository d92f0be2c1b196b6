"""People, their sessions, invitations and keys as rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rag.store.people_store import LOCAL, KeyRecord, NewPerson, Person, SessionRecord
from rag.store.postgres.postgres_connections import Connections, PgConnection
from rag.store.postgres.row_values import ResultRows, first, holdable, in_binary, one, run, run_each
from rag.store.rows import people_columns as columns

_OF_KIND = "ARRAY(SELECT DISTINCT b.value FROM belongings b WHERE b.person = p.number AND b.kind = '{}')"
_PERSON = (
    f"SELECT {columns.PERSON},"  # noqa: S608 - constant
    f" {_OF_KIND.format('role')}, {_OF_KIND.format('group')}, {_OF_KIND.format('edits')} FROM people p"
)
_NUMBER = "(SELECT number FROM people WHERE name = %s)"


class PostgresPeople:
    """The `rag.store.people_store.PeopleStore` of an open database."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def people(self) -> list[Person]:
        return [_person(row) for row in self._rows(f"{_PERSON} ORDER BY p.name")]

    def person(self, name: str) -> Person | None:
        found = self._rows(f"{_PERSON} WHERE p.name = %s", holdable(name))
        return _person(found[0]) if found else None

    def password_hash(self, name: str) -> str:
        found = self._rows("SELECT password FROM people WHERE name = %s", holdable(name))
        return str(found[0][0]) if found else ""

    def add_person(self, given: NewPerson) -> bool:
        with self._connections.writing() as connection:
            added = run(
                connection,
                "INSERT INTO people (name, shown_as, mail, is_service, created_at) VALUES (%s, %s, %s, %s, %s)"
                " ON CONFLICT DO NOTHING",
                (given.name, holdable(given.shown_as), holdable(given.mail), given.is_service, given.created_at),
            )
            if not added:
                return False
            for kind, values, said_by in columns.said_of(given):
                _write_belongings(connection, given.name, kind, values, said_by)
        return True

    def belongings(self, name: str, kind: str, *, said_by: str = LOCAL) -> frozenset[str]:
        found = self._rows(
            f"SELECT value FROM belongings WHERE person = {_NUMBER} AND kind = %s AND said_by = %s",  # noqa: S608 - constant
            holdable(name),
            kind,
            said_by,
        )
        return frozenset(str(row[0]) for row in found)

    def set_belongings(self, name: str, kind: str, values: Iterable[str], *, said_by: str = LOCAL) -> None:
        with self._connections.writing() as connection:
            _write_belongings(connection, name, kind, values, said_by)

    def set_password(self, name: str, hashed: str) -> None:
        with self._connections.writing() as connection:
            run(connection, "UPDATE people SET password = %s WHERE name = %s", (hashed, holdable(name)))
            run(connection, f"DELETE FROM sessions WHERE person = {_NUMBER}", (holdable(name),))  # noqa: S608 - constant text
            run(connection, f"DELETE FROM invitations WHERE person = {_NUMBER}", (holdable(name),))  # noqa: S608 - as above

    def set_suspended(self, name: str, suspended: bool) -> None:
        with self._connections.writing() as connection:
            run(connection, "UPDATE people SET suspended = %s WHERE name = %s", (suspended, holdable(name)))
            if suspended:
                run(connection, f"DELETE FROM sessions WHERE person = {_NUMBER}", (holdable(name),))  # noqa: S608 - constant

    def note_signed_in(self, name: str, moment: int) -> None:
        self._write("UPDATE people SET signed_in_at = %s WHERE name = %s", moment, holdable(name))

    def describe(self, name: str, shown_as: str, mail: str) -> None:
        values = (holdable(shown_as), holdable(mail), holdable(name))
        self._write("UPDATE people SET shown_as = %s, mail = %s WHERE name = %s", *values)

    def remove_person(self, name: str) -> bool:
        with self._connections.writing() as connection:
            removed = run(connection, "DELETE FROM people WHERE name = %s", (holdable(name),))
            if removed:
                run(connection, "DELETE FROM conversations WHERE owner = %s", (holdable(name),))
        return bool(removed)

    def add_invitation(self, name: str, digest: bytes, ends_at: int) -> None:
        self._write(
            f"INSERT INTO invitations (person, digest, ends_at) VALUES ({_NUMBER}, %s, %s)"  # noqa: S608 - constant
            " ON CONFLICT (person) DO UPDATE SET digest = excluded.digest, ends_at = excluded.ends_at",
            holdable(name),
            digest,
            ends_at,
        )

    def invited(self, digest: bytes, moment: int) -> str | None:
        found = self._rows(
            "SELECT p.name FROM invitations i JOIN people p ON p.number = i.person"
            " WHERE i.digest = %s AND i.ends_at > %s",
            digest,
            moment,
        )
        return str(found[0][0]) if found else None

    def add_session(self, record: SessionRecord) -> None:
        with self._connections.writing() as connection:
            run(connection, "DELETE FROM sessions WHERE ends_at <= %s", (record.started_at,))
            run(
                connection,
                f"INSERT INTO sessions ({columns.NEW_SESSION})"  # noqa: S608 - constant
                f" VALUES (%s, {_NUMBER}, %s, %s, %s, %s, %s)",
                columns.session_values(record, holdable(record.person)),
            )

    def session(self, digest: bytes) -> SessionRecord | None:
        found = self._rows(f"{columns.SESSION} WHERE s.digest = %s", digest)
        return SessionRecord(*found[0]) if found else None

    def sessions(self, name: str) -> list[SessionRecord]:
        asked = f"{columns.SESSION} WHERE p.name = %s ORDER BY s.seen_at DESC, s.digest"
        return [SessionRecord(*row) for row in self._rows(asked, holdable(name))]

    def count_sessions(self, moment: int) -> int:
        return int(self._rows("SELECT count(*) FROM sessions WHERE ends_at > %s", moment)[0][0])

    def touch_session(self, digest: bytes, moment: int) -> None:
        self._write("UPDATE sessions SET seen_at = %s WHERE digest = %s", moment, digest)

    def change_session(self, digest: bytes, before: str, details: str) -> bool:
        changing = "UPDATE sessions SET details = %s WHERE digest = %s AND details = %s"
        return self._write(changing, details, digest, before) > 0

    def end_session(self, digest: bytes) -> None:
        self._write("DELETE FROM sessions WHERE digest = %s", digest)

    def end_sessions(self, name: str) -> int:
        return self._write(f"DELETE FROM sessions WHERE person = {_NUMBER}", holdable(name))  # noqa: S608 - constant

    def add_key(self, record: KeyRecord, *, live_at: int, at_most: int, at_most_of_name: int) -> bool:
        person = holdable(record.person)
        with self._connections.writing() as connection:
            # Two keys at once: the second one is counted when the first is there.
            number = one(connection, "SELECT number FROM people WHERE name = %s FOR UPDATE", (person,))
            run(connection, "DELETE FROM keys WHERE person = %s AND ends_at <= %s", (number, live_at))
            count, of_name = first(
                connection,
                "SELECT count(*), count(*) FILTER (WHERE name = %s) FROM keys WHERE person = %s",
                (record.name, number),
            )
            if count >= at_most or of_name >= at_most_of_name:
                return False
            run(
                connection,
                f"INSERT INTO keys ({columns.NEW_KEY}) VALUES (%s, %s, %s, %s, %s, %s, %s)",  # noqa: S608 - constant
                columns.key_values(record, number),
            )
        return True

    def key(self, digest: bytes) -> KeyRecord | None:
        found = self._rows(f"{columns.KEY} WHERE k.digest = %s", digest)
        return columns.key_of(found[0]) if found else None

    def keys(self, name: str) -> list[KeyRecord]:
        found = self._rows(f"{columns.KEY} WHERE p.name = %s ORDER BY k.number DESC", holdable(name))
        return [columns.key_of(row) for row in found]

    def touch_key(self, key_id: str, moment: int) -> None:
        self._write("UPDATE keys SET used_at = %s WHERE id = %s", moment, holdable(key_id))

    def remove_key(self, name: str, key_id: str) -> bool:
        removing = f"DELETE FROM keys WHERE person = {_NUMBER} AND id = %s"  # noqa: S608 - constant
        return self._write(removing, holdable(name), holdable(key_id)) > 0

    def _rows(self, statement: str, *values: Any) -> ResultRows:
        with self._connections.reading() as connection:
            return in_binary(connection, statement, values)

    def _write(self, statement: str, *values: Any) -> int:
        with self._connections.writing() as connection:
            return run(connection, statement, values)


def _write_belongings(connection: PgConnection, name: str, kind: str, values: Iterable[str], said_by: str) -> None:
    # Two who say something of one person at once take turns.
    number = one(connection, "SELECT number FROM people WHERE name = %s FOR UPDATE", (holdable(name),))
    if number is None:
        return
    run(
        connection,
        "DELETE FROM belongings WHERE person = %s AND kind = %s AND said_by = %s",
        (number, kind, said_by),
    )
    run_each(
        connection,
        "INSERT INTO belongings (person, kind, value, said_by) VALUES (%s, %s, %s, %s)",
        [(number, kind, holdable(value), said_by) for value in sorted(set(values))],
    )


def _person(row: Any) -> Person:
    *known, roles, groups, edits = row
    return columns.person_of(known, roles, groups, edits)
