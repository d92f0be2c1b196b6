"""People over REST: as `rag people` and the page do it, for owners with a session or a key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from rag.access.identity import Role
from rag.app import Citewell, Scope
from tests.support.people import PASSWORD, START, quick_people, with_password
from tests.support.servers import client_of
from web.settings import WebSettings

PEOPLE = "/api/v1/people"


@pytest.fixture
def settings(settings: WebSettings) -> WebSettings:
    return replace(settings, sign_in=("local",))


@pytest.fixture
def owner(settings: WebSettings, empty_citewell: Citewell) -> Iterator[TestClient]:
    """A program with the key of an owner, `ida`."""
    empty_citewell.people = quick_people(empty_citewell._store.people)
    with_password(empty_citewell.people, "ida", Role.OWNER)
    with client_of(settings, empty_citewell) as client:
        client.headers["Authorization"] = f"Bearer {key_of(empty_citewell, 'ida', Scope.MANAGE)}"
        yield client


def key_of(citewell: Citewell, name: str, scope: Scope) -> str:
    return citewell.people.keys.add(name, "a program", [scope], days=1).text


def body(name: str, **other: Any) -> dict[str, Any]:
    usual = {"shown_as": "", "mail": "", "is_service": False, "suspended": False, "has_password": False}
    more = {"roles": ["reader"], "groups": [], "edits": [], "created_at": moment(0), "signed_in_at": None}
    return {"name": name} | usual | more | other


def moment(days: int) -> str:
    return f"2027-01-{15 + days}T08:00:00+00:00"  # START


def test_the_clock_stands_where_the_moments_say() -> None:
    assert START == 1_800_000_000


def test_somebody_is_added_invited_and_signs_in(owner: TestClient, empty_citewell: Citewell) -> None:
    given = {"name": "Otto", "shown_as": "Otto Berg", "mail": "otto@example.org", "groups": ["hr"]}
    added = owner.post(PEOPLE, json=given)
    expected = body("otto", shown_as="Otto Berg", mail="otto@example.org", groups=["hr"])
    assert (added.status_code, added.json()) == (201, expected)
    invited = owner.post(f"{PEOPLE}/otto/invitation", json={"days": 5})
    assert (invited.status_code, invited.headers["cache-control"]) == (201, "no-store")
    found = invited.json()
    assert (found["person"], found["ends_at"]) == ("otto", moment(5))
    assert found["link"].startswith("http://localhost/invitation/")
    page = owner.post(
        found["link"],
        data={"password": PASSWORD, "again": PASSWORD},
        headers={"Authorization": ""},
        follow_redirects=False,
    )
    assert page.status_code == 303
    assert empty_citewell.people.accounts.signing_in("otto", PASSWORD)


def test_everybody_is_listed_by_name_and_one_is_looked_up(owner: TestClient) -> None:
    owner.post(PEOPLE, json={"name": "cron", "is_service": True, "roles": ["editor"], "edits": ["hr"]})
    service = body("cron", is_service=True, roles=["editor"], edits=["hr"])
    listed = owner.get(PEOPLE).json()["people"]
    assert listed == [service, body("ida", roles=["owner"], has_password=True)]
    assert owner.get(f"{PEOPLE}/CRON").json() == service
    assert owner.get(f"{PEOPLE}/nobody").status_code == 404


def test_what_is_named_is_changed_and_nothing_else(owner: TestClient) -> None:
    owner.post(PEOPLE, json={"name": "otto", "groups": ["hr"]})
    steps: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"roles": ["editor", "reader"], "edits": ["hr"]}, {"roles": ["editor", "reader"], "edits": ["hr"]}),
        ({"groups": ["it", "hr"]}, {"groups": ["hr", "it"]}),
        ({"roles": ["reader"]}, {"roles": ["reader"], "edits": []}),
        ({"suspended": True}, {"suspended": True}),
        ({"suspended": False, "groups": []}, {"suspended": False, "groups": []}),
        ({}, {}),
    ]
    expected = body("otto", groups=["hr"])
    for change, after in steps:
        expected |= after
        assert owner.patch(f"{PEOPLE}/otto", json=change).json() == expected
    assert owner.get(f"{PEOPLE}/otto").json() == expected


def test_whoever_is_suspended_is_out_with_the_next_request(owner: TestClient, empty_citewell: Citewell) -> None:
    owner.post(PEOPLE, json={"name": "otto"})
    theirs = {"Authorization": f"Bearer {key_of(empty_citewell, 'otto', Scope.READ)}"}
    assert owner.get("/api/v1/me", headers=theirs).status_code == 200
    owner.patch(f"{PEOPLE}/otto", json={"suspended": True})
    assert owner.get("/api/v1/me", headers=theirs).status_code == 401
    owner.patch(f"{PEOPLE}/otto", json={"suspended": False})
    assert owner.get("/api/v1/me", headers=theirs).status_code == 200
    assert owner.delete(f"{PEOPLE}/otto").status_code == 204
    assert owner.get("/api/v1/me", headers=theirs).status_code == 401
    assert owner.get(f"{PEOPLE}/otto").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "json"),
    [
        ("POST", PEOPLE, {"name": "ida"}),
        ("POST", PEOPLE, {"name": "no name"}),
        ("POST", PEOPLE, {"name": "otto", "roles": ["king"]}),
        ("POST", PEOPLE, {"name": "otto", "groups": ["person:ida"]}),
        ("POST", PEOPLE, {"name": "otto", "password": "of no use here"}),
        ("PATCH", f"{PEOPLE}/ida", {"roles": ["reader"]}),
        ("PATCH", f"{PEOPLE}/ida", {"edits": ["hr"]}),
        ("PATCH", f"{PEOPLE}/ida", {"suspended": True}),
        ("POST", f"{PEOPLE}/ida/invitation", {"days": 31}),
        ("DELETE", f"{PEOPLE}/ida", None),
    ],
)
def test_what_cannot_be_is_refused_in_words(owner: TestClient, method: str, path: str, json: Any) -> None:
    """One name is one person, a password nobody's to give, the last owner stays, and nobody shuts themselves out."""
    before = owner.get(PEOPLE).json()
    response = owner.request(method, path, json=json)
    assert (response.status_code, bool(response.json()["detail"])) == (422, True)
    assert owner.get(PEOPLE).json() == before


def test_a_key_for_less_is_no_owners(owner: TestClient, empty_citewell: Citewell) -> None:
    less = {"Authorization": f"Bearer {key_of(empty_citewell, 'ida', Scope.READ)}"}
    assert owner.get(PEOPLE, headers=less).status_code == 403


def test_where_nobody_signs_in_there_are_no_people(settings: WebSettings, empty_citewell: Citewell) -> None:
    with client_of(replace(settings, sign_in=()), empty_citewell) as client:
        assert client.get(PEOPLE).status_code == 404


def test_where_people_sign_in_elsewhere_there_are_no_invitations(
    settings: WebSettings, empty_citewell: Citewell
) -> None:
    at_proxy = replace(settings, sign_in=("proxy",), proxy_addresses=("10.0.0.5",), api_key="the key of the service")
    empty_citewell.people.accounts.add("otto")
    with client_of(at_proxy, empty_citewell, headers={"Authorization": f"Bearer {at_proxy.api_key}"}) as client:
        assert client.post(f"{PEOPLE}/otto/invitation", json={}).status_code == 404
