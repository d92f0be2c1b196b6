"""The page of documents says when the data directory was looked after, and what was wrong."""

from __future__ import annotations

from fastapi.testclient import TestClient

from rag.app import Citewell
from rag.app.maintenance_report import MaintenanceReport, MaintenanceStep, save_report

DONE = MaintenanceReport(
    "2026-11-27T03:30:00+00:00", "2026-11-27T03:31:00+00:00", (MaintenanceStep("backup", True, "/srv/x.sqlite", 1.0),)
)
WRONG = MaintenanceReport(
    "2026-11-27T03:30:00+00:00", "2026-11-27T03:31:00+00:00", (MaintenanceStep("backup", False, "/srv/x is full", 1.0),)
)


def test_that_it_never_ran_is_not_talked_of(client: TestClient) -> None:
    assert "rag maintain" not in client.get("/documents").text


def test_when_it_ran_and_that_all_was_in_order(client: TestClient, citewell: Citewell) -> None:
    save_report(citewell.settings.data_dir, DONE)
    page = client.get("/documents").text
    assert "Looked after by <code>rag maintain</code>, all in order:" in page
    assert "2026-11-27 03:31 UTC" in page


def test_what_was_wrong_by_name_and_without_paths(client: TestClient, citewell: Citewell) -> None:
    save_report(citewell.settings.data_dir, WRONG)
    page = client.get("/documents?lang=de").text
    assert "<code>rag maintain</code> hat etwas gefunden, das nicht stimmt (backup):" in page
    assert "/srv" not in page
