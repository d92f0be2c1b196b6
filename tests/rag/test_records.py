"""The records hold what they say, refuse what makes no sense, and never change."""

from __future__ import annotations

import dataclasses
import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag import records
from rag.records import (
    Answer,
    AnswerSentence,
    AnswerStatus,
    Citation,
    Confidence,
    LeadIn,
    NoAnswerReason,
    Place,
    Source,
    Span,
)

RECORDS = [kind for _, kind in inspect.getmembers(records, inspect.isclass) if dataclasses.is_dataclass(kind)]


def an_answer(*sentences: AnswerSentence) -> Answer:
    return Answer(
        id="a",
        question="Who?",
        status=AnswerStatus.ANSWERED if sentences else AnswerStatus.NO_ANSWER,
        reason=None if sentences else NoAnswerReason.NOT_FOUND,
        sentences=sentences,
        highlight=None,
        confidence=Confidence(0.9, "high"),
        citations=(),
        passages=(),
        index_version=1,
    )


@pytest.mark.parametrize(
    ("start", "end"),
    [
        pytest.param(3, 3, id="empty"),
        pytest.param(0, 0, id="empty at the beginning"),
        pytest.param(4, 3, id="backwards"),
        pytest.param(-1, 3, id="negative start"),
        pytest.param(-3, -1, id="counted from the end"),
    ],
)
def test_a_span_without_characters_is_refused(start: int, end: int) -> None:
    with pytest.raises(ValueError, match=f"^a span needs 0 <= start < end, got start={start}, end={end}$"):
        Span(start, end)


def test_a_span_counts_code_points_and_leaves_its_end_out() -> None:
    assert Span(0, 3).of("one two") == "one"
    assert Span(1, 3).of("𝒳é😀!") == "é😀"


@given(st.text(min_size=1), st.data())
def test_a_span_covers_as_many_characters_as_it_is_long(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    assert len(Span(start, end).of(text)) == end - start


def test_spans_are_ordered_by_start_then_end() -> None:
    assert sorted([Span(4, 5), Span(0, 9), Span(0, 2)]) == [Span(0, 2), Span(0, 9), Span(4, 5)]


def test_the_text_of_an_answer_is_its_sentences_each_with_its_marks() -> None:
    answer = an_answer(AnswerSentence("First.", (1,)), AnswerSentence("Second.", (2, 3)))
    assert answer.text == "First. [1] Second. [2][3]"


def test_a_lead_in_stands_in_front_of_its_sentence() -> None:
    place = Place(Source("a", "A", "/a"), "0" * 64, Span(15, 19))
    citation = Citation(2, place, "dogs", "", "", lead_in=LeadIn(Span(0, 14), "You may bring:"))
    sentences = AnswerSentence("First.", (1,)), AnswerSentence("dogs", (2,))
    answer = dataclasses.replace(an_answer(*sentences), citations=(citation,))
    assert answer.text == "First. [1] You may bring: dogs [2]"
    assert [answer.lead_in_of(sentence) for sentence in sentences] == ["", "You may bring:"]


def test_a_citation_without_words_keeps_its_number_title_and_place() -> None:
    place = Place(Source("a", "A", "/a"), "0" * 64, Span(15, 19), "A > B", 3)
    citation = Citation(2, place, "dogs", "before", "after", lead_in=LeadIn(Span(0, 14), "You may bring:"))
    assert citation.without_words() == Citation(2, dataclasses.replace(place, section=""), "", "", "")
    assert (citation.is_removed, citation.without_words().is_removed) == (False, True)


def test_the_text_of_no_answer_is_empty() -> None:
    assert an_answer().text == ""


@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.__name__)
def test_a_record_is_frozen_and_takes_no_other_attributes(kind: type) -> None:
    record: object = object.__new__(kind)
    assert not hasattr(record, "__dict__")
    for name in (dataclasses.fields(kind)[0].name, "something_else"):
        with pytest.raises((dataclasses.FrozenInstanceError, TypeError)):
            setattr(record, name, 1)


def test_the_records_module_has_records() -> None:
    assert len(RECORDS) > 15
