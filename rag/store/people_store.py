"""People, their sessions and keys, as they are kept, and what a store promises about them.

Secrets are never kept: of a password there is an argon2 hash, of everything else (sessions, invitations, keys), which
is 256 bits of chance, its SHA-256. Times are whole seconds since 1970, so that they can be compared as they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

# Who says that a person is in a group: an owner, by command or page. Others are named by their way of signing in.
LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may sign in, or a service, which has keys and no password."""

    name: str  # what they sign in with; never changes
    shown_as: str  # for people; may be ""
    mail: str
    is_service: bool
    suspended: bool
    has_password: bool
    roles: frozenset[str]
    groups: frozenset[str]  # whoever says so
    edits: frozenset[str]  # groups whose documents an editor may change
    created_at: int
    signed_in_at: int  # 0: never


@dataclass(frozen=True, slots=True)
class NewPerson:
    """Somebody to be added."""

    name: str
    shown_as: str
    mail: str
    is_service: bool
    roles: frozenset[str]
    groups: frozenset[str]
    edits: frozenset[str]
    created_at: int
    said_by: str = LOCAL


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """One browser that somebody has signed in with."""

    digest: bytes  # SHA-256 of what the cookie holds
    person: str
    method: str
    details: str  # what its way of signing in keeps with it, or ""; see `rag.access.provider_sessions`
    started_at: int
    seen_at: int
    ends_at: int


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A personal access token, or a key of a service."""

    id: str  # told to people; not secret
    digest: bytes  # SHA-256 of the whole key
    person: str
    name: str  # what it is for
    scopes: frozenset[str]
    created_at: int
    ends_at: int
    used_at: int  # 0: never; to the hour


class PeopleStore(Protocol):
    """People, sessions, invitations and keys. No method waits for the write lock, or counts as a change of documents.

    A change is there for whoever asks next, in every process. All methods raise StorageError.
    """

    def people(self) -> list[Person]:
        """Everybody, by name."""

    def person(self, name: str) -> Person | None:
        """The person of this name."""

    def password_hash(self, name: str) -> str:
        """The hash of the person's password; "" for none, and for nobody."""

    def add_person(self, given: NewPerson) -> bool:
        """Add somebody; False, and nothing is done, when there is somebody of this name."""

    def belongings(self, name: str, kind: str, *, said_by: str = LOCAL) -> frozenset[str]:
        """What somebody says of a person; see `set_belongings`."""

    def set_belongings(self, name: str, kind: str, values: Iterable[str], *, said_by: str = LOCAL) -> None:
        """What somebody says of a person: `kind` is "role", "group" or "edits". What others say stays."""

    def set_password(self, name: str, hashed: str) -> None:
        """Give a person a password, ends all their sessions and takes back their invitation."""

    def set_suspended(self, name: str, suspended: bool) -> None:
        """Suspend a person, which ends all their sessions, or let them in again."""

    def note_signed_in(self, name: str, moment: int) -> None:
        """Note when a person has signed in last."""

    def describe(self, name: str, shown_as: str, mail: str) -> None:
        """Change what a person is shown as, and their address."""

    def remove_person(self, name: str) -> bool:
        """Delete a person with sessions, keys and conversations; whether there was one."""

    def add_invitation(self, name: str, digest: bytes, ends_at: int) -> None:
        """Keep an invitation, in place of an earlier one of this person."""

    def invited(self, digest: bytes, moment: int) -> str | None:
        """The name of who has this invitation, if it is not over."""

    def add_session(self, record: SessionRecord) -> None:
        """Keep a session. Those that are over go."""

    def session(self, digest: bytes) -> SessionRecord | None:
        """The session with this digest, over or not."""

    def sessions(self, name: str) -> list[SessionRecord]:
        """The sessions of a person, the one seen last first."""

    def count_sessions(self, moment: int) -> int:
        """How many sessions of all people are not over at this moment."""

    def touch_session(self, digest: bytes, moment: int) -> None:
        """Note that a session was seen."""

    def change_session(self, digest: bytes, before: str, details: str) -> bool:
        """Change the details of a session, if they are still those of before; whether they were."""

    def end_session(self, digest: bytes) -> None:
        """Delete a session."""

    def end_sessions(self, name: str) -> int:
        """Delete all sessions of a person; how many there were."""

    def add_key(self, record: KeyRecord, *, live_at: int, at_most: int, at_most_of_name: int) -> bool:
        """Keep a key, unless its person has `at_most` live ones, or `at_most_of_name` of this name; whether it is kept.

        Those of the person that are over at `live_at` go.
        """

    def key(self, digest: bytes) -> KeyRecord | None:
        """The key with this digest, over or not."""

    def keys(self, name: str) -> list[KeyRecord]:
        """The keys of a person, newest first."""

    def touch_key(self, key_id: str, moment: int) -> None:
        """Note that a key was used."""

    def remove_key(self, name: str, key_id: str) -> bool:
        """Delete a key of a person; whether there was one."""
