"""Folders of documents whose files have a time of change."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from rag.ingest.results import SyncReport

Sync = Callable[..., SyncReport]
LONG_AGO = 1_600_000_000_123_456_789  # nanoseconds since 1970


def write(path: Path, text: str, *, at: int | None = LONG_AGO) -> Path:
    """A file with its time of change, so long ago that it is trusted."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    if at is not None:
        os.utime(path, ns=(at, at))
    return path


def told(report: SyncReport) -> list[tuple[str, str]]:
    """Status and file name of each result, sorted."""
    return sorted((result.status.value, Path(result.location).name) for result in report.results)
