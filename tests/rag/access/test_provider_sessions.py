"""A session that began at the provider lasts only as long as the provider, asked again, vouches for its person."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from threading import Barrier, Thread

import pytest

from rag.access.oidc import OpenIdProvider
from rag.access.people import People
from rag.access.provider_sessions import ProviderSessions
from rag.access.provider_sign_in import PendingSignIn
from rag.access.secrets_at_rest import digest_of
from rag.access.sign_on import BY_KEY, BY_PROVIDER, SignOn
from rag.errors import SignInRefused, SignInUnavailable
from rag.settings import Settings
from rag.store.people_store import PeopleStore
from rag.store.sqlite.sqlite_store import SqliteStore
from tests.support.people import START, Clock, quick_people
from tests.support.scripted_provider import CLIENT, ISSUER, ScriptedProvider

BACK = "https://citewell.example/sign-in/oidc/callback"
DAY = 86_400


class Office:
    """Ida's browser, the provider, and the clock on the wall."""

    def __init__(self, store: PeopleStore, data_dir: Path, **said: object) -> None:
        self.clock = Clock()
        settings = Settings(data_dir=data_dir, oidc_issuer=ISSUER, oidc_client_id=CLIENT)
        self.store = store
        self.people: People = quick_people(store, self.clock)
        self.sign_on = SignOn(settings, self.people.accounts, store, None, clock=self.clock)
        self.sessions = ProviderSessions(settings, store, self.sign_on, clock=self.clock)
        self.provider = ScriptedProvider(
            **({"claims": {"groups": ["hr"]}, "clock": self.clock, "refresh_token": "refresh-1"} | said)  # type: ignore[arg-type] # its fields
        )
        self.client = OpenIdProvider(settings, transport=self.provider.transport(), now=self.clock, clock=self.clock)
        self.secret = self.sign_in()

    def sign_in(self) -> str:
        pending = PendingSignIn.new()
        self.provider.nonce = pending.nonce
        proven = self.client.person(pending, "the code", BACK, issuer=None)
        who = self.sign_on.arrived(proven.person, proven.groups, method=BY_PROVIDER)
        return self.people.sessions.start(
            who.person, BY_PROVIDER, details=lambda secret: self.sessions.details(secret, proven.tokens)
        )

    def later(self, seconds: float) -> set[str] | None:
        """The groups that somebody with the session has after a while; None for who is not let in."""
        self.clock.now += seconds
        identity = self.people.sessions.identity(self.secret)
        if identity is None:
            return None
        try:
            return set(self.sessions.renewed(self.client, self.secret, identity).groups)
        except SignInRefused:
            return None

    def asked(self) -> int:
        """How often it was asked with a refresh token."""
        return sum(form["grant_type"] == "refresh_token" for form in self.provider.forms)

    def is_open(self) -> bool:
        return self.store.session(digest_of(self.secret)) is not None


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with SqliteStore.open(tmp_path / "data") as opened:
        yield opened


@pytest.fixture
def office(store: SqliteStore, tmp_path: Path) -> Office:
    return Office(store.people, tmp_path)


def test_for_a_short_time_nothing_is_asked(office: Office) -> None:
    assert office.later(44) == {"hr"}
    assert office.asked() == 0


def test_other_groups_are_there_within_a_minute(office: Office) -> None:
    office.provider.claims["groups"] = ["it"]
    assert office.later(45) == {"it"}
    assert office.people.accounts.get("ida").groups == {"it"}
    assert office.later(44) == {"it"}
    assert office.asked() == 1, "what it said holds again"


def test_who_is_removed_there_is_out_within_a_minute_and_the_session_is_over(office: Office) -> None:
    office.provider.refuses = True
    assert office.later(45) is None
    assert not office.is_open()


def test_each_refresh_token_is_used_once(office: Office) -> None:
    for number in (2, 3):
        office.provider.refresh_token = f"refresh-{number}"
        assert office.later(45) == {"hr"}
    assert [form["refresh_token"] for form in office.provider.forms[1:]] == ["refresh-1", "refresh-2"]


def test_one_that_gives_none_anew_keeps_the_old_one(office: Office) -> None:
    office.provider.refresh_token = None
    for _ in range(2):
        assert office.later(45) == {"hr"}
    assert [form["refresh_token"] for form in office.provider.forms[1:]] == ["refresh-1", "refresh-1"]


@pytest.mark.parametrize("error", [("invalid_client", 401), ("slow_down", 400), ("server_error", 500)])
def test_while_it_does_not_answer_nobody_gets_in_and_nobody_is_put_out(office: Office, error: tuple[str, int]) -> None:
    office.provider.refuses, office.provider.error = True, error
    for _ in range(2):
        with pytest.raises(SignInUnavailable):
            office.later(45)
    assert office.is_open()
    office.provider.refuses = False
    assert office.later(0) == {"hr"}


