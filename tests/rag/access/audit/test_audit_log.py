"""Lines are added in one chain, whoever adds them, and what a crash leaves behind is told of and left as it is."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from rag.access.audit import AuditEvent, AuditKind, AuditLog, AuditPolicy, check_log
from rag.errors import StorageError, StorageReadOnly
from tests.support.processes import python_process, run_python

MOMENT = datetime(2026, 11, 27, 13, 0, tzinfo=UTC)


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.moment = MOMENT

    def __call__(self) -> datetime:
        return self.moment


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "audit"


@pytest.fixture
def clock() -> Clock:
    return Clock()


def opened(name: str = "d1", **more: Any) -> AuditEvent:
    return AuditEvent(AuditKind.OPENED, facts={"document": name}, **more)


def log_of(folder: Path, clock: Clock | None = None, **policy: Any) -> AuditLog:
    return AuditLog(folder, AuditPolicy(**policy), now=clock or Clock())


def files_of(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.jsonl"))


def lines_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for name in files_of(folder) for line in (folder / name).read_text().splitlines()]


def told(folder: Path) -> list[tuple[str, bool]]:
    """What a check says, each with whether it is a fault."""
    return [(trouble.what, trouble.is_fault) for trouble in check_log(folder).troubles]


def test_each_line_has_the_hash_of_the_one_before(folder: Path) -> None:
    log = log_of(folder)
    assert [log.write(opened()), log.write(opened("d2"))] == [1, 2]
    first, second = lines_of(folder)
    assert (first["prev"], second["prev"]) == ("0" * 64, first["hash"])
    assert (second["n"], second["at"], second["event"]) == (2, "2026-11-27T13:00:00.000000Z", "opened")
    assert second["facts"] == {"document": "d2"}
    report = check_log(folder)
    assert (report.is_sound, report.lines, report.first, report.last, report.hash, report.files) == (
        True,
        2,
        1,
        2,
        second["hash"],
        1,
    )
    assert report.troubles == ()


def test_an_empty_log_is_whole(folder: Path) -> None:
    assert check_log(folder).is_sound


def test_nothing_is_written_where_it_is_off(folder: Path) -> None:
    assert log_of(folder, on=False).write(opened()) == 0
    assert not folder.exists()


def test_another_policy_is_put_down_before_the_first_line_under_it(folder: Path) -> None:
    log_of(folder, questions="full").write(opened())
    log_of(folder, questions="none", keep_days=9).write(opened())
    log_of(folder, questions="none", keep_days=9).write(opened())
    off = log_of(folder, on=False)
    off.tell_policy()
    off.tell_policy()
    off.write(opened())
    log_of(folder, questions="none", keep_days=9).write(opened())
    assert [(line["event"], line["facts"]) for line in lines_of(folder) if line["event"] != "opened"] == [
        ("policy_changed", {"on": True, "questions": "none", "keep_days": 9}),
        ("policy_changed", {"on": False}),
        ("policy_changed", {"on": True, "questions": "none", "keep_days": 9}),
    ]
    assert check_log(folder).troubles == ()


def test_that_it_is_off_is_not_put_down_where_nothing_is(folder: Path) -> None:
    log_of(folder, on=False).tell_policy()
    assert not folder.exists()


def test_what_an_event_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="no password"):
        AuditEvent(AuditKind.SIGNED_IN, facts={"password": "geheim"})


def test_a_line_is_one_line_of_ascii_whatever_is_in_it(folder: Path) -> None:
    hostile = "a\nb\r\x00\x1b[31m\x7f\x85\u2028\u202e\ud800ü"
    log_of(folder).write(opened(hostile, method=hostile))
    raw = (folder / files_of(folder)[0]).read_bytes()
    assert raw.count(b"\n") == 1
    assert all(32 <= byte < 127 for byte in raw[:-1])
    assert lines_of(folder)[0]["facts"] == {"document": hostile}
    assert check_log(folder).is_sound


def test_a_person_is_a_pseudonym_and_what_was_typed_is_sealed(folder: Path) -> None:
    log = log_of(folder)
    asked = AuditEvent(
        AuditKind.ASKED, person="anna.berg", address="10.1.2.3", question="Am I ill?", searched="Is Anna ill?"
    )
    log.write(asked)
    log.write(opened(person="anna.berg"))
    log.write(opened(person="otto"))
    raw = (folder / files_of(folder)[0]).read_text()
    assert not [word for word in ("anna", "berg", "10.1.2.3", "ill") if word in raw.lower()]
    first, second, third = lines_of(folder)
    assert first["who"] == second["who"] != third["who"]


def test_a_file_that_is_large_enough_is_followed_by_another(folder: Path) -> None:
    log = log_of(folder, file_bytes=600)
    for _ in range(10):
        log.write(opened())
    assert len(files_of(folder)) > 2
    report = check_log(folder)
    assert (report.is_sound, report.lines, report.files) == (True, 10, len(files_of(folder)))


def test_a_new_day_has_a_new_file(folder: Path, clock: Clock) -> None:
    log = log_of(folder, clock)
    log.write(opened())
    clock.moment += timedelta(days=1)
    log.write(opened())
    assert files_of(folder) == ["000001-2026-11-27.jsonl", "000002-2026-11-28.jsonl"]
    assert check_log(folder).is_sound


def test_another_log_goes_on_where_the_first_one_ended(folder: Path) -> None:
    log_of(folder).write(opened())
    assert log_of(folder).write(opened()) == 2
    assert check_log(folder).is_sound


def test_a_half_line_is_left_as_it_is_and_told_of(folder: Path) -> None:
    log = log_of(folder)
    log.write(opened())
    path = folder / files_of(folder)[0]
    with path.open("ab") as file:
        file.write(b'{"n":2,"at":"2026')
    before = path.read_bytes()
    assert told(folder) == [
        ("cut off when a process ended, or just being written; if it was, the next line will tell of it", False)
    ]
    log.write(opened())
    assert path.read_bytes() == before
    torn, after = lines_after(folder, 1)
    assert (torn["event"], torn["facts"]["offset"], torn["facts"]["bytes"]) == ("torn", before.rindex(b'{"n":2'), 17)
    assert (torn["n"], after["n"], after["event"]) == (2, 3, "opened")
    assert told(folder) == [("from here on cut off when a process ended or the power went; line 2 tells of it", False)]
    assert check_log(folder).is_sound


def lines_after(folder: Path, file: int) -> list[dict[str, Any]]:
    """The lines of the files behind the first few."""
    return [json.loads(line) for name in files_of(folder)[file:] for line in (folder / name).read_text().splitlines()]


def test_whoever_changes_a_half_line_is_found_out(folder: Path) -> None:
    log = log_of(folder)
    log.write(opened())
    path = folder / files_of(folder)[0]
    with path.open("ab") as file:
        file.write(b'{"n":2,"at":"2026')
    log.write(opened())
    path.write_bytes(path.read_bytes()[:-1] + b"7")
    assert not check_log(folder).is_sound


def test_a_line_that_the_head_does_not_know_yet_is_followed(folder: Path) -> None:
    """A process ended between adding the line and noting that in the head."""
    log = log_of(folder)
    log.write(opened())
    before = (folder / "head").read_bytes()
    log.write(opened("d2"))
    (folder / "head").write_bytes(before)
    assert check_log(folder).is_sound
    assert log.write(opened("d3")) == 3
    assert check_log(folder).is_sound
    assert len(files_of(folder)) == 1


@pytest.mark.parametrize("left", ["", '{"n":3,'], ids=["empty", "half a line"])
def test_a_new_file_that_the_head_does_not_know_yet_is_gone_on_with(folder: Path, clock: Clock, left: str) -> None:
    log = log_of(folder, clock)
    log.write(opened())
    log.write(opened())
    (folder / "000002-2026-11-27.jsonl").write_text(left)
    log.write(opened())
    assert [line["n"] for line in lines_after(folder, 3 if left else 0)] == ([] if left else [1, 2, 3])
    assert check_log(folder).is_sound


def test_lines_that_were_cut_off_the_end_are_told_of(folder: Path) -> None:
    log = log_of(folder)
    for _ in range(3):
        log.write(opened())
    path = folder / files_of(folder)[0]
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))
    assert told(folder) == [("the log ends with line 2, and line 3 had been written", True)]
    log.write(opened())
    assert [line["event"] for line in lines_of(folder)] == ["opened", "opened", "cut", "opened"]
    assert lines_of(folder)[2]["facts"]["expected"] == 3
    assert not check_log(folder).is_sound


@pytest.mark.parametrize("head", [None, b"", b"{}"], ids=["gone", "empty", "other"])
def test_a_head_that_is_gone_is_told_of(folder: Path, head: bytes | None) -> None:
    log = log_of(folder)
    log.write(opened())
    if head is None:
        (folder / "head").unlink()
    else:
        (folder / "head").write_bytes(head)
    assert told(folder) == [("the head is gone: whether lines are missing at the end cannot be told", True)]
    log.write(opened())
    assert [line["event"] for line in lines_of(folder)] == ["opened", "cut", "opened"]
    assert not check_log(folder).is_sound


def test_a_log_whose_files_are_all_gone_tells_of_it(folder: Path) -> None:
    log = log_of(folder)
    log.write(opened())
    (folder / files_of(folder)[0]).unlink()
    assert not check_log(folder).is_sound
    log.write(opened())
    assert [line["event"] for line in lines_of(folder)] == ["cut", "opened"]
    assert not check_log(folder).is_sound


def test_a_line_that_was_noted_elsewhere_has_to_be_there(folder: Path) -> None:
    log = log_of(folder)
    log.write(opened())
    noted = (1, check_log(folder).hash)
    log.write(opened())
    assert check_log(folder, noted=noted).is_sound
    for path in folder.iterdir():
        if path.is_file():
            path.unlink()
    log_of(folder).write(opened("another"))  # all written anew: in itself it is whole
    assert check_log(folder).is_sound
    assert not check_log(folder, noted=noted).is_sound
    assert not check_log(folder, noted=(5, noted[1])).is_sound


def test_where_nothing_can_be_written_a_change_fails_and_reading_goes_on(
    tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "file" / "audit"
    (tmp_path / "file").write_text("")
    log = log_of(folder, clock)
    with pytest.raises(StorageError):
        log.write(AuditEvent(AuditKind.DOCUMENT_REMOVED))
    assert log.note(opened()) == 0
    clock.moment += timedelta(seconds=5)
    assert log.note(opened()) == 0
    assert "could not be written to the audit log" in caplog.text
    (tmp_path / "file").unlink()
    assert log.write(opened()) == 2
    assert [line["event"] for line in lines_of(folder)] == ["gap", "opened"]
    assert lines_of(folder)[0]["facts"] == {
        "missed": 2,
        "since": "2026-11-27T13:00:00.000000Z",
        "until": "2026-11-27T13:00:05.000000Z",
    }


def test_a_full_disk_leaves_no_half_line(folder: Path) -> None:
    """The file may have 700 bytes: the second line does not fit."""
    code = """
