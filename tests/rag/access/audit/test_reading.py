"""The log as people read it and as it is written out, with and without the keys of its persons."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from rag.access.audit import AuditEvent, AuditKind, AuditLog, AuditPolicy, check_log
from rag.access.audit.log_formats import as_csv, as_json_lines
from rag.access.audit.reading import AuditEntry, AuditFilter, read_log
from rag.access.audit.sealing import question_hash, seal, unseal
from rag.errors import StorageDamaged


class Hours:
    """A clock that goes on by an hour with every look at it."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 1, 1, 20, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.moment += timedelta(hours=1)
        return self.moment


@pytest.fixture
def log(tmp_path: Path) -> AuditLog:
    return AuditLog(tmp_path / "audit", AuditPolicy(questions="full"), now=Hours())


def entries(log: AuditLog, **wanted: Any) -> list[AuditEntry]:
    return list(read_log(log.folder, log.keys, AuditFilter(**wanted)))


def ask(log: AuditLog, person: str, question: str) -> None:
    event = AuditEvent(AuditKind.ASKED, person, "session", "10.0.0.7", question=question, facts={"status": "possible"})
    log.write(event)


def test_there_is_nothing_before_the_first_line(log: AuditLog) -> None:
    assert entries(log) == []


def test_with_the_keys_all_is_there(log: AuditLog) -> None:
    ask(log, "anna", "Am I ill?")
    log.write(AuditEvent(AuditKind.ROLES_CHANGED, "otto", whom="anna", facts={"roles": ["editor"]}))
    first, second = entries(log)
    assert (first.number, first.person, first.method, first.address) == (1, "anna", "session", "10.0.0.7")
    assert (first.question, first.facts, first.is_erased) == ("Am I ill?", {"status": "possible"}, False)
    assert (second.person, second.whom, second.kind) == ("otto", "anna", "roles_changed")


def test_who_is_forgotten_leaves_a_pseudonym_and_a_log_that_is_whole(log: AuditLog) -> None:
    ask(log, "anna", "Am I ill?")
    ask(log, "otto", "Where is the key?")
    before = check_log(log.folder)
    assert log.keys.forget("anna") is not None
    anna, otto = entries(log)
    assert (anna.question, anna.address, anna.is_erased, otto.question) == ("", "", True, "Where is the key?")
    assert anna.person.startswith("p-")
    assert check_log(log.folder) == before
    assert not [path for path in log.folder.rglob("*") if path.is_file() and b"anna" in path.read_bytes()]
    ask(log, "anna", "Who am I now?")
    assert [entry.person for entry in entries(log, person="anna")] == ["anna"]
    assert [entry.number for entry in entries(log, person=anna.person)] == [1]
    assert log.keys.forget("nobody of that name") is None


@pytest.mark.parametrize(
    ("policy", "has_hash", "has_text"), [("full", True, True), ("hash", True, False), ("none", False, False)]
)
def test_the_policy_says_what_is_kept_of_a_question(
    tmp_path: Path, policy: str, has_hash: bool, has_text: bool
) -> None:
    log = AuditLog(tmp_path, AuditPolicy(questions=policy))
    ask(log, "anna", "Am I ill?")
    (entry,) = entries(log)
    key = log.keys.of("anna")
    assert entry.question == ("Am I ill?" if has_text else "")
    assert entry.question_hash == (question_hash("Am I ill?", key) if has_hash else "")
    assert entry.address == "10.0.0.7"


def test_the_same_question_of_two_persons_has_two_hashes(log: AuditLog) -> None:
    for person in ("anna", "otto", "anna"):
        ask(log, person, "Am I ill?")
    first, second, third = (entry.question_hash for entry in entries(log))
    assert first == third != second


def test_what_is_sealed_belongs_to_one_line(log: AuditLog) -> None:
    anna, otto = log.keys.of("anna"), log.keys.of("otto")
    sealed = seal({"question": "Why?"}, anna, 7)
    assert unseal(sealed, anna, 7) == {"question": "Why?"}
    assert (unseal(sealed, anna, 8), unseal(sealed, otto, 7), unseal("x", anna, 7)) == (None, None, None)


def test_lines_are_wanted_by_time_person_kind_and_number(log: AuditLog) -> None:
    for person in ("anna", "otto", "anna", "otto", "anna"):  # from 21:00 to 01:00 of the next day
        ask(log, person, "Why?")
    assert [e.number for e in entries(log, since="2026-01-02")] == [4, 5]
    assert [e.number for e in entries(log, until="2026-01-02")] == [1, 2, 3]
    assert [e.number for e in entries(log, since="2026-01-01T22:00", until="2026-01-02T00:30")] == [2, 3, 4]
    assert [e.number for e in entries(log, person="anna", after=1)] == [3, 5]
    assert [e.number for e in entries(log, kind="signed_in")] == []


def test_json_and_csv_hold_the_same_and_no_cell_is_a_formula(log: AuditLog) -> None:
    ask(log, "=anna", "=SUM(1)\nnext\x1b")
    (body,) = [json.loads(line) for line in as_json_lines(entries(log))]
    assert (body["person"], body["question"]) == ("=anna", "=SUM(1)\nnext\x1b")
    (row,) = csv.DictReader(io.StringIO("".join(as_csv(entries(log)))))
    assert (row["person"], row["question"], row["facts"]) == (
        "'=anna",
        "'=SUM(1)\\nnext\\x1b",
        '{"status": "possible"}',
    )
    assert row["hash"] == body["hash"]


def test_a_file_of_a_person_that_does_not_read_says_so(log: AuditLog) -> None:
    ask(log, "anna", "Why?")
    for path in (log.folder / "people").iterdir():
        path.write_text("{}")
    with pytest.raises(StorageDamaged, match="does not say who"):
        entries(log)
