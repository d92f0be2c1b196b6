"""Nightly care: it verifies, deletes what is over its time, backs up, reports, and never runs twice at once."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from rag.app import Citewell
from rag.app.maintain import maintain
from rag.app.maintenance_report import MaintenanceReport, MaintenanceStep, last_report, save_report
from rag.errors import StorageBusy
from rag.records import Access
from tests.support.places import ROOT
from tests.support.processes import environment, run_python
from tests.support.restart import restart

STEPS = ("verify", "audit", "retention", "checkpoint", "backup", "drill", "room")
EVERYTHING = Access.everything()
QUESTION = "When was the company founded?"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "backups"


@pytest.fixture
def citewell(citewell: Citewell, folder: Path) -> Citewell:
    """With a folder for backups, of which two are kept."""
    restart(citewell, backup_folder=folder, keep_backups=2, min_free_megabytes=0)
    return citewell


def details(report: MaintenanceReport) -> dict[str, str]:
    return {step.name: step.detail for step in report.steps}


def test_all_is_done_and_all_is_well(citewell: Citewell, folder: Path) -> None:
    report = maintain(citewell)
    assert [(step.name, step.ok) for step in report.steps] == [(name, True) for name in STEPS]
    assert report.ok
    assert last_report(citewell.settings.data_dir) == report
    assert (citewell.settings.data_dir / "maintenance.json").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in folder.iterdir()] == [details(report)["backup"].split(",")[0]]


def test_a_backup_of_it_is_restored_with_every_document(citewell: Citewell, folder: Path, tmp_path: Path) -> None:
    maintain(citewell)
    (backup,) = folder.iterdir()
    Citewell.restore(backup, replace(citewell.settings, data_dir=tmp_path / "restored"))
    code = """
import sys
from pathlib import Path
from rag.records import Access
from rag.store.sqlite.sqlite_store import SqliteStore
with SqliteStore.open(Path(sys.argv[1]), create=False) as store:
    print(store.counts(Access.everything())[0])
"""
    assert int(run_python(code, tmp_path / "restored")) == citewell.documents.count(access=EVERYTHING) > 0


def test_the_oldest_backups_go_and_nothing_else_in_the_folder(citewell: Citewell, folder: Path) -> None:
    folder.mkdir()
    for name in ("citewell-20200101T000000Z.sqlite", "citewell-20210101T000000Z.sqlite", "notes.sqlite"):
        (folder / name).write_bytes(b"old")
    assert "1 older ones deleted, the last 2 kept" in details(maintain(citewell))["backup"]
    left = sorted(path.name for path in folder.iterdir())
    assert left[0] == "citewell-20210101T000000Z.sqlite"
    assert left[2:] == ["notes.sqlite"]


def test_while_something_is_wrong_no_backup_is_deleted(citewell: Citewell, folder: Path) -> None:
    folder.mkdir()
    for year in range(2020, 2024):
        (folder / f"citewell-{year}0101T000000Z.sqlite").write_bytes(b"old")
    with citewell._store.database.writing() as connection:  # type: ignore[attr-defined] # damage needs the real store
        connection.execute("DELETE FROM chunk_vectors WHERE rowid = (SELECT min(rowid) FROM chunk_vectors)")
    report = maintain(citewell)
    assert report.failed == ("verify",)
    assert "vectors: " in details(report)["verify"]
    assert "no older one was deleted" in details(report)["backup"]
    assert len(list(folder.iterdir())) == 5


def test_what_cannot_be_done_is_told_of_and_the_rest_is_done(citewell: Citewell, folder: Path) -> None:
    folder.write_text("a file in the place of the folder")
    report = maintain(citewell)
    assert report.failed == ("backup",)
    assert str(folder) in details(report)["backup"]
    assert [step.name for step in report.steps] == list(STEPS)


def test_without_a_folder_there_is_no_backup_and_that_is_said(citewell: Citewell) -> None:
    restart(citewell, backup_folder=None)
    assert details(maintain(citewell))["backup"] == "none was made: CITEWELL_BACKUP_FOLDER names no folder"


def test_too_little_room_is_wrong(citewell: Citewell) -> None:
    restart(citewell, min_free_megabytes=10**12)
    assert maintain(citewell).failed == ("room",)


def test_what_is_over_its_time_is_deleted(citewell: Citewell) -> None:
    citewell.conversations.ask(QUESTION, access=EVERYTHING, keep=True)
    citewell.conversations.add_feedback("abc", access=EVERYTHING, relevance="relevant", comment="thanks")
    restart(citewell, keep_conversations_days=0, keep_feedback_days=0)
    said = details(maintain(citewell))["retention"]
    assert said.startswith("deleted: 1 conversations over their time, 0 conversations beyond their room, 1 votes and")
    assert details(maintain(citewell))["retention"].startswith("deleted: 0 conversations over their time")


def test_the_log_of_the_database_is_merged(citewell: Citewell) -> None:
    log = citewell.settings.data_dir / "citewell.sqlite-wal"
    citewell.documents.put("hours", b"The harbour opens at six.", media_type="text/plain")
    assert log.stat().st_size > 0
    assert details(maintain(citewell))["checkpoint"] == "the log is merged into the database"
    assert log.stat().st_size == 0


def test_two_at_once_are_refused_and_one_that_was_killed_is_in_nobodys_way(citewell: Citewell) -> None:
    code = """
import sys
from pathlib import Path
from rag.app.maintain import _alone
with _alone(Path(sys.argv[1])):
    print("at work", flush=True)
    sys.stdin.read()
"""
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(citewell.settings.data_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(),
        cwd=ROOT,
    )
    with other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"at work\n"
        with pytest.raises(StorageBusy, match="Another `rag maintain` is at work"):
            maintain(citewell)
        other.kill()
        other.wait()
        assert maintain(citewell).ok


@pytest.mark.parametrize(
    "found", ["", "{", "[]", '{"steps": 3}', '{"steps": [], "started_at": "x", "finished_at": "y"}']
)
def test_a_report_that_is_none_is_passed_over(tmp_path: Path, found: str) -> None:
    (tmp_path / "maintenance.json").write_text(found)
    assert last_report(tmp_path) is None


def test_a_report_is_read_as_it_was_kept(tmp_path: Path) -> None:
    steps = (
        MaintenanceStep("verify", False, "vectors: 3 are missing", 1.5),
        MaintenanceStep("room", True, "much", 0.0),
    )
    report = MaintenanceReport("2026-11-27T03:30:00+00:00", "2026-11-27T03:31:00+00:00", steps)
    save_report(tmp_path, report)
    assert last_report(tmp_path) == report
    assert (report.ok, report.failed, report.finished) == (False, ("verify",), 1795750260.0)
    assert json.loads((tmp_path / "maintenance.json").read_text())["ok"] is False
    assert [path.name for path in tmp_path.iterdir()] == ["maintenance.json"]
    save_report(tmp_path, replace(report, steps=()))
    assert last_report(tmp_path) == replace(report, steps=())
