"""People for tests: a clock that is set by hand, and passwords that are hashed in no time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from argon2 import PasswordHasher

from rag.access.accounts import Accounts, PutDown, put_down_nowhere
from rag.access.identity import Role
from rag.access.keys import Keys
from rag.access.people import People
from rag.access.secrets_at_rest import Passwords
from rag.access.sessions import Lifetimes, Sessions
from rag.store.people_store import PeopleStore, Person

PASSWORD = "correct horse battery"  # noqa: S105 - opens nothing but what the tests make
START = 1_800_000_000


@dataclass
class Clock:
    """Says what it is told."""

    now: float = field(default=START)

    def __call__(self) -> float:
        return self.now


def quick_people(
    store: PeopleStore,
    clock: Callable[[], float] | None = None,
    lifetimes: Lifetimes | None = None,
    put_down: PutDown = put_down_nowhere,
) -> People:
    """All about people over a store, with a hash that is worth nothing and takes no time."""
    clock = clock or Clock()
    passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    return People(
        Accounts(store, clock=clock, passwords=passwords, put_down=put_down),
        Sessions(store, lifetimes, clock=clock),
        Keys(store, clock=clock, put_down=put_down),
    )


def with_password(
    people: People, name: str, *roles: Role, groups: Iterable[str] = (), edits: Iterable[str] = ()
) -> Person:
    """Somebody who has accepted an invitation; a reader, unless roles are given."""
    people.accounts.add(name, roles=roles or (Role.READER,), groups=groups, edits=edits)
    return people.accounts.accept(people.accounts.invite(name).secret, PASSWORD)
