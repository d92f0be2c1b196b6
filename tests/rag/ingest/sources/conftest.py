"""A folder of documents and Citewell, which keeps in step with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.app import Citewell
from rag.ingest.results import SyncReport
from rag.ingest.sources import SyncOptions
from tests.support.folders import Sync


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    return folder


@pytest.fixture
def sync(empty_citewell: Citewell, docs: Path) -> Sync:
    """Syncs `docs`, or the folders given, with the options given."""

    def run(*folders: Path, **options: object) -> SyncReport:
        return empty_citewell.documents.sync(list(folders) or [docs], SyncOptions(**options))  # type: ignore[arg-type] # any

    return run
