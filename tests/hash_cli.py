"""The command line with the stand-in embedder instead of a model; as a script it is a process to interrupt or kill."""

from __future__ import annotations

import sys
from pathlib import Path

from fakes import HashEmbedder


def load_nothing(name: str, *_: object, **__: object) -> str:
    """In place of a model its name: two names do not mix."""
    return name


# What `rag.pipeline` names, and what stands there in these tests.
SEAMS = {"rag.pipeline.load_model": load_nothing, "rag.pipeline.OnnxEmbedder": lambda name: HashEmbedder(name=name)}
COMMAND = [sys.executable, "-W", "error", str(Path(__file__))]

if __name__ == "__main__":
    import rag.pipeline
    from rag.cli import main

    for place, stand_in in SEAMS.items():
        setattr(rag.pipeline, place.rpartition(".")[2], stand_in)
    main(sys.argv[1:])
