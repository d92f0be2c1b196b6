"""The two models against sentence-transformers and torch with the same weights: `python -m tests.bench.models`.

Both sides in turn, in one run, on texts of seeds/; what is shown are medians, and ratios of them: of how many a second,
and of how many a second of processor time, which counts where others work on the machine too. The peak is that of
float32 matrix products of 2048 by 2048 on all cores, by torch: work in int8 can be done faster than that.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import count, cycle, islice
from pathlib import Path
from typing import Any

import onnxruntime

from rag import read
from rag.models.catalogue import find_model, load_model
from rag.models.embedder import OnnxEmbedder
from rag.models.reader import WEIGHTS_FOLDER, Reader, ReadPassage
from rag.models.runtime import shared_workers
from rag.records import Span
from rag.settings import BUNDLED_MODEL
from rag.split import split_document

_SEEDS = Path(__file__).parents[2] / "seeds"
_READER_LAYERS = 12
_QUESTION = "How much did the fund offer for the Japanese semiconductor manufacturer?"
_USERS = 16
_PRODUCT = 2048
_LAYERS, _WIDTH = 6, 384  # of both models; a layer has four products of width by width, and two of four times that


@dataclass(frozen=True, slots=True)
class Row:
    """Two things done in turn: how many a second of each, by medians, and how many times the processor time."""

    name: str
    ours: float
    other: float
    processor: float  # of the other, for one of ours
    share_of_peak: float | None = None  # of ours

    def line(self) -> str:
        """One row of the table."""
        share = "" if self.share_of_peak is None else f"{self.share_of_peak:.2f}"
        ratios = f"{self.ours / self.other:>6.2f} {self.processor:>10.2f}"
        return f"{self.name:<72} {self.ours:>9.1f} {self.other:>9.1f} {ratios} {share:>6}"


def main() -> None:
    """Measure, print a table, and write JSON if asked to."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.models", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="how often each side has its turn")
    parser.add_argument("--passages", type=int, default=64)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    given = parser.parse_args()
    rows = measure(given.rounds, given.passages)
    sys.stdout.write(
        f"{'what, how many a second':<72} {'ours':>9} {'other':>9} {'ratio':>6} {'processor':>10} {'peak':>6}\n"
    )
    sys.stdout.write("".join(f"{row.line()}\n" for row in rows))
    if given.json:
        given.json.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n", encoding="utf-8")


def measure(rounds: int, number: int) -> list[Row]:
    """All rows. Takes about `rounds` times ten seconds on two idle cores."""
    sentences = seed_sentences()
    passages = list(islice(cycle(in_passages(sentences)), number))
    with tempfile.TemporaryDirectory() as folder:
        embedder = OnnxEmbedder(load_model(BUNDLED_MODEL, Path(folder)))
        return [*embedding(embedder, passages, sentences, rounds), *reading(passages[:5], rounds)]


def embedding(embedder: OnnxEmbedder, passages: Sequence[str], sentences: Sequence[str], rounds: int) -> Iterator[Row]:
    """Embedding against sentence-transformers' `encode` with its defaults, which are batches of 32 sorted by length."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(find_model(BUNDLED_MODEL)), device="cpu", local_files_only=True)
    for name, texts in (("passages", passages), ("sentences", sentences)):
        fresh = freshly(texts)
        ours, other, product = in_turn(
            rounds, partial(embedded, embedder.embed, fresh), partial(embedded, model.encode, fresh), multiply
        )
        work = sum(map(flops, (min(embedder.count_tokens(text) + 2, embedder.max_tokens) for text in fresh())))
        share = (work / ours.seconds) / (2 * _PRODUCT**3 / product.seconds)
        yield row(f"{name} embedded / by sentence-transformers", ours, other, times=len(texts), share=share)
    ours, other = in_turn(rounds * 5, partial(embedder.embed_question, _QUESTION), partial(model.encode, _QUESTION))
    yield row("questions embedded / by sentence-transformers", ours, other)


def embedded(embed: Callable[[list[str]], object], texts: Callable[[], list[str]]) -> object:
    """What `embed` gives for the next texts."""
    return embed(texts())


def freshly(texts: Sequence[str]) -> Callable[[], list[str]]:
    """Gives the texts with a number in front, each time another: no vector is remembered from the round before."""
    rounds = count()
    return lambda: [f"{number}.{at} {text}" for number in (next(rounds),) for at, text in enumerate(texts)]


def reading(texts: Sequence[str], rounds: int) -> list[Row]:
    """A question's passages read: against torch, and against one session that works on all cores, as is usual."""
    reader, usual = Reader.load(), Reader.load()
    assert reader is not None and usual is not None
    usual._workers = InTheCallersThread()  # type: ignore[assignment]
    usual._session = session_on_all_cores()
    passages = [ReadPassage("", text, (Span(0, len(text)),)) for text in texts]
    ours, other, torch = in_turn(
        rounds * 2,
        partial(reader.read, _QUESTION, passages),
        partial(usual.read, _QUESTION, passages),
        partial(read_by_torch(), texts),
    )
    name = f"questions with {len(texts)} passages read"
    rows = [row(f"{name} / by torch, float32, in one batch", ours, torch)]
    rows += [row(f"{name} / with a session on all cores", ours, other)]
    ours, other = in_turn(
        rounds,
        lambda: at_once(lambda: reader.read(_QUESTION, passages)),
        lambda: at_once(lambda: usual.read(_QUESTION, passages)),
    )
    return [*rows, row(f"the same by {_USERS} users at once", ours, other, times=_USERS)]