def test_without_an_id_token_it_is_asked_for_the_person(office: Office) -> None:
    office.provider.renews_id_token = False
    office.provider.user_info = {"groups": ["board"]}
    assert office.later(45) == {"board"}
    assert office.provider.asked[-1] == "/userinfo"


def test_one_that_says_nothing_anew_counts_by_age(store: SqliteStore, tmp_path: Path) -> None:
    office = Office(store.people, tmp_path, renews_id_token=False, metadata={"userinfo_endpoint": None})
    assert office.later(45) == {"hr"}
    assert office.later(480 * 60 - 46) == {"hr"}
    assert office.asked() == 1
    assert office.later(1) is None


def test_without_a_refresh_token_somebody_signs_in_again_after_some_hours(store: SqliteStore, tmp_path: Path) -> None:
    office = Office(store.people, tmp_path, refresh_token=None)
    office.provider.refuses = True
    assert office.later(480 * 60 - 1) == {"hr"}
    assert office.later(1) is None
    assert not office.is_open()


@pytest.mark.parametrize("claims", [{"sub": "eve"}, {"iss": "https://other.example"}, {"aud": "other"}])
def test_what_is_renewed_is_checked_like_what_was_first(office: Office, claims: dict[str, str]) -> None:
    office.provider.claims |= claims
    assert office.later(45) is None
    assert "eve" not in {person.name for person in office.people.accounts.all()}


def test_who_is_suspended_here_stays_out(office: Office) -> None:
    office.people.accounts.suspend("ida")
    assert office.later(45) is None


def test_requests_at_once_ask_once(office: Office) -> None:
    """A second use of a refresh token is taken for theft by many providers."""
    office.clock.now += 45
    identity, barrier, found = office.people.sessions.identity(office.secret), Barrier(8), []
    assert identity is not None

    def request() -> None:
        barrier.wait(100)
        found.append(office.sessions.renewed(office.client, office.secret, identity).person)

    threads = [Thread(target=request) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(100)
    assert (found, office.asked()) == (["ida"] * 8, 1)


def test_nobody_goes_on_for_long_while_another_request_asks(office: Office) -> None:
    digest = digest_of(office.secret)
    found = office.store.session(digest)
    assert found is not None
    asking = json.loads(found.details) | {"asking_since": START + 50}
    assert office.store.change_session(digest, found.details, json.dumps(asking))
    assert office.later(55) == {"hr"}
    with pytest.raises(SignInUnavailable):
        office.later(6)
    assert office.later(4) == {"hr"}, "whoever asked has ended, and another one does"
    assert office.asked() == 1


def test_the_database_alone_gives_nobody_the_tokens(office: Office, tmp_path: Path) -> None:
    office.later(45)
    raw = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"refresh-1" not in raw
    assert office.secret.encode() not in raw
    assert office.sessions.id_token(office.secret).count(".") == 2
    assert office.sessions.id_token("another secret") == ""


def test_sessions_of_before_this_version_count_by_age(office: Office) -> None:
    office.secret = office.people.sessions.start("ida", BY_PROVIDER, details=lambda _: "eyJ.an-id.token")
    assert office.later(480 * 60 - 1) == {"hr"}
    assert office.sessions.id_token(office.secret) == ""
    assert office.later(1) is None


class TestKeys:
    """A key goes on as long as a session may last after its person came; programs that go on have a service."""

    def test_a_key_of_whom_nobody_vouches_for_any_more_is_refused(self, office: Office) -> None:
        identity = office.people.accounts.identity("ida", BY_KEY)
        assert identity is not None
        office.clock.now += 7 * DAY - 1
        assert office.sign_on.renewed(identity) == identity
        office.clock.now += 1
        with pytest.raises(SignInRefused, match="Sign in again"):
            office.sign_on.renewed(identity)
        office.sign_in()
        assert office.sign_on.renewed(identity) == identity

    def test_those_of_services_and_of_whom_an_owner_has_added_go_on(self, office: Office) -> None:
        office.people.accounts.add("cron", is_service=True)
        office.people.accounts.add("otto")
        office.clock.now += 100 * DAY
        for name in ("cron", "otto"):
            identity = office.people.accounts.identity(name, BY_KEY)
            assert identity is not None
            assert office.sign_on.renewed(identity) == identity

    def test_in_a_page_of_others_only_groups_of_an_owner_are_left(self, office: Office) -> None:
        office.people.accounts.set_groups("ida", ["choir"])
        assert office.sign_on.asking("ida", None).groups == {"hr", "choir"}
        office.clock.now += 7 * DAY
        assert office.sign_on.asking("ida", None).groups == {"choir"}
