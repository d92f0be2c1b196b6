"""Sentences that stand side by side and may each answer are quoted as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from rag.answer.compose import SourceTexts, best_quotes, compose_answer
from rag.answer.confidence import Thresholds, confidence, share_of_quote, signals
from rag.answer.question import analyse_question
from rag.answer.side_by_side import MOST_SENTENCES, said_elsewhere, side_by_side, span_of
from rag.records import Answer, AnswerSentence, AnswerStatus, Confidence, Extract, Highlight, LeadIn, Span
from tests.support.scenes import Page, texts

COLD = "The fridge must show between 2 and 8 degrees."
WARM = "If it shows more, leave everything inside and ring the pharmacist."
NOTE = "Write down who you spoke to."
KEYS = "The key hangs in the office."
LAST = "The office closes at six."
PAGE = Page("fridge", KEYS, COLD, WARM, NOTE, LAST)
OTHER = Page("pharmacist", "The pharmacist comes on Mondays.", "She checks the fridge too.")
QUESTION = analyse_question("The fridge is too warm, what do I do?", max_chars=100)


def an_extract(page: Page, position: int, score: float, **features: float) -> Extract:
    hit = page.hit(chunk_id=len(page.source.id))
    sentence = hit.chunk.sentences[position]
    return Extract(hit, sentence, sentence.span, score, {"holds": 1.0, "reader": score, **features})


def quoted(best: Extract, *others: Extract, most: int = MOST_SENTENCES) -> list[int]:
    return [e.sentence.position for e in side_by_side(best, [best, *others], most=most)]


def compose(found: Sequence[Extract], value: float, *, max_sentences: int = 3) -> Answer:
    return compose_answer(
        QUESTION,
        found,
        Confidence(value, "high"),
        hits=(),
        texts=SourceTexts(texts([PAGE, OTHER, COPY]).__getitem__, lambda _: None, lambda _: ()),
        max_sentences=max_sentences,
        thresholds=Thresholds(answer=0.7, possible=0.2),
        index_version=1,
    )


def test_a_neighbour_that_comes_close_is_quoted_with_the_best_in_the_order_of_the_text() -> None:
    assert quoted(an_extract(PAGE, 2, 5.0), an_extract(PAGE, 1, 3.0)) == [1, 2]
    assert quoted(an_extract(PAGE, 1, 5.0), an_extract(PAGE, 2, 3.0)) == [1, 2]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(an_extract(PAGE, 1, 1.9), id="far behind"),
        pytest.param(an_extract(PAGE, 4, 5.0), id="not beside it"),
        pytest.param(an_extract(OTHER, 1, 5.0), id="of another document"),
    ],
)
def test_any_other_sentence_is_not(other: Extract) -> None:
    assert quoted(an_extract(PAGE, 2, 5.0), other) == [2]


def test_there_are_three_at_most_and_the_better_neighbours_come_first() -> None:
    others = [an_extract(PAGE, position, score) for position, score in ((0, 4.0), (1, 4.5), (3, 4.4), (4, 4.9))]
    assert quoted(an_extract(PAGE, 2, 5.0), *others) == [1, 2, 3]
    assert quoted(an_extract(PAGE, 2, 5.0), *others, most=2) == [1, 2]
    assert quoted(an_extract(PAGE, 2, 5.0), *others, most=1) == [2]


def test_lines_that_end_with_nothing_would_run_into_each_other() -> None:
    items = Page("items", "Two days", "Three days;", "Four days")
    first, second, third = (an_extract(items, position, 5.0) for position in range(3))
    assert quoted(second, first, third) == [1, 2]


def test_sentences_of_two_sections_are_two_quotes() -> None:
    below = an_extract(PAGE, 2, 5.0)
    below = replace(below, sentence=replace(below.sentence, section="Elsewhere"))
    assert quoted(an_extract(PAGE, 1, 5.0), below) == [1]


def test_where_something_stands_between_two_sentences_they_are_two_quotes() -> None:
    best, below = an_extract(PAGE, 1, 5.0), an_extract(PAGE, 2, 5.0)
    start = below.sentence.span.start + 3
    below = replace(below, sentence=replace(below.sentence, span=Span(start, below.sentence.span.end)))
    assert quoted(best, below) == [1]


def test_without_the_reader_each_sentence_stands_alone() -> None:
    best, other = (replace(an_extract(PAGE, position, 5.0), features={"holds": 1.0}) for position in (1, 2))
    assert quoted(best, other) == [1]


def test_an_answer_of_two_sentences_side_by_side_has_one_citation() -> None:
    best = replace(an_extract(PAGE, 2, 5.0), highlight=Span(PAGE.text.index("ring"), PAGE.text.index("ring") + 4))
    answer = compose([best, an_extract(PAGE, 1, 3.0)], 0.9)
    both = PAGE.text[PAGE.text.index(COLD) : PAGE.text.index(WARM) + len(WARM)]
    assert answer.status is AnswerStatus.ANSWERED
    assert answer.sentences == (AnswerSentence(both, (1,)),)
    assert [citation.quote for citation in answer.citations] == [both]
    assert answer.highlight is not None
    assert answer.highlight.span.of(both) == "ring"
    assert answer.highlight == Highlight(0, Span(both.index("ring"), both.index("ring") + 4))


def test_with_room_for_one_sentence_the_best_is_quoted() -> None:
    answer = compose([an_extract(PAGE, 2, 5.0), an_extract(PAGE, 1, 3.0)], 0.9, max_sentences=1)
    assert [citation.quote for citation in answer.citations] == [WARM]


def test_sentences_elsewhere_that_answer_as_well_follow_while_there_is_room() -> None:
    found = [an_extract(PAGE, 2, 5.0), an_extract(OTHER, 1, 4.9), an_extract(OTHER, 0, 4.8), an_extract(PAGE, 1, 4.7)]
    answer = compose(found, 0.9)
    assert [citation.quote for citation in answer.citations] == [f"{COLD}\n{WARM}", "She checks the fridge too."]


def test_quotes_that_may_answer_hold_no_sentence_twice() -> None:
    found = [an_extract(PAGE, 2, 5.0), an_extract(PAGE, 1, 4.0), an_extract(OTHER, 0, 3.5), an_extract(PAGE, 3, 3.0)]
    answer = compose(found, 0.5)
    assert answer.status is AnswerStatus.POSSIBLE
    assert [c.quote for c in answer.citations] == [f"{COLD}\n{WARM}\n{NOTE}", "The pharmacist comes on Mondays."]
    assert [c.confidence and round(c.confidence.value, 2) for c in answer.citations] == [0.5, 0.11]


def test_a_sentence_of_an_earlier_quote_is_no_part_of_a_later_one() -> None:
    found = [an_extract(PAGE, 0, 5.0), an_extract(PAGE, 2, 1.9), an_extract(PAGE, 1, 3.0)]
    quotes = best_quotes(found, found)
    assert [[e.sentence.position for e in quote.sentences] for quote in quotes] == [[0, 1], [2]]


def test_a_quote_has_the_odds_of_all_its_sentences() -> None:
    best, beside, other = an_extract(PAGE, 2, 2.0), an_extract(PAGE, 1, 2.0), an_extract(OTHER, 0, 2.0)
    assert share_of_quote((beside, best), [best, beside, other]) == pytest.approx(2 / 3)
    assert share_of_quote((best,), [best, beside, other]) == pytest.approx(1 / 3)


# What every sentence that was read has; what it is worth plays no part.
OPINIONS = dict.fromkeys(
    (
        *("similarity", "passage_similarity", "cover", "cover_near", "passage_cover", "passage_names", "names"),
        *("numbers", "pairs", "passage_first", "plain", "reader_answers", "reader_relevance", "reader_span"),
    ),
    0.5,
)


def test_the_lead_of_a_quote_is_counted_from_what_it_does_not_hold() -> None:
    found = [an_extract(p, at, s, **OPINIONS) for p, at, s in ((PAGE, 2, 5.0), (PAGE, 1, 4.8), (OTHER, 0, 3.0))]
    assert signals(QUESTION, found, {}, 50)["reader_lead"] == pytest.approx((5.0 - 3.0) / 4)


def test_what_the_reader_says_of_the_best_sentence_alone_is_seen_by_confidence() -> None:
    best, other = an_extract(PAGE, 2, 5.0, **OPINIONS), an_extract(OTHER, 0, 3.0, **OPINIONS)
    assert signals(QUESTION, [best, other], {}, 50)["reader_alone"] == pytest.approx(0.5 / 4)
    alone = replace(best, features={**best.features, "reader_alone": -2.0})
    assert signals(QUESTION, [alone, other], {}, 50)["reader_alone"] == pytest.approx(-2.0 / 4)


def test_a_quote_reaches_from_its_first_sentence_to_its_last() -> None:
    span = span_of([an_extract(PAGE, 1, 1.0), an_extract(PAGE, 2, 1.0)])
    assert span.of(PAGE.text) == f"{COLD}\n{WARM}"


COPY = Page("copy", NOTE, COLD, WARM, COLD)


def positions_elsewhere(*quote: int) -> list[list[int]]:
    """Where the copy says what these sentences of the page say."""
    found = [an_extract(page, at, 5.0) for page in (PAGE, COPY) for at in range(len(page.lines))]
    own = [extract for extract in found if extract.hit.chunk.source == PAGE.source]
    return [[e.sentence.position for e in run] for run in said_elsewhere([own[at] for at in quote], found)]


def test_a_quote_of_several_sentences_stands_elsewhere_only_as_a_whole() -> None:
    assert positions_elsewhere(1) == [[1], [3]]
    assert positions_elsewhere(1, 2) == [[1, 2]], "no sentence is in two of the places"
    assert positions_elsewhere(2, 3) == []
    assert positions_elsewhere(0) == []


def test_a_citation_names_the_whole_place_where_the_same_stands_too() -> None:
    found = [an_extract(page, at, 5.0 - at / 9) for page in (PAGE, COPY) for at in (1, 2)]
    (citation,) = compose(found, 0.9).citations
    assert [place.span.of(COPY.text) for place in citation.also_in] == [f"{COLD}\n{WARM}"]


def test_a_lead_in_that_was_quoted_before_is_not_said_again() -> None:
    page = Page("lamp", "The harbour opens at six.", "It is lit all night.")
    first, second = (an_extract(page, at, 9.0 - 4 * at, reader_belongs=2.0, refers_back=float(at)) for at in (0, 1))

    def composed(found: Sequence[Extract]) -> list[tuple[str, LeadIn | None]]:
        answer = compose_answer(
            QUESTION,
            found,
            Confidence(0.9, "high"),
            hits=(),
            texts=SourceTexts(texts([page]).__getitem__, lambda _: None, lambda _: ()),
            max_sentences=3,
            thresholds=Thresholds(answer=0.7, possible=0.2),
            index_version=1,
        )
        return [(citation.quote, citation.lead_in) for citation in answer.citations]

    alone = LeadIn(Span(0, len("The harbour opens at six.")), "The harbour opens at six.")
    assert composed([second]) == [("It is lit all night.", alone)]
    assert composed([first, second]) == [("The harbour opens at six.", None), ("It is lit all night.", None)]


def test_the_more_passages_there_are_the_less_a_quote_is_trusted() -> None:
    found = [an_extract(PAGE, 2, 5.0, **OPINIONS), an_extract(OTHER, 0, 3.0, **OPINIONS)]
    few, many = (confidence(signals(QUESTION, found, {}, passages)).value for passages in (50, 1_600))
    assert few > many
    beyond = [confidence(signals(QUESTION, found, {}, passages)).value for passages in (0, 1, 49, 1_601, 10**6)]
    assert beyond == [few, few, few, many, many]
