"""Sessions: a browser that somebody has signed in with is known by what its cookie holds.

A session ends when it was not seen for some hours, when it has lasted some days, when its person signs out, here or
everywhere, changes the password or is suspended. Signing in always begins a new one, so nobody can be given a session
that somebody else knows.
"""

from __future__ import annotations

import base64
import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass

from rag.access.accounts import identity_of
from rag.access.identity import Identity
from rag.access.secrets_at_rest import digest_of, new_secret
from rag.store.people_store import PeopleStore, SessionRecord

_HOUR_SECONDS = 3_600
# Seconds between two notes that a session was seen: each is a write.
_NOTE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long a session lasts."""

    idle_seconds: int = 12 * _HOUR_SECONDS
    longest_seconds: int = 7 * 24 * _HOUR_SECONDS


class Sessions:
    """The sessions of one data directory."""

    def __init__(
        self, store: PeopleStore, lifetimes: Lifetimes | None = None, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._store = store
        self.lifetimes = lifetimes or Lifetimes()
        self._clock = clock

    def start(
        self, person: str, method: str, *, details: Callable[[str], str] | None = None, instead_of: str = ""
    ) -> str:
        """Begin a session; what its cookie holds. The one that the browser had, `instead_of`, ends.

        `details` gives what is kept with it, of what the cookie holds.
        """
        secret, now = new_secret(), int(self._clock())
        if instead_of:
            self._store.end_session(digest_of(instead_of))
        self._store.add_session(
            SessionRecord(
                digest=digest_of(secret),
                person=person,
                method=method,
                details=details(secret) if details else "",
                started_at=now,
                seen_at=now,
                ends_at=now + self.lifetimes.longest_seconds,
            )
        )
        self._store.note_signed_in(person, now)
        return secret

    def identity(self, secret: str) -> Identity | None:
        """Who has this session; None when there is none such, it is over, or its person is suspended or gone."""
        found, now = self.find(secret), int(self._clock())
        person = None if found is None else self._store.person(found.person)
        if found is None or person is None or person.suspended:
            return None
        if now - found.seen_at >= min(_NOTE_SECONDS, self.lifetimes.idle_seconds // 4):
            self._store.touch_session(found.digest, now)
        return identity_of(person, found.method)

    def find(self, secret: str) -> SessionRecord | None:
        """The session, unless it is over."""
        found, now = self._store.session(digest_of(secret)), int(self._clock())
        if found is None or found.ends_at <= now or found.seen_at + self.lifetimes.idle_seconds <= now:
            return None
        return found

    def of(self, person: str) -> list[SessionRecord]:
        """The sessions of a person, the one seen last first."""
        return self._store.sessions(person)

    def end(self, secret: str) -> None:
        """End a session: the cookie is worth nothing any more, wherever a copy is."""
        self._store.end_session(digest_of(secret))

    def end_all(self, person: str) -> int:
        """End all sessions of a person; how many there were."""
        return self._store.end_sessions(person)


def form_token(secret: str) -> str:
    """What a request that changes something has to carry besides the cookie; other sites' pages cannot know it."""
    made = hmac.digest(secret.encode(), b"citewell form", "sha256")
    return base64.urlsafe_b64encode(made).decode().rstrip("=")


def is_form_token(given: str, secret: str) -> bool:
    """Whether it is that of the session; takes the same time wherever a wrong one differs."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), form_token(secret).encode())
