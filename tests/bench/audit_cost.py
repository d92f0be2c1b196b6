"""What does the audit log cost? `python -m tests.bench.audit_cost`

The questions of `seeds/questions.jsonl`, over the real library with the reader, each asked in turn without a log and
with one, its text sealed and put down in full. Said is the ratio of the two, question by question, so that whatever
else the machine does touches both; and the microseconds of a line of either kind, alone. Answers are not remembered.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from rag.access.actor import Actor, acting_as
from rag.access.audit import AuditEvent, AuditKind, AuditLog, AuditPolicy, check_log
from rag.app import Citewell
from rag.records import Access
from rag.settings import Settings

ROOT = Path(__file__).parents[2]
_WARM_UP = 5
_EVERYTHING = Access.everything()


def ratios(folder: Path, questions: list[str], rounds: int) -> list[float]:
    """How many times as long each question takes with the log as without."""
    plain = Settings(data_dir=folder, remembered_answers=0)
    with Citewell.open(plain, create=True) as citewell:
        citewell.documents.ingest([ROOT / "seeds", ROOT / "tests" / "data" / "library"])
    audited = replace(plain, audit="on", audit_questions="full")
    with Citewell.open(plain) as without, Citewell.open(audited) as with_log, acting_as(Actor("anna", "local", "::1")):
        asked = questions[:_WARM_UP] + questions * rounds
        found = [_seconds(with_log, question) / _seconds(without, question) for question in asked]
    return found[_WARM_UP:]


def _seconds(citewell: Citewell, question: str) -> float:
    started = time.perf_counter()
    citewell.conversations.ask(question, access=_EVERYTHING)
    return time.perf_counter() - started


def line_seconds(folder: Path, kind: AuditKind, count: int) -> float:
    """The median time of adding a line."""
    log, taken = AuditLog(folder, AuditPolicy(questions="full")), []
    event = AuditEvent(kind, "anna", "local", "::1", question="When was the harbour opened?")
    for _ in range(count):
        started = time.perf_counter()
        log.write(event)
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def main() -> None:
    """Print the ratio, and the time of a line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.audit_cost", description=__doc__.partition("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=1, help="how often each question is asked")
    parser.add_argument("--lines", type=int, default=1_000, help="how many lines of each kind are added")
    given = parser.parse_args()
    lines = (ROOT / "seeds" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = ratios(folder / "data", [json.loads(line)["question"] for line in lines], given.rounds)
        asked = line_seconds(folder / "asked", AuditKind.ASKED, given.lines)
        changed = line_seconds(folder / "changed", AuditKind.DOCUMENT_ADDED, given.lines)
        started = time.perf_counter()
        assert check_log(folder / "asked").is_sound
        checked = (time.perf_counter() - started) / given.lines
    sys.stdout.write(f"a question with the log, over one without: median {statistics.median(found):.3f}\n")
    sys.stdout.write(f"a line: {asked * 1e6:.0f} us, flushed {changed * 1e6:.0f} us, checked {checked * 1e6:.0f} us\n")


if __name__ == "__main__":
    main()
