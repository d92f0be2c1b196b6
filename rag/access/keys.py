"""Keys for programs: personal access tokens, and keys of services, which nobody signs in as.

A key does at most what its scopes say, and never more than its person may at that moment. It ends on a day that is said
when it is made. There may be two of one name at a time, so that one can take the place of the other without a pause.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from rag.access.accounts import PutDown, identity_of, put_down_nowhere
from rag.access.audit import AuditKind
from rag.access.identity import Identity, Role
from rag.access.names import clean_shown_as
from rag.access.secrets_at_rest import digest_of, new_secret
from rag.errors import InputError, KeyNotFound
from rag.store.people_store import KeyRecord, PeopleStore

# Programs that look for secrets where none belong know one by this.
PREFIX = "cwk_"
MAX_DAYS = 366
_AT_MOST, _AT_MOST_OF_NAME = 20, 2
_DAY_SECONDS, _HOUR_SECONDS = 86_400, 3_600


class Scope(StrEnum):
    """What a key is good for."""

    READ = "read"  # ask, read, open
    WRITE = "write"  # add, change and remove documents
    MANAGE = "manage"  # all that an owner may
    AUDIT = "audit"  # read the audit log


_ROLES = {Scope.READ: Role.READER, Scope.WRITE: Role.EDITOR, Scope.MANAGE: Role.OWNER, Scope.AUDIT: Role.AUDITOR}


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key as it is shown, once."""

    text: str
    record: KeyRecord


class Keys:
    """The keys of one data directory."""

    def __init__(
        self, store: PeopleStore, *, clock: Callable[[], float] = time.time, put_down: PutDown = put_down_nowhere
    ) -> None:
        """`put_down` tells the audit log of keys that are made and removed."""
        self._store = store
        self._put_down = put_down
        self._clock = clock

    def add(self, person: str, name: str, scopes: Iterable[Scope], *, days: int) -> NewKey:
        """A new key of a person. Raises InputError for a scope that the person's roles do not cover, and too many."""
        wanted, called = frozenset(scopes), clean_shown_as(name)
        found = self._store.person(person)
        if found is None:
            raise InputError(f"There is nobody named {person!r}.")
        if not called or not wanted:
            raise InputError("A key needs a name, which says what it is for, and at least one scope.")
        if not 1 <= days <= MAX_DAYS:
            raise InputError(f"A key of {days} days was wanted; expected 1 to {MAX_DAYS}.")
        identity = identity_of(found, "")
        for scope in sorted(wanted):
            if not identity.has(_ROLES[scope]):
                raise InputError(f"The scope {scope} needs the role {_ROLES[scope]}, which {person} does not have.")
        text, now = PREFIX + new_secret(), int(self._clock())
        record = KeyRecord(
            id=secrets.token_hex(6),
            digest=digest_of(text),
            person=person,
            name=called,
            scopes=frozenset(map(str, wanted)),
            created_at=now,
            ends_at=now + days * _DAY_SECONDS,
            used_at=0,
        )
        if not self._store.add_key(record, live_at=now, at_most=_AT_MOST, at_most_of_name=_AT_MOST_OF_NAME):
            raise InputError(
                f"{person} has {_AT_MOST_OF_NAME} keys named {called!r} already, or {_AT_MOST} in all. Remove one that"
                " is not used any more."
            )
        self._put_down(
            AuditKind.TOKEN_MADE, whom=person, key=record.id, scopes=sorted(record.scopes), expires=record.ends_at
        )
        return NewKey(text, record)

    def of(self, person: str) -> list[KeyRecord]:
        """The keys of a person, newest first."""
        return self._store.keys(person)

    def remove(self, person: str, key_id: str) -> None:
        """Delete a key: it is worth nothing any more. Raises KeyNotFound."""
        if not self._store.remove_key(person, key_id):
            raise KeyNotFound(f"{person} has no key {key_id!r}.")
        self._put_down(AuditKind.TOKEN_REMOVED, whom=person, key=key_id)

    def identity(self, text: str) -> Identity | None:
        """What somebody with this key may do; None when there is none such, it is over, or its person is suspended."""
        found, now = self._store.key(digest_of(text)), int(self._clock())
        person = None if found is None or found.ends_at <= now else self._store.person(found.person)
        if found is None or person is None or person.suspended:
            return None
        if now - found.used_at >= _HOUR_SECONDS:
            self._store.touch_key(found.id, now)
        whole = identity_of(person, "key")
        allowed = {_ROLES[Scope(scope)] for scope in found.scopes if scope in set(Scope)}
        return replace(whole, roles=frozenset(role for role in allowed if whole.has(role)))
