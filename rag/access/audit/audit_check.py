"""Reads the whole audit log and says whether every line is as it was written, in its place, and none is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rag.access.audit import log_files
from rag.access.audit.chain import START, BrokenLine, Line, read_line
from rag.access.audit.events import AuditKind
from rag.access.audit.log_files import Head

_TRIES = 3
_TELLS_OF_TORN = f'"event":"{AuditKind.TORN}"'.encode("ascii")


@dataclass(frozen=True, slots=True)
class AuditTrouble:
    """Something that is not as it was written."""

    file: str
    line: int  # in the file, from 1; 0: of the log as a whole
    what: str
    is_fault: bool = True  # False: the end of a process, or of the power, explains it


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What was found. Number and hash of the last line, `last` and `hash`, can be noted elsewhere and asked for later.

    That shows when all of a log was written anew by somebody who may write the files; the hashes in it do not.
    """

    lines: int
    first: int  # number of the first line that is there; 0 of an empty log
    last: int
    hash: str
    files: int
    troubles: tuple[AuditTrouble, ...]

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong but what a crash explains."""
        return not any(trouble.is_fault for trouble in self.troubles)


@dataclass(slots=True)
class _Walk:
    """What is known while the files are read in order."""

    torn: Mapping[tuple[str, int], Line]  # by file and offset of the piece: the line that tells of it
    noted: dict[int, str]  # hashes that lines of these numbers have to have
    first: int = 0
    start: str = START  # what the first line names as the one before
    number: int = 0
    hash: str = START
    lines: int = 0
    troubles: list[AuditTrouble] = field(default_factory=list)
    removed: set[tuple[int, str]] = field(default_factory=set)  # last lines of files that were removed as they should
    met: set[int] = field(default_factory=set)  # of those noted

    def say(self, file: str, line: int, what: str, *, is_fault: bool = True) -> None:
        """Add a trouble."""
        self.troubles.append(AuditTrouble(file, line, what, is_fault))


def check_log(folder: Path, *, noted: tuple[int, str] | None = None) -> AuditReport:
    """Whether the log in a folder is whole. `noted` is the number and hash of a line that has to be in it."""
    for _ in range(_TRIES):
        try:
            return _check(folder, noted)
        except FileNotFoundError:  # old files were removed meanwhile
            continue
    return _check(folder, noted)


def _check(folder: Path, noted: tuple[int, str] | None) -> AuditReport:
    head, files = log_files.read_head(folder), log_files.log_files(folder)
    walk = _Walk(_told_of(files), {head.number: head.hash} if head and head.number else {})
    if noted is not None:
        walk.noted.setdefault(*noted)
    for path in files:
        _read_file(walk, path, is_last=path == files[-1])
    _look_at_the_beginning(walk)
    _look_at_the_end(walk, head, noted)
    return AuditReport(walk.lines, walk.first, walk.number, walk.hash, len(files), tuple(walk.troubles))


def _told_of(files: list[Path]) -> dict[tuple[str, int], Line]:
    """The pieces that were cut off and that a later line tells of, as they still are, each with that line."""
    found = {}
    for raw in (raw for path in files for _, raw in log_files.lines_from(path) if _TELLS_OF_TORN in raw):
        try:
            line = read_line(raw)
        except BrokenLine:
            continue
        if line.kind != AuditKind.TORN:
            continue
        piece = dict(line.body["facts"])
        path = files[0].parent / str(piece.pop("file"))
        if path in files and asdict(log_files.remainder_from(path, int(piece["offset"]))) == piece:
            found[path.name, int(piece["offset"])] = line
    return found


def _read_file(walk: _Walk, path: Path, *, is_last: bool) -> None:
    for count, (offset, raw) in enumerate(log_files.lines_from(path), start=1):
        if (path.name, offset) in walk.torn:
            teller = walk.torn[path.name, offset]
            what = f"from here on cut off when a process ended or the power went; line {teller.number} tells of it"
            walk.say(path.name, count, what, is_fault=False)
            return
        try:
            line = read_line(raw)
        except BrokenLine as error:
            if is_last and not raw.endswith(b"\n"):
                what = "cut off when a process ended, or just being written; if it was, the next line will tell of it"
                walk.say(path.name, count, what, is_fault=False)
            else:
                walk.say(path.name, count, str(error))
            continue
        if walk.lines and (line.number, line.previous) != (walk.number + 1, walk.hash):
            what = "something before it was changed, removed, added or moved"
            walk.say(path.name, count, f"line {line.number} does not follow upon line {walk.number}: {what}")
        _take(walk, line, path.name, count)


def _take(walk: _Walk, line: Line, file: str, count: int) -> None:
    if not walk.lines:
        walk.first, walk.start = line.number, line.previous
    walk.lines += 1
    walk.number, walk.hash = line.number, line.hash
    if line.number in walk.noted:
        walk.met.add(line.number)
        if walk.noted[line.number] != line.hash:
            walk.say(file, count, f"line {line.number} is not the one that was noted: the log was written anew")
    facts: dict[str, Any] = line.body.get("facts", {})
    if line.kind == AuditKind.FILES_REMOVED:
        walk.removed |= {(int(removed["last"]), str(removed["hash"])) for removed in facts["files"]}
    elif line.kind == AuditKind.CUT:
        known = f"line {facts['expected']} had been written" if facts["expected"] else "the head was gone"
        walk.say(file, count, f"lines may be missing before this one, which found so at {line.at}: {known}")


def _look_at_the_beginning(walk: _Walk) -> None:
    """The first line is the first of all, or follows upon files of which the log says that they were removed."""
    if not walk.lines or (walk.first, walk.start) == (1, START) or (walk.first - 1, walk.start) in walk.removed:
        return
    walk.say("", 0, f"the log begins with line {walk.first}, and does not tell that what was before was removed")


def _look_at_the_end(walk: _Walk, head: Head | None, noted: tuple[int, str] | None) -> None:
    """The lines that were noted are there, the one of the head among them."""
    if head is None and walk.lines:
        walk.say("", 0, "the head is gone: whether lines are missing at the end cannot be told")
    if head is not None and head.number and head.number not in walk.met:
        walk.say("", 0, f"the log ends with line {walk.number}, and line {head.number} had been written")
    if noted is not None:
        number, digest = noted
        if walk.noted[number] != digest:
            walk.say("", 0, f"line {number} is not the one that was noted: the log was written anew")
        elif number >= walk.first and number not in walk.met:
            walk.say("", 0, f"line {number}, which was noted, is not there")
