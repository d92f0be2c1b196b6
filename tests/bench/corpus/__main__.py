"""`python -m tests.bench.corpus [--only WORDS] [--keep FOLDER]`: each document in each format, and what is found in it.

For every format the documents are indexed alone and the same questions asked. Printed, beside the figures for the
Markdown that all were made from: how often the best sentence is the right one, and how often the citation of a right
one names the right page (as poppler's pdftotext has it) or the right heading.

With `--scripts` it is documents in Hebrew, Arabic and Japanese, and no questions: how many of their paragraphs, items
and rows are found whole in what was read, and how many of the sentences have the right page or heading.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rag.app import Citewell
from rag.models.catalogue import load_model
from rag.models.embedder import OnnxEmbedder
from rag.models.reader import Reader
from rag.records import StoredSentence
from rag.settings import BUNDLED_MODEL, Settings
from rag.store.base import IngestStatus
from tests.bench.corpus.formats import FORMATS, LATIN_ONLY, Write
from tests.bench.corpus.shapes import Part, lines_of, parts_of
from tests.support.access import EVERYTHING

_ROOT = Path(__file__).parents[3]
_DEPTH = 5  # passages read
_DOCUMENTS = [*sorted((_ROOT / "tests/data/office").glob("*.md")), *sorted((_ROOT / "seeds").glob("*.md"))]
_SCRIPTS = sorted((_ROOT / "tests/data/scripts").glob("*.md"))
_QUESTIONS = [_ROOT / "tests/data/office/questions.jsonl", _ROOT / "seeds/questions.jsonl"]


@dataclass(slots=True)
class Tally:
    """Counts over the questions of one format."""

    questions: int = 0
    found: int = 0  # the right sentence stands in what was indexed
    right: int = 0
    placed: int = 0  # right, with a page or heading to compare
    well_placed: int = 0

    def line(self, name: str) -> str:
        """One row of the table."""
        places = f"{self.well_placed / self.placed:.3f}" if self.placed else "-"
        return f"{name:<34}{self.found / self.questions:>10.3f}{self.right / self.questions:>10.3f}{places:>10}"


def main() -> None:
    """Write, ingest, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="formats with these words in their name")
    parser.add_argument("--keep", type=Path, help="write the files here and leave them")
    parser.add_argument("--scripts", action="store_true", help="documents in other scripts")
    arguments = parser.parse_args()
    sources = _SCRIPTS if arguments.scripts else _DOCUMENTS
    documents = {path.stem: parts_of(path.read_text(encoding="utf-8")) for path in sources}
    cases = [json.loads(line) for path in _QUESTIONS for line in path.read_text(encoding="utf-8").splitlines()]
    cases = [case for case in cases if case["answers"]]
    with tempfile.TemporaryDirectory() as folder:
        embedder = OnnxEmbedder(load_model(BUNDLED_MODEL, Path(folder) / "models"))
        reader = Reader.load()
        _say(f"{'format':<34}{'in text':>10}{'right':>10}{'place':>10}")
        formats: dict[str, tuple[str, Write]] = {"Markdown": (".md", _markdown), **FORMATS}
        for number, (name, (suffix, write)) in enumerate(formats.items()):
            if arguments.only not in name or (arguments.scripts and name in LATIN_ONLY):
                continue
            target = (arguments.keep or Path(folder)) / f"{number:02}"
            target.mkdir(parents=True)
            for stem, parts in documents.items():
                write(parts, target / f"{stem}{suffix}")
            settings = Settings(data_dir=Path(folder) / f"data{number}")
            with Citewell.open(settings, embedder=embedder, reader=reader, create=True) as citewell:
                for result in citewell.documents.ingest([target]):
                    if result.status is IngestStatus.FAILED:
                        _say(f"  failed: {result.error}")
                    for warning in result.warnings:
                        _say(f"  {Path(result.location).name}: {warning}")
                tally = measure_lines(citewell, documents) if arguments.scripts else measure(citewell, cases, documents)
                _say(tally.line(name))


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _markdown(_parts: list[Part], file: Path) -> None:
    (source,) = (path for path in (*_DOCUMENTS, *_SCRIPTS) if path.stem == file.stem)
    file.write_text(source.read_text(encoding="utf-8"), encoding="utf-8")


