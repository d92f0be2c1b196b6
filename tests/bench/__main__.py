"""Speed as ratios, both sides measured in turn in one run: `make bench`.

Machines are noisy, so a time alone says little; a ratio of medians of interleaved runs says more. Prints a table.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from rag.embed import OnnxEmbedder
from rag.models import find_model, load_model
from rag.pipeline import Pipeline
from rag.settings import BUNDLED_MODEL, Settings

_ROUNDS = 9
_SEEDS = Path(__file__).parents[2] / "seeds"
_QUESTION = "How much did the fund offer for the Japanese semiconductor manufacturer?"
_PASSAGE = (
    "The harbour was closed for eleven days because ice had crushed the outer gate. Ships were sent to the next port "
    "instead, and the harbour master asked the county for a stronger gate, which was delivered the next summer. "
) * 3


@dataclass(frozen=True, slots=True)
class Ratio:
    """Two things measured in turn: seconds of each, medians."""

    name: str
    ours: float
    other: float

    def line(self) -> str:
        """One row of the table."""
        return f"{self.name:<58} {self.ours * 1000:>9.1f} {self.other * 1000:>9.1f} {self.other / self.ours:>7.2f}"


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder))
        model = load_model(BUNDLED_MODEL, settings.data_dir / "models", progress=_say)
        embedder = OnnxEmbedder(model)
        with Pipeline.open(settings, embedder=embedder, create=True) as pipeline:
            ratios = [first_and_second_ingest(pipeline), *asking(pipeline, settings, embedder)]
        ratios += against_torch(embedder)
    _say(f"{'what':<58} {'ours ms':>9} {'other ms':>9} {'ratio':>7}")
    for ratio in ratios:
        _say(ratio.line())


def first_and_second_ingest(pipeline: Pipeline) -> Ratio:
    """Ingesting an unchanged folder, against ingesting it the first time."""
    first = _seconds(lambda: pipeline.ingest([_SEEDS]))
    again = statistics.median(_seconds(lambda: pipeline.ingest([_SEEDS])) for _ in range(_ROUNDS))
    return Ratio("ingest again, unchanged / the first time", again, first)


def asking(pipeline: Pipeline, settings: Settings, embedder: OnnxEmbedder) -> list[Ratio]:
    """A whole answer, against the embedding of its question; and ten passages read, against three."""
    few = replace(settings, passages=3)

    def answer() -> object:
        return pipeline.ask(_QUESTION)

    with Pipeline.open(few, embedder=embedder) as other:
        return [
            _compare("answer / embedding its question", answer, lambda: embedder.embed_question(_QUESTION)),
            _compare("answer from 10 passages / from 3", answer, lambda: other.ask(_QUESTION)),
        ]


def against_torch(embedder: OnnxEmbedder) -> list[Ratio]:
    """Embedding by ONNX Runtime, against sentence-transformers' own `encode` with the same weights."""
    from sentence_transformers import SentenceTransformer

    other = SentenceTransformer(str(find_model(BUNDLED_MODEL)), device="cpu", local_files_only=True)
    passages = [f"{number}. {_PASSAGE}" for number in range(64)]
    return [
        _compare(f"embed {name} / by torch", partial(ours, given), partial(other.encode, given))
        for name, ours, given in (
            ("a question", embedder.embed_question, _QUESTION),
            ("64 passages", embedder.embed, passages),
        )
    ]


def _compare(name: str, ours: Callable[[], object], other: Callable[[], object]) -> Ratio:
    """Both in turn, after one round that is not counted."""
    pairs = [(_seconds(ours), _seconds(other)) for _ in range(_ROUNDS + 1)][1:]
    return Ratio(name, statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs))


def _seconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
