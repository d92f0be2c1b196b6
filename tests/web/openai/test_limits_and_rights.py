"""Who may ask in OpenAI's shapes, how much, and what they are told otherwise."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from rag.access.identity import Role
from rag.app import Citewell, Scope
from rag.errors import IndexMissing
from tests.support import questions
from tests.support.fakes import HashEmbedder
from tests.support.people import quick_people, with_password
from tests.support.scripted import ScriptedCitewell
from tests.support.servers import client_of, web_settings
from web.settings import WebSettings

QUESTION = {"model": "citewell", "messages": [{"role": "user", "content": "How long does a loan last?"}]}
RULES = '[[rule]]\nsource = "**"\ngroups = ["hr"]\n'


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Citewell]:
    (tmp_path / "access.toml").write_text(RULES)
    settings = WebSettings(data_dir=tmp_path, reader=False, sign_in=("local",))
    with Citewell.open(settings, embedder=HashEmbedder(), create=True) as citewell:
        citewell.people = quick_people(citewell._store.people)
        citewell.documents.put("hr-rules", b"# Loans\n\nA loan lasts four weeks.", media_type="text/markdown")
        yield citewell


def key_of(citewell: Citewell, name: str, group: str, place: Path) -> dict[str, str]:
    with_password(citewell.people, name, Role.READER, groups=[group])
    key = citewell.people.keys.add(name, str(place), [Scope.READ], days=1)
    return {"Authorization": f"Bearer {key.text}"}


def error_of(response: Any) -> tuple[int, str, str]:
    body = response.json()["error"]
    assert sorted(body) == ["code", "message", "param", "type"]
    return response.status_code, body["type"], body["code"]


def test_a_key_has_the_rights_of_its_person(guarded: Citewell, tmp_path: Path) -> None:
    reader, other = (key_of(guarded, name, group, tmp_path) for name, group in (("ida", "hr"), ("tom", "it")))
    with client_of(web_settings(guarded), guarded) as client:
        permitted = client.post("/v1/chat/completions", json=QUESTION, headers=reader).json()
        refused = client.post("/v1/chat/completions", json=QUESTION, headers=other).json()
    assert permitted["citewell"]["documents"] == 1
    assert permitted["citewell"]["passages"]
    assert (refused["citewell"]["passages"], refused["citewell"]["reason"]) == ([], "no_documents")
    assert refused["choices"][0]["message"]["content"] == "There were no documents to search."


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer sk-of-somebody-else"}])
def test_who_is_not_known_gets_the_error_of_a_wrong_key(guarded: Citewell, headers: dict[str, str]) -> None:
    with client_of(web_settings(guarded), guarded) as client:
        answers = [
            client.get("/v1/models", headers=headers),
            client.post("/v1/chat/completions", json=QUESTION, headers=headers),
            client.post("/v1/responses", json={"model": "citewell", "input": "Why?"}, headers=headers),
        ]
    assert {error_of(answer) for answer in answers} == {(401, "authentication_error", "invalid_api_key")}


def test_a_response_of_somebody_else_is_not_gone_on_with(guarded: Citewell, tmp_path: Path) -> None:
    reader, other = (key_of(guarded, name, "hr", tmp_path) for name in ("ida", "tom"))
    with client_of(web_settings(guarded), guarded) as client:
        mine = client.post("/v1/responses", json={"model": "citewell", "input": "How long is a loan?"}, headers=reader)
        assert mine.json()["store"]
        follow_up = {"model": "citewell", "input": "And a fine?", "previous_response_id": mine.json()["id"]}
        assert client.post("/v1/responses", json=follow_up, headers=reader).json()["citewell"]["turn"] == 2
        refused = client.post("/v1/responses", json=follow_up, headers=other)
    assert error_of(refused) == (404, "invalid_request_error", "conversation_not_found")


def test_too_many_questions_are_told_to_wait(tmp_path: Path) -> None:
    settings = WebSettings(data_dir=tmp_path, questions_per_minute=1)
    with client_of(settings, ScriptedCitewell(settings)) as client:
        assert client.post("/v1/chat/completions", json=QUESTION).status_code == 200
        refused = client.post("/v1/chat/completions", json=QUESTION)
    assert error_of(refused) == (429, "rate_limit_error", "rate_limit_exceeded")
    assert int(refused.headers["retry-after"]) > 0


def test_a_long_chat_is_taken_and_one_without_end_is_not(scripted_client: TestClient) -> None:
    said = [{"role": "user", "content": questions.ANSWERED}, {"role": "assistant", "content": "word " * 200}] * 100
    messages = [*said, {"role": "user", "content": questions.FOLLOW_UP}]
    assert len(json.dumps(messages)) > 100_000
    body = scripted_client.post("/v1/chat/completions", json={"model": "citewell", "messages": messages}).json()
    assert body["citewell"]["stand_alone_question"] == questions.STAND_ALONE
    endless = {"model": "citewell", "messages": [{"role": "user", "content": "word " * 300_000}]}
    assert error_of(scripted_client.post("/v1/chat/completions", json=endless)) == (
        413,
        "invalid_request_error",
        "request_too_large",
    )


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"content": "{", "headers": {"Content-Type": "application/json"}}, (400, "invalid_request")),
        ({"content": "[" * 100_000, "headers": {"Content-Type": "application/json"}}, (400, "invalid_request")),
        ({"data": {"model": "citewell"}}, (415, "unsupported_media_type")),
        (
            {"json": {"model": "citewell", "messages": [{"role": "user", "content": "\\ud800"}]}},
            (400, "invalid_request"),
        ),
        ({"json": {"model": "citewell", "messages": [{"role": "user", "content": 7}]}}, (400, "invalid_request")),
        ({"json": {"model": "citewell", "messages": [{"role": "user"}]}}, (400, "invalid_question")),
        ({"json": QUESTION, "headers": {"Host": "evil.example"}}, (421, "unknown_host")),
        ({"json": QUESTION, "headers": {"Origin": "https://evil.example"}}, (403, "forbidden")),
    ],
)
def test_what_is_wrong_has_a_shape_that_clients_know(
    scripted_client: TestClient, sent: dict[str, Any], expected: tuple[int, str]
) -> None:
    if "json" in sent:
        text = json.dumps(sent.pop("json")).replace("\\\\ud800", "\\ud800")
        sent = {"content": text, "headers": {"Content-Type": "application/json"} | sent.get("headers", {})}
    status, _, code = error_of(scripted_client.post("/v1/chat/completions", **sent))
    assert (status, code) == expected


def test_a_browser_that_comes_by_is_told_in_the_same_shape(scripted_client: TestClient) -> None:
    response = scripted_client.get("/v1/chat/completions", headers={"Accept": "text/html"})
    assert error_of(response) == (405, "invalid_request_error", "method_not_allowed")


def test_while_the_documents_cannot_be_used_it_is_an_error_of_the_server(
    scripted_client: TestClient, scripted: ScriptedCitewell
) -> None:
    scripted.questions.failure = IndexMissing("none")
    assert error_of(scripted_client.post("/v1/chat/completions", json=QUESTION)) == (
        503,
        "server_error",
        "index_missing",
    )
