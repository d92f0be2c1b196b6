from __future__ import annotations

from pathlib import Path

import pytest

from rag.access.identity import Identity, Role
from rag.access.keys import Scope
from rag.access.people import People
from rag.errors import InputError, PersonNotFound
from rag.store.sqlite.sqlite_store import SqliteStore
from tests.support.people import PASSWORD, Clock, with_password

DAY = 86_400


def test_who_was_invited_chooses_a_password_and_signs_in_with_it(people: People) -> None:
    people.accounts.add("Ida@Example.org", shown_as="Ida\u202e B.", groups=["hr"])
    assert people.accounts.signing_in("ida@example.org", PASSWORD) is None
    invitation = people.accounts.invite("ida@example.org")
    assert people.accounts.accept(invitation.secret, PASSWORD).has_password
    found = people.accounts.signing_in("IDA@example.org", PASSWORD)
    assert found is not None
    assert (found.name, found.shown_as, found.groups) == ("ida@example.org", "Ida B.", {"hr"})


def test_an_invitation_holds_once_and_for_some_days_and_is_replaced_by_the_next(people: People, clock: Clock) -> None:
    people.accounts.add("ida")
    first, second = people.accounts.invite("ida"), people.accounts.invite("ida")
    assert people.accounts.invited(first.secret) is None
    people.accounts.accept(second.secret, PASSWORD)
    with pytest.raises(InputError, match="has been used"):
        people.accounts.accept(second.secret, PASSWORD)
    late = people.accounts.invite("ida", days=1)
    clock.now += DAY
    assert people.accounts.invited(late.secret) is None


@pytest.mark.parametrize("password", ["short", "x" * 201])
def test_a_password_that_will_not_do_leaves_the_invitation(people: People, password: str) -> None:
    people.accounts.add("ida")
    invitation = people.accounts.invite("ida")
    with pytest.raises(InputError, match="expected 12 to 200"):
        people.accounts.accept(invitation.secret, password)
    assert people.accounts.invited(invitation.secret) is not None


def test_the_same_letters_typed_otherwise_are_the_same_password(people: People) -> None:
    people.accounts.add("ida")
    people.accounts.accept(people.accounts.invite("ida").secret, "caf\u00e9 caf\u00e9 caf\u00e9")
    assert people.accounts.signing_in("ida", "cafe\u0301 cafe\u0301 cafe\u0301") is not None


def test_nothing_that_one_could_sign_in_with_is_in_the_database(people: People, tmp_path: Path) -> None:
    with_password(people, "ida")
    invitation = people.accounts.invite("ida")
    session, key = people.sessions.start("ida", "local"), people.keys.add("ida", "cron", [Scope.READ], days=1)
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    for secret in (PASSWORD, invitation.secret, session, key.text):
        assert secret.encode() not in kept


def test_who_is_suspended_is_out_at_once_and_comes_back_with_the_same_password(people: People) -> None:
    with_password(people, "ida")
    session, key = people.sessions.start("ida", "local"), people.keys.add("ida", "cron", [Scope.READ], days=1)
    people.accounts.suspend("ida")
    assert people.accounts.signing_in("ida", PASSWORD) is None
    assert people.sessions.identity(session) is None
    assert people.keys.identity(key.text) is None
    assert people.accounts.identity("ida", "proxy") is None
    people.accounts.restore("ida")
    assert people.accounts.signing_in("ida", PASSWORD) is not None
    assert people.sessions.identity(session) is None
    assert people.keys.identity(key.text) is not None


def test_who_is_removed_is_gone_with_sessions_and_keys(people: People) -> None:
    with_password(people, "ida")
    session, key = people.sessions.start("ida", "local"), people.keys.add("ida", "cron", [Scope.READ], days=1)
    people.accounts.remove("ida")
    people.accounts.add("ida")
    assert people.sessions.identity(session) is None
    assert people.keys.identity(key.text) is None
    assert people.accounts.signing_in("ida", PASSWORD) is None


def test_a_change_of_groups_and_roles_is_there_for_the_next_request(people: People) -> None:
    with_password(people, "ida", groups=["hr"])
    session = people.sessions.start("ida", "local")
    people.accounts.set_groups("ida", ["it"])
    people.accounts.set_roles("ida", [Role.EDITOR], edits=["it"])
    assert people.sessions.identity(session) == Identity(
        "ida", frozenset({"it"}), frozenset({Role.EDITOR}), frozenset({"it"}), "local"
    )


@pytest.mark.parametrize("harm", ["suspend", "remove", "roles"])
def test_the_last_owner_stays_one(people: People, harm: str) -> None:
    with_password(people, "ida", Role.OWNER)
    with pytest.raises(InputError, match="ida is the only owner"):
        _harm(people, harm)
    with_password(people, "ola", Role.OWNER)
    _harm(people, harm)


def _harm(people: People, harm: str) -> None:
    if harm == "roles":
        people.accounts.set_roles("ida", [Role.READER])
    else:
        getattr(people.accounts, harm)("ida")


def test_groups_that_another_service_says_stand_beside_those_of_an_owner(people: People) -> None:
    people.accounts.arrived("ida", shown_as="Ida", mail="", groups=["hr", "it"], said_by="oidc")
    people.accounts.set_groups("ida", ["board"])
    assert people.accounts.arrived("ida", shown_as="Ida", mail="", groups=["hr"], said_by="oidc").groups == {
        "board",
        "hr",
    }
    assert people.accounts.arrived("ida", shown_as="Ida", mail="", groups=None, said_by="oidc").groups == {
        "board",
        "hr",
    }


@pytest.mark.parametrize("name", ["", "a b", "ida:x", "i\nda", "../x", "ı", "-ida", "x" * 101])
def test_a_name_that_nobody_can_have(people: People, name: str) -> None:
    with pytest.raises(InputError, match="is no name to sign in with"):
        people.accounts.add(name)


@pytest.mark.parametrize("group", ["", " ", "person:ida", "a\nb", "a\u202eb", "x" * 201])
def test_a_name_that_no_group_can_have(people: People, group: str) -> None:
    with pytest.raises(InputError, match="is no name of a group"):
        people.accounts.add("ida", groups=[group])


def test_nobody_is_added_twice_and_nobody_is_found_who_is_not_there(people: People) -> None:
    people.accounts.add("ida")
    with pytest.raises(InputError, match="already"):
        people.accounts.add("IDA")
    with pytest.raises(PersonNotFound):
        people.accounts.get("ola")


def test_a_service_cannot_be_invited(people: People) -> None:
    people.accounts.add("crawler", is_service=True)
    with pytest.raises(InputError, match="is a service"):
        people.accounts.invite("crawler")


def test_conversations_go_with_their_person(people: People, store: SqliteStore) -> None:
    people.accounts.add("ida")
    with store.database.writing() as connection:
        connection.execute(
            "INSERT INTO conversations (id, title, created_at, updated_at, owner) VALUES ('a', 't', '1', '1', 'ida'),"
            " ('b', 't', '1', '1', 'ola')"
        )
    people.accounts.remove("ida")
    with store.database.reading() as connection:
        assert connection.execute("SELECT id FROM conversations").get == "b"
