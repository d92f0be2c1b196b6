"""Signing in, with what somebody might try who should not get in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from rag.access.identity import Role
from rag.app import Citewell, form_token
from tests.support.fakes import HashEmbedder
from tests.support.people import PASSWORD, quick_people, with_password
from tests.support.servers import client_of, web_settings
from web.settings import WebSettings
from web.signin.form import local_address

PAGE = {"Accept": "text/html"}
SIGN_IN = {"name": "ida", "password": PASSWORD}


@pytest.fixture
def guarded(settings: WebSettings) -> Iterator[Citewell]:
    with Citewell.open(replace(settings, sign_in=("local",)), embedder=HashEmbedder(), create=True) as citewell:
        citewell.people = quick_people(citewell._store.people)
        with_password(citewell.people, "ida", groups=["hr"])
        with_password(citewell.people, "ola", Role.OWNER)
        yield citewell


@pytest.fixture
def visitor(guarded: Citewell) -> Iterator[TestClient]:
    with client_of(web_settings(guarded), guarded, follow_redirects=False) as client:
        yield client


def test_a_page_leads_to_signing_in_and_from_there_back(visitor: TestClient) -> None:
    led = visitor.get("/documents?q=a%26b", headers=PAGE)
    assert (led.status_code, led.headers["location"]) == (303, "/sign-in?next=%2Fdocuments%3Fq%3Da%2526b")
    page = visitor.get(led.headers["location"])
    wanted = re.search(r'name="next" value="([^"]*)"', page.text)
    assert wanted is not None
    done = visitor.post("/sign-in", data=SIGN_IN | {"next": wanted[1].replace("&amp;", "&")})
    assert (done.status_code, done.headers["location"]) == (303, "/documents?q=a%26b")
    assert visitor.get(done.headers["location"], headers=PAGE).status_code == 200


def test_over_rest_it_is_a_problem(visitor: TestClient) -> None:
    answer = visitor.post("/api/v1/ask", json={"question": "Why?"}, headers=PAGE)
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")


@pytest.mark.parametrize(
    "address",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "javascript:alert(1)",
        "evil.example",
        "",
        " /",
    ],
)
def test_signing_in_leads_nowhere_else(visitor: TestClient, address: str) -> None:
    assert local_address(address) == "/"
    assert visitor.post("/sign-in", data=SIGN_IN | {"next": address}).headers["location"] == "/"
    assert 'name="next" value="/"' in visitor.get("/sign-in", params={"next": address}).text


def test_the_cookie_is_for_this_host_and_for_no_script(guarded: Citewell) -> None:
    settings = replace(web_settings(guarded), allowed_hosts=("citewell.example",))
    with client_of(settings, guarded, follow_redirects=False) as client:
        client.base_url = "https://citewell.example"
        cookie = client.post("/sign-in", data=SIGN_IN).headers["set-cookie"]
        assert re.sub("=[^;]+;", "=...;", cookie, count=1) == (
            "__Host-citewell-session=...; HttpOnly; Max-Age=604800; Path=/; SameSite=lax; Secure"
        )
        assert client.get("/api/v1/me").json()["person"] == "ida"


def test_a_cookie_of_the_plain_name_counts_for_nothing_over_https(guarded: Citewell) -> None:
    """Another host of the domain, or somebody on the way, may have planted it."""
    secret = guarded.people.sessions.start("ida", "local")
    with client_of(replace(web_settings(guarded), allowed_hosts=("citewell.example",)), guarded) as client:
        client.base_url = "https://citewell.example"
        assert client.get("/api/v1/me", headers={"Cookie": f"citewell-session={secret}"}).status_code == 401
        assert client.get("/api/v1/me", headers={"Cookie": f"__Host-citewell-session={secret}"}).status_code == 200


def test_no_password_is_taken_over_plain_http_from_elsewhere(guarded: Citewell) -> None:
    with client_of(replace(web_settings(guarded), allowed_hosts=("citewell.example",)), guarded) as client:
        client.base_url = "http://citewell.example"
        answer = client.post("/sign-in", data=SIGN_IN)
    assert answer.status_code == 403
    assert "over https" in answer.json()["detail"]
    assert "set-cookie" not in answer.headers


def test_a_session_that_somebody_planted_is_not_the_one_that_is_signed_in(
    visitor: TestClient, guarded: Citewell
) -> None:
    planted = guarded.people.sessions.start("ola", "local")
    visitor.post("/sign-in", data=SIGN_IN, headers={"Cookie": f"citewell-session={planted}"})
    assert guarded.people.sessions.identity(planted) is None
    assert visitor.cookies["citewell-session"] != planted
    assert visitor.get("/api/v1/me").json()["person"] == "ida"


def test_what_was_signed_out_cannot_be_replayed(visitor: TestClient) -> None:
    visitor.post("/sign-in", data=SIGN_IN)
    secret = visitor.cookies["citewell-session"]
    gone = visitor.post("/sign-out", data={"form_token": form_token(secret)})
    assert 'citewell-session="";' in gone.headers["set-cookie"]
    assert visitor.get("/api/v1/me", headers={"Cookie": f"citewell-session={secret}"}).status_code == 401


def test_signing_out_everywhere_ends_the_other_browsers(visitor: TestClient, guarded: Citewell) -> None:
    elsewhere = guarded.people.sessions.start("ida", "local")
    visitor.post("/sign-in", data=SIGN_IN)
    token = form_token(visitor.cookies["citewell-session"])
    visitor.post("/sign-out", data={"form_token": token, "everywhere": "yes"})
    assert guarded.people.sessions.identity(elsewhere) is None


def test_a_token_of_another_session_is_none(visitor: TestClient, guarded: Citewell) -> None:
    visitor.post("/sign-in", data=SIGN_IN)
    other = form_token(guarded.people.sessions.start("ida", "local"))
    assert visitor.post("/api/v1/ask", headers={"X-Citewell-Form": other}, json={"question": "Why?"}).status_code == 403
    own = form_token(visitor.cookies["citewell-session"])
    assert visitor.post("/api/v1/ask", headers={"X-Citewell-Form": own}, json={"question": "Why?"}).status_code == 200


def test_a_page_of_another_site_signs_nobody_in(visitor: TestClient) -> None:
    """Else somebody could be made to ask under the attacker's name, who reads it afterwards."""
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert visitor.post("/sign-in", data=SIGN_IN, headers=headers).status_code == 403


