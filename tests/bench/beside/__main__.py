"""Measured beside what people would use instead: `python -m tests.bench.beside --squad FILE`.

Citewell, Haystack, txtai and LangChain, each in a process and an environment of its own, over the same passages, with
the same embedding model and the same reader, in one run: indexes built and processes started in turn, then each
question asked of all before the next. Writes `beside.json`, `beside.md` and `beside.svg`.

Without a SQuAD file: --documents FOLDER --asked FILE.jsonl, as `rag evaluate` takes it; by default `seeds/`.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from rag.errors import InputError, RagError
from rag.models.catalogue import find_model, load_model
from rag.models.exported import hash_file
from rag.models.reader import WEIGHTS_FOLDER
from rag.settings import BUNDLED_MODEL, Settings
from tests.bench.beside.corpus import Corpus, folder_corpus, squad_corpus
from tests.bench.beside.driver import ROOT, Program
from tests.bench.beside.figures import OURS, Footprint, Summary, Variant
from tests.bench.beside.machine import describe_machine
from tests.bench.beside.measure import ask_all, footprints
from tests.bench.beside.plot import latency_plot
from tests.bench.beside.table import footprint_table, latency_table, stage_table, verdict_table
from tests.bench.rivals.convert import convert
from tests.bench.rivals.environments import HOME, RIVALS, missing, python_of

# Passages read by each, its default first. Ours is measured at its default alone.
_READS = {"haystack": (10, 5, 3, 2, 1), "txtai": (3, 2, 1), "langchain": (4, 10, 5, 3, 2, 1)}
_QUICK = {"haystack": (10, 3), "txtai": (3,), "langchain": (4, 1)}


def main() -> int:
    """Measure, and write what was found. Gives the exit code."""
    arguments = _arguments()
    names = [name for name in RIVALS if name not in arguments.without]
    if absent := missing(names):
        _say(f"No environment for {', '.join(absent)}: make it with `make rivals`, or leave it out with --without.")
        return 1
    try:
        return _run(arguments, names)
    except RagError as error:
        _say(str(error))
        return 1


def _run(arguments: argparse.Namespace, names: Sequence[str]) -> int:
    corpus = _corpus(arguments)
    if not corpus.passages or not corpus.cases:
        _say(f"{corpus.name} gives {len(corpus.passages)} passages and {len(corpus.cases)} questions: too few.")
        return 1
    programs = prepare(names, arguments.python)
    reads = _QUICK if arguments.quick else _READS
    variants = [Variant(OURS, Settings().passages), *(Variant(name, read) for name in names for read in reads[name])]
    _say(f"{len(corpus.passages)} passages, {len(corpus.cases)} questions, {len(variants)} variants")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        sizes, ready = footprints(programs, corpus, home, rounds=1 if arguments.quick else 3, say=_say)
        summaries = ask_all(programs, variants, corpus, home, say=_say)
    _write(arguments, corpus, summaries, sizes, ready)
    return 0


def prepare(names: Sequence[str], python: Path) -> list[Program]:
    """Ours and the named rivals, with the models that they load; the reader is converted once for each reader."""
    cache = HOME / "cache" / hash_file(WEIGHTS_FOLDER / "reader.onnx")[:12]
    encoder, reader = find_model(BUNDLED_MODEL), cache / "reader"
    if not reader.exists():
        convert(cache / "reader.partial").rename(reader)
    exported = load_model(BUNDLED_MODEL, cache / "citewell-models", progress=_say)
    own = Program(OURS, python, encoder, reader, (exported.graph, WEIGHTS_FOLDER / "reader.onnx"))
    files = (encoder / "model.safetensors", reader / "model.safetensors")
    return [own, *(Program(name, python_of(name), encoder, reader, files) for name in names)]


def _write(
    arguments: argparse.Namespace,
    corpus: Corpus,
    summaries: Sequence[Summary],
    sizes: Sequence[Footprint],
    ready: Mapping[str, Mapping[str, object]],
) -> None:
    """The three files, and the tables on the screen."""
    date = datetime.date.today().isoformat()
    machine = describe_machine()
    found = {
        "date": date,
        "machine": machine,
        "seed": arguments.seed,
        "corpus": {"name": corpus.name, "passages": len(corpus.passages), "questions": len(corpus.cases)},
        "versions": {name: said["versions"] for name, said in ready.items()},
        "variants": [dataclasses.asdict(summary) for summary in summaries],
        "footprints": [dataclasses.asdict(size) for size in sizes],
    }
    said = f"{date}, {machine['processor']}, {machine['cores']} cores, {' '.join(map(str, machine['flags']))}"
    asked = f"{len(corpus.passages)} passages of {corpus.name}, {len(corpus.cases)} questions, seed {arguments.seed}"
    tables = (verdict_table(summaries), latency_table(summaries), stage_table(summaries), footprint_table(sizes))
    markdown = "\n\n".join([f"{asked}; {said}.", *tables]) + "\n"
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "beside.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    (arguments.out / "beside.md").write_text(markdown, encoding="utf-8")
    picture = latency_plot(summaries, title=f"Answering from {len(corpus.passages)} passages, {machine['cores']} cores")
    (arguments.out / "beside.svg").write_text(picture, encoding="utf-8")
    _say(markdown)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--squad", type=Path, help="a file in the layout of SQuAD")
    parser.add_argument("--documents", type=Path, default=ROOT / "seeds", help="a folder, where there is no such file")
    parser.add_argument("--asked", type=Path, default=ROOT / "seeds" / "questions.jsonl", help="its questions")
    parser.add_argument("--passages", type=int, default=646)
    parser.add_argument("--questions", type=int, default=150)
    parser.add_argument("--quick", action="store_true", help="60 passages, 10 questions, one round, few variants")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench")
    parser.add_argument("--without", action="append", default=[], choices=RIVALS, help="a rival to leave out")
    parser.add_argument("--python", type=Path, default=Path(sys.executable), help="what runs Citewell")
    return parser.parse_args()


def _corpus(arguments: argparse.Namespace) -> Corpus:
    size = {"passages": arguments.passages, "questions": arguments.questions}
    if arguments.quick:
        size = {"passages": min(60, arguments.passages), "questions": min(10, arguments.questions)}
    if arguments.squad and not arguments.squad.is_file():
        raise InputError(
            f"{arguments.squad} is not there. Give a file in the layout of SQuAD, or leave out --squad: then"
            " --documents FOLDER and --asked FILE.jsonl are used, by default those of seeds/."
        )
    if arguments.squad:
        return squad_corpus(arguments.squad, **size, seed=arguments.seed)
    return folder_corpus(arguments.documents, arguments.asked, **size, seed=arguments.seed)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
