"""How well passages and sentences are found, on judged sets given by path: `python -m tests.bench.retrieval --help`.

It is Citewell's own search that is measured, with its defaults. A document ranks where its best passage ranks. The
measures are those of trec_eval, by `ir_measures`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import ir_measures
from ir_measures import AP, RR, Measure, Qrel, R, ScoredDoc, Success, nDCG

from rag.app import Citewell
from rag.errors import RagError
from rag.models.catalogue import load_model
from rag.models.embedder import Embedder, OnnxEmbedder
from rag.models.reader import Reader
from rag.records import Document, Hit, Passage, Sentence, SentenceKind, Source, Span
from rag.settings import BUNDLED_MODEL, Settings
from rag.split.passages import chunk_sentences
from rag.store.sqlite.sqlite_store import SqliteStore
from tests.bench.judged import (
    Choice,
    Collection,
    PlacedQuestion,
    read_cranfield,
    read_places,
    read_scifact,
    read_trecqa,
    read_wikiqa,
)
from tests.support.access import EVERYTHING

# Passages that a search gives at most; recall at 100 is that of the documents they belong to.
_DEPTH = 100
# More than any question has candidates: all of them are read and ranked.
_ALL = 1_000

Figures = dict[str, float]


def main() -> None:
    """Measure what is given, print a table, and write JSON if asked to."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.retrieval", description=__doc__)
    parser.add_argument("--scifact", type=Path, metavar="FOLDER", help="corpus.jsonl, queries.jsonl, qrels/test.tsv")
    parser.add_argument("--cranfield", type=Path, metavar="FOLDER", help="cran.all.1400.xml and its two other files")
    parser.add_argument("--squad", type=Path, metavar="FILE", help="all its paragraphs are searched for each question")
    parser.add_argument("--wikiqa", type=Path, metavar="FILE", help="tab-separated candidate sentences")
    parser.add_argument("--trecqa", type=Path, metavar="FILE", help="candidate sentences in <QApairs>")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    given = parser.parse_args()
    try:
        tasks = list(_read_sets(given))
        if not tasks:
            parser.error("no set was given; name at least one")
        with tempfile.TemporaryDirectory(prefix="citewell-bench-") as folder:
            embedder = OnnxEmbedder(load_model(BUNDLED_MODEL, Path(folder)))
            figures = {name: measure(embedder) for name, measure in tasks}
    except RagError as error:
        parser.error(str(error))
    if given.json:
        given.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write("".join(f"{line}\n" for line in table(figures)))


def _read_sets(given: argparse.Namespace) -> Iterator[tuple[str, Callable[[Embedder], Figures]]]:
    """The name of each set that was given, read already, and what measures it."""
    if given.scifact:
        yield "scifact", partial(measure_collection, read_scifact(given.scifact))
    if given.cranfield:
        yield "cranfield", partial(measure_collection, read_cranfield(given.cranfield))
    if given.squad:
        yield given.squad.stem, partial(measure_places, *read_places(given.squad))
    for name, path, read, are_neighbours in (
        ("wikiqa", given.wikiqa, read_wikiqa, True),
        ("trecqa", given.trecqa, read_trecqa, False),
    ):
        if path:
            measure = partial(measure_choices, read(path), are_neighbours=are_neighbours)
            yield f"{name}, no reader", partial(measure, reader=None)
            yield name, partial(measure, reader=Reader.load())


def measure_collection(collection: Collection, embedder: Embedder) -> Figures:
    """nDCG@10 and recall of documents, over all judged questions."""
    judged = [Qrel(query, document, 1) for query, found in collection.relevant.items() for document in found]
    found, speed = _search_all(collection.documents, collection.questions, embedder)
    run = [
        row for query, hits in found.items() for row in _ranked(query, dict.fromkeys(h.chunk.source.id for h in hits))
    ]
    return {**speed, **_figures([nDCG @ 10, R @ 10, R @ 100], judged, run)}


def measure_places(documents: Sequence[Document], questions: Sequence[PlacedQuestion], embedder: Embedder) -> Figures:
    """How often one of the first passages holds an answer in its place, and the reciprocal rank of the first that does.

    Of the passages that do, the best ranked one stands for all.
    """
    named = {str(number): question for number, question in enumerate(questions)}
    judged = [Qrel(query, "right", 1) for query in named]
    found, speed = _search_all(documents, {query: question.text for query, question in named.items()}, embedder)
    run: list[ScoredDoc] = []
    for query, hits in found.items():
        names = ("right" if _holds_answer(hit, named[query]) else str(rank) for rank, hit in enumerate(hits))
        run += _ranked(query, dict.fromkeys(names))
    return {**speed, **_figures([*(Success @ k for k in (1, 2, 3, 4, 5, 6, 8, 10, 20)), RR], judged, run)}