def test_guessing_at_one_name_is_stopped_from_anywhere(visitor: TestClient) -> None:
    tries = [visitor.post("/sign-in", data=SIGN_IN | {"password": f"wrong {n}"}) for n in range(12)]
    assert [t.status_code for t in tries] == [401] * 10 + [429] * 2
    assert int(tries[-1].headers["retry-after"]) > 0
    assert visitor.post("/sign-in", data=SIGN_IN).status_code == 429, "the right one is not told from a wrong one"
    assert visitor.post("/sign-in", data=SIGN_IN | {"name": "ola"}).status_code == 303


def test_guessing_at_keys_is_stopped_by_address(visitor: TestClient) -> None:
    tries = [visitor.get("/api/v1/me", headers={"Authorization": f"Bearer cwk_{n:043}"}).status_code for n in range(32)]
    assert tries == [401] * 30 + [429] * 2


def test_guessing_at_the_key_of_the_service_is_stopped_where_nobody_signs_in(
    settings: WebSettings, citewell: Citewell
) -> None:
    with client_of(replace(settings, api_key="a-key-that-is-long"), citewell) as client:
        tries = [
            client.delete("/api/v1/documents/x", headers={"Authorization": f"Bearer {n}"}).status_code
            for n in range(32)
        ]
        assert tries == [401] * 30 + [429] * 2
        assert client.get("/api/v1/documents").status_code == 200


def test_guessing_at_keys_is_stopped_on_pages_of_other_sites_too(settings: WebSettings, citewell: Citewell) -> None:
    intranet = "https://intranet.example"
    listed = replace(settings, api_key="a-key-that-is-long", allowed_origins=(intranet,))
    with client_of(listed, citewell) as client:

        def tried(key: str) -> int:
            headers = {"Authorization": f"Bearer {key}", "Origin": intranet}
            return client.get("/api/v1/documents", headers=headers).status_code

        assert [tried(f"wrong {n}") for n in range(32)] == [401] * 30 + [429] * 2
        assert tried("a-key-that-is-long") == 429, "the right one is not told from a wrong one"


def test_who_is_unknown_gets_the_same_page_as_who_mistyped(visitor: TestClient) -> None:
    pages = [
        visitor.post("/sign-in", data={"name": name, "password": "wrong wrong"}).text.replace(name, "NAME")
        for name in ("ida", "idb")
    ]
    assert pages[0] == pages[1]


def test_an_invitation_is_accepted_once(visitor: TestClient, guarded: Citewell) -> None:
    guarded.people.accounts.add("zoe")
    path = guarded.people.accounts.invite("zoe").path
    assert visitor.get(path).status_code == 200
    assert visitor.post(path, data={"password": PASSWORD, "again": "another password"}).status_code == 422
    assert visitor.post(path, data={"password": "short", "again": "short"}).status_code == 422
    assert visitor.post(path, data={"password": PASSWORD, "again": PASSWORD}).status_code == 303
    assert visitor.get("/api/v1/me").json()["person"] == "zoe"
    assert visitor.get(path).status_code == 404
    assert visitor.post(path, data={"password": PASSWORD, "again": PASSWORD}).status_code == 422


def test_what_is_changed_about_a_person_holds_from_the_next_request(visitor: TestClient, guarded: Citewell) -> None:
    visitor.post("/sign-in", data=SIGN_IN)
    assert visitor.get("/people").status_code == 403
    guarded.people.accounts.set_roles("ida", [Role.OWNER])
    assert visitor.get("/people").status_code == 200
    guarded.people.accounts.suspend("ida")
    assert visitor.get("/people").status_code == 401
    guarded.people.accounts.restore("ida")
    guarded.people.accounts.remove("ida")
    assert visitor.get("/people").status_code == 401


def test_where_nobody_signs_in_there_are_no_such_pages(scripted_client: TestClient) -> None:
    for path in ("/sign-in", "/account", "/people", "/invitation/x"):
        assert scripted_client.get(path).status_code == 404
    assert "/account" not in scripted_client.get("/").text
    assert scripted_client.get("/api/v1/me").json()["method"] == "single-user"
