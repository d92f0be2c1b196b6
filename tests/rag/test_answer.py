"""Extracts become one to three sentences with their citations, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from scenes import Line, Page, texts

from rag.answer import abstain, compose_answer
from rag.question import analyse_question
from rag.records import (
    Answer,
    AnswerSentence,
    AnswerStatus,
    Confidence,
    Extract,
    Highlight,
    Hit,
    NoAnswerReason,
    Place,
    Span,
)

FIRST = "The bridge was opened by Jane Calder in 1912."
SECOND = "The mayor, Tom Reed, cut the ribbon."
THIRD = "A choir from Norwick sang."
FOURTH = "The ferry stopped sailing."
PAGE = Page("bridge", Line("Before."), Line(FIRST), Line(SECOND), Line(THIRD), Line(FOURTH))
TWIN = Page("twin", Line("Jane Calder opened the bridge in 1912."))
QUESTION = analyse_question("Who opened the bridge?", max_chars=100)


def an_extract(page: Page, position: int, score: float, *, holds: float = 1.0, highlight: str = "") -> Extract:
    """The sentence at `position` of the page, with what a later step may look at."""
    hit = page.hit()
    sentence = hit.chunk.sentences[position]
    start = page.text.index(highlight, sentence.span.start) if highlight else sentence.span.start
    span = Span(start, start + len(highlight)) if highlight else sentence.span
    return Extract(hit, sentence, span, score, {"holds": holds})


def compose(
    found: Sequence[Extract],
    *,
    value: float = 0.9,
    hits: Sequence[Hit] = (),
    pages: Sequence[Page] = (PAGE, TWIN),
    **options: Any,
) -> Answer:
    chosen: dict[str, Any] = {"max_sentences": 3, "min_confidence": 0.5, "index_version": 7} | options
    asked = chosen.pop("question", QUESTION)
    return compose_answer(
        asked, found, Confidence(value, "high"), hits=hits, text_of=texts(pages).__getitem__, **chosen
    )


def test_an_answer_quotes_the_best_sentence_and_says_where_it_stands() -> None:
    answer = compose([an_extract(PAGE, 1, 5.0, highlight="Jane Calder")], hits=[PAGE.hit()])
    assert (answer.status, answer.reason) == (AnswerStatus.ANSWERED, None)
    assert answer.sentences == (AnswerSentence(FIRST, (1,)),)
    (citation,) = answer.citations
    assert citation.place == Place(PAGE.source, "t" * 64, Span(8, 8 + len(FIRST)), "Section", 2)
    assert (citation.number, citation.quote, citation.before) == (1, FIRST, "Before.\n")
    assert (answer.question, answer.confidence, answer.index_version) == (QUESTION.text, Confidence(0.9, "high"), 7)
    assert (answer.passages, answer.degraded) == ((PAGE.hit(),), False)


def test_the_highlight_is_counted_from_the_beginning_of_its_sentence() -> None:
    answer = compose([an_extract(PAGE, 1, 5.0, highlight="Jane Calder")])
    assert answer.highlight == Highlight(0, Span(25, 36))
    assert answer.highlight.span.of(answer.sentences[0].text) == "Jane Calder"


def test_sentences_that_answer_nearly_as_well_follow_in_order_of_score() -> None:
    answer = compose([an_extract(PAGE, 2, 5.0), an_extract(PAGE, 1, 4.9), an_extract(PAGE, 3, 4.8)])
    assert answer.text == f"{SECOND} [1] {FIRST} [2] {THIRD} [3]"


def test_a_sentence_that_scores_far_less_does_not_follow() -> None:
    answer = compose([an_extract(PAGE, 1, 5.0), an_extract(PAGE, 2, -5.0)])
    assert [s.text for s in answer.sentences] == [FIRST]


def test_a_sentence_without_the_kind_of_thing_asked_for_does_not_follow_one_with_it() -> None:
    answer = compose([an_extract(PAGE, 1, 5.0), an_extract(PAGE, 3, 5.0, holds=-1.0)])
    assert [s.text for s in answer.sentences] == [FIRST]


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_there_are_at_most_max_sentences(limit: int) -> None:
    found = [an_extract(PAGE, position, 5.0) for position in (1, 2, 3, 4)]
    assert len(compose(found, max_sentences=limit).sentences) == limit


STEPS = Page("steps", "Stand clear.", "To open the gate:", "Lift the bar.", "Turn the wheel.", "Let go.", "Well done.")


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_a_sentence_that_announces_what_follows_is_followed_by_it(limit: int) -> None:
    found = [an_extract(STEPS, 1, 3.0), an_extract(STEPS, 0, 2.9), *(an_extract(STEPS, n, n / 9) for n in (5, 4, 3, 2))]
    answer = compose(found, pages=[STEPS], max_sentences=limit)
    assert [s.text for s in answer.sentences] == ["To open the gate:", "Lift the bar.", "Turn the wheel."][:limit]


def test_an_announcement_at_the_end_of_its_passage_is_followed_as_any_sentence_is() -> None:
    cut = Page("cut", "The bar is heavy.", "To open the gate:")
    answer = compose([an_extract(cut, 1, 3.0), an_extract(cut, 0, 2.9)], pages=[cut])
    assert [s.text for s in answer.sentences] == ["To open the gate:", "The bar is heavy."]


def test_what_says_the_same_is_one_sentence_that_stands_in_two_places() -> None:
    answer = compose([an_extract(PAGE, 1, 5.0), an_extract(TWIN, 0, 4.9), an_extract(PAGE, 2, 4.8)])
    assert [s.text for s in answer.sentences] == [FIRST, SECOND]
    assert answer.citations[0].also_in == (Place(TWIN.source, "t" * 64, Span(0, len(TWIN.text)), "Section", 2),)
    assert answer.citations[1].also_in == ()


def test_a_repetition_is_named_however_low_it_scores_and_whatever_the_limit() -> None:
    answer = compose([an_extract(PAGE, 1, 5.0), an_extract(TWIN, 0, -50.0)], max_sentences=1)
    assert [place.source.id for place in answer.citations[0].also_in] == ["twin"]


def test_a_quote_is_copied_out_of_the_document_and_not_out_of_the_extract() -> None:
    found = an_extract(PAGE, 1, 5.0)
    altered = replace(found, sentence=replace(found.sentence, text="Something else."))
    assert compose([altered]).sentences[0].text == FIRST


@pytest.mark.parametrize(
    ("value", "threshold", "reason"),
    [
        pytest.param(0.5, 0.5, None, id="at the threshold"),
        pytest.param(0.0, 0.0, None, id="a threshold of 0 shows everything"),
        pytest.param(1.0, 1.0, None, id="certain"),
        pytest.param(0.49, 0.5, NoAnswerReason.LOW_CONFIDENCE, id="a little below"),
        pytest.param(0.25, 0.5, NoAnswerReason.LOW_CONFIDENCE, id="half of it"),
        pytest.param(0.24, 0.5, NoAnswerReason.NOT_IN_DOCUMENTS, id="less than half"),
        pytest.param(0.99, 1.0, NoAnswerReason.LOW_CONFIDENCE, id="nearly certain, and certainty is asked for"),
    ],
)
def test_below_the_threshold_nothing_is_quoted(value: float, threshold: float, reason: NoAnswerReason | None) -> None:
    answer = compose([an_extract(PAGE, 1, 5.0)], value=value, min_confidence=threshold, hits=[PAGE.hit()])
    assert answer.reason is reason
    assert bool(answer.sentences) is bool(answer.citations) is (reason is None)
    assert answer.passages == (PAGE.hit(),)
    if reason:
        assert (answer.status, answer.text, answer.highlight) == (AnswerStatus.NO_ANSWER, "", None)


def test_without_a_quotable_sentence_the_documents_do_not_say() -> None:
    answer = compose([], value=0.0, min_confidence=0.0)
    assert (answer.status, answer.reason) == (AnswerStatus.NO_ANSWER, NoAnswerReason.NOT_IN_DOCUMENTS)


def test_the_same_question_has_the_same_id() -> None:
    assert compose([an_extract(PAGE, 1, 5.0)]) == compose([an_extract(PAGE, 1, 5.0)])


@pytest.mark.parametrize(
    "change",
    [
        {"question": analyse_question("Who closed the bridge?", max_chars=100)},
        {"max_sentences": 2},
        {"min_confidence": 0.6},
        {"index_version": 8},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_id_depends_on_what_the_answer_depends_on(change: dict[str, Any]) -> None:
    found = [an_extract(PAGE, 1, 5.0)]
    assert compose(found, **change).id != compose(found).id


def test_what_cannot_be_looked_up_has_an_answer_without_anything_in_it() -> None:
    answer = abstain("?!", NoAnswerReason.NOT_A_QUESTION, index_version=3)
    assert replace(answer, id="") == Answer(
        id="",
        question="?!",
        status=AnswerStatus.NO_ANSWER,
        reason=NoAnswerReason.NOT_A_QUESTION,
        sentences=(),
        highlight=None,
        confidence=Confidence(0.0, "low"),
        citations=(),
        passages=(),
        index_version=3,
    )
    assert answer.id == abstain("?!", NoAnswerReason.NOT_A_QUESTION, index_version=3).id


def test_the_id_of_an_abstention_depends_on_question_reason_and_index() -> None:
    ids = {
        abstain(question, reason, index_version=version).id
        for question in ("?", "!")
        for reason in (NoAnswerReason.NOT_A_QUESTION, NoAnswerReason.NO_DOCUMENTS)
        for version in (1, 2)
    }
    assert len(ids) == 8
