"""What rights cost: `python -m tests.bench.rights [--passages 100000] [--json FILE]`.

Passages with vectors made by chance around common middles, in documents of ten, each of one of fifty groups; for people
who may read half, a tenth, a hundredth and a thousandth of them: the time that finding takes beside that of whoever
reads everything, and how many of the ten nearest permitted passages are among those that vectors propose, beside a
comparison with all of them. The first question of each is apart: it makes the index of what may be read. Beside the
clock stands the time of the processor, which other programs on the machine change less.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rag.answer import retrieve as retrieving
from rag.answer.question import Question, take_apart
from rag.index.live import LiveIndex
from rag.records import (
    Access,
    Block,
    BlockKind,
    Document,
    ModelIdentity,
    Passage,
    Sentence,
    SentenceKind,
    Source,
    Span,
)
from rag.records.arrays import FloatMatrix, FloatVector, IntVector
from rag.store.sqlite.sqlite_store import SqliteStore

_DIMENSION = 384
_MODEL = ModelIdentity("by chance", "00" * 32, _DIMENSION)
_A_DOCUMENT = 10  # passages of a document, each of one sentence
_GROUPS = [f"g{number}" for number in range(50)]
_MIDDLES = 200
_WORDS = [f"word{number}" for number in range(5_000)]
# The share that somebody may read, and the groups that give it: one document of a thousand is also of "few", nine are
# of "some".
PEOPLE = {
    "50 %": Access("ann", frozenset(_GROUPS[:25])),
    "10 %": Access("bob", frozenset(_GROUPS[:5])),
    "1 %": Access("cat", frozenset({"few", "some"})),
    "0.1 %": Access("dan", frozenset({"few"})),
}
EVERYTHING = Access.everything()


def main() -> None:
    """Build, measure, and write the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.rights", description=__doc__.partition("\n\n")[0])
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--json", type=Path, help="write the figures here too")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), given.passages, given.questions)
    text = json.dumps(figures, indent=2) + "\n"
    sys.stdout.write(text)
    if given.json:
        given.json.write_text(text, encoding="utf-8")


def measure(folder: Path, passages: int, questions: int) -> dict[str, object]:
    """The figures for so many passages and questions."""
    chance = np.random.default_rng(7)
    middles = _unit(chance.normal(size=(_MIDDLES, _DIMENSION)))
    with SqliteStore.open(folder) as store:
        store.bind_model(_MODEL)
        fill(store, passages, middles)
        live = LiveIndex(store, folder / "index", _MODEL)
        with store.write_lock():
            live.publish()
        asked = [_question(number) for number in range(questions)]
        near = _unit(middles[chance.integers(0, _MIDDLES, questions)] + chance.normal(0, 0.04, (questions, _DIMENSION)))
        index = live.current()
        assert index is not None
        found: dict[str, object] = {"passages": passages, "questions": questions, "is_exact": index.is_exact}
        first_ms = {}
        for name, person in PEOPLE.items():
            started = time.perf_counter()
            _find(store, live, person, asked[0], near[0])
            first_ms[name] = round(1000 * (time.perf_counter() - started), 1)
        everybody = {"everything": EVERYTHING, **PEOPLE}
        times = _times(store, live, everybody, asked, near)
        found["everything"] = every = _described(times["everything"])
        for name, person in PEOPLE.items():
            own = _described(times[name])
            found[name] = {
                "may_read": store.counts(person)[2],
                "first_ms": first_ms[name],
                **own,
                "times_everything": round(own["median_ms"] / every["median_ms"], 2),
                "times_everything_cpu": round(own["median_cpu_ms"] / every["median_cpu_ms"], 2),
                "recall_at_10": recall(store, live, person, near),
            }
        live.close()
    return found


