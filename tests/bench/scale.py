"""Ten thousand to ten million passages: `python -m tests.bench.scale --squad FILE [FILE ...] --work FOLDER`.

The passages are made of the sentences of real paragraphs, four at a time from one article, with their numbers changed
at random, so that words are as frequent as in real text and no two passages are the same. Embedding a million would
take hours: each sentence is embedded once, and a passage has the mean of its sentences' vectors, turned by noise until
its cosine to that mean is what it was found to be for real passages (`_LIKENESS`). The store is filled by its own
`put_document`. Questions are real ones, embedded as ever.

For each size: the time and memory of building, the disk, the time of a question's steps, recall of the ten nearest
against an exact search, start to first answer, and a document added until it is found. A size that is there already is
not made again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import re
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rag.answer.question import analyse_question
from rag.app import Citewell
from rag.evaluate.cases import read_squad
from rag.index.live import LiveIndex
from rag.models.catalogue import load_model
from rag.models.embedder import OnnxEmbedder
from rag.records import Block, BlockKind, Document, Passage, Sentence, SentenceKind, Source, Span
from rag.settings import BUNDLED_MODEL, Settings
from rag.split import split_document
from rag.store.sqlite.sqlite_store import SqliteStore
from tests.support.access import EVERYTHING

FloatMatrix = npt.NDArray[np.float32]
IntVector = npt.NDArray[np.int64]
IntMatrix = npt.NDArray[np.int64]

SENTENCES = 4  # a passage
_PASSAGES = 250  # a document
_LIKENESS = 0.88  # cosine of a passage to the mean of its sentences: the median of 723 passages of real paragraphs
_QUESTIONS = 300
_MARK = "  "  # between the sentences of a line; no sentence of the material has two spaces
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Material:
    """What passages are made of: the sentences of each article with their vectors, and questions."""

    sentences: list[str]
    vectors: FloatMatrix
    articles: list[list[int]]  # numbers of sentences
    questions: list[str]


def main() -> None:
    """Make what is missing, measure each size in a process of its own, and write the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.scale", description=__doc__.partition("\n\n")[0])
    parser.add_argument("--squad", type=Path, nargs="+", required=True, help="files in the SQuAD layout")
    parser.add_argument("--work", type=Path, required=True, help="a folder for what is made, to be used again")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--json", type=Path, help="write the figures here too")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)  # in the processes that this one starts
    given = parser.parse_args()
    material = read_material(given.squad, given.work)
    if given.measure:
        sys.stdout.write(json.dumps(measure(given.measure, material)) + "\n")
        return
    figures = {}
    for size in given.sizes:
        folder = given.work / f"{size}"
        build(folder, size, material)
        command = [sys.executable, "-m", "tests.bench.scale", "--squad", *map(str, given.squad)]
        command += ["--work", str(given.work), "--measure", str(folder)]
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
        figures[size] = {**json.loads((folder / "built.json").read_text()), **json.loads(done.stdout.splitlines()[-1])}
        say(f"{size}: {json.dumps(figures[size])}")
    if given.json:
        given.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def read_material(files: Sequence[Path], work: Path) -> Material:
    """The sentences of the paragraphs in the files, by article, embedded once and kept in `work`."""
    work.mkdir(parents=True, exist_ok=True)
    sentences: dict[str, int] = {}
    articles: dict[str, dict[int, None]] = {}
    questions: list[str] = []
    for file in files:
        documents, cases = read_squad(file)
        questions += [case.question for case in cases if case.is_answerable]
        for document in documents:
            mine = articles.setdefault(document.source.title, {})
            for sentence in split_document(document, language="en"):
                text = " ".join(sentence.span.of(document.text).split())
                if sentence.kind is SentenceKind.STATEMENT and len(text) < 400:
                    mine.setdefault(sentences.setdefault(text, len(sentences)))
    kept = work / f"vectors-{len(sentences)}.npy"
    if not kept.exists():
        embedder = OnnxEmbedder(load_model(BUNDLED_MODEL, work / "models"))
        say(f"embedding {len(sentences)} sentences ...")
        np.save(kept, embedder.embed(list(sentences)))
    rng = random.Random(1)  # noqa: S311 - chance decides what is measured, not what is secret
    rng.shuffle(questions)
    long_enough = [list(mine) for mine in articles.values() if len(mine) >= SENTENCES]
    return Material(list(sentences), np.load(kept), long_enough, questions[:_QUESTIONS])


