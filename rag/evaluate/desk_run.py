"""Asks the questions of a desk collection of its documents, which are ingested as a user would, and judges each answer.

A quote is right when it is the gold sentence, or one of the others that answer, at its place, or contains it. The same
words elsewhere are not: a line such as "At most five days" means another thing in each list.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rag.answer.ask import Examination
from rag.app import Citewell
from rag.evaluate.desk import DeskCase, DeskCollection, GoldLine, match
from rag.ingest.results import IngestResult
from rag.records import Access, Answer, AnswerStatus, Citation, Extract, Hit, Span, StoredSentence
from rag.settings import Settings
from rag.store.base import IngestStatus

# Ranks are looked at down to here, and so many passages are kept for reading.
_DEPTH, _KEPT = 20, 5

Progress = Callable[[int, int], None]
# The id of a document and where in its text a gold line stands.
Gold = tuple[str, Span]


@dataclass(frozen=True, slots=True)
class Quote:
    """A sentence that was chosen, shown or not, and what it was thought to be worth."""

    text: str
    right: bool
    score: float  # confidence of a shown quote, 0..1; for the best sentence what orders the sentences of one question


@dataclass(frozen=True, slots=True)
class PassageOfRun:
    """A passage that was found. `dense` is a cosine, `bm25` unbounded; `score` orders the passages of one question."""

    title: str
    section: str
    text: str
    right: bool
    score: float
    dense: float
    bm25: float


@dataclass(frozen=True, slots=True)
class DeskOutcome:
    """What became of one question."""

    case: DeskCase
    status: AnswerStatus
    confidence: float
    rank: int | None  # of the first passage that holds a gold line, from 1, down to 20
    best: Quote | None  # the best sentence of all that were read, shown or not
    shown: tuple[Quote, ...]
    passages: tuple[PassageOfRun, ...]
    milliseconds: float

    @property
    def best_is_right(self) -> bool:
        """The sentence that was thought best is the right one."""
        return self.best is not None and self.best.right

    @property
    def first_is_right(self) -> bool:
        """Of what is shown, the first quote is right."""
        return bool(self.shown) and self.shown[0].right

    @property
    def any_is_right(self) -> bool:
        """One of the quotes that are shown is right."""
        return any(quote.right for quote in self.shown)


@dataclass(frozen=True, slots=True)
class CollectionRun:
    """The outcomes of one collection's questions, in order, and what stood in the way of measuring it."""

    name: str
    documents: int
    outcomes: tuple[DeskOutcome, ...]
    unmatched: tuple[tuple[DeskCase, GoldLine], ...]  # no stored sentence says the line: nothing can be right there
    unread: tuple[IngestResult, ...]


def run_collections(
    collections: Sequence[DeskCollection],
    settings: Settings,
    open_citewell: Callable[[Settings], Citewell],
    *,
    indexing: Progress | None = None,
    progress: Progress | None = None,
) -> list[CollectionRun]:
    """The run of each collection, with an index of its own in a temporary directory.

    `indexing` is told of the files of one collection, `progress` of the questions of all.
    """
    runs: list[CollectionRun] = []
    total = sum(len(collection.cases) for collection in collections)
    for collection in collections:
        before = sum(len(run.outcomes) for run in runs)
        with (
            tempfile.TemporaryDirectory(prefix="citewell-desk-") as folder,
            open_citewell(replace(settings, data_dir=Path(folder), database="")) as citewell,
        ):
            runs.append(
                run_collection(citewell, collection, indexing=indexing, progress=_of_all(progress, before, total))
            )
    return runs


