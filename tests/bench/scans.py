"""How well scanned pages are recognised, and what that costs in answers: `python -m tests.bench.scans --work FOLDER`.

Forty pages are set from documents of the desk collections, whose text and questions are known. They are stored as they
are, and as scans of 150 and of 300 dots an inch: each page turned by up to two degrees, with noise on it, as JPEG. Of
the scans the word error rate is measured against the text of the pages, and the same questions are asked of all three.
Needs Debian's tesseract-ocr; takes a minute or three on two idle cores for each of the resolutions.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from html import escape
from pathlib import Path
from statistics import mean

import numpy as np
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer

from rag.app import Citewell
from rag.evaluate.desk import DeskCase, bare, read_collections
from rag.read import read_document
from rag.read.pdf.pdf_reader import read_pdf
from rag.records import Access, Answer, AnswerStatus, BlockKind
from rag.settings import Settings
from tests.support.scans import file_of, pictures_of

_DESKS = Path(__file__).parents[2] / "rag" / "training" / "desk"
_NAMES = ("fire", "housing", "benefits", "insurance")
_PAGES = 40
_SKEW, _GRAIN = 2.0, 12.0
_EVERYTHING = Access.everything()
_WORD = re.compile(r"\w+")
# Of two quotes that are the same but for letters that were recognised wrongly.
_SAME = 0.9

_TEXT = ParagraphStyle("text", fontName="Times-Roman", fontSize=11, leading=14, spaceAfter=6)
_HEADING = ParagraphStyle("heading", fontName="Times-Bold", fontSize=14, leading=18, spaceBefore=8, spaceAfter=6)
_ITEM = ParagraphStyle("item", parent=_TEXT, leftIndent=14, bulletIndent=2)


@dataclass(frozen=True, slots=True)
class _File:
    """A document of a collection, set as pages."""

    name: str  # of the collection and of the file
    pdf: bytes
    pages: int


@dataclass(frozen=True, slots=True)
class ScanFigures:
    """What was measured of one way to store the pages."""

    name: str
    pages: int
    seconds_a_page: float  # of reading, all of it
    word_errors: float  # share of words that were replaced, left out or added, with their marks and capitals
    bare_word_errors: float  # of letters and digits alone, without regard to case
    sure: float  # mean confidence of the words, 1 for the text
    questions: int
    answered: int
    right: int
    right_too: int  # of these, those that are right from the text
    right_page: int  # of these, those whose citation names the same page as that from the text
    wrong: int  # answered with what is not right


def main() -> None:
    """Measure, print the figures as JSON, a line for each way."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.scans", description=__doc__.partition("\n\n")[0])
    parser.add_argument("--work", type=Path, required=True, metavar="FOLDER", help="where the pages are stored; new")
    parser.add_argument("--pages", type=int, default=_PAGES)
    given = parser.parse_args()
    files = _files(given.pages)
    cases = _cases(files)
    text: list[Answer] = []
    for name, dots in (("text", 0), ("300", 300), ("150", 150)):
        folder = given.work / name
        folder.mkdir(parents=True)
        for number, file in enumerate(files):
            data = file.pdf
            if dots:
                data = file_of(pictures_of(data, dots, skew=_SKEW, grain=_GRAIN, seed=number), "PDF", dots)
            (folder / f"{file.name}.pdf").write_bytes(data)
        figures, answers = _measure(name, folder, files, cases, text)
        text = text or answers
        sys.stdout.write(f"{json.dumps(asdict(figures))}\n")
        sys.stdout.flush()


def _files(pages: int) -> list[_File]:
    """Documents of the collections that have so many pages together, the last one cut."""
    files: list[_File] = []
    left = pages
    for collection in read_collections([_DESKS / name for name in _NAMES]):
        for path in sorted(collection.docs.iterdir()):
            document = read_document(path, max_bytes=10_000_000)
            flow = []
            for block in document.blocks:
                words = escape(" ".join(block.span.of(document.text).split()), quote=False)
                if block.kind is BlockKind.LIST_ITEM:
                    flow.append(Paragraph(words, _ITEM, bulletText="\u2022"))
                else:
                    flow.append(Paragraph(words, _HEADING if block.kind is BlockKind.HEADING else _TEXT))
                    flow.append(Spacer(0, 0))
            made = io.BytesIO()
            template = SimpleDocTemplate(made, pagesize=A4, title=document.source.title, invariant=1)
            template.build(flow)
            count = template.page
            if count <= left:
                files.append(_File(f"{collection.name}-{path.stem}", made.getvalue(), count))
                left -= count
            if not left:
                return files
    raise SystemExit(f"the collections have no documents that fill {pages} pages: {left} are left")


