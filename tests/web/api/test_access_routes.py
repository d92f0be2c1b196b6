"""Who may read a document, over REST; and what somebody with a role may do to documents of others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

from rag.access.identity import Identity, Role
from rag.app import Citewell
from rag.records import GivenBy
from rag.store.base import DocumentGroups
from tests.support.access import EVERYTHING
from tests.support.servers import client_of
from web.settings import WebSettings

DOCUMENTS = "/api/v1/documents"
TEXT: dict[str, Any] = {"content": "The hives stand behind the mill.", "headers": {"Content-Type": "text/plain"}}
As = Callable[[Identity], TestClient]


def person(name: str, *roles: Role, groups: str = "", edits: str = "") -> Identity:
    return Identity(name, frozenset(groups.split()), frozenset(roles), frozenset(edits.split()), "local")


OWNER = person("olga", Role.OWNER)
EDITOR = person("ed", Role.READER, Role.EDITOR, groups="staff", edits="staff")
READER = person("rita", Role.READER, groups="staff")
GUEST = person("gus", Role.READER)


@pytest.fixture
def signed_in(settings: WebSettings, empty_citewell: Citewell) -> Iterator[As]:
    """A client of somebody, over a document for staff ("bees"), one for the board and one for nobody."""
    for document_id, groups in (("bees", ["staff"]), ("plan", ["board"]), ("sale", [])):
        text = f"The {document_id} is here.".encode()
        empty_citewell.documents.put(document_id, text, media_type="text/plain", groups=groups)
    with client_of(replace(settings, sign_in=("local",)), empty_citewell) as client:

        def as_one(identity: Identity) -> TestClient:
            async def known(_request: Request) -> Identity:
                return identity

            cast(FastAPI, client.app).state.authenticators = (known,)
            return client

        yield as_one


@contextmanager
def alone(settings: WebSettings, citewell: Citewell) -> Iterator[TestClient]:
    """A client of somebody who need not sign in."""
    with client_of(settings, citewell) as client:
        yield client


def test_groups_are_looked_up_set_and_given_back(settings: WebSettings, empty_citewell: Citewell) -> None:
    with alone(settings, empty_citewell) as client:
        client.put(f"{DOCUMENTS}/bees", **TEXT)
        address = f"{DOCUMENTS}/bees/access"
        by_rules = {"groups": ["everybody"], "given_by": "rule", "source_groups": None}
        assert client.get(address).json() == by_rules
        by_hand = {"groups": ["board", "staff"], "given_by": "hand", "source_groups": None}
        assert client.put(address, json={"groups": ["staff", "board"]}).json() == by_hand
        assert client.put(f"{DOCUMENTS}/bees", **TEXT).json()["status"] == "unchanged"
        assert client.get(address).json() == by_hand
        assert client.put(address, json={"groups": []}).json() == by_hand | {"groups": []}
        assert client.put(address, json={"groups": None}).json() == by_rules
        empty_citewell.store.set_groups([DocumentGroups("bees", frozenset({"hives"}), GivenBy.SOURCE)])
        by_source = {"groups": ["hives"], "given_by": "source", "source_groups": ["hives"]}
        assert client.get(address).json() == by_source
        assert client.put(address, json={"groups": ["staff"]}).json() == by_source | {
            "groups": ["staff"],
            "given_by": "hand",
        }
        assert client.put(address, json={"groups": None}).json() == by_source
        assert client.put(address, json={"groups": [" "]}).status_code == 422
        assert client.put(address, json={}).status_code == 422
        assert client.put(f"{DOCUMENTS}/absent/access", json={"groups": []}).status_code == 404
        assert client.get(f"{DOCUMENTS}/absent/access").status_code == 404


def test_a_document_is_sent_with_its_groups(signed_in: As) -> None:
    client = signed_in(OWNER)
    assert client.put(f"{DOCUMENTS}/ferry?group=staff&group=board", **TEXT).status_code == 201
    assert client.put("/api/v1/files/boat.txt?group=board", content="The boat is new.").status_code == 201
    found = {
        one.document_id: set(one.groups)
        for one in cast(FastAPI, client.app).state.citewell._store.all_groups(EVERYTHING)
    }
    assert found.pop("ferry") == {"staff", "board"}
    assert {"board"} in found.values()


@pytest.mark.parametrize(
    ("who", "document_id", "status"),
    [
        (OWNER, "bees", 204),
        (OWNER, "sale", 204),
        (EDITOR, "bees", 204),
        (EDITOR, "plan", 404),
        (EDITOR, "sale", 404),
        (EDITOR, "absent", 404),
        (READER, "bees", 403),
        (READER, "plan", 403),
        (READER, "absent", 403),
        (replace(EDITOR, groups=frozenset({"staff", "board"})), "plan", 403),
    ],
    ids=lambda value: getattr(value, "person", value),
)
def test_an_editor_removes_documents_of_the_own_groups(
    signed_in: As, who: Identity, document_id: str, status: int
) -> None:
    assert signed_in(who).delete(f"{DOCUMENTS}/{document_id}").status_code == status
    still = {info["id"] for info in signed_in(OWNER).get(DOCUMENTS).json()["documents"]}
    assert (document_id in still) == (status != 204 and document_id != "absent")


@pytest.mark.parametrize(
    ("address", "status"),
    [
        (f"{DOCUMENTS}/ferry", 201),  # of the one group that this editor has
        (f"{DOCUMENTS}/ferry?group=staff", 201),
        (f"{DOCUMENTS}/ferry?group=board", 403),
        (f"{DOCUMENTS}/ferry?group=staff&group=everybody", 403),
        (f"{DOCUMENTS}/bees", 200),
        (f"{DOCUMENTS}/bees?group=board", 403),
        (f"{DOCUMENTS}/plan?group=staff", 403),
        (f"{DOCUMENTS}/plan", 403),
        ("/api/v1/files/boat.txt", 201),
        ("/api/v1/files/boat.txt?group=board", 403),
    ],
)
def test_an_editor_adds_documents_for_the_own_groups(signed_in: As, address: str, status: int) -> None:
    assert signed_in(EDITOR).put(address, **TEXT).status_code == status
    seen = {info["id"] for info in signed_in(READER).get(DOCUMENTS).json()["documents"]}
    assert len(seen) == (2 if status == 201 else 1)


def test_an_editor_gives_documents_to_the_own_groups_only(signed_in: As) -> None:
    client = signed_in(EDITOR)
    assert client.put(f"{DOCUMENTS}/bees/access", json={"groups": ["staff"]}).status_code == 200
    assert client.put(f"{DOCUMENTS}/bees/access", json={"groups": ["staff", "board"]}).status_code == 403
    assert client.put(f"{DOCUMENTS}/bees/access", json={"groups": None}).status_code == 403
    assert client.put(f"{DOCUMENTS}/plan/access", json={"groups": ["staff"]}).status_code == 404
    assert signed_in(READER).get(f"{DOCUMENTS}/bees/access").status_code == 403


def test_what_may_not_be_read_is_answered_like_what_is_not_there(signed_in: As) -> None:
    client = signed_in(GUEST)
    of_each_response = {"date", "x-request-id"}
    for path in ("", "/text", "/original", "/versions"):
        shown = []
        for document_id in ("bees", "none"):
            response = client.get(f"{DOCUMENTS}/{document_id}{path}")
            headers = {name: value for name, value in response.headers.items() if name not in of_each_response}
            shown.append((response.status_code, response.text.replace(document_id, "ID"), headers))
        assert shown[0] == shown[1]
        assert shown[0][0] == 404
    assert client.get(DOCUMENTS).json() == {"documents": []}
    assert client.get("/api/v1/search", params={"q": "Where are the bees?"}).json()["passages"] == []


def test_nobody_need_sign_in_to_see_that_it_is_ready_and_sees_nothing_more(signed_in: As) -> None:
    body = signed_in(GUEST).get("/readyz").json()
    assert (body["ready"], body["documents"], body["chunks"], body["index_version"]) == (True, 0, 0, 0)


def test_rules_hold_from_the_next_request(signed_in: As, settings: WebSettings) -> None:
    owner = signed_in(OWNER)
    assert owner.put(f"{DOCUMENTS}/bees/access", json={"groups": None}).status_code == 200
    assert signed_in(GUEST).get(f"{DOCUMENTS}/bees").status_code == 404
    (settings.data_dir / "access.toml").write_text("[[rule]]\nsource = 'api:bees'\ngroups = ['everybody']\n")
    assert signed_in(GUEST).get(f"{DOCUMENTS}/bees").status_code == 200
    (settings.data_dir / "access.toml").write_text("[[rule]]\nsource = 'api:bees'\ngroups = ['board']\n")
    assert signed_in(GUEST).get(f"{DOCUMENTS}/bees").status_code == 404
