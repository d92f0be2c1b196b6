"""The files of the audit log: their names, what is read of them, and the head, which says where the log ends.

000001-2026-11-27.jsonl   the first file, begun on that day
000002-2026-11-28.jsonl   the next; its first line has the hash of the last one of the first
head                      number and hash of the last line, its file and where that ends: lines cut off the end show
lock                      held while a line is added
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from rag.access.audit.chain import BrokenLine, Line, read_line
from rag.disk import storage_error

_NAME = re.compile(r"(\d{6,})-\d{4}-\d\d-\d\d\.jsonl")
_HEAD_BYTES = 256  # always written as a whole, in place: a name or a number that grows leaves nothing of the old one


@dataclass(frozen=True, slots=True)
class Head:
    """Where the log ends."""

    number: int  # of the last line; 0 of an empty log
    hash: str
    file: str
    size: int  # bytes of that file up to the end of the last line
    policy: str = ""  # what was put down then, in a word that `AuditPolicy.name` gives


@dataclass(frozen=True, slots=True)
class Remainder:
    """What stands in a file from the first line on that is not as it was written."""

    offset: int
    bytes: int
    sha256: str


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep all other threads and processes from adding lines while the block runs; waits for its turn.

    The file is opened anew each time: a lock belongs to what was opened, and processes that were forked share that.
    """
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def log_files(folder: Path) -> list[Path]:
    """The files of the log, oldest first; none where there is no such folder."""
    try:
        found = [(int(match[1]), path) for path in folder.iterdir() if (match := _NAME.fullmatch(path.name))]
    except FileNotFoundError:
        return []
    return [path for _, path in sorted(found)]


def next_file(folder: Path, files: list[Path], day: str) -> Path:
    """The path of a new file that comes after these."""
    last = int(files[-1].name.partition("-")[0]) if files else 0
    return folder / f"{last + 1:06d}-{day}.jsonl"


def day_of(file: Path) -> str:
    """The day in the name of a file, on which it was begun: "2026-11-27"."""
    return file.stem.partition("-")[2]


def lines_from(path: Path, offset: int = 0) -> Iterator[tuple[int, bytes]]:
    """Each line with its offset, as bytes with the line break; the last one may lack that."""
    with path.open("rb") as file:
        file.seek(offset)
        for raw in file:
            yield offset, raw
            offset += len(raw)


def sound_lines(path: Path, offset: int, previous: str | None) -> tuple[list[Line], int, Remainder | None]:
    """The lines from an offset on that follow upon each other, where they end, and what stands behind them.

    `previous` is the hash that the first one has to name; None lets it name any.
    """
    found: list[Line] = []
    for at, raw in lines_from(path, offset):
        try:
            line = read_line(raw)
        except BrokenLine:
            return found, at, remainder_from(path, at)
        if previous not in (None, line.previous) or (found and line.number != found[-1].number + 1):
            return found, at, remainder_from(path, at)
        found.append(line)
        previous = line.hash
        offset = at + len(raw)
    return found, offset, None


def last_line(path: Path) -> Line | None:
    """The last line of a file that is as it was written; None where there is none."""
    lines, _, _ = sound_lines(path, 0, None)
    return lines[-1] if lines else None


def line_ending_at(path: Path, end: int, digest: str) -> bool:
    """Whether a line ends at this offset in a file, whose hash is this one. At the beginning of a file any does."""
    if end == 0:
        return True
    tail = f'"hash":"{digest}"}}\n'.encode("ascii")
    with path.open("rb") as file:
        file.seek(max(0, end - len(tail)))
        return file.read(len(tail)) == tail


def remainder_from(path: Path, offset: int) -> Remainder:
    """What stands in a file from an offset on."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        file.seek(offset)
        while part := file.read(1 << 20):
            digest.update(part)
            size += len(part)
    return Remainder(offset, size, digest.hexdigest())


def read_head(folder: Path) -> Head | None:
    """The head; None where there is none, or none that can be read."""
    try:
        return Head(**json.loads((folder / "head").read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def write_head(folder: Path, head: Head, *, at_once: bool) -> None:
    """Put down where the log ends, and with `at_once` return when that is on the disk."""
    text = json.dumps(asdict(head)).ljust(_HEAD_BYTES - 1) + "\n"
    descriptor = os.open(folder / "head", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.pwrite(descriptor, text.encode("ascii"), 0)
        if at_once:
            os.fdatasync(descriptor)
    finally:
        os.close(descriptor)


def append(path: Path, data: bytes, size: int, *, at_once: bool) -> None:
    """Add bytes to a file that has `size`; all of them, or none as far as that can be had. Raises StorageError.

    With `at_once` they are on the disk when this returns.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise storage_error(error, path) from error
    try:
        written = 0
        while written < len(data):
            written += os.write(descriptor, data[written:])
        if at_once:
            os.fdatasync(descriptor)
    except OSError as error:
        os.truncate(descriptor, size)  # this line was never told of; one that a crash left is told of instead
        raise storage_error(error, path) from error
    finally:
        os.close(descriptor)
