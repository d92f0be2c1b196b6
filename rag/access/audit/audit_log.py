"""Adds lines to the audit log. Several threads and processes may, at once.

A line that a crash left behind half written is neither used nor mended: it stays as it is, the log goes on in a new
file, and its first line there tells of it. So do lines that have gone, and events that could not be written.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rag.access.audit import log_files
from rag.access.audit.chain import START, Line, make_line
from rag.access.audit.events import ON_DISK_AT_ONCE, AuditEvent, AuditKind
from rag.access.audit.log_files import Head, Remainder
from rag.access.audit.person_keys import PersonKeys
from rag.access.audit.sealing import personal
from rag.disk import flush_directory, make_private_directory, storage_error
from rag.errors import StorageError

_log = logging.getLogger("citewell.audit")

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The moment of the call."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class AuditPolicy:
    """What is put down, and for how long it is kept."""

    on: bool = True
    questions: str = "full"  # the text of a question: "full", "hash" or "none"
    keep_days: int = 0  # days after which a file may go, counted from its last line; 0 keeps all
    file_bytes: int = 64_000_000  # a file that has as many is followed by the next one; so is one of another day

    @property
    def name(self) -> str:
        """What tells a policy from others, as far as it is put down that it has changed."""
        return f"{self.questions} {self.keep_days}" if self.on else "off"


@dataclass(frozen=True, slots=True)
class _Found:
    """The end of the log, as it was found, and what has to be told of it in the first line of a new file."""

    head: Head
    troubles: tuple[AuditEvent, ...] = ()


class AuditLog:
    """The audit log of one data directory."""

    def __init__(self, folder: Path, policy: AuditPolicy, *, now: Clock = utc_now) -> None:
        self._folder = folder
        self._policy = policy
        self._now = now
        self._keys = PersonKeys(folder / "people")
        self._turn = threading.Lock()
        self._missed: tuple[int, str, str] | None = None  # how many events, the first moment and the last

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return self._folder

    @property
    def policy(self) -> AuditPolicy:
        """What is put down."""
        return self._policy

    @property
    def keys(self) -> PersonKeys:
        """Who is behind each pseudonym."""
        return self._keys

    def write(self, event: AuditEvent) -> int:
        """Put down an event, and give the number of its line; 0 where nothing is put down.

        Raises StorageError when that cannot be written. Whoever changes something lets it stop the request.
        """
        if not self._policy.on:
            return 0
        with self._turn:
            try:
                number, is_new_file = self._write(event)
            except OSError as error:
                raise storage_error(error, self._folder) from error
        if is_new_file:
            with suppress(StorageError):  # another time
                self.remove_old()
        return number

    def note(self, event: AuditEvent) -> int:
        """The same for what only reads: where it cannot be written, that goes to the program's log and nobody waits.

        The next line that can be written is preceded by one that says how many are missing.
        """
        try:
            return self.write(event)
        except StorageError as error:
            moment = _stamp(self._now())
            with self._turn:
                count, since, _ = self._missed or (0, moment, moment)
                self._missed = (count + 1, since, moment)
            _log.error("an event %s could not be written to the audit log: %s", event.kind, error)
            return 0

    def tell_policy(self) -> None:
        """Put down that nothing is put down from now on, where something was before. Raises StorageError.

        Any other change of the policy is put down before the first line under it.
        """
        head = log_files.read_head(self._folder)
        if self._policy.on or head is None or head.policy == self._policy.name:
            return
        with self._turn:
            try:
                self._write(self._policy_event())
            except OSError as error:
                raise storage_error(error, self._folder) from error

    def _policy_event(self) -> AuditEvent:
        policy = self._policy
        facts: dict[str, object] = {"on": policy.on}
        facts |= {"questions": policy.questions, "keep_days": policy.keep_days} if policy.on else {}
        return AuditEvent(AuditKind.POLICY_CHANGED, facts=facts)

    def remove_old(self, *, person: str = "", method: str = "") -> list[str]:
        """Remove the files whose last line is older than the policy keeps, and give their names; never the last file.

        A line tells first which they are, and how each ends: what is left can be checked as before. It is done whenever
        a file is begun, so every day that something happens. The keys of persons stay. Raises StorageError.
        """
        if not self._policy.on or not self._policy.keep_days or not self._folder.is_dir():
            return []
        since = _stamp(self._now() - timedelta(days=self._policy.keep_days))
        with self._turn:
            try:
                with log_files.locked(self._folder):
                    old = _old_files(log_files.log_files(self._folder)[:-1], since)
                    if not old:
                        return []
                    facts = {
                        "keep_days": self._policy.keep_days,
                        "files": [{"file": path.name, "last": end.number, "hash": end.hash} for path, end in old],
                    }
                    removal = AuditEvent(AuditKind.FILES_REMOVED, person=person, method=method, facts=facts)
                    self._write_locked(removal)
                    for path, _ in old:
                        path.unlink()
                    flush_directory(self._folder)
                    return [path.name for path, _ in old]
            except OSError as error:
                raise storage_error(error, self._folder) from error

    def _write(self, event: AuditEvent) -> tuple[int, bool]:
        """The number of the line, and whether it began a file."""
        make_private_directory(self._folder)
        with log_files.locked(self._folder):
            return self._write_locked(event)

    def _write_locked(self, event: AuditEvent) -> tuple[int, bool]:
        found = self._end()
        head, file = found.head, found.head.file
        for trouble in found.troubles:
            _log.error("the audit log is not as it was left: %s %s", trouble.kind, dict(trouble.facts))
        head = self._add(head, found.troubles, new_file=True) if found.troubles else head
        if event.kind is not AuditKind.POLICY_CHANGED and head.policy not in ("", self._policy.name):
            head = self._add(head, [self._policy_event()])
        if self._missed:
            count, since, until = self._missed
            gap = AuditEvent(AuditKind.GAP, facts={"missed": count, "since": since, "until": until})
            head = self._add(head, [gap])
            self._missed = None
        head = self._add(head, [event])
        return head.number, head.file != file

    def _add(self, head: Head, events: list[AuditEvent] | tuple[AuditEvent, ...], *, new_file: bool = False) -> Head:
        """Add lines behind `head` in one file, and give the head behind them."""
        moment = self._now()
        path, size = self._folder / head.file, head.size
        is_new = new_file or not head.file or self._is_full(head, moment)
        if is_new:
            files = log_files.log_files(self._folder)
            path, size = log_files.next_file(self._folder, files, moment.date().isoformat()), 0
        data, number, previous = b"", head.number, head.hash
        for event in events:
            number += 1
            line, previous = make_line(self._body(event, number, moment), previous)
            data += line
        at_once = any(event.kind in ON_DISK_AT_ONCE for event in events)
        log_files.append(path, data, size, at_once=at_once)
        behind = Head(number, previous, path.name, size + len(data), self._policy.name)
        log_files.write_head(self._folder, behind, at_once=at_once)
        if is_new:
            flush_directory(self._folder)
        return behind

    def _is_full(self, head: Head, moment: datetime) -> bool:
        is_of_today = log_files.day_of(Path(head.file)) == moment.date().isoformat()
        return head.size >= self._policy.file_bytes or not is_of_today

    def _body(self, event: AuditEvent, number: int, moment: datetime) -> dict[str, object]:
        """The line of an event without its hashes: persons by their pseudonyms, what was typed sealed."""
        who = self._keys.of(event.person)
        body: dict[str, object] = {"n": number, "at": _stamp(moment), "event": event.kind.value}
        body |= {"who": who.pseudonym if event.person else "", "how": event.method}
        if event.whom:
            body["whom"] = self._keys.of(event.whom).pseudonym
        if event.facts:
            body["facts"] = dict(event.facts)
        return body | personal(event, who, number, questions=self._policy.questions)

    def _end(self) -> _Found:
        """Where the log ends. Only what was written since the head was is looked at: `rag audit verify` reads all."""
        head, files = log_files.read_head(self._folder), log_files.log_files(self._folder)
        if head is None and not files:
            return _Found(Head(0, START, "", 0))
        if head is None or not _is_there(head, files):
            return _cut(head, files)
        if files[-1].name == head.file and files[-1].stat().st_size == head.size:
            return _Found(head)
        names = [path.name for path in files]
        return _followed(head, files[names.index(head.file) :])


def _old_files(files: list[Path], since: str) -> list[tuple[Path, Line]]:
    """The oldest of the files that end before a moment, each with its last line: none behind one that has to stay."""
    found: list[tuple[Path, Line]] = []
    for path in files:
        end = log_files.last_line(path)
        if end is None and found and log_files.day_of(path) < since[:10]:
            end = found[-1][1]  # nothing but what a crash cut off
        if end is None or end.at >= since:
            break
        found.append((path, end))
    return found


def _is_there(head: Head, files: list[Path]) -> bool:
    """Whether the line that the head names stands where it says."""
    path = next((path for path in files if path.name == head.file), None)
    return path is not None and log_files.line_ending_at(path, head.size, head.hash)


def _cut(head: Head | None, files: list[Path]) -> _Found:
    """The end of a log that lacks lines, or its head, and what to tell of it."""
    last, remainder, file = _last_line(files)
    troubles = [] if remainder is None else [_torn(file, remainder)]
    lost = {"expected": head.number, "expected_hash": head.hash} if head else {"expected": 0, "expected_hash": ""}
    troubles.append(AuditEvent(AuditKind.CUT, facts=lost))
    end = Head(last.number, last.hash, file, 0) if last else Head(0, START, file, 0)
    return _Found(end, tuple(troubles))


def _followed(head: Head, files: list[Path]) -> _Found:
    """The end of the log when lines are behind its head: a process ended between writing a line and the head.

    The first of the files is that of the head.
    """
    troubles: list[AuditEvent] = []
    offset = head.size
    for path in files:
        lines, end, remainder = log_files.sound_lines(path, offset, head.hash)
        if lines:
            head = replace(head, number=lines[-1].number, hash=lines[-1].hash, file=path.name, size=end)
        if remainder is not None:
            troubles.append(_torn(path.name, remainder))
        elif (
            remainder is None and path.stat().st_size == 0
        ):  # made, and nothing written to it: the next line goes there
            head = replace(head, file=path.name, size=0)
        offset = 0
    return _Found(head, tuple(troubles))


def _last_line(files: list[Path]) -> tuple[Line | None, Remainder | None, str]:
    """The last line that is as it was written, what stands behind it in its file, and the name of that file."""
    for path in reversed(files):
        lines, _, remainder = log_files.sound_lines(path, 0, None)
        if lines or remainder is not None:
            return (lines[-1] if lines else None), remainder, path.name
    return None, None, files[-1].name if files else ""


def _torn(file: str, remainder: Remainder) -> AuditEvent:
    return AuditEvent(AuditKind.TORN, facts={"file": file, **asdict(remainder)})


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