class InTheCallersThread:
    """Runs the work where it is asked for."""

    def run(self, task: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
        return [task(item) for item in items]


def session_on_all_cores() -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = shared_workers().threads
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(str(WEIGHTS_FOLDER / "reader.onnx"), options)


def read_by_torch() -> Callable[[Sequence[str]], object]:
    """As many layers in torch over the same pairs, padded to one batch. What the weights are makes no difference."""
    import torch
    from transformers import AutoTokenizer, BertConfig, BertModel

    folder = str(find_model(BUNDLED_MODEL))
    config = BertConfig.from_pretrained(folder)
    config.num_hidden_layers = _READER_LAYERS
    model: torch.nn.Module = BertModel(config)
    model.eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)

    def run(texts: Sequence[str]) -> object:
        pairs = tokenizer([_QUESTION] * len(texts), list(texts), padding=True, truncation=True, return_tensors="pt")
        with torch.inference_mode():
            return model(**pairs)

    return run


def at_once(task: Callable[[], object]) -> None:
    """The task in as many threads as there are users."""
    threads = [threading.Thread(target=task) for _ in range(_USERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def multiply() -> object:
    """One product of float32 matrices, 2048 by 2048, on all cores."""
    import torch

    matrix = torch.ones((_PRODUCT, _PRODUCT))
    return matrix @ matrix


def flops(tokens: int) -> int:
    """Operations for one text: the products with weights, and those of each token with each in attention."""
    return _LAYERS * (2 * tokens * 12 * _WIDTH**2 + 4 * tokens**2 * _WIDTH)


@dataclass(frozen=True, slots=True)
class Taken:
    """Medians of one task: seconds, and seconds of the processor."""

    seconds: float
    processor: float


def in_turn(rounds: int, *tasks: Callable[[], object]) -> list[Taken]:
    """What each takes, done in turn, after one round that is not counted."""
    taken = [[_taken(task) for task in tasks] for _ in range(rounds + 1)][1:]
    return [
        Taken(statistics.median(t.seconds for t in column), statistics.median(t.processor for t in column))
        for column in zip(*taken, strict=True)
    ]


def row(name: str, ours: Taken, other: Taken, *, times: int = 1, share: float | None = None) -> Row:
    """The row of two tasks that each do something `times` times."""
    return Row(name, times / ours.seconds, times / other.seconds, other.processor / ours.processor, share)


def seed_sentences() -> list[str]:
    """The sentences of the seeds, in order."""
    document = read.read_document(next(_SEEDS.glob("*.md")), max_bytes=10**6)
    return [sentence.span.of(document.text) for sentence in split_document(document, language="en")]


def in_passages(sentences: Sequence[str]) -> list[str]:
    """From three to eight neighbouring sentences each, of different lengths as passages are."""
    lengths, at, passages = cycle((5, 8, 3, 6, 7, 4)), 0, []
    while at < len(sentences):
        length = next(lengths)
        passages.append(" ".join(sentences[at : at + length]))
        at += length
    return passages


def _taken(task: Callable[[], object]) -> Taken:
    started, processor = time.perf_counter(), time.process_time()
    task()
    return Taken(time.perf_counter() - started, time.process_time() - processor)


if __name__ == "__main__":
    main()
