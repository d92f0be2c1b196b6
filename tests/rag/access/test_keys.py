from __future__ import annotations

from collections.abc import Iterable

import pytest

from rag.access.identity import Role
from rag.access.keys import Scope
from rag.access.people import People
from rag.errors import InputError, KeyNotFound
from tests.support.people import Clock, with_password

DAY = 86_400


@pytest.mark.parametrize(
    ("scopes", "roles"),
    [
        pytest.param([Scope.READ], {Role.READER}, id="read"),
        pytest.param([Scope.READ, Scope.WRITE], {Role.READER, Role.EDITOR}, id="write"),
        pytest.param([Scope.MANAGE], {Role.OWNER}, id="manage"),
    ],
)
def test_a_key_does_what_its_scopes_say(people: People, scopes: Iterable[Scope], roles: set[Role]) -> None:
    with_password(people, "ida", Role.OWNER, groups=["hr"])
    found = people.keys.identity(people.keys.add("ida", "cron", scopes, days=1).text)
    assert found is not None
    assert (found.person, found.groups, found.roles) == ("ida", {"hr"}, roles)
    assert found.access.reads_everything == (Role.OWNER in roles)


def test_a_key_never_does_more_than_its_person_may(people: People) -> None:
    with_password(people, "ida", Role.EDITOR, edits=["hr"])
    with pytest.raises(InputError, match="needs the role owner"):
        people.keys.add("ida", "cron", [Scope.MANAGE], days=1)
    key = people.keys.add("ida", "cron", [Scope.READ, Scope.WRITE], days=1)
    people.accounts.set_roles("ida", [Role.READER])
    found = people.keys.identity(key.text)
    assert found is not None
    assert found.roles == {Role.READER}


def test_a_key_ends(people: People, clock: Clock) -> None:
    with_password(people, "ida")
    key = people.keys.add("ida", "cron", [Scope.READ], days=1)
    clock.now += DAY - 1
    assert people.keys.identity(key.text) is not None
    clock.now += 1
    assert people.keys.identity(key.text) is None


def test_there_are_two_of_a_name_for_a_change(people: People, clock: Clock) -> None:
    with_password(people, "ida")
    old = people.keys.add("ida", "cron", [Scope.READ], days=2)
    new = people.keys.add("ida", "cron", [Scope.READ], days=30)
    assert people.keys.identity(old.text) == people.keys.identity(new.text)
    with pytest.raises(InputError, match="2 keys named 'cron'"):
        people.keys.add("ida", "cron", [Scope.READ], days=30)
    people.keys.remove("ida", old.record.id)
    assert people.keys.identity(old.text) is None
    third = people.keys.add("ida", "cron", [Scope.READ], days=30)
    clock.now += 31 * DAY
    people.keys.add("ida", "cron", [Scope.READ], days=30)
    assert third.record.id not in {key.id for key in people.keys.of("ida")}


def test_a_key_of_somebody_else_cannot_be_removed(people: People) -> None:
    with_password(people, "ida")
    with_password(people, "ola")
    key = people.keys.add("ida", "cron", [Scope.READ], days=1)
    with pytest.raises(KeyNotFound):
        people.keys.remove("ola", key.record.id)
    assert people.keys.identity(key.text) is not None


def test_a_service_has_keys(people: People) -> None:
    people.accounts.add("crawler", roles=[Role.EDITOR], edits=["hr"], is_service=True)
    found = people.keys.identity(people.keys.add("crawler", "nightly", [Scope.WRITE], days=1).text)
    assert found is not None
    assert (found.person, found.edits) == ("crawler", {"hr"})


@pytest.mark.parametrize(
    ("name", "scopes", "days"), [("", ["read"], 1), ("cron", [], 1), ("cron", ["read"], 0), ("cron", ["read"], 367)]
)
def test_a_key_that_is_not_made(people: People, name: str, scopes: list[Scope], days: int) -> None:
    with_password(people, "ida")
    with pytest.raises(InputError):
        people.keys.add("ida", name, scopes, days=days)
