"""The command line with the stand-in embedder instead of a model; as a script it is a process to interrupt or kill."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from fakes import HashEmbedder

import rag.pipeline.loading
from rag.cli import main


def load_nothing(name: str, *_: object, **__: object) -> str:
    """In place of a model its name: two names do not mix."""
    return name


# What `rag.pipeline.loading` names, and what stands there in these tests.
SEAMS = {
    "rag.pipeline.loading.load_model": load_nothing,
    "rag.pipeline.loading.OnnxEmbedder": lambda name: HashEmbedder(name=name),
}
COMMAND = [sys.executable, "-W", "error", str(Path(__file__))]


class Ran(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Rag = Callable[..., Ran]


def environment() -> dict[str, str]:
    """The environment for a process that imports the project and the tests' modules."""
    root = Path(__file__).parent.parent
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CITEWELL_")}
    return {**kept, "PYTHONPATH": f"{root}{os.pathsep}{root / 'tests'}"}


def wait_for(holds: Callable[[], bool], seconds: float = 30) -> bool:
    """Whether `holds` came true in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.02)
    return False


def run(arguments: Sequence[object]) -> int:
    """The exit code of a command in this process. For a process of its own: what is replaced stays so."""
    for place, stand_in in SEAMS.items():
        setattr(rag.pipeline.loading, place.rpartition(".")[2], stand_in)
    try:
        main([str(argument) for argument in arguments])
    except SystemExit as left:
        return int(left.code or 0)
    return 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