import resource, signal, sys
from pathlib import Path
from rag.access.audit import AuditEvent, AuditKind, AuditLog, AuditPolicy
from rag.errors import StorageFull
log = AuditLog(Path(sys.argv[1]), AuditPolicy())
event = AuditEvent(AuditKind.OPENED, facts={"document": "d" * 200})
log.write(event)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (700, resource.RLIM_INFINITY))
try:
    log.write(event)
except StorageFull as error:
    print("full")
"""
    assert run_python(code, folder) == "full\n"
    assert check_log(folder).troubles == ()
    log_of(folder).write(opened())
    assert [line["event"] for line in lines_of(folder)] == ["opened", "opened"]
    assert check_log(folder).troubles == ()


def test_the_folder_and_its_files_are_for_one_user_alone(folder: Path) -> None:
    log_of(folder).write(opened(person="anna"))
    modes = {path.name: path.stat().st_mode & 0o077 for path in [folder, *folder.rglob("*")]}
    assert set(modes.values()) == {0}, modes


WRITING = """
import sys
from pathlib import Path
from rag.access.audit import AuditEvent, AuditKind, AuditLog, AuditPolicy
log = AuditLog(Path(sys.argv[1]), AuditPolicy(file_bytes=int(sys.argv[2])))
kinds = [AuditKind.OPENED, AuditKind.DOCUMENT_ADDED]
for number in range(int(sys.argv[3])):
    log.write(AuditEvent(kinds[number % 7 == 0], person=f"p{number % 3}", facts={"document": f"d{number}"}))
    print(number, flush=True)
