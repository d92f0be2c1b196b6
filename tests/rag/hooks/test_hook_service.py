"""Receivers are told what happened, signed; again until they take it; and nobody else is told anything."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rag.app import Citewell
from rag.cli import serve_command
from rag.records import Access
from tests.support.fakes import HashEmbedder
from tests.support.ports import free_port
from tests.support.processes import wait_for
from tests.support.receivers import Received, Receiver, receiving
from web.settings import WebSettings

EVERYTHING = Access.everything()
KEY = b"a key of this test alone"
# What is never sure enough to be quoted.
STRICT: dict[str, Any] = {"answer_confidence": 1.0, "min_confidence": 1.0}
UNKNOWN = "Who sells gold teeth?"
TEXT = b"The harbour opens at six in the morning."


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@contextmanager
def telling(
    settings: WebSettings, embedder: HashEmbedder, *urls: str, start: bool = True, **changed: Any
) -> Iterator[Citewell]:
    """Citewell that tells these addresses; it begins to send at once, and again after next to no pause."""
    changed = {"webhook_urls": urls, "webhook_secret": KEY.decode(), **changed}
    with Citewell.open(replace(settings, **changed), embedder=embedder, create=True) as citewell:
        if start:
            citewell.hooks.start(first_pause=0.01)
        yield citewell


def put(citewell: Citewell, name: str = "hours") -> None:
    citewell.documents.put(name, TEXT, media_type="text/plain", location=f"{name}.txt")


def data_of(received: Received) -> dict[str, Any]:
    body = json.loads(received.body)
    assert set(body) == {"type", "timestamp", "data"}
    return {"type": body["type"], **body["data"]}


def waiting(settings: WebSettings) -> list[Path]:
    return [path for path in (settings.data_dir / "webhooks").glob("*/*") if not path.name.startswith(".")]


def test_a_document_that_comes_changes_and_goes_is_told_in_order_without_its_text(
    settings: WebSettings, embedder: HashEmbedder, receiver: Receiver
) -> None:
    with telling(settings, embedder, receiver.url) as citewell:
        put(citewell)
        citewell.documents.put("hours", TEXT + b" It shuts at ten.", media_type="text/plain", location="hours.txt")
        citewell.documents.remove("hours")
        came = [receiver.next() for _ in range(3)]
    told = {"type": "document_changed", "document_id": "hours"}
    assert [data_of(received) for received in came] == [
        told | {"change": "created", "location": "hours.txt"},
        told | {"change": "updated", "location": "hours.txt"},
        told | {"change": "removed"},
    ]
    assert {received.path for received in came} == {"/hook?of=a-team"}
    assert waiting(settings) == []


def test_rag_serve_sends_them(
    settings: WebSettings, embedder: HashEmbedder, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    with telling(settings, embedder, receiver.url, start=False) as citewell:
        told: list[Received] = []

        class Serving:
            def run(self, **_: object) -> None:
                put(citewell)
                told.append(receiver.next())

        monkeypatch.setattr("web.server.http_server.server_of", lambda *_, **__: Serving())
        monkeypatch.setattr("web.server.log.configure", lambda _: None)
        serve_command._serve(settings, citewell, None, watches=True)
    assert [data_of(received)["document_id"] for received in told] == ["hours"]


def test_what_was_not_answered_is_told_without_the_question(
    settings: WebSettings, embedder: HashEmbedder, receiver: Receiver
) -> None:
    with telling(settings, embedder, receiver.url, webhook_events=("not_answered",), **STRICT) as citewell:
        put(citewell)
        answer = citewell.conversations.ask(UNKNOWN, access=EVERYTHING).answer
        told = data_of(receiver.next())
    assert told == {"type": "not_answered", "answer_id": answer.id, "documents": 1}


def test_texts_are_told_where_that_is_asked_for(
    settings: WebSettings, embedder: HashEmbedder, receiver: Receiver
) -> None:
    with telling(settings, embedder, receiver.url, webhook_text=True, **STRICT) as citewell:
        put(citewell)
        changed = data_of(receiver.next())
        citewell.conversations.ask(UNKNOWN, access=EVERYTHING)
        asked = data_of(receiver.next())
    assert (changed["text"], changed["text_is_whole"]) == (TEXT.decode(), True)
    assert (asked["question"], asked["stand_alone_question"]) == (UNKNOWN, None)


def test_a_receiver_that_fails_first_is_told_the_same_again(settings: WebSettings, embedder: HashEmbedder) -> None:
    with receiving(500, 302, 404, 429) as receiver, telling(settings, embedder, receiver.url) as citewell:
        put(citewell)
        put(citewell, "tides")
        came = [receiver.next() for _ in range(6)]
    assert [received.headers["webhook-id"] for received in came[:5]] == [came[0].headers["webhook-id"]] * 5
    assert {received.body for received in came[:5]} == {came[0].body}
    assert {received.path for received in came} == {"/hook?of=a-team"}, "nobody is led elsewhere"
    assert data_of(came[5])["document_id"] == "tides", "in order, once the first was taken"


def test_a_message_that_is_refused_for_good_holds_nothing_up(settings: WebSettings, embedder: HashEmbedder) -> None:
    with receiving(422) as receiver, telling(settings, embedder, receiver.url) as citewell:
        put(citewell)
        put(citewell, "tides")
        assert [data_of(receiver.next())["document_id"] for _ in range(2)] == ["hours", "tides"]


def test_the_signature_is_over_id_moment_and_body(
    settings: WebSettings, embedder: HashEmbedder, receiver: Receiver
) -> None:
    with telling(settings, embedder, receiver.url) as citewell:
        put(citewell)
        came = receiver.next()
    signed = f"{came.headers['webhook-id']}.{came.headers['webhook-timestamp']}.".encode() + came.body
    expected = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
    assert came.headers["webhook-signature"] == f"v1,{expected}"
    assert came.headers["content-type"] == "application/json"


def test_what_was_not_taken_is_sent_after_the_next_start(settings: WebSettings, embedder: HashEmbedder) -> None:
    nobody = f"http://127.0.0.1:{free_port()}/"
    with receiving() as receiver:
        with telling(settings, embedder, receiver.url, nobody, start=False) as citewell:
            put(citewell)
        assert len(waiting(settings)) == 2
        assert {path.stat().st_mode & 0o777 for path in waiting(settings)} == {0o600}
        with telling(settings, embedder, receiver.url, nobody):
            assert data_of(receiver.next())["document_id"] == "hours"
            wait_for(lambda: len(waiting(settings)) == 1)
        assert len(waiting(settings)) == 1, "one that cannot be reached keeps no other from being told"


def test_who_is_named_no_more_is_told_nothing_more(settings: WebSettings, embedder: HashEmbedder) -> None:
    with receiving() as first, receiving() as second:
        with telling(settings, embedder, first.url, second.url, start=False) as citewell:
            put(citewell)
        with telling(settings, embedder, second.url):
            assert data_of(second.next())["document_id"] == "hours"
            wait_for(lambda: waiting(settings) == [])
        assert first.came.empty()


def test_nothing_is_told_where_nobody_is_named(settings: WebSettings, embedder: HashEmbedder) -> None:
    with telling(settings, embedder) as citewell:
        put(citewell)
    assert not (settings.data_dir / "webhooks").exists()


def test_proxies_of_the_environment_get_nothing(
    settings: WebSettings, embedder: HashEmbedder, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("no_proxy", raising=False)
    with telling(settings, embedder, receiver.url) as citewell:
        put(citewell)
        assert data_of(receiver.next())["document_id"] == "hours"
