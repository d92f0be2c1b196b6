"""Ten million passages, the index alone: `python -m tests.bench.scale_index --squad FILE [FILE ...] --work FOLDER`.

A database of ten million takes some 140 GB, so this size is without one: the passages are made as in
`tests.bench.scale`, their vectors and stems go to the index directly, and what a question would then read from the
database (some hundred rows, whatever the size) is not measured. The exact vectors that give the order in the end are
not there either; but a passage of the ten nearest is among the ten found exactly if it is among the proposed hundred.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

import rag.index.vectors
from rag.answer.question import analyse_question
from rag.index import PassageBatch, SearchIndex, build_index, changed_index
from rag.index.part_files import read_part, writers
from rag.models.catalogue import load_model
from rag.models.embedder import OnnxEmbedder
from rag.settings import BUNDLED_MODEL
from rag.store.stems import text_stems
from tests.bench import scale
from tests.bench.scale import (
    ROOT,
    SENTENCES,
    FloatMatrix,
    IntVector,
    Material,
    passage_vectors,
    quantiles,
    read_material,
)

_BLOCK = 10_000
_PROBES = (320, 640, 1_280, 2_560)


def main() -> None:
    """Make the index unless it is there, and measure it in a process of its own."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.scale_index", description=__doc__.partition("\n\n")[0])
    parser.add_argument("--squad", type=Path, nargs="+", required=True, help="files in the SQuAD layout")
    parser.add_argument("--work", type=Path, required=True, help="a folder for what is made, to be used again")
    parser.add_argument("--size", type=int, default=10_000_000)
    parser.add_argument("--json", type=Path, help="write the figures here too")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)  # in the process that this one starts
    given = parser.parse_args()
    material = read_material(given.squad, given.work)
    folder = given.work / f"index-{given.size}"
    if given.measure:
        sys.stdout.write(json.dumps(measure(folder, given.size, material, given.work / "models")) + "\n")
        return
    build(folder, given.size, material)
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.scale_index", *sys.argv[1:], "--measure"],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    figures = {"size": given.size, **json.loads((folder / "built.json").read_text())}
    figures |= json.loads(done.stdout.splitlines()[-1])
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")
    if given.json:
        given.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def build(folder: Path, size: int, material: Material) -> None:
    """Make the index of `size` passages and write its files, unless that was done before."""
    if (folder / "built.json").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    index = build_index(
        size,
        material.vectors.shape[1],
        _blocks(size, material),
        lambda wanted: _sample(wanted, size, material),
        change_number=0,
    )
    for name, write in writers(index.parts[0]).items():
        with (folder / name).open("wb") as file:
            write(file)
    figures = {
        "build_seconds": round(time.perf_counter() - started),
        "build_peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "disk_mb": {path.name: path.stat().st_size // 1_000_000 for path in sorted(folder.iterdir())},
    }
    (folder / "built.json").write_text(json.dumps(figures))


def measure(folder: Path, size: int, material: Material, models: Path) -> dict[str, object]:
    """The figures of the index in a folder, in this process, which has done nothing else with it."""
    embedder = OnnxEmbedder(load_model(BUNDLED_MODEL, models))
    before = scale.memory()
    started = time.perf_counter()
    index = SearchIndex((read_part(folder, count=size, dimension=material.vectors.shape[1]),), 0)
    opened = time.perf_counter() - started
    asked = {question: embedder.embed_question(question) for question in material.questions}
    stems = dict(zip(asked, _stems([" ".join(analyse_question(q, max_chars=1_000).words) for q in asked]), strict=True))
    words = quantiles(lambda question: index.search_words(stems[question], 100), list(asked))
    vectors = {}
    nearest = scale.nearest(np.stack(list(asked.values())), _exactly(size, material))
    for probed in _PROBES:
        rag.index.vectors._PROBED = probed
        for question in list(asked)[:20]:
            index.search(asked[question], 100)
        found = [{i for i, _ in index.search(vector, 100)} for vector in asked.values()]
        recall = [len(ids & set(wanted)) / len(wanted) for ids, wanted in zip(found, nearest.tolist(), strict=True)]
        times = quantiles(lambda question: index.search(asked[question], 100), list(asked))
        vectors[str(probed)] = {**times, "recall_at_10": round(sum(recall) / len(recall), 4)}
    after = scale.memory()
    one = PassageBatch(
        np.array([size + 1]), material.vectors[:1], _stems(["The keeper of quillbrook counts the lamps."])
    )
    started = time.perf_counter()
    changed = changed_index(index, np.empty(0, np.int64), one, change_number=1)
    assert changed.search_words(["quillbrook"], 1)[0][0] == size + 1
    return {
        "open_seconds": round(opened, 2),
        "words_ms": words,
        "vectors_ms": vectors,
        "memory_mb": after,
        "memory_mb_without_index": before,
        "add_seconds": round(time.perf_counter() - started, 3),
    }


def _blocks(size: int, material: Material) -> Iterator[PassageBatch]:
    stems = _stems(material.sentences)
    started = time.perf_counter()
    for number in range(size // _BLOCK):
        if number % 50 == 0:
            scale.say(f"  {number * _BLOCK} of {size} passages, {time.perf_counter() - started:.0f} s")
        chosen = _chosen(number, material)
        digits = random.Random(-number)  # noqa: S311 - chance decides what is measured, not what is secret
        texts = [
            ["volum", str(number), *(_renumbered(stem, digits) for one in members for stem in stems[one])]
            for members in chosen
        ]
        yield PassageBatch(_ids(number), _vectors(number, chosen, material), texts)


def _sample(wanted: int, size: int, material: Material) -> FloatMatrix:
    """About so many of the vectors: the first ones of some two hundred blocks, evenly from all."""
    scale.say(f"  a sample of {wanted} vectors ...")
    numbers = range(0, size // _BLOCK, max(size // _BLOCK // 200, 1))
    share = max(wanted // len(numbers), 1)
    return np.concatenate([_vectors(n, _chosen(n, material)[:share], material) for n in numbers])


def _chosen(number: int, material: Material) -> list[list[int]]:
    """The sentences of each passage of block `number`: the same for the same number."""
    rng = random.Random(number)  # noqa: S311 - as above
    articles = material.articles
    return [rng.sample(articles[rng.randrange(len(articles))], SENTENCES) for _ in range(_BLOCK)]


def _ids(number: int) -> IntVector:
    """The ids of the passages of block `number`: from 1, ascending from block to block."""
    return np.arange(number * _BLOCK, (number + 1) * _BLOCK) + 1


def _vectors(number: int, chosen: Sequence[Sequence[int]], material: Material) -> FloatMatrix:
    """The vectors of passages of block `number`, made of the chosen sentences."""
    return passage_vectors(material.vectors[np.array(chosen).reshape(-1)], number)


def _exactly(size: int, material: Material) -> Iterator[tuple[IntVector, FloatMatrix]]:
    """The ids and vectors of all passages once more, in blocks."""
    for number in range(size // _BLOCK):
        if number % 50 == 0:
            scale.say(f"  compared exactly: {number * _BLOCK} of {size}")
        yield _ids(number), _vectors(number, _chosen(number, material), material)


def _stems(texts: Sequence[str]) -> list[list[str]]:
    """The stems of each text, as the store's word index has them."""
    return list(text_stems(texts))


def _renumbered(stem: str, rng: random.Random) -> str:
    """A number as another one of as many digits, anything else as it is."""
    return str(rng.randrange(10 ** (len(stem) - 1), 10 ** len(stem))) if stem.isdecimal() else stem


if __name__ == "__main__":
    main()
