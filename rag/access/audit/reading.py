"""The audit log as people read it: who is behind a pseudonym, and what was sealed, as far as their keys are there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rag.access.audit import log_files
from rag.access.audit.chain import BrokenLine, Line, read_line
from rag.access.audit.person_keys import PersonKey, PersonKeys
from rag.access.audit.sealing import unseal


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """A line of the log. A person who was erased is left as a pseudonym, and what was sealed for them is "" here."""

    number: int
    at: str  # ISO 8601, UTC
    kind: str
    person: str  # who did it, or the pseudonym; "" for nobody in particular
    method: str
    address: str
    whom: str  # the person that it was done to, or the pseudonym; or ""
    question: str
    searched: str
    question_hash: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    is_erased: bool = False  # who did it was erased
    hash: str = ""

    def body(self) -> dict[str, Any]:
        """All of it as plain values, as it is written out."""
        return asdict(self) | {"facts": dict(self.facts)}


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which lines are wanted."""

    since: str = ""  # ISO 8601, UTC, from this moment or day on
    until: str = ""  # likewise, before this moment or day
    person: str = ""  # who did it, or whom it was done to; a pseudonym too
    kind: str = ""
    after: int = 0  # number of a line: only those behind it


def read_log(folder: Path, keys: PersonKeys, wanted: AuditFilter | None = None) -> Iterator[AuditEntry]:
    """The lines of the log that are wanted, oldest first. What is no line is passed over; `check_log` tells of it."""
    wanted = wanted or AuditFilter()
    people = keys.everyone()
    nobody = keys.find("")
    for path in _files_of_the_time(log_files.log_files(folder), wanted):
        for _, raw in log_files.lines_from(path):
            try:
                line = read_line(raw)
            except BrokenLine:
                continue
            if line.number > wanted.after and wanted.since <= line.at and (not wanted.until or line.at < wanted.until):
                entry = _entry(line, people, nobody)
                if _is_wanted(entry, line, wanted):
                    yield entry


def _files_of_the_time(files: list[Path], wanted: AuditFilter) -> list[Path]:
    """Those of the files that may have lines of the time that is wanted: a file ends when the next one begins."""
    days = [log_files.day_of(path) for path in files]
    ends = [*days[1:], "9999-12-31"]
    return [
        path
        for path, begins, end in zip(files, days, ends, strict=False)  # without a file there is an end too many
        if end >= wanted.since[:10] and (not wanted.until or begins <= wanted.until)
    ]


def _is_wanted(entry: AuditEntry, line: Line, wanted: AuditFilter) -> bool:
    if wanted.kind and entry.kind != wanted.kind:
        return False
    names = {entry.person, entry.whom, line.body.get("who", ""), line.body.get("whom", "")}
    return not wanted.person or wanted.person in names


def _entry(line: Line, people: Mapping[str, PersonKey], nobody: PersonKey | None) -> AuditEntry:
    body = line.body
    who, whom = str(body.get("who", "")), str(body.get("whom", ""))
    key = people.get(who) if who else nobody
    inside = (unseal(str(body["sealed"]), key, line.number) or {}) if key and "sealed" in body else {}
    return AuditEntry(
        number=line.number,
        at=line.at,
        kind=line.kind,
        person=_name(who, people),
        method=str(body.get("how", "")),
        address=inside.get("address", ""),
        whom=_name(whom, people),
        question=inside.get("question", ""),
        searched=inside.get("searched", ""),
        question_hash=str(body.get("question_hash", "")),
        facts=body.get("facts", {}),
        is_erased=bool(who) and who not in people,
        hash=line.hash,
    )


def _name(pseudonym: str, people: Mapping[str, PersonKey]) -> str:
    known = people.get(pseudonym)
    return known.person if known else pseudonym
