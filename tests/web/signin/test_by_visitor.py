"""A box in another site's page that answers with its visitor's rights."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient
from joserfc import jwt
from joserfc.jwk import OctKey

from rag.access.identity import Role
from rag.access.widget_identity import AUDIENCE
from rag.app import Citewell
from rag.records import Access
from tests.support.servers import client_of
from web.embed.intranet import SignedVisitor, signed_token
from web.settings import WebSettings

INTRANET, OTHER = "https://intranet.example", "https://other.example"
KEY = "a key of more than thirty-two letters"
ASK: dict[str, Any] = {"json": {"question": "How big is the mirror?"}}


@pytest.fixture
def settings(settings: WebSettings) -> WebSettings:
    return replace(
        settings,
        sign_in=("proxy",),
        proxy_addresses=("10.0.0.5",),
        api_key="the key of the service",
        widget_key=KEY,
        allowed_origins=(INTRANET, OTHER),
    )


@pytest.fixture
def client(settings: WebSettings, citewell: Citewell) -> Iterator[TestClient]:
    with client_of(settings, citewell) as client:
        yield client


def token(**claims: Any) -> str:
    now = int(time.time())
    usual = {"aud": AUDIENCE, "sub": "ida", "groups": ["hr"], "origin": INTRANET, "iat": now, "exp": now + 300}
    return jwt.encode({"alg": "HS256"}, usual | claims, OctKey.import_key(KEY), ["HS256"])


def by(text: str, origin: str = INTRANET) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}", "Origin": origin}


def test_the_visitor_asks(client: TestClient) -> None:
    assert client.post("/api/v1/ask", headers=by(token()), **ASK).status_code == 200
    assert client.get("/api/v1/suggestions", headers=by(token())).status_code == 200


def test_and_sees_what_the_visitor_may_see(client: TestClient, citewell: Citewell) -> None:
    """What is for one group is for its members, and for others as if it were not there."""
    for record in citewell.documents.all(access=Access.everything()):
        citewell.access.set_groups(record.source.id, ["hr"], access=Access.everything())
    found = {
        group: len(client.post("/api/v1/ask", headers=by(token(groups=[group])), **ASK).json()["passages"])
        for group in ("hr", "it")
    }
    assert found["hr"] > 0
    assert found["it"] == 0


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        (token(exp=int(time.time()) - 60), INTRANET),
        (token(), OTHER),
        (token(aud="other"), INTRANET),
        ("eyJ", INTRANET),
        (token()[:-2], INTRANET),
    ],
    ids=["over", "of another page", "for another service", "nonsense", "cut off"],
)
def test_a_token_that_does_not_hold_is_401(client: TestClient, text: str, origin: str) -> None:
    assert client.post("/api/v1/ask", headers=by(text, origin), **ASK).status_code == 401


def test_a_token_is_good_for_asking_and_nothing_else(client: TestClient) -> None:
    for headers in (by(token()), {"Authorization": f"Bearer {token()}"}):
        assert client.get("/api/v1/documents", headers=headers).status_code in (401, 403)
        assert client.post("/api/v1/widget/tokens", headers=headers, json={}).status_code in (401, 403)
        assert client.delete("/api/v1/documents/x", headers=headers).status_code in (401, 403)


def test_a_token_without_a_person_is_nobody_where_people_sign_in(client: TestClient, settings: WebSettings) -> None:
    key = {"Authorization": f"Bearer {settings.api_key}"}
    anonymous = client.post("/api/v1/widget/tokens", headers=key, json={"origin": INTRANET}).json()["token"]
    assert client.post("/api/v1/ask", headers=by(anonymous), **ASK).status_code == 401


def test_groups_that_are_known_here_count_where_the_page_says_none(citewell: Citewell) -> None:
    citewell.people.accounts.add("ida", groups=["board"])
    assert citewell.sign_on.asking("ida", None).groups == {"board"}
    assert citewell.sign_on.asking("ida", ()).groups == frozenset()


def test_an_owner_is_a_reader_in_a_page(citewell: Citewell) -> None:
    citewell.people.accounts.add("ida", roles=[Role.OWNER])
    identity = citewell.sign_on.asking("ida", None)
    assert identity.roles == {Role.READER}
    assert not identity.access.reads_everything


def test_who_is_suspended_is_out(client: TestClient, citewell: Citewell) -> None:
    citewell.people.accounts.add("ida")
    citewell.people.accounts.suspend("ida")
    assert client.post("/api/v1/ask", headers=by(token()), **ASK).status_code == 401


def test_a_frame_opens_and_asks_by_its_token(client: TestClient) -> None:
    page = client.get("/widget", params={"token": token()})
    assert page.status_code == 200
    assert f'token="{token()[:20]}' in page.text
    own = {"Authorization": f"Bearer {token()}", "Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    assert client.post("/api/v1/ask", headers=own, **ASK).status_code == 200
    assert client.get("/widget").status_code == 401


def test_what_the_demo_page_signs_holds(client: TestClient) -> None:
    signed = signed_token(SignedVisitor(KEY, "ida", ("hr",)), INTRANET)
    assert client.post("/api/v1/ask", headers=by(signed), **ASK).status_code == 200
