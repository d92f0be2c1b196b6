"""The command line inside the test's own process, without a model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rag import cli
from rag.app import Citewell
from tests.support.conversations import ask
from tests.support.hash_cli import SEAMS, Rag, Ran


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


@pytest.fixture
def ingested(rag: Rag, library: Path) -> Rag:
    """`rag` with the test library in its data directory."""
    assert rag("ingest", library).code == 0
    return rag


@pytest.fixture
def keep(citewell: Citewell) -> Callable[..., dict]:
    """Asks, and keeps the answer."""
    return lambda question, **more: ask(citewell, question, keep=True, **more)
