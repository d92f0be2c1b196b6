"""A folder of documents and a pipeline that keeps in step with it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from rag.pipeline import Pipeline
from rag.records import SyncReport
from rag.sources import SyncOptions

Sync = Callable[..., SyncReport]
LONG_AGO = 1_600_000_000_123_456_789  # nanoseconds since 1970


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    return folder


@pytest.fixture
def sync(empty_pipeline: Pipeline, docs: Path) -> Sync:
    """Syncs `docs`, or the folders given, with the options given."""

    def run(*folders: Path, **options: object) -> SyncReport:
        return empty_pipeline.sync(list(folders) or [docs], SyncOptions(**options))  # type: ignore[arg-type] # any

    return run


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
