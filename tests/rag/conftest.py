"""The command line inside the test's own process, without a model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from shutil import copytree

import pytest

from rag import cli
from rag.app import Citewell
from rag.settings import Settings
from tests.support.conversations import ask
from tests.support.fakes import HashEmbedder
from tests.support.hash_cli import SEAMS, Rag, Ran
from tests.support.places import DATA


@pytest.fixture
def rag(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Rag:
    """Runs a command on a data directory of the test's own, without a model."""
    monkeypatch.setenv("CITEWELL_DATA_DIR", str(tmp_path / "data"))
    for place, stand_in in SEAMS.items():
        monkeypatch.setattr(place, stand_in)

    def run(*arguments: object) -> Ran:
        capsys.readouterr()
        try:
            cli.main([str(argument) for argument in arguments])
            code = 0
        except SystemExit as left:
            code = int(left.code or 0)
        return Ran(code, *capsys.readouterr())

    return run


@pytest.fixture(scope="session")
def ingested_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory that `rag ingest` leaves of the test library, to be copied."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("ingested") / "data")
    with Citewell.open(settings, embedder=HashEmbedder(name=settings.model), create=True) as citewell:
        citewell.documents.ingest([DATA / "library"])
    return settings.data_dir


@pytest.fixture
def ingested(rag: Rag, tmp_path: Path, ingested_library: Path) -> Rag:
    """`rag` with the test library in its data directory."""
    copytree(ingested_library, tmp_path / "data")
    return rag


@pytest.fixture
def keep(citewell: Citewell) -> Callable[..., dict]:
    """Asks, and keeps the answer."""
    return lambda question, **more: ask(citewell, question, keep=True, **more)
