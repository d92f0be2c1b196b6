"""Measures how well Citewell answers: a question file over its own documents, or a SQuAD file over its paragraphs.

Whether a sentence is right is decided by place: it holds a gold answer where the gold answer stands, or it is the gold
sentence again elsewhere. A string that happens to occur in another sentence does not count.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rag.answer.ask import Examination
from rag.answer.compose import best_quotes
from rag.app import Citewell
from rag.errors import InputError
from rag.evaluate.cases import Case, Outcome, read_cases, read_squad
from rag.evaluate.figures import summarise
from rag.records import Access, AnswerStatus, Extract, Hit, Span
from rag.settings import Settings

# Ranks are looked at down to here.
_DEPTH = 20
_SEED = 20_231

Progress = Callable[[int, int], None]


def evaluate_file(citewell: Citewell, path: Path, *, progress: Progress | None = None) -> dict[str, Any]:
    """The figures of `summarise` for a question file asked of the documents that are there."""
    return summarise(run(citewell, read_cases(path), progress=progress))


def evaluate_squad(
    path: Path,
    settings: Settings,
    open_citewell: Callable[[Settings], Citewell],
    *,
    sample: int | None = None,
    given: bool = False,
    indexing: Progress | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """The figures of `summarise` for a SQuAD file, all its paragraphs indexed in a temporary directory.

    `sample` asks that many of its questions, always the same ones; `given` asks each of its own paragraph alone.
    """
    documents, cases = read_squad(path)
    if sample is not None:
        if sample < 1:
            raise InputError(f"--sample is {sample}; expected 1 or more.")
        cases = random.Random(_SEED).sample(cases, min(sample, len(cases)))  # noqa: S311 - no secret depends on it
    with (
        tempfile.TemporaryDirectory(prefix="citewell-evaluate-") as folder,
        open_citewell(replace(settings, data_dir=Path(folder), database="")) as citewell,
    ):
        citewell.documents.add(documents, on_done=indexing)
        outcomes = run(citewell, cases, given=given, progress=progress)
    return {"paragraphs": len(documents), "given": given, **summarise(outcomes)}


def run(
    citewell: Citewell, cases: Sequence[Case], *, given: bool = False, progress: Progress | None = None
) -> list[Outcome]:
    """The outcome of each case, in order."""
    outcomes = []
    for number, case in enumerate(cases, start=1):
        started = time.perf_counter()
        examined = citewell.questions.examine(
            case.question, depth=_DEPTH, within=case.document_id if given else None, access=Access.everything()
        )
        outcomes.append(judge(case, examined, (time.perf_counter() - started) * 1000))
        if progress:
            progress(number, len(cases))
    return outcomes


def judge(case: Case, examined: Examination, milliseconds: float) -> Outcome:
    """Whether the best sentence and the passages are right for the case."""
    best = examined.extracts[0] if examined.extracts else None
    answered = examined.answer.status is AnswerStatus.ANSWERED
    gold = _gold_sentences(case, examined.hits)
    ranks = (rank for rank, hit in enumerate(examined.hits, start=1) if _passage_is_right(case, hit, gold))
    return Outcome(
        case=case,
        answered=answered,
        right=best is not None
        and _is_right(case, best.sentence.text, best.hit.chunk.source.id, best.sentence.span, gold),
        rank=next(ranks, None),
        confidence=examined.answer.confidence.value,
        milliseconds=milliseconds,
        best=best.sentence.text if best else "",
        words=_words(best) if best else "",
        any_right=case.is_answerable
        and any(
            _is_right(case, e.sentence.text, e.hit.chunk.source.id, e.sentence.span, gold)
            for quoted in best_quotes(examined.extracts, examined.extracts)
            for e in quoted.sentences
        ),
        further=tuple(
            _is_right(case, cited.quote, cited.place.source.id, cited.place.span, gold)
            for cited in examined.answer.citations[1:]
        ),
    )


def is_right(case: Case, extract: Extract, hits: Sequence[Hit]) -> bool:
    """Whether the sentence of `extract` is right for the case; `hits` are the passages found for its question."""
    sentence, gold = extract.sentence, _gold_sentences(case, hits)
    return case.is_answerable and _is_right(case, sentence.text, extract.hit.chunk.source.id, sentence.span, gold)


def _is_right(case: Case, text: str, document_id: str, span: Span, gold: set[str]) -> bool:
    """Whether the sentence there holds a gold answer at its place, or is a gold sentence elsewhere."""
    if _normal(text) in gold:
        return True
    if case.document_id is not None:
        return document_id == case.document_id and _holds_any(span, case.places)
    return not case.sentences and any(answer in text for answer in case.answers)


def _passage_is_right(case: Case, hit: Hit, gold: set[str]) -> bool:
    """Whether the passage holds a sentence that would be right."""
    if any(_normal(s.text) in gold for s in hit.chunk.sentences):
        return True
    if case.document_id is not None:
        return hit.chunk.source.id == case.document_id and _holds_any(hit.chunk.span, case.places)
    return not case.sentences and any(answer in hit.chunk.text for answer in case.answers)


def _gold_sentences(case: Case, hits: Sequence[Hit]) -> set[str]:
    """The normalised texts of the sentences that hold a gold answer at its place."""
    gold = {_normal(sentence) for sentence in case.sentences}
    for hit in hits:
        if hit.chunk.source.id == case.document_id:
            gold |= {_normal(s.text) for s in hit.chunk.sentences if _holds_any(s.span, case.places)}
    return gold


def _holds_any(span: Span, places: Sequence[Span]) -> bool:
    return any(span.start <= place.start and place.end <= span.end for place in places)


def _normal(text: str) -> str:
    """`text` with white space folded: the same sentence in another layout is the same sentence."""
    return " ".join(text.split())


def _words(extract: Extract) -> str:
    """The words of the sentence that are marked as the answer."""
    start = extract.sentence.span.start
    return extract.sentence.text[extract.highlight.start - start : extract.highlight.end - start]
