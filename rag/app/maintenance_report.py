"""What `rag maintain` did and found, kept in the data directory for whoever looks after it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rag.disk import flush_directory, storage_error
from rag.errors import RagError

# Whether a step went well, and what there is to say of it.
StepOutcome = tuple[bool, str]

_NAME = "maintenance.json"
# Bytes. Ours have some 2,000; what is larger is none of ours.
_LONGEST = 100_000


@dataclass(frozen=True, slots=True)
class MaintenanceStep:
    """One thing that was done."""

    name: str
    ok: bool
    detail: str
    seconds: float


@dataclass(frozen=True, slots=True)
class MaintenanceReport:
    """All that was done in one run."""

    started_at: str  # ISO 8601, UTC
    finished_at: str
    steps: tuple[MaintenanceStep, ...]

    @property
    def ok(self) -> bool:
        """Whether all went well and nothing is damaged."""
        return all(step.ok for step in self.steps)

    @property
    def failed(self) -> tuple[str, ...]:
        """The names of the steps that did not go well."""
        return tuple(step.name for step in self.steps if not step.ok)

    @property
    def finished(self) -> float:
        """When it was finished, in seconds since 1970."""
        return datetime.fromisoformat(self.finished_at).timestamp()

    def body(self) -> dict[str, object]:
        """The report for JSON."""
        return {"ok": self.ok, **asdict(self)}


def try_step(name: str, step: Callable[[], StepOutcome]) -> MaintenanceStep:
    """A step that was tried; an error of the program is an outcome like others."""
    started = time.perf_counter()
    try:
        ok, detail = step()
    except RagError as error:
        ok, detail = False, str(error)
    return MaintenanceStep(name, ok, detail, round(time.perf_counter() - started, 3))


def iso_now() -> str:
    """Now, as reports have it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def save_report(data_dir: Path, report: MaintenanceReport) -> None:
    """Keep a report in place of the one before; at whatever moment it is cut short, one of them is there.

    Raises StorageError.
    """
    path, new = data_dir / _NAME, data_dir / f"{_NAME}.tmp"
    try:
        with open(new, "w", encoding="utf-8", opener=_private) as file:
            json.dump(report.body(), file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
        flush_directory(data_dir)
    except OSError as error:
        raise storage_error(error, path) from error


def last_report(data_dir: Path) -> MaintenanceReport | None:
    """The report of the last run; None without one that can be read."""
    path = data_dir / _NAME
    try:
        if path.stat().st_size > _LONGEST:
            return None
        return _report(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _report(body: Mapping[str, Any]) -> MaintenanceReport:
    steps = tuple(
        MaintenanceStep(str(step["name"]), bool(step["ok"]), str(step["detail"]), float(step["seconds"]))
        for step in body["steps"]
    )
    report = MaintenanceReport(str(body["started_at"]), str(body["finished_at"]), steps)
    datetime.fromisoformat(report.finished_at)
    return report


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