def measure(citewell: Citewell, cases: Sequence[dict], documents: dict[str, list[Part]]) -> Tally:
    """Ask every question of what Citewell holds."""
    tally = Tally()
    texts = [
        _plain(citewell.documents.get(info.source.id, access=EVERYTHING).text)
        for info in citewell.documents.all(access=EVERYTHING)
    ]
    pages: dict[str, list[str]] = {}
    for case in cases:
        wanted = [_plain(text) for text in (case["sentence"], *case.get("also", ()))]
        tally.questions += 1
        tally.found += any(wanted[0] in text for text in texts)
        extracts = citewell.questions.examine(case["question"], depth=_DEPTH, access=EVERYTHING).extracts
        if not extracts or not any(_same(_plain(extracts[0].sentence.text), text) for text in wanted):
            continue
        tally.right += 1
        extract = extracts[0]
        is_well_placed = _is_well_placed(extract.hit.chunk.source.location, extract.sentence, documents, pages)
        if is_well_placed is not None:
            tally.placed += 1
            tally.well_placed += is_well_placed
    return tally


def measure_lines(citewell: Citewell, documents: dict[str, list[Part]]) -> Tally:
    """Look for every paragraph, item and cell; `right` counts the sentences that are among them."""
    tally = Tally()
    pages: dict[str, list[str]] = {}
    for info in citewell.documents.all(access=EVERYTHING):
        text = _plain(citewell.documents.get(info.source.id, access=EVERYTHING).text)
        parts = [part for part in documents[Path(info.source.location).stem] if part.kind != "heading"]
        # Programs put the names of a table's columns before its cells, or not.
        lines = [cell for part in parts for row in part.rows[1:] or ((part.text,),) for cell in row]
        tally.questions += len(lines)
        tally.found += sum(_plain(line) in text for line in lines)
        for sentence in citewell.documents.sentences(info.source.id, access=EVERYTHING):
            if any(_plain(sentence.text) in _plain(line) for line in lines):
                tally.right += 1
                is_well_placed = _is_well_placed(info.source.location, sentence, documents, pages)
                tally.placed += is_well_placed is not None
                tally.well_placed += bool(is_well_placed)
    return tally


def _is_well_placed(
    location: str, sentence: StoredSentence, documents: dict[str, list[Part]], pages: dict[str, list[str]]
) -> bool | None:
    """Whether page, or else heading, are those where the sentence stands; None where there is nothing to compare."""
    quote = _plain(sentence.text)
    if location.endswith(".pdf"):
        if location not in pages:
            pages[location] = _pages(location)
        return sentence.page is not None and _begins_on(quote, pages[location], sentence.page)
    headings = {
        part.section
        for part in documents[Path(location).stem]
        if part.kind != "heading" and any(_same(quote, _plain(line)) for line in lines_of(part))
    }
    if not headings:
        return None
    return any(_plain(heading) in _plain(f"{sentence.section} {sentence.text}") for heading in headings)


def _pages(location: str) -> list[str]:
    """What stands on each page, in the order of the page and in that of the file: columns defeat one or the other."""
    ways = (["pdftotext", location, "-"], ["pdftotext", "-raw", location, "-"])
    runs = [subprocess.run(way, check=True, capture_output=True).stdout.decode().split("\f") for way in ways]
    return [" ".join(map(_plain, page)) for page in zip(*runs, strict=True)]


def _begins_on(quote: str, pages: list[str], page: int) -> bool:
    """Whether the first words stand on the page, counted from 1."""
    return page <= len(pages) and quote[:25] in pages[page - 1]


def _same(one: str, other: str) -> bool:
    return one in other or other in one


def _plain(text: str) -> str:
    """Letters and digits alone: programs differ in spaces, hyphens and quotation marks."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text)).casefold()


if __name__ == "__main__":
    main()
