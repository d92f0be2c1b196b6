"""Extracts to an answer of one to three sentences, or to the reason why there is none."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence

from rag.cite import cite, place_of
from rag.disagreement import Claim, find_disagreement
from rag.question import Question
from rag.records import (
    Answer,
    AnswerSentence,
    AnswerStatus,
    Citation,
    Confidence,
    Disagreement,
    Extract,
    Highlight,
    Hit,
    NoAnswerReason,
    Place,
    Span,
    StatedValue,
)
from rag.statements import same_statement

# A further sentence must come this close to the first in log-odds: it then answers nearly as well.
_CLOSE = 0.7


def compose_answer(
    question: Question,
    extracts: Sequence[Extract],
    certainty: Confidence,
    *,
    hits: Sequence[Hit],
    text_of: Callable[[str], str],
    max_sentences: int,
    min_confidence: float,
    index_version: int,
    degraded: bool = False,
) -> Answer:
    """The answer that the best of `extracts` give, or an abstention with its reason.

    `text_of` gives the text of a document by id: quotes are copied out of it by offset. Sentences that say the same
    are one sentence; its citation names the other places in `also_in`. Where documents state different values, each
    value has one sentence, the newest document's first; with room for one sentence only that is not looked at.
    """
    reason = _reason_for_none(extracts, certainty, min_confidence)
    stated = [] if reason or max_sentences < 2 else _newest_first(find_disagreement(question, extracts)[:max_sentences])
    groups = [[claim.extract for claim in claims] for claims in stated]
    if not groups and not reason:
        groups = _choose(extracts, max_sentences)
    citations = tuple(_citation(number, group, text_of) for number, group in enumerate(groups, start=1))
    return Answer(
        id=_answer_id(question, max_sentences, min_confidence, index_version),
        question=question.text,
        status=AnswerStatus.NO_ANSWER if reason else AnswerStatus.ANSWERED,
        reason=reason,
        sentences=tuple(AnswerSentence(c.quote, (c.number,)) for c in citations),
        highlight=Highlight(0, stated[0][0].span) if stated else _highlight(groups[0][0]) if groups else None,
        confidence=certainty,
        citations=citations,
        passages=tuple(hits),
        index_version=index_version,
        degraded=degraded,
        disagreement=_disagreement([claims[0] for claims in stated]) if stated else None,
    )


def abstain(question: str, reason: NoAnswerReason, *, index_version: int) -> Answer:
    """The answer to what cannot be looked up at all: there are no documents, or nothing in it can be searched for."""
    return Answer(
        id=hashlib.sha256(f"{question}\n{reason}\n{index_version}".encode()).hexdigest()[:32],
        question=question,
        status=AnswerStatus.NO_ANSWER,
        reason=reason,
        sentences=(),
        highlight=None,
        confidence=Confidence(0.0, "low"),
        citations=(),
        passages=(),
        index_version=index_version,
    )


def _reason_for_none(extracts: Sequence[Extract], certainty: Confidence, threshold: float) -> NoAnswerReason | None:
    """Why nothing is quoted; None when something is. Far below the threshold the documents simply do not say."""
    if not extracts or certainty.value < threshold / 2:
        return NoAnswerReason.NOT_IN_DOCUMENTS
    return NoAnswerReason.LOW_CONFIDENCE if certainty.value < threshold else None


def _choose(extracts: Sequence[Extract], max_sentences: int) -> list[list[Extract]]:
    """The sentences to quote, best first, each with the extracts that say the same after it.

    One that announces what follows ("The reasons are:") is followed by that, in the order of the text.
    """
    best = extracts[0]
    if announced := _announced(best, extracts):
        return [[extract] for extract in (best, *announced)][:max_sentences]
    groups: list[list[Extract]] = []
    for extract in extracts:
        group = next((g for g in groups if same_statement(g[0].sentence.text, extract.sentence.text)), None)
        if group is not None:
            group.append(extract)
        elif not groups or (len(groups) < max_sentences and _also_answers(best, extract)):
            groups.append([extract])
    return groups


def _announced(best: Extract, extracts: Sequence[Extract]) -> list[Extract]:
    """The extracts that follow `best` in its passage, in text order, if it ends with a colon; else none."""
    if not best.sentence.text.rstrip().endswith(":"):
        return []
    chunk, position = best.hit.chunk.id, best.sentence.position
    following = [e for e in extracts if e.hit.chunk.id == chunk and e.sentence.position > position]
    return sorted(following, key=lambda extract: extract.sentence.position)


def _newest_first(stated: Sequence[Sequence[Claim]]) -> list[list[Claim]]:
    """The claims of each value, and the values, those of newer documents first; what is as old keeps its order."""
    ordered = [sorted(claims, key=lambda claim: claim.dated, reverse=True) for claims in stated]
    return sorted(ordered, key=lambda claims: claims[0].dated, reverse=True)


def _disagreement(claims: Sequence[Claim]) -> Disagreement:
    """Where the answer states each value: the sentences of the answer are those of `claims`, in this order."""
    return Disagreement(
        tuple(StatedValue(at, claim.span, citation=at + 1, dated=claim.dated) for at, claim in enumerate(claims))
    )


def _also_answers(best: Extract, extract: Extract) -> bool:
    """Whether a further sentence answers too: scores close to the best and holds what the question expects."""
    return best.score - extract.score <= _CLOSE and extract.features["holds"] >= best.features["holds"]


def _citation(number: int, group: Sequence[Extract], text_of: Callable[[str], str]) -> Citation:
    """The citation of the first extract of `group`; the places of the others go to `also_in`."""
    places = [_place(extract) for extract in group]
    return cite(number, text_of(places[0].source.id), places[0], tuple(places[1:]))


def _place(extract: Extract) -> Place:
    sentence = extract.sentence
    return place_of(extract.hit.chunk, sentence.span, section=sentence.section, page=sentence.page)


def _highlight(extract: Extract) -> Highlight:
    """The answering words of the first sentence, counted from its beginning."""
    start = extract.sentence.span.start
    return Highlight(0, Span(extract.highlight.start - start, extract.highlight.end - start))


def _answer_id(question: Question, max_sentences: int, threshold: float, index_version: int) -> str:
    """An id that depends on nothing but what the answer depends on."""
    parts = json.dumps([question.text, max_sentences, threshold, index_version])
    return hashlib.sha256(parts.encode()).hexdigest()[:32]
