"""The command line with the stand-in embedder instead of a model; as a script it is a process to interrupt or kill."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import rag.models.loading
from rag.cli import main
from tests.support.fakes import HashEmbedder


def load_nothing(name: str, *_: object, **__: object) -> str:
    """In place of a model its name: two names do not mix."""
    return name


# What `rag.models.loading` names, and what stands there in these tests.
SEAMS = {
    "rag.models.loading.load_model": load_nothing,
    "rag.models.loading.OnnxEmbedder": lambda name: HashEmbedder(name=name),
}
COMMAND = [sys.executable, "-W", "error", "-m", "tests.support.hash_cli"]


class Ran(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Rag = Callable[..., Ran]


def run(arguments: Sequence[object]) -> int:
    """The exit code of a command in this process. For a process of its own: what is replaced stays so."""
    for place, stand_in in SEAMS.items():
        setattr(rag.models.loading, place.rpartition(".")[2], stand_in)
    try:
        main([str(argument) for argument in arguments])
    except SystemExit as left:
        return int(left.code or 0)
    return 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
