"""Extracts become one to three sentences with their citations, or the reason why there is none."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from rag.answer.compose import SourceTexts, abstain, compose_answer
from rag.answer.confidence import Thresholds
from rag.answer.question import analyse_question
from rag.records import (
    Answer,
    AnswerSentence,
    AnswerStatus,
    Confidence,
    Extract,
    Highlight,
    Hit,
    LeadIn,
    NoAnswerReason,
    Place,
    Span,
)
from tests.support.scenes import Line, Page, texts

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


HALF = Thresholds(answer=0.5, possible=0.2)


def compose(
    found: Sequence[Extract],
    *,
    value: float = 0.9,
    hits: Sequence[Hit] = (),
    pages: Sequence[Page] = (PAGE, TWIN),
    lead_ins: Mapping[int, Span] | None = None,
    items: Sequence[Span] = (),
    **options: Any,
) -> Answer:
    """`lead_ins` are given by where the quote begins that they stand in front of, `items` are those of its list."""
    chosen: dict[str, Any] = {"max_sentences": 3, "thresholds": HALF, "index_version": 7} | options
    asked = chosen.pop("question", QUESTION)
    source = SourceTexts(
        texts(pages).__getitem__, lambda place: (lead_ins or {}).get(place.span.start), lambda _: items
    )
    return compose_answer(asked, found, Confidence(value, "high"), hits=hits, texts=source, **chosen)


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
    ("value", "answer", "possible", "status"),
    [
        pytest.param(0.5, 0.5, 0.2, AnswerStatus.ANSWERED, id="at the first threshold"),
        pytest.param(0.0, 0.0, 0.0, AnswerStatus.ANSWERED, id="thresholds of 0 show everything"),
        pytest.param(1.0, 1.0, 1.0, AnswerStatus.ANSWERED, id="certain"),
        pytest.param(0.49, 0.5, 0.2, AnswerStatus.POSSIBLE, id="a little below"),
        pytest.param(0.2, 0.5, 0.2, AnswerStatus.POSSIBLE, id="at the second threshold"),
        pytest.param(0.19, 0.5, 0.2, AnswerStatus.NO_ANSWER, id="below both"),
        pytest.param(0.49, 0.5, 0.5, AnswerStatus.NO_ANSWER, id="nothing is possible only"),
    ],
)
def test_confidence_decides_between_three_outcomes(
    value: float, answer: float, possible: float, status: AnswerStatus
) -> None:
    found = compose([an_extract(PAGE, 1, 5.0)], value=value, thresholds=Thresholds(answer, possible), hits=[PAGE.hit()])
    assert found.status is status
    assert found.reason is (NoAnswerReason.NOT_FOUND if status is AnswerStatus.NO_ANSWER else None)
    assert bool(found.sentences) is bool(found.highlight) is (status is AnswerStatus.ANSWERED)
    assert bool(found.citations) is (status is not AnswerStatus.NO_ANSWER)
    assert found.passages == (PAGE.hit(),)


def test_without_a_quotable_sentence_nothing_is_found() -> None:
    answer = compose([], value=0.0, thresholds=Thresholds(0.0, 0.0))
    assert (answer.status, answer.reason) == (AnswerStatus.NO_ANSWER, NoAnswerReason.NOT_FOUND)


def test_what_may_answer_is_up_to_three_statements_each_with_its_own_confidence() -> None:
    """The first has 0.4; the others lie ln 2 and ln 4 below it in log-odds: 0.4 / 2 and 0.4 / 4."""
    found = [
        an_extract(PAGE, 1, 5.0),
        an_extract(TWIN, 0, 4.9),
        an_extract(PAGE, 2, 5.0 - math.log(2)),
        an_extract(PAGE, 3, 5.0 - math.log(4)),
        an_extract(PAGE, 4, -9.0),
    ]
    answer = compose(found, value=0.4)
    assert [c.quote for c in answer.citations] == [FIRST, SECOND, THIRD]
    assert [c.number for c in answer.citations] == [1, 2, 3]
    assert [c.confidence for c in answer.citations] == [
        Confidence(0.4, "low"),
        Confidence(0.2, "low"),
        Confidence(0.1, "very_low"),
    ]
    assert [place.source.id for place in answer.citations[0].also_in] == ["twin"]
    assert answer.text == ""


OTHER = Page("other", "A bridge stood here before the ferry.")


def test_of_what_may_answer_one_document_has_two_where_another_has_something_to_say() -> None:
    own = [an_extract(PAGE, n, 5.0 - n / 10) for n in (1, 2, 3)]
    other = an_extract(OTHER, 0, 4.5)
    found = compose([*own, other], value=0.4, pages=[PAGE, OTHER])
    assert [c.quote for c in found.citations] == [FIRST, SECOND, OTHER.text]
    hardly = replace(other, score=-9.0)
    assert [c.quote for c in compose([*own, hardly], value=0.4).citations] == [FIRST, SECOND, THIRD]


def test_a_further_quote_that_hardly_answers_is_not_shown_and_the_first_one_always_is() -> None:
    """0.4 / 8 is the least that is shown, 0.4 / 10 is less."""
    found = [an_extract(PAGE, 1, 5.0), an_extract(PAGE, 2, 5.0 - math.log(8)), an_extract(PAGE, 3, 5.0 - math.log(10))]
    assert [c.quote for c in compose(found, value=0.4).citations] == [FIRST, SECOND]
    low = Thresholds(answer=0.5, possible=0.0)
    assert [c.quote for c in compose(found, value=0.01, thresholds=low).citations] == [FIRST]


def test_sentences_after_the_best_one_that_belong_to_its_answer_follow_it() -> None:
    found = [an_extract(PAGE, 2, 5.0), an_extract(PAGE, 4, 0.0), an_extract(PAGE, 3, -9.0), an_extract(PAGE, 1, 4.9)]
    found = [replace(e, features={**e.features, "reader_belongs": 1.0}) for e in found]
    assert [s.text for s in compose(found).sentences] == [SECOND, THIRD, FOURTH]
    assert [s.text for s in compose(found, max_sentences=2).sentences] == [SECOND, THIRD]
    found[2] = replace(found[2], features={"holds": 1.0, "reader_belongs": -1.0})
    assert [s.text for s in compose(found).sentences] == [SECOND, FIRST]


RULE = Page("rule", "You may not:", "ride on the fork", "It is driven by one person.", "It is kept clean.")


def test_an_item_comes_with_the_sentence_that_announces_its_list() -> None:
    answer = compose([an_extract(RULE, 1, 5.0)], pages=[RULE], lead_ins={13: Span(0, 12)})
    assert answer.citations[0].quote == "ride on the fork"
    assert answer.citations[0].lead_in == LeadIn(Span(0, 12), "You may not:")


def test_a_sentence_that_refers_back_comes_with_the_one_before() -> None:
    best = an_extract(RULE, 3, 5.0)
    answer = compose([replace(best, features={"holds": 1.0, "refers_back": 1.0})], pages=[RULE])
    lead_in = answer.citations[0].lead_in
    assert lead_in is not None
    assert lead_in.text == lead_in.span.of(RULE.text) == "It is driven by one person."
    assert compose([best], pages=[RULE]).citations[0].lead_in is None


def spans_of(page: Page, *positions: int) -> list[Span]:
    return [page.hit().chunk.sentences[position].span for position in positions]


LINES = ("Before you start.", "Lift the bar.", "Turn the wheel.", "Pull.", "Let go.", "Done.")
MANUAL = Page("manual", *LINES, section="Manual > The gate")
HOW = analyse_question("How do I open the gate?", max_chars=100)


def all_of(page: Page, best: int) -> list[Extract]:
    count = len(page.hit().chunk.sentences)
    return [an_extract(page, best, 5.0), *(an_extract(page, n, -5.0 - n) for n in range(count) if n != best)]


@pytest.mark.parametrize(
    ("best", "limit", "quotes", "shown"),
    [
        pytest.param(1, 3, ["Lift the bar.", "Turn the wheel.", "Pull."], 3, id="from the first"),
        pytest.param(2, 3, ["Turn the wheel.", "Pull.", "Let go."], 3, id="from the second"),
        pytest.param(4, 3, ["Let go."], 1, id="the last"),
        pytest.param(1, 1, ["Lift the bar."], 1, id="with room for one"),
    ],
)
def test_a_how_question_gets_the_steps_up_to_the_limit_and_the_place_of_the_whole_list(
    best: int, limit: int, quotes: list[str], shown: int
) -> None:
    items = spans_of(MANUAL, 1, 2, 3, 4)
    answer = compose(all_of(MANUAL, best), pages=[MANUAL], question=HOW, max_sentences=limit, items=items)
    assert [s.text for s in answer.sentences] == quotes
    assert answer.steps is not None
    assert (answer.steps.count, answer.steps.shown) == (4, shown)
    assert answer.steps.place.span.of(MANUAL.text) == "Lift the bar.\nTurn the wheel.\nPull.\nLet go."


def test_a_list_that_is_shown_whole_needs_no_link() -> None:
    items = spans_of(STEPS, 2, 3)
    answer = compose(all_of(STEPS, 1), pages=[STEPS], question=HOW, items=items)
    assert [s.text for s in answer.sentences] == ["To open the gate:", "Lift the bar.", "Turn the wheel."]
    assert answer.steps is None


@pytest.mark.parametrize(
    ("question", "page"),
    [
        pytest.param("How many wheels are there?", MANUAL, id="a question for a number"),
        pytest.param("How do I open the gate?", STEPS, id="neither announced nor named by its heading"),
    ],
)
def test_other_questions_and_other_lists_have_no_steps(question: str, page: Page) -> None:
    asked = analyse_question(question, max_chars=100)
    answer = compose(all_of(page, 2), pages=[page], question=asked, items=spans_of(page, 2, 3, 4))
    assert (len(answer.sentences), answer.steps) == (1, None)


def test_the_reader_knows_a_list_of_steps_that_nothing_announces() -> None:
    page = Page("manual", *LINES)
    found = [replace(e, features={"holds": 1.0, "reader_belongs": 1.0}) for e in all_of(page, 1)]
    answer = compose(found, pages=[page], question=HOW, items=spans_of(page, 1, 2, 3, 4))
    assert [s.text for s in answer.sentences] == ["Lift the bar.", "Turn the wheel.", "Pull."]
    assert answer.steps is not None


DOGS = Page(
    "dogs",
    "Dogs may come to the office.",
    "They need a lead in the lift.",
    "The dog must be insured if it comes every week.",
    "On Mondays no dog is allowed, except guide dogs.",
)


@pytest.mark.parametrize(
    ("question", "limit", "positions"),
    [
        pytest.param("Can I bring my dog?", 3, [0, 2, 3], id="rule, condition, exception"),
        pytest.param("If I have a dog, may I bring it?", 3, [0, 2, 3], id="asked after a comma"),
        pytest.param("Dogs in the office allowed?", 2, [0, 2], id="with room for two"),
        pytest.param("Can I bring my dog?", 1, [0], id="with room for one"),
        pytest.param("Where may dogs come?", 3, [0], id="not a question for yes or no"),
    ],
)
def test_yes_or_no_comes_with_its_condition_and_its_exception(question: str, limit: int, positions: list[int]) -> None:
    asked = analyse_question(question, max_chars=100)
    answer = compose(all_of(DOGS, 0), pages=[DOGS], question=asked, max_sentences=limit)
    assert [c.place.span for c in answer.citations] == spans_of(DOGS, *positions)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param("Cats stay at home if it rains.", id="about something else"),
        pytest.param("A dog sleeps under the desk.", id="neither condition nor exception"),
    ],
)
def test_what_is_no_condition_of_a_rule_is_not_quoted_with_it(other: str) -> None:
    page = Page("dogs", "Dogs may come to the office.", other)
    asked = analyse_question("Can I bring my dog?", max_chars=100)
    assert [s.text for s in compose(all_of(page, 0), pages=[page], question=asked).sentences] == [page.lines[0].text]


def test_a_condition_in_another_section_or_far_away_is_not_quoted() -> None:
    rule, condition = "Dogs may come to the office.", "A dog must be insured if it comes every week."
    asked = analyse_question("Can I bring my dog?", max_chars=100)
    far = Page("dogs", rule, "One.", "Two.", "Three.", condition)
    assert [s.text for s in compose(all_of(far, 0), pages=[far], question=asked).sentences] == [rule]
    near = Page("dogs", rule, condition)
    best, other = all_of(near, 0)
    other = replace(other, sentence=replace(other.sentence, section="Cars"))
    assert [s.text for s in compose([best, other], pages=[near], question=asked).sentences] == [rule]


def test_an_exception_comes_with_the_rule_in_front_of_it() -> None:
    page = Page("dogs", "No animals are allowed.", "However, guide dogs may come.")
    asked = analyse_question("Can I bring my guide dog?", max_chars=100)
    (citation, *_) = compose(all_of(page, 1), pages=[page], question=asked).citations
    assert citation.lead_in == LeadIn(Span(0, 23), "No animals are allowed.")


def test_the_same_question_has_the_same_id() -> None:
    assert compose([an_extract(PAGE, 1, 5.0)]) == compose([an_extract(PAGE, 1, 5.0)])


@pytest.mark.parametrize(
    "change",
    [
        {"question": analyse_question("Who closed the bridge?", max_chars=100)},
        {"max_sentences": 2},
        {"thresholds": Thresholds(0.6, 0.2)},
        {"thresholds": Thresholds(0.5, 0.3)},
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
        confidence=Confidence(0.0, "very_low"),
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