def measure_choices(
    choices: Sequence[Choice], embedder: Embedder, *, reader: Reader | None, are_neighbours: bool
) -> Figures:
    """MAP and MRR of the candidates in the order that asking gives them, over questions with right and wrong ones.

    Each question is asked of its own candidates; how rare a word is, all candidates together tell. Neighbours are
    joined to passages as the sentences of a document are; others are passages of their own.
    """
    decisive = [choice for choice in choices if choice.is_decisive]
    judged = [
        Qrel(str(number), str(place), int(right))
        for number, choice in enumerate(decisive)
        for place, (_, right) in enumerate(choice.candidates)
    ]
    run: list[ScoredDoc] = []
    with tempfile.TemporaryDirectory(prefix="citewell-bench-") as folder:
        settings = Settings(data_dir=Path(folder), passages=_ALL)
        store = SqliteStore.open(settings.data_dir)
        with Citewell(settings, store, embedder, reader) as citewell:
            with store.write_lock():
                store.bind_model(embedder.identity)
                for number, choice in enumerate(decisive):
                    _store_choice(str(number), choice, store, embedder, are_neighbours=are_neighbours)
            for number, choice in enumerate(decisive):
                extracts = citewell.questions.examine(
                    choice.question, depth=_ALL, within=str(number), access=EVERYTHING
                ).extracts
                run += _ranked(str(number), {str(extract.sentence.position): None for extract in extracts})
    return {"questions": len(decisive), **_figures([AP, RR], judged, run)}


def _store_choice(
    identifier: str, choice: Choice, store: SqliteStore, embedder: Embedder, *, are_neighbours: bool
) -> None:
    """The candidates as a document, each a sentence whatever stands in it."""
    text = "\n".join(candidate for candidate, _ in choice.candidates)
    sentences, start = [], 0
    for candidate, _ in choice.candidates:
        sentences.append(Sentence(Span(start, start + len(candidate)), SentenceKind.STATEMENT))
        start += len(candidate) + 1
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    document = Document(Source(identifier, choice.title or "untitled", f"api:{identifier}"), text, (), sha256, sha256)
    passages = [
        Passage(place, place + 1, sentence.span, "", None, sentence.span.of(text))
        for place, sentence in enumerate(sentences)
    ]
    if are_neighbours:
        passages = chunk_sentences(
            document, sentences, count_tokens=embedder.count_tokens, max_tokens=embedder.max_tokens
        )
    store.put_document(
        document,
        sentences,
        embedder.embed([sentence.span.of(text) for sentence in sentences]),
        passages,
        embedder.embed([passage.search_text for passage in passages]),
    )


def _search_all(
    documents: Sequence[Document], questions: Mapping[str, str], embedder: Embedder
) -> tuple[dict[str, list[Hit]], Figures]:
    """The passages found for each question, and how many and how fast: the median of a search in milliseconds."""
    found, seconds = {}, []
    with (
        tempfile.TemporaryDirectory(prefix="citewell-bench-") as folder,
        Citewell.open(Settings(data_dir=Path(folder), reader=False), embedder=embedder, create=True) as citewell,
    ):
        citewell.documents.add(documents, on_done=_say_progress)
        for query, text in questions.items():
            started = time.perf_counter()
            found[query] = citewell.questions.search(text, _DEPTH, access=EVERYTHING)
            seconds.append(time.perf_counter() - started)
    milliseconds = round(statistics.median(seconds) * 1000, 1)
    return found, {"documents": len(documents), "questions": len(questions), "ms": milliseconds}


def _say_progress(done: int, total: int) -> None:
    """A line on standard error every five hundred documents: embedding is most of the time."""
    if done % 500 == 0 or done == total:
        sys.stderr.write(f"{done} of {total} documents\n")


def _holds_answer(hit: Hit, question: PlacedQuestion) -> bool:
    """Whether the passage holds one of the question's places."""
    span = hit.chunk.span
    return hit.chunk.source.id == question.document_id and any(
        span.start <= place.start and place.end <= span.end for place in question.places
    )


def _ranked(query: str, names: Mapping[str, None]) -> list[ScoredDoc]:
    """A run's rows. The score is minus the rank: trec_eval orders by score alone and breaks ties by name."""
    return [ScoredDoc(query, name, -rank) for rank, name in enumerate(names)]


def _figures(measures: Sequence[Measure], judged: Sequence[Qrel], run: Sequence[ScoredDoc]) -> Figures:
    """Each measure by its name, the mean over the judged questions; one for which nothing was found counts as 0."""
    found = ir_measures.calc_aggregate(measures, judged, run)
    return {str(measure): round(found[measure], 4) for measure in measures}


def table(figures: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The figures as rows of Markdown, a set a row."""
    rows = ["| set | figures |", "|---|---|"]
    return rows + [f"| {name} | {', '.join(f'{k} {v:g}' for k, v in row.items())} |" for name, row in figures.items()]


if __name__ == "__main__":
    main()
