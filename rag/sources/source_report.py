"""What each source brought when it ran last, kept in the data directory beside the state that it was in.

One small file a source: what a sync did may be shown while the next one is under way, and a file that is damaged costs
no more than one full comparison.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from rag.disk import flush_directory, make_private_directory, storage_error
from rag.errors import StorageBusy

FOLDER = "sources"
# Bytes. Ours have some 20,000 at most; what is larger is none of ours.
_LONGEST = 1_000_000
# Of failures and problems, those that are kept with their words; the rest is counted.
MAX_TOLD = 50
_MAX_CHARS = 500


@dataclass(frozen=True, slots=True)
class SourceFailure:
    """A document of a source that could not be had, or not be read."""

    path: str
    error: str


@dataclass(frozen=True, slots=True)
class SourceReport:
    """What a sync of one source did."""

    started_at: str  # ISO 8601, UTC
    finished_at: str
    ok: bool  # the documents are what the source holds
    created: int = 0
    updated: int = 0
    moved: int = 0
    removed: int = 0
    unchanged: int = 0
    rights_changed: int = 0  # documents that other groups may read now
    failed: int = 0
    failures: tuple[SourceFailure, ...] = ()  # the first of them
    problems: tuple[str, ...] = ()  # a sentence for each thing that was left undone

    def told(self) -> SourceReport:
        """The same with as many words as are kept."""
        return replace(
            self,
            failures=tuple(replace(f, error=f.error[:_MAX_CHARS]) for f in self.failures[:MAX_TOLD]),
            problems=tuple(problem[:_MAX_CHARS] for problem in self.problems[:MAX_TOLD]),
        )


@dataclass(frozen=True, slots=True)
class SourceState:
    """What is known of one source from one sync to the next."""

    cursor: str = ""  # of the source when it was last taken in as a whole
    taken_as: str = ""  # under which settings that was: under others it is compared anew
    has_rights: bool = False  # groups were given to its documents that no rule of the site gave
    succeeded_at: str = ""  # ISO 8601, UTC: when all was well last
    report: SourceReport | None = field(default=None)


def load_state(data_dir: Path, name: str) -> SourceState:
    """The state of a source; an empty one where there is none that can be read."""
    path = data_dir / FOLDER / f"{name}.json"
    try:
        if path.stat().st_size > _LONGEST:
            return SourceState()
        return _state(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        return SourceState()


def save_state(data_dir: Path, name: str, state: SourceState) -> None:
    """Keep a state in place of the one before; at whatever moment it is cut short, one of them is there.

    Raises StorageError.
    """
    folder = data_dir / FOLDER
    path, new = folder / f"{name}.json", folder / f"{name}.json.tmp"
    make_private_directory(folder)
    try:
        with open(new, "w", encoding="utf-8", opener=_private) as file:
            json.dump(asdict(state), file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
        flush_directory(folder)
    except OSError as error:
        raise storage_error(error, path) from error


@contextmanager
def alone_with(data_dir: Path, name: str) -> Iterator[None]:
    """Keep others from syncing the same source while the block runs. Raises StorageBusy where somebody does."""
    folder = data_dir / FOLDER
    make_private_directory(folder)
    path = folder / f"{name}.lock"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise storage_error(error, path) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StorageBusy(
                f"The source {name} is being read by another process; wait until it has ended."
            ) from error
        yield
    finally:
        os.close(descriptor)


def _state(body: Mapping[str, Any]) -> SourceState:
    report = body["report"]
    return SourceState(
        str(body["cursor"]),
        str(body["taken_as"]),
        bool(body["has_rights"]),
        str(body["succeeded_at"]),
        None if report is None else _report(report),
    )


def _report(body: Mapping[str, Any]) -> SourceReport:
    numbers = {each.name: int(body[each.name]) for each in fields(SourceReport) if each.type == "int"}
    return SourceReport(
        started_at=str(body["started_at"]),
        finished_at=str(body["finished_at"]),
        ok=bool(body["ok"]),
        failures=tuple(SourceFailure(str(found["path"]), str(found["error"])) for found in body["failures"]),
        problems=tuple(map(str, body["problems"])),
        **numbers,
    )


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