"""


@pytest.mark.crash
def test_threads_and_processes_add_to_one_chain(folder: Path) -> None:
    processes = [python_process(WRITING, folder, 4_000, 60) for _ in range(3)]
    log = log_of(folder, file_bytes=4_000)
    threads = [threading.Thread(target=lambda: [log.write(opened()) for _ in range(60)]) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [process.communicate()[1] for process in processes] == ["", "", ""]
    report = check_log(folder)
    assert (report.troubles, report.lines) == ((), 360)
    assert len({line["who"] for line in lines_of(folder)}) == 4


@pytest.mark.crash
@pytest.mark.parametrize("after", [1, 5, 17, 40])
def test_a_process_that_is_killed_leaves_a_log_that_is_whole(folder: Path, after: int) -> None:
    process = python_process(WRITING, folder, 3_000, 1_000_000)
    assert process.stdout
    told_of = [process.stdout.readline() for _ in range(after)]
    process.kill()
    process.communicate()
    report = check_log(folder)
    assert report.is_sound
    assert report.lines >= len(told_of)  # every line that was acknowledged
    log_of(folder).write(opened())
    assert check_log(folder).is_sound


@pytest.mark.crash
def test_wherever_a_write_is_cut_off_the_log_goes_on_and_tells(tmp_path: Path) -> None:
    """Each prefix of the last line, with the head as it was before it: what a process can leave behind."""
    folder = tmp_path / "audit"
    log = log_of(folder)
    log.write(opened())
    head, path = (folder / "head").read_bytes(), folder / files_of(folder)[0]
    before = path.read_bytes()
    log.write(opened("d2"))
    whole = path.read_bytes()
    for end in range(len(before), len(whole) + 1):
        for file in folder.glob("*.jsonl"):
            file.unlink()
        path.write_bytes(whole[:end])
        (folder / "head").write_bytes(head)
        log_of(folder).write(opened("d3"))
        events = [line["event"] for line in lines_after(folder, 1)]
        assert events == ([] if end in (len(before), len(whole)) else ["torn", "opened"]), end
        assert path.read_bytes().startswith(whole[:end])
        assert check_log(folder).is_sound, end


def test_a_folder_that_may_not_be_written_is_said_to_be(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = log_of(folder)
    log.write(opened())

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("rag.access.audit.log_files.append", refuse)
    with pytest.raises(StorageReadOnly):
        log.write(opened())
