"""The adapter answers what Slack and Teams have signed, and nobody else; quotes are shown as they stand."""

from __future__ import annotations

import base64
import hashlib
import hmac
import importlib.util
import json
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

from tests.support import questions
from tests.support.places import ROOT
from tests.support.scripted import ScriptedCitewell
from tests.support.servers import serving
from web.settings import WebSettings

SLACK, TEAMS = b"the signing secret of Slack", base64.b64encode(b"the token of Teams")


def load() -> Any:
    """The example is a program and not part of a package."""
    spec = importlib.util.spec_from_file_location("chat_adapter", ROOT / "examples" / "chat_adapter.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Where the adapter is, and where Citewell is."""
    with serving(ScriptedCitewell(WebSettings(data_dir=tmp_path_factory.mktemp("adapter")))) as port:
        citewell = f"http://127.0.0.1:{port}"
        with load().Adapter(("127.0.0.1", 0), citewell, slack=SLACK, teams=TEAMS) as adapter:
            thread = threading.Thread(target=adapter.serve_forever)
            thread.start()
            adapter.client._http.timeout = httpx2.Timeout(200)  # a busy machine is not what is tested
            yield f"http://127.0.0.1:{adapter.server_port}", citewell
            adapter.shutdown()
            thread.join()
            adapter.client.close()


def slack(place: str, text: str, *, secret: bytes = SLACK, age: int = 0) -> httpx2.Response:
    body = urlencode({"command": "/docs", "text": text, "response_url": "https://evil.example/"}).encode()
    timestamp = str(int(time.time()) - age)
    signature = "v0=" + hmac.new(secret, f"v0:{timestamp}:".encode() + body, hashlib.sha256).hexdigest()
    headers = {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": signature}
    return httpx2.post(f"{place}/slack", content=body, headers=headers, timeout=200)


def teams(place: str, text: str, *, secret: bytes = TEAMS) -> httpx2.Response:
    body = json.dumps({"type": "message", "text": f"<at>Citewell</at>&nbsp;{text}"}).encode()
    signed = base64.b64encode(hmac.new(base64.b64decode(secret), body, hashlib.sha256).digest()).decode()
    return httpx2.post(f"{place}/teams", content=body, headers={"Authorization": f"HMAC {signed}"}, timeout=200)


def test_slack_is_shown_the_quote_and_a_link_to_its_place(places: tuple[str, str]) -> None:
    place, citewell = places
    message = slack(place, questions.ANSWERED).json()
    head, quote, source = message["blocks"]
    assert (message["response_type"], head["text"]["text"]) == ("ephemeral", "From the documents:")
    assert quote["text"] == {"type": "plain_text", "text": questions.QUOTE, "emoji": False}
    link = source["elements"][0]["text"]
    assert link.startswith(f"<{citewell}/documents/observatory?start=")
    assert link.endswith("#cited|The hill observatory>")


def test_teams_is_shown_the_same_in_a_card(places: tuple[str, str]) -> None:
    place, citewell = places
    card = teams(place, questions.ANSWERED).json()["attachments"][0]["content"]
    assert [block["inlines"][0]["text"] for block in card["body"]] == ["From the documents:", questions.QUOTE]
    assert [action["url"].startswith(f"{citewell}/documents/observatory?") for action in card["actions"]] == [True]


def test_what_may_answer_and_what_was_not_found_are_said(places: tuple[str, str]) -> None:
    place, _ = places
    possible = slack(place, questions.POSSIBLE).json()
    assert (possible["text"], len(possible["blocks"])) == ("This may answer it:", 7)
    assert teams(place, questions.UNKNOWN).json()["text"] == "I did not find it."


def test_what_cannot_be_asked_is_said_to_who_asked(places: tuple[str, str]) -> None:
    assert slack(places[0], "   ").json()["text"].startswith("The question is empty.")


@pytest.mark.parametrize("age", [-400, 400])
def test_an_old_request_or_one_of_the_future_is_refused(places: tuple[str, str], age: int) -> None:
    assert slack(places[0], questions.ANSWERED, age=age).status_code == 403


def test_who_does_not_know_the_secret_is_refused(places: tuple[str, str]) -> None:
    place, _ = places
    refused = [
        slack(place, questions.ANSWERED, secret=b"another"),
        teams(place, questions.ANSWERED, secret=base64.b64encode(b"another")),
        httpx2.post(f"{place}/slack", content=b"text=why"),
        httpx2.post(f"{place}/teams", content=b"{}"),
        httpx2.post(f"{place}/elsewhere", content=b"{}"),
    ]
    assert [response.status_code for response in refused] == [403] * 5


def test_a_body_without_end_is_not_read(places: tuple[str, str]) -> None:
    assert httpx2.post(f"{places[0]}/slack", content=b"x" * 70_000).status_code == 413


def test_a_title_cannot_break_out_of_its_link() -> None:
    adapter = load()
    title = "<!channel> & a|b"
    citation = {"document": {"title": title}, "link": "/documents/x", "lead_in": None, "quote": "*bold* <@U1>"}
    message = adapter.for_slack({"status": "answered", "citations": [citation]}, "https://c.example")
    assert message["blocks"][2]["elements"][0]["text"] == "<https://c.example/documents/x|&lt;!channel&gt; &amp; a/b>"
    assert message["blocks"][1]["text"]["text"] == "*bold* <@U1>"