def run_collection(
    citewell: Citewell,
    collection: DeskCollection,
    *,
    indexing: Progress | None = None,
    progress: Progress | None = None,
) -> CollectionRun:
    """Ingest the documents of a collection into `citewell`, which holds no others, and ask all its questions."""

    def told(_: IngestResult, number: int, of: int) -> None:
        if indexing:
            indexing(number, of)

    results = citewell.documents.ingest([collection.docs], on_result=told)
    texts = StoredLines(citewell, collection.docs)
    outcomes, unmatched = [], []
    for number, case in enumerate(collection.cases, start=1):
        places = {line: texts.places_of(line) for line in case.gold}
        unmatched += [(case, line) for line, found in places.items() if not found]
        started = time.perf_counter()
        examined = citewell.questions.examine(case.question, depth=_DEPTH, access=Access.everything())
        took = (time.perf_counter() - started) * 1000
        outcomes.append(judge(case, [place for found in places.values() for place in found], examined, took))
        if progress:
            progress(number, len(collection.cases))
    unread = tuple(result for result in results if result.status is IngestStatus.FAILED)
    return CollectionRun(collection.name, len(results) - len(unread), tuple(outcomes), tuple(unmatched), unread)


def judge(case: DeskCase, gold: Sequence[Gold], examined: Examination, milliseconds: float) -> DeskOutcome:
    """Where the gold places are among the passages, in the best sentence and in what is shown."""
    passages = tuple(_read_passage(hit, gold) for hit in examined.hits[:_DEPTH])
    return DeskOutcome(
        case=case,
        status=examined.answer.status,
        confidence=examined.answer.confidence.value,
        rank=next((rank for rank, passage in enumerate(passages, start=1) if passage.right), None),
        best=_best(examined.extracts[0], gold) if examined.extracts else None,
        shown=tuple(_shown(cited, examined.answer, gold) for cited in examined.answer.citations),
        passages=passages[:_KEPT],
        milliseconds=milliseconds,
    )


def _read_passage(hit: Hit, gold: Sequence[Gold]) -> PassageOfRun:
    chunk = hit.chunk
    return PassageOfRun(
        title=chunk.source.title,
        section=chunk.section,
        text=chunk.text,
        right=holds_gold(chunk.source.id, chunk.span, gold),
        score=hit.score,
        dense=hit.dense,
        bm25=hit.bm25,
    )


def _best(extract: Extract, gold: Sequence[Gold]) -> Quote:
    sentence = extract.sentence
    return Quote(sentence.text, holds_gold(extract.hit.chunk.source.id, sentence.span, gold), extract.score)


def _shown(cited: Citation, answer: Answer, gold: Sequence[Gold]) -> Quote:
    """A quote is right at any of the places that it is shown with: the same statement is quoted once."""
    places = (cited.place, *cited.also_in)
    right = any(holds_gold(place.source.id, place.span, gold) for place in places)
    return Quote(cited.quote, right, (cited.confidence or answer.confidence).value)


class StoredLines:
    """The stored sentences of a collection's files, each read from the index once."""

    def __init__(self, citewell: Citewell, docs: Path) -> None:
        self._documents = citewell.documents
        self._docs = docs.resolve()
        every = citewell.documents.all(access=Access.everything())
        self._ids = {Path(info.source.location).resolve(): info.source.id for info in every}
        self._sentences: dict[str, list[StoredSentence]] = {}

    def places_of(self, line: GoldLine) -> list[Gold]:
        """Where the line stands in the document made of its file; nowhere when no document was."""
        document_id = self._ids.get((self._docs / line.file).resolve())
        if document_id is None:
            return []
        if document_id not in self._sentences:
            self._sentences[document_id] = self._documents.sentences(document_id, access=Access.everything())
        return [(document_id, span) for span in match(line, self._sentences[document_id])]


def holds_gold(document_id: str, span: Span, gold: Sequence[Gold]) -> bool:
    """Whether a span of a document contains one of the gold places."""
    return any(document_id == other and span.start <= place.start and place.end <= span.end for other, place in gold)


def _of_all(progress: Progress | None, before: int, total: int) -> Progress | None:
    """Told of the questions of one collection, tells of those of all."""
    return None if progress is None else lambda number, _: progress(before + number, total)
