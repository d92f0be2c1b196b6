"""The audit log over REST and on its page: for auditors, as it is wanted, and with nothing in it that is markup."""

from __future__ import annotations

import csv
import html
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from rag.access.audit import AuditKind
from tests.support.scripted import ScriptedCitewell
from tests.support.servers import client_of
from web.i18n import languages
from web.settings import WebSettings

MIRROR = "How big is the mirror?"


@pytest.fixture
def audited(settings: WebSettings) -> ScriptedCitewell:
    return ScriptedCitewell(replace(settings, audit="on", audit_questions="full"))


@pytest.fixture
def auditor(audited: ScriptedCitewell) -> Iterator[TestClient]:
    with client_of(audited.settings, audited, client=("127.0.0.1", 50_000)) as client:
        yield client


def entries(client: TestClient, **query: Any) -> list[dict]:
    return client.get("/api/v1/audit", params=query).json()["entries"]


def test_what_was_asked_and_opened_over_rest_is_there(auditor: TestClient) -> None:
    auditor.post("/api/v1/ask", json={"question": MIRROR})
    auditor.get("/api/v1/search", params={"q": MIRROR})
    auditor.get("/api/v1/documents/observatory/text")
    auditor.get("/documents/observatory")
    found = entries(auditor)
    assert [(entry["kind"], entry["facts"].get("what")) for entry in found] == [
        ("asked", None),
        ("searched", None),
        ("opened", "text"),
        ("opened", "page"),
    ]
    assert [(entry["person"], entry["method"], entry["address"]) for entry in found] == [
        ("", "single-user", "127.0.0.1")
    ] * 4
    assert found[0]["question"] == MIRROR


def test_a_conversation_that_is_opened_again_is_put_down_without_its_id(
    auditor: TestClient, audited: ScriptedCitewell
) -> None:
    kept = auditor.post("/api/v1/ask", json={"question": MIRROR, "keep": True}).json()["conversation_id"]
    for address in (f"/api/v1/conversations/{kept}", f"/api/v1/conversations/{kept}/export", f"/c/{kept}"):
        assert auditor.get(address).status_code == 200
    asked, *opened = entries(auditor)
    assert [(entry["kind"], entry["facts"]["what"]) for entry in opened] == [("opened", "conversation")] * 3
    assert [entry["facts"]["cited"] for entry in opened] == [asked["facts"]["cited"]] * 3
    raw = b"".join(path.read_bytes() for path in audited.audit.folder.glob("*.jsonl"))
    assert kept.encode() not in raw


def test_what_is_streamed_is_put_down_before_it_is_shown(auditor: TestClient) -> None:
    auditor.post("/api/v1/ask", json={"question": MIRROR}, headers={"Accept": "text/event-stream"})
    (entry,) = entries(auditor)
    assert entry["facts"]["cited"]


def test_lines_are_given_as_they_are_wanted(auditor: TestClient) -> None:
    for _ in range(3):
        auditor.get("/api/v1/documents/observatory/text")
    assert [entry["number"] for entry in entries(auditor, after=1, limit=1)] == [2]
    assert entries(auditor, kind="asked") == []
    assert entries(auditor, person="anna") == []
    assert len(entries(auditor, since="2020-01-01T00:00:00Z", until="2999-01-01", kind="opened")) == 3


def test_who_reads_it_is_put_down_too(auditor: TestClient) -> None:
    auditor.post("/api/v1/ask", json={"question": MIRROR})
    entries(auditor, kind="asked", since="2020-01-01", person="anna")
    auditor.get("/audit")
    assert [entry["facts"] for entry in entries(auditor, kind="log_read")] == [
        {"what": "lines", "lines": 0, "since": "2020-01-01", "of": "asked"},
        {"what": "page", "lines": 2},
    ]


@pytest.mark.parametrize("query", [{"kind": "sneezed"}, {"since": "yesterday"}, {"limit": 0}, {"after": -1}])
def test_what_makes_no_sense_is_refused(auditor: TestClient, query: dict) -> None:
    assert auditor.get("/api/v1/audit", params=query).status_code == 422


def test_it_is_checked(auditor: TestClient, audited: ScriptedCitewell) -> None:
    auditor.get("/api/v1/documents/observatory/text")
    body = auditor.get("/api/v1/audit/check").json()
    assert (body["sound"], body["lines"], body["troubles"]) == (True, 1, [])
    (path,) = audited.audit.folder.glob("*.jsonl")
    path.write_text(path.read_text().replace("observatory", "newsletter"))
    body = auditor.get("/api/v1/audit/check").json()
    assert (body["sound"], body["troubles"][0]["fault"]) == (False, True)


def test_it_is_saved_and_that_is_put_down(auditor: TestClient) -> None:
    auditor.post("/api/v1/ask", json={"question": MIRROR})
    saved = auditor.get("/api/v1/audit/export")
    assert saved.headers["content-disposition"] == 'attachment; filename="audit.jsonl"'
    assert [json.loads(line)["question"] for line in saved.text.splitlines()] == [MIRROR]
    (row,) = csv.DictReader(
        io.StringIO(auditor.get("/api/v1/audit/export", params={"format": "csv", "kind": "asked"}).text)
    )
    assert row["question"] == MIRROR
    assert [entry["facts"] for entry in entries(auditor, kind="log_exported")] == [
        {"lines": 1, "format": "json"},
        {"lines": 1, "of": "asked", "format": "csv"},
    ]


def test_a_wrong_key_is_put_down_and_nothing_of_it(settings: WebSettings) -> None:
    settings = replace(settings, audit="on", api_key="the right one, long enough")
    citewell = ScriptedCitewell(settings)
    with client_of(settings, citewell) as client:
        wrong = {"Authorization": "Bearer a-wrong-one-that-is-secret-elsewhere"}
        assert client.delete("/api/v1/documents/observatory", headers=wrong).status_code == 401
        assert client.get("/api/v1/audit").status_code == 401
        assert client.get("/audit").status_code == 401
        right = {"Authorization": f"Bearer {settings.api_key}"}
        (entry,) = client.get("/api/v1/audit", headers=right).json()["entries"]
    assert (entry["kind"], entry["facts"]) == ("key_failed", {"reason": "refused"})
    raw = b"".join(path.read_bytes() for path in citewell.audit.folder.rglob("*") if path.is_file())
    assert b"secret-elsewhere" not in raw
    assert b"the right one" not in raw


class TestPage:
    def test_it_shows_the_newest_line_first_and_escapes_what_was_typed(self, auditor: TestClient) -> None:
        auditor.post("/api/v1/ask", json={"question": "<script>alert(1)</script>?"})
        auditor.get("/api/v1/documents/observatory/text")
        page = auditor.get("/audit").text
        assert page.index("Opened a document") < page.index("Asked</span>")
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page

    def test_it_says_whether_the_log_is_whole(self, auditor: TestClient) -> None:
        auditor.get("/api/v1/documents/observatory/text")
        assert "The only line is as it was written." in auditor.get("/audit", params={"check": "true"}).text

    def test_where_it_is_off_it_says_so(self, settings: WebSettings, scripted: ScriptedCitewell) -> None:
        with client_of(settings, scripted, client=("127.0.0.1", 50_000)) as client:
            assert "the log is off" in html.unescape(client.get("/audit").text)

    @pytest.mark.parametrize("language", languages())
    @pytest.mark.parametrize("kind", AuditKind)
    def test_every_event_has_a_name_in_every_language(self, language: str, kind: AuditKind) -> None:
        assert languages()[language](f"audit.kind.{kind}")
