"""Signing in and out over real connections, at a provider of somebody else's making."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from playwright.sync_api import Browser

from rag.access.provider_sessions import ProviderSessions
from rag.app import Citewell, form_token
from tests.support.fakes import HashEmbedder
from tests.support.mock_provider import running_provider
from tests.support.servers import serving
from web.settings import WebSettings

DOCUMENTS = "/api/v1/documents"
SESSION = "citewell-session"


@dataclass
class Running:
    citewell: Citewell
    issuer: str
    address: str

    def browser(self) -> httpx2.Client:
        return httpx2.Client(base_url=self.address, trust_env=False, timeout=120)

    def sign_in(self, browser: httpx2.Client, person: str) -> httpx2.Response:
        """What comes of setting out, signing in there, and coming back."""
        there = browser.get("/sign-in/oidc", params={"next": "/documents"}).headers["location"]
        assert there.startswith(f"{self.issuer}/oauth2/authorize?")
        assert re.search("<form", browser.get(there).text)
        back = browser.post(there, data={"sub": person}).headers["location"]
        assert back.startswith(f"{self.address}/sign-in/oidc/callback?")
        return browser.get(back)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("provider")
    ida = {"sub": "ida", "groups": ["hr"], "email": "ida@example.org", "name": "Ida Lund"}
    with running_provider(folder / "provider.log", ida, {"sub": "otto"}) as issuer:
        settings = WebSettings(
            data_dir=folder / "data",
            reader=False,
            sign_in=("oidc",),
            oidc_issuer=issuer,
            oidc_client_id="citewell",
            oidc_client_secret="whatever",  # noqa: S106 - it takes any
        )
        with (
            Citewell.open(settings, embedder=HashEmbedder(), create=True) as citewell,
            serving(citewell) as port,
        ):
            yield Running(citewell, issuer, f"http://127.0.0.1:{port}")


def test_somebody_signs_in_with_groups_name_and_address(running: Running) -> None:
    with running.browser() as browser:
        assert browser.get(DOCUMENTS).status_code == 401
        response = running.sign_in(browser, "ida")
        assert (response.status_code, response.headers["location"]) == (303, "/documents"), response.text
        assert browser.get(DOCUMENTS).status_code == 200
    person = running.citewell.people.accounts.get("ida")
    assert (person.groups, person.shown_as, person.mail) == ({"hr"}, "Ida Lund", "ida@example.org")


def test_two_browsers_are_two_people(running: Running) -> None:
    with running.browser() as one, running.browser() as other:
        running.sign_in(one, "ida")
        running.sign_in(other, "otto")
        found = [running.citewell.people.sessions.find(browser.cookies[SESSION]) for browser in (one, other)]
    assert [session and session.person for session in found] == ["ida", "otto"]


def test_who_declines_there_is_told_here(running: Running) -> None:
    with running.browser() as browser:
        there = browser.get("/sign-in/oidc").headers["location"]
        back = browser.post(there, data={"action": "deny"}).headers["location"]
        state = parse_qs(urlsplit(there).query)["state"][0]
        address = back if "state=" in back else f"{back}&state={state}"
        response = browser.get(address)
    assert response.status_code == 401
    assert "access_denied" in response.text


def test_signing_out_leads_to_the_provider_and_ends_the_session(running: Running) -> None:
    with running.browser() as browser:
        running.sign_in(browser, "ida")
        secret = browser.cookies[SESSION]
        response = browser.post("/sign-out", data={"form_token": form_token(secret)})
        assert response.status_code == 303
        assert response.headers["location"].startswith(f"{running.issuer}/oauth2/end_session?")
        sent = parse_qs(urlsplit(response.headers["location"]).query)
        assert sent["post_logout_redirect_uri"] == [f"{running.address}/"]
        assert sent["id_token_hint"][0].count(".") == 2
        policy = browser.get("/sign-in").headers["content-security-policy"]
        assert f"form-action 'self' {running.issuer}" in policy
        assert running.citewell.people.sessions.find(secret) is None
        assert browser.get(DOCUMENTS).status_code == 401


def test_other_groups_there_count_here_and_who_is_put_out_there_is_out_here(running: Running) -> None:
    """With refresh tokens of somebody else's making. What was said before does not hold at all here."""
    citewell = running.citewell
    always_asked = ProviderSessions(
        replace(running.citewell.settings, oidc_recheck_seconds=0), citewell._store.people, citewell.sign_on
    )
    with running.browser() as browser, httpx2.Client(base_url=running.issuer, trust_env=False) as admin:
        admin.put("/users/vera", json={"groups": ["hr"]}).raise_for_status()
        running.sign_in(browser, "vera")
        before, citewell.provider_sessions = citewell.provider_sessions, always_asked
        try:
            assert browser.get("/api/v1/me").json()["groups"] == ["hr"]
            admin.put("/users/vera", json={"groups": ["it"]}).raise_for_status()
            assert browser.get("/api/v1/me").json()["groups"] == ["it"]
            admin.post("/users/vera/revoke-tokens").raise_for_status()
            assert browser.get("/api/v1/me").status_code == 401
            assert citewell.people.sessions.find(browser.cookies[SESSION]) is None
        finally:
            citewell.provider_sessions = before


@pytest.mark.browser
def test_chromium_signs_in_and_out_under_the_strict_policy(running: Running, browser: Browser) -> None:
    """The form for signing out leads on to another host, which browsers ask the policy about."""
    context = browser.new_context(base_url=running.address, locale="en")
    page = context.new_page()
    page.goto("/sign-in?next=/documents")
    page.get_by_role("link", name="organisation").click()
    page.get_by_placeholder("sub").fill("ida")
    page.get_by_role("button", name="Authorize").click()
    page.wait_for_url(f"{running.address}/documents")
    page.goto("/account")
    assert "ida" in page.content()
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.wait_for_url(f"{running.issuer}/oauth2/end_session?**")
    context.close()
