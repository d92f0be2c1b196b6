"""Lines of the log have time, address and request, stay lines, and stay few; none has what was asked."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from rag.errors import InvalidSetting
from tests.support.scripted import ScriptedCitewell
from tests.support.servers import client_of
from web.server.log import REQUEST, Bounds, JsonLines, RequestOrigin, TextLines, configure
from web.settings import WebSettings


def record(message: str, *values: object, name: str = "citewell.web") -> logging.LogRecord:
    made = logging.LogRecord(name, logging.WARNING, __file__, 1, message, values, None)
    made.created = 0.0
    return made


@pytest.fixture
def within_request() -> Iterator[None]:
    token = REQUEST.set(RequestOrigin("9f3c", "192.0.2.7"))
    yield
    REQUEST.reset(token)


@pytest.mark.usefixtures("within_request")
def test_a_line_of_text_says_when_and_of_whom() -> None:
    line = TextLines().format(record("%s is full", "disk"))
    assert line == "1970-01-01T00:00:00.000Z WARNING citewell.web [9f3c 192.0.2.7] disk is full"


@pytest.mark.usefixtures("within_request")
def test_a_line_of_json_says_the_same() -> None:
    assert json.loads(JsonLines().format(record("%s is full", "disk"))) == {
        "time": "1970-01-01T00:00:00.000Z",
        "level": "warning",
        "logger": "citewell.web",
        "message": "disk is full",
        "request_id": "9f3c",
        "address": "192.0.2.7",
    }


@pytest.mark.parametrize("words", ["a\nb", "a\rb", "a\u2028b", "a\x1b[31mb", "\u202eb", "\ud800"])
def test_words_of_strangers_make_no_line_of_their_own(words: str) -> None:
    for form in (TextLines(), JsonLines()):
        line = form.format(record("for %s", words))
        assert line.isprintable()
        line.encode()


def test_of_a_kind_sixty_are_written_in_a_minute_and_then_how_many_there_were() -> None:
    now = 0.0
    bounds = Bounds(lambda: now)
    written = [bounds.filter(record("broken request %d", number)) for number in range(10_000)]
    assert (sum(written), bounds.filter(record("another"))) == (60, True)
    now = 61.0
    later = record("broken request %d", 1)
    assert bounds.filter(later)
    assert later.getMessage() == "broken request 1 (9,940 more like this were left out before)"


def test_another_form_is_refused() -> None:
    with pytest.raises(InvalidSetting, match="log_format is 'xml'; expected text or json"):
        WebSettings.from_env({"CITEWELL_LOG_FORMAT": "xml"})


class TestTheAccessLog:
    @pytest.fixture
    def logged(self, settings: WebSettings, capsys: pytest.CaptureFixture[str]) -> Iterator[None]:
        assert capsys, "what is written goes where the test reads it"
        root, access = logging.getLogger(), logging.getLogger("citewell.access")
        others, levels = root.handlers[:], (root.level, access.level)
        root.handlers.clear()
        configure(replace(settings, log_format="json"))
        (ours,) = root.handlers
        yield
        root.removeHandler(ours)
        root.handlers.extend(other for other in others if other not in root.handlers)
        root.setLevel(levels[0])
        access.setLevel(levels[1])

    @pytest.mark.usefixtures("logged")
    def test_has_a_line_for_each_request_and_the_id_that_its_answer_has(
        self, settings: WebSettings, scripted: ScriptedCitewell, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with client_of(settings, scripted) as client:
            answer = client.get("/?q=secret+question", headers={"Authorization": "Bearer secret-key"})
            refused = client.get("/healthz", headers={"Host": "evil.example"})
        lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
        assert [(line["method"], line["path"], line["status"]) for line in lines] == [
            ("GET", "/", answer.status_code),
            ("GET", "/healthz", 421),
        ]
        assert [line["request_id"] for line in lines] == [r.headers["x-request-id"] for r in (answer, refused)]
        assert all(line["address"] == "testclient" and line["ms"] >= 0 for line in lines)
        assert "secret" not in json.dumps(lines)

    @pytest.mark.usefixtures("logged")
    def test_names_no_conversation_and_escapes_what_it_names(
        self, scripted_client: TestClient, capsys: pytest.CaptureFixture[str]
    ) -> None:
        scripted_client.get("/api/v1/conversations/0123456789abcdef")
        scripted_client.get("/a%0ab%1b")
        paths = [json.loads(line)["path"] for line in capsys.readouterr().err.splitlines()]
        assert paths == ["/api/v1/conversations/...", "/a\\nb\\x1b"]

    def test_an_id_is_of_one_request(self, scripted_client: TestClient) -> None:
        ids = {scripted_client.get("/healthz").headers["x-request-id"] for _ in range(20)}
        assert len(ids) == 20
        assert all(re.fullmatch("[0-9a-f]{16}", one) for one in ids)
