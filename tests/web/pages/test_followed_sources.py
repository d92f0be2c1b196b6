"""The page of documents, and REST, say what each source brought, what failed and why."""

from __future__ import annotations

from fastapi.testclient import TestClient

from rag.app import Citewell
from rag.sources import SourceReport, SourceState
from rag.sources.source_report import SourceFailure, save_state
from tests.support.source_scenes import write_source_file

REPORT = SourceReport(
    "2026-11-27T03:30:00+00:00",
    "2026-11-27T03:31:00+00:00",
    ok=False,
    created=7,
    unchanged=3,
    failed=1,
    failures=(SourceFailure("source:home/a.pdf", "source:home/a.pdf: the <file> is empty"),),
    problems=("The listing is not complete: the connection failed. Nothing is removed.",),
)


def test_without_sources_there_is_nothing_of_them(client: TestClient) -> None:
    assert client.get("/api/v1/sources").json() == {"error": "", "sources": []}
    assert "Sources" not in client.get("/documents").text


def test_what_each_source_brought_and_what_failed(client: TestClient, citewell: Citewell) -> None:
    table = {"kind": "git", "url": "/srv/home.git"}
    write_source_file(citewell, home=table, new=table)
    save_state(citewell.settings.data_dir, "home", SourceState("", "", False, "2026-11-26T03:31:00+00:00", REPORT))
    home, new = client.get("/api/v1/sources").json()["sources"]
    assert (home["succeeded_at"], home["report"]["failures"]) == (
        "2026-11-26T03:31:00+00:00",
        [{"path": "source:home/a.pdf", "error": "source:home/a.pdf: the <file> is empty"}],
    )
    assert new == {"name": "new", "kind": "git", "succeeded_at": None, "report": None}
    page = client.get("/documents").text
    assert "New 7, changed 0, moved 0, removed 0, unchanged 3, failed 1." in page
    assert "The listing is not complete: the connection failed. Nothing is removed." in page
    assert "the &lt;file&gt; is empty" in page
    assert "not read yet" in page
    assert "es fehlt etwas" in client.get("/documents?lang=de").text


def test_a_file_that_makes_no_sense_is_told_of(client: TestClient, citewell: Citewell) -> None:
    write_source_file(citewell, home={"kind": "cvs"})
    error = client.get("/api/v1/sources").json()["error"]
    assert error.endswith(
        "source home: kind is 'cvs'; expected one of git, webdav, feed, mediawiki, dokuwiki, s3, imap."
    )
    assert "source home: kind is" in client.get("/documents").text
