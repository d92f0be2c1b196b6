"""To the provider and back, as a browser does it, and what somebody in between could try."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from rag.access.oidc import OpenIdProvider
from rag.access.provider_sessions import ProviderSessions
from rag.app import Citewell
from tests.support.scripted_provider import CLIENT, ISSUER, NOW, ScriptedProvider
from web.app import create_app
from web.settings import WebSettings

SIGN_IN = "/sign-in/oidc"
CALLBACK = "/sign-in/oidc/callback"
SESSION = "__Host-citewell-session"
PENDING = "__Host-citewell-sign-in"
HOST = "https://citewell.example"


class Traveller:
    """A browser at the service, and the provider that it signs in at."""

    def __init__(self, settings: WebSettings, citewell: Citewell) -> None:
        self.provider = ScriptedProvider(claims={"groups": ["hr"], "name": "Ida", "email": "ida@example.org"})
        app = create_app(settings, citewell)
        app.state.provider = OpenIdProvider(settings, transport=self.provider.transport(), now=lambda: NOW)
        self.client = TestClient(app, base_url=HOST, follow_redirects=False)

    def set_out(self, next_address: str = "/") -> dict[str, str]:
        """What the provider is told."""
        response = self.client.get(SIGN_IN, params={"next": next_address})
        assert response.status_code == 303, response.text
        sent = {name: values[0] for name, values in parse_qs(urlsplit(response.headers["location"]).query).items()}
        self.provider.nonce = sent["nonce"]
        return sent

    def come_back(self, state: str, **parameters: str) -> Response:
        return self.client.get(CALLBACK, params={"code": "the code", "state": state} | parameters)

    def sign_in(self, next_address: str = "/") -> Response:
        return self.come_back(self.set_out(next_address)["state"])


@pytest.fixture
def settings(settings: WebSettings) -> WebSettings:
    return replace(
        settings,
        sign_in=("oidc",),
        oidc_issuer=ISSUER,
        oidc_client_id=CLIENT,
        allowed_hosts=("citewell.example",),
    )


@pytest.fixture
def traveller(settings: WebSettings, citewell: Citewell) -> Iterator[Traveller]:
    traveller = Traveller(settings, citewell)
    with traveller.client:
        yield traveller


def test_a_browser_signs_in_and_goes_on_to_where_it_wanted(traveller: Traveller, citewell: Citewell) -> None:
    assert traveller.client.get("/api/v1/documents").status_code == 401
    sent = traveller.set_out("/documents?page=2")
    assert sent["redirect_uri"] == HOST + CALLBACK
    response = traveller.come_back(sent["state"])
    assert (response.status_code, response.headers["location"]) == (303, "/documents?page=2")
    assert traveller.client.get("/api/v1/documents").status_code == 200
    person = citewell.people.accounts.get("ida")
    assert (person.groups, person.shown_as, person.mail) == ({"hr"}, "Ida", "ida@example.org")


def test_cookies_are_for_this_host_over_https_and_no_script(traveller: Traveller) -> None:
    traveller.client.get(SIGN_IN)
    response = traveller.sign_in()
    for header in response.headers.get_list("set-cookie"):
        assert header.startswith(("__Host-citewell-session=", "__Host-citewell-sign-in="))
        assert all(part in header for part in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"))
        assert "Domain" not in header


def test_an_answer_counts_once(traveller: Traveller) -> None:
    state = traveller.set_out()["state"]
    assert traveller.come_back(state).status_code == 303
    assert traveller.come_back(state).status_code == 401


def test_an_answer_counts_in_the_browser_that_set_out_for_it(traveller: Traveller) -> None:
    """Else somebody could sign others in under their own name, and read what they ask."""
    state = traveller.set_out()["state"]
    traveller.client.cookies.clear()
    response = traveller.come_back(state)
    assert response.status_code == 401
    assert SESSION not in response.cookies
    traveller.set_out()
    assert traveller.come_back(state).status_code == 401


@pytest.mark.parametrize("state", ["", "x", "ä"])
def test_an_answer_without_its_state_is_refused(traveller: Traveller, state: str) -> None:
    traveller.set_out()
    assert traveller.come_back(state).status_code == 401
    assert traveller.provider.asked == ["/.well-known/openid-configuration"]


def test_a_changed_cookie_is_refused(traveller: Traveller) -> None:
    state = traveller.set_out()["state"]
    kept = traveller.client.cookies[PENDING]
    traveller.client.cookies.clear()
    # Not the last letter: some of its bits mean nothing.
    changed = kept[:-5] + ("A" if kept[-5] != "A" else "B") + kept[-4:]
    traveller.client.cookies.set(PENDING, changed, domain="citewell.example")
    assert traveller.come_back(state).status_code == 401


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "javascript:alert(1)",
        "evil.example",
        "",
    ],
)
def test_nobody_is_sent_elsewhere_afterwards(traveller: Traveller, address: str) -> None:
    assert traveller.sign_in(address).headers["location"] == "/"


def test_signing_in_ends_the_session_that_the_browser_had(traveller: Traveller) -> None:
    """So a session that somebody planted is never that of who signs in."""
    traveller.sign_in()
    first = traveller.client.cookies[SESSION]
    traveller.sign_in()
    second = traveller.client.cookies[SESSION]
    assert first != second
    traveller.client.cookies.clear()
    traveller.client.cookies.set(SESSION, first, domain="citewell.example")
    assert traveller.client.get("/api/v1/documents").status_code == 401


def test_what_the_provider_refuses_is_said_in_words(traveller: Traveller) -> None:
    state = traveller.set_out()["state"]
    response = traveller.client.get(
        CALLBACK,
        params={"state": state, "error": "access_denied", "error_description": "<b>not yours</b>"},
        headers={"Accept": "text/html"},
    )
    assert response.status_code == 401
    assert "access_denied" in response.text
    assert "<b>not" not in response.text


def test_what_others_make_up_is_not_repeated(traveller: Traveller) -> None:
    response = traveller.client.get(CALLBACK, params={"state": "x", "error": "call 555 for help"})
    assert response.status_code == 401
    assert "555" not in response.text


def test_a_provider_that_is_away_is_503_and_the_details_stay_in_the_log(traveller: Traveller) -> None:
    traveller.provider.metadata["issuer"] = "https://other.example"
    response = traveller.client.get(SIGN_IN)
    assert response.status_code == 503
    assert "other.example" not in response.text


def test_over_plain_http_nobody_signs_in(traveller: Traveller) -> None:
    plain = TestClient(traveller.client.app, base_url="http://citewell.example", follow_redirects=False)
    assert plain.get(SIGN_IN).status_code == 403


def test_who_is_suspended_does_not_get_in(traveller: Traveller, citewell: Citewell) -> None:
    traveller.sign_in()
    citewell.people.accounts.suspend("ida")
    assert traveller.client.get("/api/v1/documents").status_code == 401
    assert traveller.sign_in().status_code == 401


def test_an_account_with_a_password_is_not_taken_over(traveller: Traveller, citewell: Citewell) -> None:
    accounts = citewell.people.accounts
    accounts.add("ida", groups=["board"])
    accounts.accept(accounts.invite("ida").secret, "a password of some length")
    response = traveller.sign_in()
    assert response.status_code == 401
    assert SESSION not in response.cookies


def test_groups_follow_the_provider_with_each_sign_in(traveller: Traveller, citewell: Citewell) -> None:
    traveller.sign_in()
    citewell.people.accounts.set_groups("ida", ["choir"])
    traveller.provider.claims["groups"] = ["it"]
    traveller.sign_in()
    assert citewell.people.accounts.get("ida").groups == {"it", "choir"}


def sign_in_a_minute_ago(traveller: Traveller, citewell: Citewell) -> None:
    """What the provider said then does not hold any more, and it gave a token to ask again with."""
    traveller.provider.refresh_token = "good for once more"  # noqa: S105 - opens nothing but what the test makes
    traveller.sign_in()
    citewell.provider_sessions = ProviderSessions(
        citewell.settings, citewell._store.people, citewell.sign_on, clock=lambda: time.time() + 60
    )


def test_what_the_provider_says_later_counts_within_a_minute(traveller: Traveller, citewell: Citewell) -> None:
    sign_in_a_minute_ago(traveller, citewell)
    traveller.provider.claims["groups"] = ["it"]
    assert traveller.client.get("/api/v1/me").json()["groups"] == ["it"]


def test_whom_it_vouches_for_no_more_is_led_to_signing_in(traveller: Traveller, citewell: Citewell) -> None:
    sign_in_a_minute_ago(traveller, citewell)
    traveller.provider.refuses = True
    secret = traveller.client.cookies[SESSION]
    answer = traveller.client.get("/documents", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=%2Fdocuments")
    assert citewell.people.sessions.find(secret) is None
    assert traveller.client.get("/api/v1/documents").status_code == 401


def test_while_the_provider_is_away_it_is_503_and_the_session_stays(traveller: Traveller, citewell: Citewell) -> None:
    sign_in_a_minute_ago(traveller, citewell)
    traveller.provider.refuses, traveller.provider.error = True, ("server_error", 500)
    assert traveller.client.get("/api/v1/documents").status_code == 503
    traveller.provider.refuses = False
    assert traveller.client.get("/api/v1/documents").status_code == 200


def test_without_oidc_there_is_no_such_page(settings: WebSettings, citewell: Citewell) -> None:
    without = replace(settings, sign_in=())
    with TestClient(create_app(without, citewell), base_url="http://localhost") as client:
        assert client.get(SIGN_IN).status_code == 404
        assert client.get(CALLBACK).status_code == 404
