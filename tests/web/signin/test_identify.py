from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from tests.support.scripted import ScriptedCitewell
from tests.support.servers import client_of
from web.settings import WebSettings

KEY = "a-key-that-is-long-enough"


@pytest.fixture
def signing_in(settings: WebSettings, scripted: ScriptedCitewell) -> Iterator[TestClient]:
    with client_of(replace(settings, sign_in=("local",), api_key=KEY), scripted) as client:
        yield client


def test_without_signing_in_nobody_is_asked(scripted_client: TestClient) -> None:
    assert scripted_client.get("/api/v1/documents").status_code == 200


def test_who_has_not_signed_in_is_told_so(signing_in: TestClient) -> None:
    answer = signing_in.get("/api/v1/documents")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.json()["detail"] == "Nobody has signed in. Sign in, or send a token of yours."


def test_the_key_of_the_service_acts_as_an_owner(signing_in: TestClient) -> None:
    with_key = {"Authorization": f"Bearer {KEY}"}
    assert signing_in.get("/api/v1/documents", headers=with_key).status_code == 200
    assert signing_in.get("/api/v1/documents", headers={"Authorization": f"Bearer {KEY}x"}).status_code == 401


FORWARDED = [
    {"X-Forwarded-For": "10.0.0.9"},
    {"Forwarded": "for=10.0.0.9"},
    {"X-Real-IP": "10.0.0.9"},
    {"Via": "1.1 p"},
]


@pytest.mark.parametrize("headers", FORWARDED, ids=[next(iter(headers)) for headers in FORWARDED])
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/v1/documents", None),
        ("GET", "/", None),
        ("POST", "/api/v1/ask", {"question": "How big is the mirror?"}),
        ("DELETE", "/api/v1/documents/observatory", None),
    ],
)
def test_where_nothing_says_who_asks_a_request_from_a_proxy_is_refused(
    scripted_client: TestClient, headers: dict[str, str], method: str, path: str, body: dict[str, str] | None
) -> None:
    answer = scripted_client.request(method, path, json=body, headers=headers)
    assert answer.status_code == 403
    assert "set CITEWELL_SIGN_IN" in answer.json()["detail"]


@pytest.mark.parametrize("change", [{"api_key": KEY}, {"uploads": False}])
def test_with_a_key_or_without_uploads_it_is_answered(
    settings: WebSettings, scripted: ScriptedCitewell, change: dict[str, object]
) -> None:
    with client_of(replace(settings, **change), scripted) as client:  # type: ignore[arg-type] # fields by name
        assert client.get("/api/v1/documents", headers=FORWARDED[0]).status_code == 200
