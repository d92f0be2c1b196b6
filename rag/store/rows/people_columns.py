"""People, their sessions and keys: the columns that are read, the records of rows, and the values of new rows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from rag.store.people_store import LOCAL, KeyRecord, NewPerson, Person, SessionRecord

# Behind these a store gives the roles, the groups, and the groups whose documents they may change.
PERSON = "p.name, p.shown_as, p.mail, p.is_service, p.suspended, p.password <> '', p.created_at, p.signed_in_at"
SESSION = """
SELECT s.digest, p.name, s.method, s.details, s.started_at, s.seen_at, s.ends_at
FROM sessions s JOIN people p ON p.number = s.person"""
NEW_SESSION = "digest, person, method, details, started_at, seen_at, ends_at"
KEY = """
SELECT k.id, k.digest, p.name, k.name, k.scopes, k.created_at, k.ends_at, k.used_at
FROM keys k JOIN people p ON p.number = k.person"""
NEW_KEY = "id, digest, person, name, scopes, created_at, ends_at"


def person_of(row: Sequence[Any], roles: Iterable[str], groups: Iterable[str], edits: Iterable[str]) -> Person:
    """The record of a row with the columns of PERSON, and of what is said of the person."""
    name, shown_as, mail, is_service, suspended, has_password, created_at, signed_in_at = row
    return Person(
        name=name,
        shown_as=shown_as,
        mail=mail,
        is_service=bool(is_service),
        suspended=bool(suspended),
        has_password=bool(has_password),
        roles=frozenset(roles),
        groups=frozenset(groups),
        edits=frozenset(edits),
        created_at=created_at,
        signed_in_at=signed_in_at,
    )


def key_of(row: Sequence[Any]) -> KeyRecord:
    """The record of a row that KEY gives."""
    key_id, digest, person, name, scopes, created_at, ends_at, used_at = row
    return KeyRecord(key_id, digest, person, name, frozenset(json.loads(scopes)), created_at, ends_at, used_at)


def said_of(given: NewPerson) -> list[tuple[str, frozenset[str], str]]:
    """What is said of a new person: for each kind of belonging the values, and who says so."""
    return [
        ("role", given.roles, LOCAL),
        ("group", given.groups, given.said_by),
        ("edits", given.edits, LOCAL),
    ]


def session_values(record: SessionRecord, person: str) -> tuple[Any, ...]:
    """What is written of a session: NEW_SESSION, with the name of its person as the store holds it."""
    return (record.digest, person, record.method, record.details, record.started_at, record.seen_at, record.ends_at)


def key_values(record: KeyRecord, person: str | int) -> tuple[Any, ...]:
    """What is written of a key: NEW_KEY, with its person as the statement wants them."""
    scopes = json.dumps(sorted(record.scopes))
    return (record.id, record.digest, person, record.name, scopes, record.created_at, record.ends_at)
