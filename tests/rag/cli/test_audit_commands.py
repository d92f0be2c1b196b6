"""`rag audit`: the log checked, shown, written out, pruned, and a question of it asked again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag.access.audit import AuditEvent, AuditKind, AuditLog, AuditPolicy
from tests.support.hash_cli import Rag

HARBOUR = "When was the harbour at Westerholm opened?"


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AuditLog:
    monkeypatch.setenv("CITEWELL_AUDIT", "on")
    monkeypatch.setenv("CITEWELL_AUDIT_QUESTIONS", "full")
    return AuditLog(tmp_path / "data" / "audit", AuditPolicy(questions="full"))


def write(log: AuditLog, person: str = "anna") -> None:
    log.write(AuditEvent(AuditKind.OPENED, person, "session", facts={"document": "rules"}))


def test_a_whole_log_is_ok_and_its_last_line_can_be_noted(rag: Rag, log: AuditLog) -> None:
    write(log)
    shown = rag("audit", "verify", "--json")
    assert (shown.code, shown.json["sound"], shown.json["lines"]) == (0, True, 1)
    noted = f"1:{shown.json['hash']}"
    assert noted in rag("audit", "verify").out
    write(log)
    assert rag("audit", "verify", "--noted", noted).code == 0
    assert rag("audit", "verify", "--noted", f"1:{'0' * 64}").code == 1


@pytest.mark.parametrize("noted", ["1", "x:y", f"-1:{'0' * 64}"])
def test_what_cannot_have_been_noted_is_refused(rag: Rag, noted: str) -> None:
    shown = rag("audit", "verify", f"--noted={noted}")
    assert (shown.code, "expected NUMBER:HASH" in shown.err) == (2, True)


def test_a_log_that_was_changed_is_damaged(rag: Rag, log: AuditLog) -> None:
    write(log)
    (path,) = log.folder.glob("*.jsonl")
    path.write_text(path.read_text().replace("rules", "wages"))
    shown = rag("audit", "verify")
    assert (shown.code, shown.out.startswith(f"DAMAGED  {path.name}, line 1: ")) == (1, True)


def test_lines_are_shown_and_written_out_as_they_are_wanted(rag: Rag, log: AuditLog, tmp_path: Path) -> None:
    for person in ("anna", "otto\x1b[31m", "anna"):
        write(log, person)
    assert [line.split()[0] for line in rag("audit", "show", "--person", "anna").out.splitlines()] == ["1", "3"]
    assert "\x1b" not in rag("audit", "show").out
    assert [
        entry["number"] for entry in rag("audit", "show", "--limit", 1, "--kind", "opened", "--json").json["entries"]
    ] == [3]
    exported = rag("audit", "export", "--person", "anna", "--kind", "opened")
    assert [json.loads(line)["number"] for line in exported.out.splitlines()] == [1, 3]
    target = tmp_path / "log.csv"
    assert rag("audit", "export", target, "--format", "csv", "--kind", "opened").code == 0
    assert (target.read_text().count("\n"), target.stat().st_mode & 0o077) == (4, 0)
    again = rag("audit", "export", target)
    assert (again.code, "is there already" in again.err) == (1, True)
    exports = rag("audit", "show", "--kind", "log_exported", "--json").json["entries"]
    assert [(entry["whom"], entry["facts"]["lines"], entry["method"]) for entry in exports] == [
        ("anna", 2, "cli"),
        ("", 3, "cli"),
    ]
    looks = rag("audit", "show", "--kind", "log_read", "--json").json["entries"]
    assert [(entry["whom"], entry["facts"]["lines"], entry["method"]) for entry in looks] == [
        ("anna", 2, "cli"),
        ("", 5, "cli"),
        ("", 1, "cli"),
        ("", 2, "cli"),
    ]


def test_a_kind_that_there_is_none_of_is_refused(rag: Rag) -> None:
    assert rag("audit", "show", "--kind", "sneezed").code == 2


@pytest.mark.usefixtures("log")
def test_a_question_is_asked_again(rag: Rag, library: Path) -> None:
    assert rag("ingest", library).code == 0
    assert rag("audit", "show", "--kind", "document_added", "--json").json["entries"][0]["method"] == "cli"
    assert rag("ask", HARBOUR).code == 0
    (asked,) = rag("audit", "show", "--kind", "asked", "--json").json["entries"]
    assert asked["question"] == HARBOUR
    shown = rag("audit", "replay", asked["number"])
    assert (shown.code, shown.out) == (0, "same: the same answer from the same texts\n")
    cited = asked["facts"]["cited"][0][1]
    assert rag("remove", cited).code == 0
    shown = rag("audit", "replay", asked["number"], "--json")
    assert (shown.code, shown.json["same"], shown.json["missing"]) == (1, False, [cited])


def test_nothing_is_pruned_that_is_young(rag: Rag, log: AuditLog) -> None:
    write(log)
    assert rag("audit", "prune", "--json").json == {"removed": []}