def fill(store: SqliteStore, passages: int, middles: FloatMatrix) -> None:
    """Put documents in, until there are so many passages."""
    rng = random.Random(3)  # noqa: S311 - chance decides what is measured, not what is secret
    chance = np.random.default_rng(11)
    with store.write_lock():
        for number in range(passages // _A_DOCUMENT):
            groups = {rng.choice(_GROUPS)}
            groups |= {"few"} if number % 1_000 == 0 else {"some"} if number % 100 == 0 else set()
            places = chance.integers(0, len(middles), _A_DOCUMENT)
            vectors = _unit(middles[places] + chance.normal(0, 0.04, (_A_DOCUMENT, _DIMENSION)))
            _put(store, number, rng, vectors, groups)


def recall(store: SqliteStore, live: LiveIndex, person: Access, near: FloatMatrix) -> float:
    """The share of the ten nearest permitted passages that vectors propose, over all questions."""
    ids, vectors = _permitted(store, person)
    index = live.permitted(person)
    assert index is not None
    shares = []
    for vector in near:
        wanted = set(ids[np.argsort(-(vectors @ vector), kind="stable")[:10]].tolist())
        proposed = set(retrieving._by_vectors(vector, store, index, person))
        shares.append(len(wanted & proposed) / max(len(wanted), 1))
    return round(statistics.fmean(shares), 4)


def _permitted(store: SqliteStore, person: Access) -> tuple[IntVector, FloatMatrix]:
    """Ids and vectors of all passages that somebody may read."""
    return store.chunk_vectors(person, store.all_chunk_ids().tolist())


def _times(
    store: SqliteStore, live: LiveIndex, people: dict[str, Access], asked: list[Question], near: FloatMatrix
) -> dict[str, list[tuple[float, float]]]:
    """Milliseconds that finding takes each of `people`, by the clock and of the processor.

    A question is asked by each of them before the next one, so that what else the machine does takes from all alike.
    """
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in people}
    for number, (question, vector) in enumerate(zip([*asked[:5], *asked], [*near[:5], *near], strict=True)):
        for name, person in people.items():
            started, busy = time.perf_counter(), time.process_time()
            _find(store, live, person, question, vector)
            taken = 1000 * (time.perf_counter() - started), 1000 * (time.process_time() - busy)
            if number >= 5:  # the first ones wait for what is made once
                found[name].append(taken)
    return found


def _described(times: list[tuple[float, float]]) -> dict[str, float]:
    clock, busy = (sorted(values) for values in zip(*times, strict=True))
    return {
        "median_ms": round(statistics.median(clock), 2),
        "p95_ms": round(clock[int(0.95 * (len(clock) - 1))], 2),
        "median_cpu_ms": round(statistics.median(busy), 2),
    }


def _find(store: SqliteStore, live: LiveIndex, person: Access, question: Question, vector: FloatVector) -> object:
    """What a question does before it reads sentences, as `rag.answer.ask.find` does it."""
    index = live.permitted(person)
    with store.snapshot():
        chunks = store.counts(person)[2]
        store.content_state(person)
        return retrieving.retrieve(question, vector, 10, chunks=chunks, store=store, index=index, access=person)


def _question(number: int) -> Question:
    rng = random.Random(number)  # noqa: S311 - as above
    return take_apart(f"What of {' '.join(_word(rng) for _ in range(6))}?")


def _word(rng: random.Random) -> str:
    """A word: few are common, most are rare."""
    return _WORDS[min(int(rng.paretovariate(0.7)), len(_WORDS)) - 1]


def _put(store: SqliteStore, number: int, rng: random.Random, vectors: FloatMatrix, groups: set[str]) -> None:
    lines = [f"{' '.join(_word(rng) for _ in range(40))}." for _ in range(_A_DOCUMENT)]
    text = "\n".join(lines)
    spans, start = [], 0
    for line in lines:
        spans.append(Span(start, start + len(line)))
        start += len(line) + 1
    document = Document(
        Source(f"d{number}", f"Document {number}", f"/d/{number}.txt"),
        text,
        tuple(Block(span, BlockKind.PARAGRAPH) for span in spans),
        f"{number:064d}",
        f"{number:064d}",
    )
    sentences = [Sentence(span, SentenceKind.STATEMENT) for span in spans]
    chunks = [Passage(at, at + 1, span, "", None, span.of(text)) for at, span in enumerate(spans)]
    store.put_document(document, sentences, vectors, chunks, vectors, groups=groups)


def _unit(rows: npt.NDArray[np.floating]) -> FloatMatrix:
    found: FloatMatrix = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return found


if __name__ == "__main__":
    main()
