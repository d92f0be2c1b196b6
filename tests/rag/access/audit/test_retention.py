"""Old files go, and what is left can still be checked; a file that somebody else removed is found."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rag.access.audit import AuditEvent, AuditKind, AuditLog, AuditPolicy, check_log

DAY = timedelta(days=1)


class Days:
    """A clock that a test moves on."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 1, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment


@pytest.fixture
def clock() -> Days:
    return Days()


def log_of(folder: Path, clock: Days, *, keep_days: int) -> AuditLog:
    return AuditLog(folder, AuditPolicy(keep_days=keep_days), now=clock)


def write_days(log: AuditLog, clock: Days, days: int) -> None:
    for _ in range(days):
        log.write(AuditEvent(AuditKind.OPENED, person="anna"))
        clock.moment += DAY


def days_of(folder: Path) -> list[str]:
    return [path.stem.partition("-")[2] for path in sorted(folder.glob("*.jsonl"))]


def test_files_go_when_their_last_line_is_too_old(tmp_path: Path, clock: Days) -> None:
    log = log_of(tmp_path, clock, keep_days=3)
    write_days(log, clock, 6)
    assert days_of(tmp_path) == ["2026-01-03", "2026-01-04", "2026-01-05", "2026-01-06"]
    report = check_log(tmp_path)
    assert report.troubles == ()
    assert report.first > 1


def test_what_is_left_begins_with_a_file_that_was_told_of(tmp_path: Path, clock: Days) -> None:
    log = log_of(tmp_path, clock, keep_days=0)
    write_days(log, clock, 5)
    kept = log_of(tmp_path, clock, keep_days=2)
    assert kept.remove_old(person="otto", method="cli") == [f"{n:06d}-2026-01-0{n}.jsonl" for n in (1, 2, 3)]
    last = json.loads(sorted(tmp_path.glob("*.jsonl"))[-1].read_text().splitlines()[-1])
    assert (last["event"], last["how"], [file["last"] for file in last["facts"]["files"]]) == (
        "files_removed",
        "cli",
        [1, 2, 3],
    )
    assert check_log(tmp_path).troubles == ()
    assert kept.remove_old() == []


def test_with_no_days_all_is_kept(tmp_path: Path, clock: Days) -> None:
    log = log_of(tmp_path, clock, keep_days=0)
    write_days(log, clock, 4)
    assert log.remove_old() == []
    assert len(days_of(tmp_path)) == 4


def test_a_removal_that_was_interrupted_is_no_fault(tmp_path: Path, clock: Days) -> None:
    """Told of, and then only the first of three files was gone."""
    log = log_of(tmp_path, clock, keep_days=0)
    write_days(log, clock, 5)
    texts = {path: path.read_bytes() for path in sorted(tmp_path.glob("*.jsonl"))}
    log_of(tmp_path, clock, keep_days=2).remove_old()
    for path in list(texts)[1:3]:
        path.write_bytes(texts[path])
    assert check_log(tmp_path).troubles == ()


def test_a_file_that_somebody_removed_is_found(tmp_path: Path, clock: Days) -> None:
    log = log_of(tmp_path, clock, keep_days=3)
    write_days(log, clock, 6)
    sorted(tmp_path.glob("*.jsonl"))[0].unlink()
    (trouble,) = check_log(tmp_path).troubles
    assert trouble.is_fault
    assert "does not tell that what was before was removed" in trouble.what


def test_the_last_file_is_never_removed(tmp_path: Path, clock: Days) -> None:
    log = log_of(tmp_path, clock, keep_days=3)
    write_days(log, clock, 1)
    clock.moment += 100 * DAY
    assert log.remove_old() == []
    assert check_log(tmp_path).lines == 1
