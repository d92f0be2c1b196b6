"""Extracts to one of three outcomes: an answer of one to three sentences, quotes that may answer, or nothing found."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from rag.answer.cite import cite, place_of
from rag.answer.conditions import GOES_ON, asks_yes_or_no, with_conditions
from rag.answer.confidence import Thresholds, confidence_beside, named
from rag.answer.disagreement import Claim, find_disagreement
from rag.answer.question import Question
from rag.answer.side_by_side import MOST_SENTENCES, said_elsewhere, says_one_of, side_by_side, span_of
from rag.answer.steps import all_steps, asks_how, belongs, further_steps, is_procedure
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
    LeadIn,
    NoAnswerReason,
    Place,
    SentenceKind,
    Span,
    StatedValue,
)

# A further sentence must come this close to the first in log-odds: it then answers nearly as well.
_CLOSE = 0.7
# Quotes that are shown where an answer is only possible.
_MOST_POSSIBLE = 3
# Of these so many may be of one document where others have something to say: one that was written to be quoted cannot
# take all the room. Of 575 questions to five collections 4 lost their right quote by it.
_MOST_OF_ONE = 2
# A further one of them that is right less often than one time in twenty is noise.
_LEAST_POSSIBLE = 0.05


@dataclass(frozen=True, slots=True)
class Quoted:
    """What one citation quotes: the best sentence, or more of them side by side, in the order of the text."""

    best: Extract
    sentences: tuple[Extract, ...]
    elsewhere: tuple[tuple[Extract, ...], ...] = ()  # what says the same in other places


@dataclass(frozen=True, slots=True)
class SourceTexts:
    """What quotes are copied from. `text_of` gives the text of a document by id.

    `lead_in_of` gives where the sentence stands that a place cannot be understood without, or None; `items_of` the
    items of the list that a place is in or stands in front of.
    """

    text_of: Callable[[str], str]
    lead_in_of: Callable[[Place], Span | None]
    items_of: Callable[[Place], Sequence[Span]]


def compose_answer(
    question: Question,
    extracts: Sequence[Extract],
    certainty: Confidence,
    *,
    hits: Sequence[Hit],
    texts: SourceTexts,
    max_sentences: int,
    thresholds: Thresholds,
    index_version: int,
    degraded: bool = False,
) -> Answer:
    """The answer that the best of `extracts` give, quotes that may answer, or an abstention with its reason.

    Quotes are copied out of the documents by offset. Sentences that say the same are one sentence; its citation names
    the other places in `also_in`. Where documents state different values, each value has one sentence, the newest
    document's first; with room for one sentence only that is not looked at.
    """
    answer = Answer(
        id=_answer_id(question, max_sentences, thresholds, index_version),
        question=question.text,
        status=_status(extracts, certainty, thresholds),
        reason=None,
        sentences=(),
        highlight=None,
        confidence=certainty,
        citations=(),
        passages=tuple(hits),
        index_version=index_version,
        degraded=degraded,
    )
    if answer.status is AnswerStatus.NO_ANSWER:
        return replace(answer, reason=NoAnswerReason.NOT_FOUND)
    if answer.status is AnswerStatus.POSSIBLE:
        return replace(answer, citations=_possible(extracts, certainty, texts))
    stated = [] if max_sentences < 2 else _newest_first(find_disagreement(question, extracts)[:max_sentences])
    items: Sequence[Span] = () if stated else _procedure(question, extracts, texts)
    quotes = [_alone([claim.extract for claim in claims]) for claims in stated]
    quotes = quotes or _choose(question, extracts, max_sentences, items)
    citations = _led_in_once([_citation(number, quoted, texts) for number, quoted in enumerate(quotes, start=1)])
    return replace(
        answer,
        sentences=tuple(AnswerSentence(c.quote, (c.number,)) for c in citations),
        highlight=Highlight(0, stated[0][0].span) if stated else _highlight(quotes[0]),
        citations=citations,
        disagreement=_disagreement([claims[0] for claims in stated]) if stated else None,
        steps=all_steps(items, citations) if items else None,
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
        confidence=named(0.0),
        citations=(),
        passages=(),
        index_version=index_version,
    )


def _status(extracts: Sequence[Extract], certainty: Confidence, thresholds: Thresholds) -> AnswerStatus:
    """How far the best extract answers."""
    if not extracts or certainty.value < min(thresholds.possible, thresholds.answer):
        return AnswerStatus.NO_ANSWER
    return AnswerStatus.ANSWERED if certainty.value >= thresholds.answer else AnswerStatus.POSSIBLE


def _possible(extracts: Sequence[Extract], certainty: Confidence, texts: SourceTexts) -> tuple[Citation, ...]:
    """The citations of the best quotes, best first, each with its own confidence; the first one always."""

    def own(extract: Extract) -> Confidence:
        return confidence_beside(certainty, extracts[0].score - extract.score)

    worth = [extract for extract in extracts if extract is extracts[0] or own(extract).value >= _LEAST_POSSIBLE]
    return tuple(
        replace(_citation(number, quoted, texts), confidence=own(quoted.best))
        for number, quoted in enumerate(best_quotes(worth, extracts), start=1)
    )


def best_quotes(begin: Sequence[Extract], extracts: Sequence[Extract]) -> list[Quoted]:
    """The three best quotes, best first, each around one of the extracts in `begin`.

    No more than two are of one document, unless the others have none.
    """
    of_several = _quotes(begin, extracts, _MOST_OF_ONE)
    return of_several if len(of_several) == _MOST_POSSIBLE else _quotes(begin, extracts, _MOST_POSSIBLE)


def _quotes(begin: Sequence[Extract], extracts: Sequence[Extract], most_of_one: int) -> list[Quoted]:
    """Quotes that say different things, so many of one document at most."""
    quotes: list[Quoted] = []
    for extract in begin:
        quoted = [sentence for quote in quotes for sentence in quote.sentences]
        of_the_same = sum(_document(quote.best) == _document(extract) for quote in quotes)
        if len(quotes) == _MOST_POSSIBLE:
            break
        if of_the_same < most_of_one and not says_one_of(quoted, extract):
            known = {sentence.sentence.id for sentence in quoted}
            sentences = side_by_side(extract, extracts, without=known)
            quotes.append(_with_repetitions(extract, sentences, extracts))
    return quotes


def _document(extract: Extract) -> str:
    return extract.hit.chunk.source.id


def _alone(group: Sequence[Extract]) -> Quoted:
    """A quote of the first sentence; the others say the same elsewhere."""
    return Quoted(group[0], (group[0],), tuple((extract,) for extract in group[1:]))


def _with_repetitions(best: Extract, sentences: tuple[Extract, ...], extracts: Sequence[Extract]) -> Quoted:
    """A quote of these sentences, with the other places that say the same."""
    return Quoted(best, sentences, tuple(said_elsewhere(sentences, extracts)))


def _procedure(question: Question, extracts: Sequence[Extract], texts: SourceTexts) -> Sequence[Span]:
    """Where the steps stand that the best sentence is one of or announces, if the question is for them; else none."""
    if not asks_how(question):
        return ()
    best, place = extracts[0], _place(extracts[0])
    items = texts.items_of(place)
    if len(items) < 2:
        return ()
    is_announced = best.sentence.text.rstrip().endswith(":") or texts.lead_in_of(place) is not None
    further = further_steps(best, extracts, items)
    return items if is_procedure(question, best, further, is_announced=is_announced) else ()


def _choose(question: Question, extracts: Sequence[Extract], max_sentences: int, items: Sequence[Span]) -> list[Quoted]:
    """What to quote, best first, in so many sentences at most.

    One that announces what follows ("The reasons are:") is followed by that, in the order of the text, and so is one of
    the steps in `items`. Any other stands with the sentences beside it that may answer too. It is followed by those
    that belong to the full answer, by a condition or an exception where the question is for yes or no, or else by
    sentences elsewhere that answer as well.
    """
    best = extracts[0]
    listed = (further_steps(best, extracts, items) if items else []) or _announced(best, extracts)
    further = listed or _belonging(best, extracts)
    if not items and asks_yes_or_no(question):
        further = with_conditions(question, best, further, extracts, max_sentences - 1)
    if listed:
        return _one_by_one((best, *further), extracts)[:max_sentences]
    quoted = side_by_side(best, extracts, most=1 if items else min(max_sentences, MOST_SENTENCES))
    room = max_sentences - len(quoted)
    if not further:
        further = [extract for extract in extracts if _also_answers(best, extract)]
    others = [extract for extract in further if not says_one_of(quoted, extract)]
    return [_with_repetitions(best, quoted, extracts), *_one_by_one(others, extracts)[:room]]


def _one_by_one(chosen: Sequence[Extract], extracts: Sequence[Extract]) -> list[Quoted]:
    """Quotes of a sentence each, in order, none that says the same as one before it."""
    quotes: list[Quoted] = []
    for extract in chosen:
        if not says_one_of([quote.best for quote in quotes], extract):
            quotes.append(_with_repetitions(extract, (extract,), extracts))
    return quotes


def _announced(best: Extract, extracts: Sequence[Extract]) -> list[Extract]:
    """The extracts that follow `best` in its passage, in text order, if it ends with a colon; else none."""
    if not best.sentence.text.rstrip().endswith(":"):
        return []
    chunk, position = best.hit.chunk.id, best.sentence.position
    following = [e for e in extracts if e.hit.chunk.id == chunk and e.sentence.position > position]
    return sorted(following, key=lambda extract: extract.sentence.position)


def _belonging(best: Extract, extracts: Sequence[Extract]) -> list[Extract]:
    """The sentences right after `best` in its passage that the reader takes for parts of the same answer."""
    here = {e.sentence.position: e for e in extracts if e.hit.chunk.id == best.hit.chunk.id}
    found: list[Extract] = []
    position = best.sentence.position + 1
    while position in here and belongs(here[position]):
        found.append(here[position])
        position += 1
    return found


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


def _citation(number: int, quoted: Quoted, texts: SourceTexts) -> Citation:
    """The citation of a quote, with its lead-in; where the same stands elsewhere goes to `also_in`."""
    first = quoted.sentences[0]
    place = _place_of(quoted.sentences)
    text = texts.text_of(place.source.id)
    citation = cite(number, text, place, tuple(_place_of(said) for said in quoted.elsewhere))
    sure = [said.sentence.recognised for said in quoted.sentences if said.sentence.recognised is not None]
    citation = replace(citation, recognised=min(sure, default=None))
    span = texts.lead_in_of(place) or _referred_to(first)
    return citation if span is None else replace(citation, lead_in=LeadIn(span, span.of(text)))


def _led_in_once(citations: Sequence[Citation]) -> tuple[Citation, ...]:
    """The citations of one answer, without the lead-ins that one before them quotes anyway."""
    led_in: list[Citation] = []
    for citation in citations:
        lead_in, source = citation.lead_in, citation.place.source.id
        quoted = [c.place.span for c in led_in if c.place.source.id == source]
        is_said = lead_in and any(s.start <= lead_in.span.start and lead_in.span.end <= s.end for s in quoted)
        led_in.append(replace(citation, lead_in=None) if is_said else citation)
    return tuple(led_in)


def _referred_to(extract: Extract) -> Span | None:
    """Where the sentence before stands, if this one begins with "It", "This", "However" or the like."""
    sentences, position = extract.hit.chunk.sentences, extract.sentence.position
    before = next((s for s in sentences if s.position == position - 1 and s.kind is SentenceKind.STATEMENT), None)
    goes_on = extract.features.get("refers_back") or GOES_ON.match(extract.sentence.text)
    return before.span if before is not None and goes_on else None


def _place_of(quote: Sequence[Extract]) -> Place:
    """Where the sentences of a quote stand."""
    return replace(_place(quote[0]), span=span_of(quote))


def _place(extract: Extract) -> Place:
    sentence = extract.sentence
    return place_of(extract.hit.chunk, sentence.span, section=sentence.section, page=sentence.page)


def _highlight(quoted: Quoted) -> Highlight:
    """The answering words of the best sentence of the first quote, counted from where the quote begins."""
    start, words = span_of(quoted.sentences).start, quoted.best.highlight
    return Highlight(0, Span(words.start - start, words.end - start))


def _answer_id(question: Question, max_sentences: int, thresholds: Thresholds, index_version: int) -> str:
    """An id that depends on nothing but what the answer depends on."""
    made_of = [question.text, max_sentences, thresholds.answer, thresholds.possible, index_version]
    parts = json.dumps([*made_of, *(alternative.instead for alternative in question.alternatives)])
    return hashlib.sha256(parts.encode()).hexdigest()[:32]
