from __future__ import annotations

import pytest

from rag.access.people import People
from rag.access.sessions import form_token, is_form_token
from tests.support.people import Clock, with_password

HOUR, DAY = 3_600, 86_400


@pytest.fixture
def session(people: People) -> str:
    with_password(people, "ida")
    return people.sessions.start("ida", "local")


def known(people: People, secret: str) -> bool:
    return people.sessions.identity(secret) is not None


def test_a_session_that_is_not_used_ends(people: People, clock: Clock, session: str) -> None:
    clock.now += 12 * HOUR - 1
    assert known(people, session)
    clock.now += 12 * HOUR - 1
    assert known(people, session), "it was used"
    clock.now += 12 * HOUR
    assert not known(people, session)


def test_a_session_that_is_used_all_the_time_ends_too(people: People, clock: Clock, session: str) -> None:
    for _ in range(7 * 24 - 1):
        clock.now += HOUR
        assert known(people, session)
    clock.now += HOUR
    assert not known(people, session)


def test_signing_in_gives_a_session_that_nobody_knew_and_ends_the_one_before(people: People, session: str) -> None:
    again = people.sessions.start("ida", "local", instead_of=session)
    assert again != session
    assert not known(people, session)
    planted = people.sessions.start("ida", "local", instead_of="planted")
    assert not known(people, "planted")
    assert known(people, planted)


def test_signing_out_ends_one_and_everywhere_ends_all(people: People, session: str) -> None:
    with_password(people, "ola")
    second, hers = people.sessions.start("ida", "oidc"), people.sessions.start("ola", "local")
    people.sessions.end(session)
    assert (known(people, session), known(people, second)) == (False, True)
    assert people.sessions.end_all("ida") == 1
    assert (known(people, second), known(people, hers)) == (False, True)


def test_a_new_password_ends_all_sessions(people: People, session: str) -> None:
    people.accounts.accept(people.accounts.invite("ida").secret, "another long password")
    assert not known(people, session)


@pytest.mark.parametrize("secret", ["", "x", "\ud800", "é" * 50])
def test_what_no_session_was_begun_with(people: People, secret: str) -> None:
    assert not known(people, secret)


def test_a_form_has_the_token_of_its_own_session(session: str) -> None:
    assert is_form_token(form_token(session), session)
    for wrong in ("", session, form_token("another"), "\ud800"):
        assert not is_form_token(wrong, session)