def build(folder: Path, size: int, material: Material) -> None:
    """Fill a store with `size` passages and write its index, unless that was done before."""
    if (folder / "built.json").exists():
        return
    model = load_model(BUNDLED_MODEL, folder / "data" / "models")
    with SqliteStore.open(folder / "data") as store:
        store.bind_model(model.identity)
        started = time.perf_counter()
        done = store.counts(EVERYTHING)[2]  # goes on where it was cut off
        with store.write_lock():
            for number in range(done // _PASSAGES, size // _PASSAGES):
                store.put_document(*make_document(number, material))
                if number % 200 == 0:
                    say(f"  {number * _PASSAGES} of {size} passages, {time.perf_counter() - started:.0f} s")
            filled = time.perf_counter() - started
            started = time.perf_counter()
            LiveIndex(store, folder / "data" / "index", model.identity).publish()
    disk = {name: _size(folder / "data" / name) for name in ("citewell.sqlite", "index")}
    figures = {
        "fill_seconds": round(filled),
        "index_seconds": round(time.perf_counter() - started, 1),
        "build_peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "disk_mb": disk,
    }
    (folder / "built.json").write_text(json.dumps(figures))


def make_document(
    number: int, material: Material
) -> tuple[Document, list[Sentence], FloatMatrix, list[Passage], FloatMatrix]:
    """The arguments of `SqliteStore.put_document` for document `number`: the same for the same number."""
    rng = random.Random(number)  # noqa: S311 - as above
    title = f"Volume {number}"
    lines, chosen = [title], []
    for _ in range(_PASSAGES):
        article = material.articles[rng.randrange(len(material.articles))]
        chosen.append(rng.sample(article, SENTENCES))
        lines.append(_MARK.join(_renumbered(material.sentences[one], rng) for one in chosen[-1]))
    text = "\n".join(lines)
    blocks: list[Block] = []
    sentences: list[Sentence] = []
    passages: list[Passage] = []
    place = 0
    for line, members in zip(lines, [[], *chosen], strict=True):
        span = Span(place, place + len(line))
        kind = BlockKind.PARAGRAPH if members else BlockKind.HEADING
        blocks.append(Block(span, kind, 0 if members else 1, title, None))
        first = len(sentences)
        if members:
            sentences += _sentences(line, place, len(members))
            passages.append(Passage(first, len(sentences), span, title, None, f"{title}\n{line}"))
        place += len(line) + 1
    vectors = material.vectors[[one for members in chosen for one in members]]
    turned = passage_vectors(vectors, number)
    source = Source(f"volume-{number}", title, f"/volumes/{number}.txt", "text/plain")
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    return Document(source, text, tuple(blocks), sha256, sha256), sentences, vectors, passages, turned


def passage_vectors(sentences: FloatMatrix, number: int) -> FloatMatrix:
    """The vectors of passages from those of their sentences, in order; `number` decides the noise."""
    means = _unit(sentences.reshape(-1, SENTENCES, sentences.shape[1]).sum(axis=1))
    away = _unit(np.random.default_rng(number).standard_normal(means.shape).astype(np.float32))
    turned: FloatMatrix = _unit(_LIKENESS * means + np.sqrt(1 - _LIKENESS**2) * away).astype(np.float32)
    return turned


def nearest(asked: FloatMatrix, blocks: Iterable[tuple[IntVector, FloatMatrix]]) -> IntMatrix:
    """The ids of the ten passages nearest to each vector, in no order, all compared; `blocks` has ids and vectors."""
    best = np.full((len(asked), 10), -2.0, dtype=np.float32)
    ids = np.zeros((len(asked), 10), dtype=np.int64)
    for block, vectors in blocks:
        scores = np.concatenate([best, asked @ vectors.T], axis=1)
        names = np.concatenate([ids, np.broadcast_to(block, (len(asked), len(block)))], axis=1)
        first = np.argpartition(-scores, 10, axis=1)[:, :10]
        best, ids = np.take_along_axis(scores, first, axis=1), np.take_along_axis(names, first, axis=1)
    return ids


def measure(folder: Path, material: Material) -> dict[str, object]:
    """The figures of one size, in this process, which has done nothing else with it."""
    data = folder / "data"
    settings = Settings(data_dir=data, reader=False)
    started = time.perf_counter()
    citewell = Citewell.open(settings)
    opened = time.perf_counter() - started
    with citewell:
        for question in material.questions[:20]:
            citewell.questions.search(question, access=EVERYTHING)
        figures = {
            "open_seconds": round(opened, 2),
            "search_ms": quantiles(
                lambda question: citewell.questions.search(question, access=EVERYTHING), material.questions[20:]
            ),
            "steps_ms": _steps(citewell, material.questions[20:]),
            "common_words_ms": quantiles(
                lambda question: citewell.questions.search(question, access=EVERYTHING), _common(citewell, material)
            ),
            "memory_mb": memory(),
            "recall_at_10": round(_recall(citewell, material.questions), 4),
            "add_seconds": _add(citewell),
        }
    return {**figures, "first_answer_seconds": _first_answer(data, material.questions[0])}


def _steps(citewell: Citewell, questions: Sequence[str]) -> dict[str, dict[str, float]]:
    """The parts of a search that grow with the size."""
    index, embedder = citewell._index.current(), citewell._embedder
    assert index is not None
    vectors = {question: embedder.embed_question(question) for question in questions}
    stems = {
        question: [found[0] for found in citewell._store.word_stems(_words(question)).values() if len(found) == 1]
        for question in questions
    }
    return {
        "embed": quantiles(embedder.embed_question, questions),
        "vectors": quantiles(lambda question: index.search(vectors[question], 100), questions),
        "words": quantiles(lambda question: index.search_words(stems[question], 100), questions),
    }


def _words(question: str) -> tuple[str, ...]:
    return analyse_question(question, max_chars=1_000).words


def _common(citewell: Citewell, material: Material) -> list[str]:
    """Questions of the words that most passages hold, five at a time."""
    index = citewell._index.current()
    assert index is not None
    words = {word for question in material.questions for word in _words(question)}
    stems = {word: found[0] for word, found in citewell._store.word_stems(sorted(words)).items() if len(found) == 1}
    held = index.frequencies(stems.values())
    often = sorted(stems, key=lambda word: (-held[stems[word]], word))[:40]
    return [f"What about {' '.join(often[start : start + 5])}?" for start in range(36)]


def _recall(citewell: Citewell, questions: Sequence[str]) -> float:
    """The share of the ten nearest passages, all compared, that the index gives among its first ten."""
    index = citewell._index.current()
    assert index is not None
    asked = np.stack([citewell._embedder.embed_question(question) for question in questions])
    with citewell._store.snapshot():
        ids = nearest(asked, ((block, vectors) for block, vectors, *_ in citewell._store.chunk_blocks(size=50_000)))
    # The exact cosines order what the index proposes, as they do in `rag.answer.retrieve`.
    found = []
    for vector, wanted in zip(asked, ids.tolist(), strict=True):
        proposed = [i for i, _ in index.search(vector, 100)]
        known, rows = citewell._store.chunk_vectors(EVERYTHING, proposed)
        order = np.argsort(-(rows @ vector))[:10]
        found.append(len(set(known[order].tolist()) & set(wanted)) / 10)
    return statistics.fmean(found)


def _add(citewell: Citewell) -> list[float]:
    """Seconds from a document's bytes to its being found, three times."""
    took = []
    for number in range(3):
        word = f"quillbrook{time.time_ns()}"
        text = f"The keeper of {word} counts the lamps on the pier every evening before the tide turns."
        started = time.perf_counter()
        citewell.documents.put(f"added-{number}", text.encode(), media_type="text/plain")
        assert any(word in hit.chunk.text for hit in citewell.questions.search(f"Who keeps {word}?", access=EVERYTHING))
        took.append(round(time.perf_counter() - started, 3))
    return took


def _first_answer(data: Path, question: str) -> list[float]:
    """Seconds from the start of `rag ask` to its end, three times."""
    took = []
    for _ in range(3):
        started = time.perf_counter()
        command = [sys.executable, "-c", "from rag.cli import main; main()", "ask", question, "--data-dir", str(data)]
        subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
        took.append(round(time.perf_counter() - started, 2))
    return took


def quantiles(action: Callable[[str], object], questions: Sequence[str]) -> dict[str, float]:
    """Milliseconds of one call at the median, the 95th and the 99th percentile."""
    took = []
    for question in questions:
        started = time.perf_counter()
        action(question)
        took.append((time.perf_counter() - started) * 1000)
    cuts = statistics.quantiles(took, n=100, method="inclusive")
    return {name: round(cuts[place - 1], 1) for name, place in (("p50", 50), ("p95", 95), ("p99", 99))}


def memory() -> dict[str, int]:
    """Resident memory in megabytes: all, what is this process's own, and what is mapped from files."""
    lines = Path("/proc/self/status").read_text().splitlines()
    found = {line.split(":")[0]: int(line.split()[1]) // 1024 for line in lines if line.startswith(("VmRSS", "Rss"))}
    return {"all": found["VmRSS"], "own": found["RssAnon"], "files": found["RssFile"]}


def _sentences(line: str, place: int, count: int) -> list[Sentence]:
    """The sentences of a line that was made of `count`, which stand one space apart at the marks put between them."""
    found, start = [], 0
    for text in line.split(_MARK)[:count]:
        found.append(Sentence(Span(place + start, place + start + len(text)), SentenceKind.STATEMENT))
        start += len(text) + len(_MARK)
    return found


def _renumbered(sentence: str, rng: random.Random) -> str:
    """The sentence with each of its digits changed at random."""
    return re.sub(r"[1-9]", lambda _: str(rng.randrange(1, 10)), sentence)


def _unit(rows: FloatMatrix) -> FloatMatrix:
    """Each row at length 1."""
    found: FloatMatrix = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return found


def _size(path: Path) -> int:
    """Megabytes of a file or folder."""
    files = [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file()]
    return sum(one.stat().st_size for one in files) // 1_000_000


def say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