def _cases(files: Sequence[_File]) -> list[tuple[DeskCase, tuple[str, ...]]]:
    """The questions that these files answer, each with the sentences of the files that do."""
    names = {file.name for file in files}
    found: list[tuple[DeskCase, tuple[str, ...]]] = []
    for collection in read_collections([_DESKS / name for name in _NAMES]):
        found += [
            (case, tuple(bare(line.sentence) for line in case.gold))
            for case in collection.cases
            if case.gold and all(f"{collection.name}-{Path(line.file).stem}" in names for line in case.gold)
        ]
    return found


def _measure(
    name: str,
    folder: Path,
    files: Sequence[_File],
    cases: Sequence[tuple[DeskCase, tuple[str, ...]]],
    text: Sequence[Answer],
) -> tuple[ScanFigures, list[Answer]]:
    settings = Settings(folder / "data", ocr="" if name == "text" else "eng", ocr_page_seconds=170, ocr_seconds=36_000)
    with Citewell.open(settings, create=True) as citewell:
        began = time.perf_counter()
        citewell.documents.ingest([folder])
        seconds = time.perf_counter() - began
        errors, bare_errors, words, bare_words = 0, 0, 0, 0
        sure: list[float] = []
        for info in citewell.documents.all(access=_EVERYTHING):
            document = citewell.documents.get(info.source.id, access=_EVERYTHING)
            file = next(file for file in files if info.source.location.endswith(f"/{file.name}.pdf"))
            known = read_pdf(file.pdf).text
            errors += _distance(known.split(), document.text.split())
            words += len(known.split())
            plain, seen = _WORD.findall(known.casefold()), _WORD.findall(document.text.casefold())
            bare_errors += _distance(plain, seen)
            bare_words += len(plain)
            sure += [word.confidence for block in document.blocks for word in block.recognised]
        answers = [citewell.questions.ask(case.question, access=_EVERYTHING) for case, _ in cases]
    right = [_is_right(answer, gold) for answer, (_, gold) in zip(answers, cases, strict=True)]
    answered = [answer.status is AnswerStatus.ANSWERED for answer in answers]
    from_text = [_is_right(answer, gold) for answer, (_, gold) in zip(text or answers, cases, strict=True)]
    both = [at for at, is_right in enumerate(right) if is_right and from_text[at]]
    pages = [(text or answers)[at].citations[0].place.page == answers[at].citations[0].place.page for at in both]
    return (
        ScanFigures(
            name,
            sum(file.pages for file in files),
            round(seconds / sum(file.pages for file in files), 2),
            round(errors / words, 4),
            round(bare_errors / bare_words, 4),
            round(mean(sure), 3) if sure else 1.0,
            len(cases),
            sum(answered),
            sum(right),
            len(both),
            sum(pages),
            sum(was and not is_right for was, is_right in zip(answered, right, strict=True)),
        ),
        answers,
    )


def _is_right(answer: Answer, gold: Sequence[str]) -> bool:
    """Whether the first quote of an answer is, but for letters, a sentence that answers, or holds it or is its part."""
    if answer.status is not AnswerStatus.ANSWERED:
        return False
    quote = bare(answer.citations[0].quote).split()
    for line in gold:
        wanted = line.split()
        same = SequenceMatcher(None, quote, wanted, autojunk=False).get_matching_blocks()
        if sum(block.size for block in same) >= _SAME * min(len(quote), len(wanted)) and len(quote) > 2:
            return True
    return False


def _distance(known: Sequence[str], seen: Sequence[str]) -> int:
    """How many words must be replaced, left out or added to make one of the other (Levenshtein)."""
    numbers = {word: number for number, word in enumerate(dict.fromkeys((*known, *seen)))}
    other = np.array([numbers[word] for word in seen], dtype=np.int64)
    steps = np.arange(len(seen) + 1)
    row = steps.copy()
    for at, word in enumerate(known, start=1):
        replaced = np.concatenate(([at], np.minimum(row[:-1] + (other != numbers[word]), row[1:] + 1)))
        # What is added costs one a word: the least of all that stand before, each with its distance.
        row = np.minimum.accumulate(replaced - steps) + steps
    return int(row[-1])


if __name__ == "__main__":
    main()
