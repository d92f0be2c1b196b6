"""Extracts scored again by a reader: order, highlight, and what it does with sentences it has not read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from scenes import Line, Page

from rag.extract import extract, word_weights
from rag.question import Question, analyse_question
from rag.reader import Reading
from rag.records import Extract, Span
from rag.reread import READER_WEIGHTS, reread, worth_reading

PAGE = Page("harbour", Line("The harbour opened in 1887.", 0.9), Line("The guild paid for it.", 0.2))
ASKED = analyse_question("Who paid for the harbour?", max_chars=200)


@dataclass
class Scripted:
    """A reader that says what it is told to."""

    readings: list[Reading]

    def read(self, question: str, passages: Sequence[tuple[str, Sequence[Span]]]) -> list[Reading]:
        assert question == ASKED.text
        assert [text for text, _ in passages] == [PAGE.text]
        assert [[span.of(text) for span in spans] for text, spans in passages] == [[line.text for line in PAGE.lines]]
        return self.readings


def plain(question: Question) -> list[Extract]:
    return extract(question, [PAGE.hit()], word_weights(question, {}, 1))


def scored(passage: int, score: float) -> Extract:
    """An extract of passage number `passage`; what it says plays no part."""
    hit = PAGE.hit()
    return replace(plain(ASKED)[0], hit=replace(hit, chunk=replace(hit.chunk, id=passage)), score=score)


def test_a_passage_whose_best_sentence_is_far_behind_is_not_read() -> None:
    extracts = [scored(1, 3.0), scored(2, -0.9), scored(3, -1.1), scored(2, -5.0), scored(1, -9.0), scored(3, -9.0)]
    assert worth_reading(extracts) == [extracts[place] for place in (0, 1, 3, 4)]
    assert worth_reading([]) == []


def test_each_passage_is_read_once() -> None:
    read: list[int] = []

    class Counting:
        def read(self, question: str, passages: Sequence[tuple[str, Sequence[Span]]]) -> list[Reading]:
            assert question == ASKED.text
            read.append(len(passages))
            return [Reading(0.0, (0.0, 0.0), (None, None), (0.0, 0.0)) for _ in passages]

    reread(ASKED, [scored(2, 3.0), scored(1, 2.0), scored(2, 1.0)], Counting())
    assert read == [2]


def test_the_readers_choice_comes_first() -> None:
    reading = Reading(0.0, (-20.0, 20.0), (None, None), (0.0, 0.0))
    found = reread(ASKED, plain(ASKED), Scripted([reading]))
    assert [e.sentence.text for e in found] == ["The guild paid for it.", "The harbour opened in 1887."]


def test_the_score_weighs_what_the_reader_says_of_sentence_passage_and_words() -> None:
    """3.0 and 2.0 for the sentences and 1.0 for not here: log-odds of 2.0 and 1.0, together log(e^2 + e^1)."""
    reading = Reading(1.0, (3.0, 2.0), (None, None), (0.5, -0.5))
    before = {e.sentence.id: e.score for e in plain(ASKED)}
    found = reread(ASKED, plain(ASKED), Scripted([reading]))
    by_text = {e.sentence.text: e for e in found}
    said = [(by_text[line.text].features["reader"], by_text[line.text].features["reader_span"]) for line in PAGE.lines]
    assert said == [(2.0, 0.5), (1.0, -0.5)]
    for one in found:
        assert one.features["reader_passage"] == pytest.approx(math.log(math.exp(2) + math.exp(1)))
        assert one.features["plain"] == before[one.sentence.id]
        assert one.score == pytest.approx(sum(weight * one.features[name] for name, weight in READER_WEIGHTS.items()))


def test_the_readers_words_are_marked_in_code_points_of_the_document() -> None:
    words = Span(PAGE.text.index("The guild"), PAGE.text.index("The guild") + len("The guild"))
    reading = Reading(0.0, (-20.0, 20.0), (None, words), (-20.0, 20.0))
    best = reread(ASKED, plain(ASKED), Scripted([reading]))[0]
    assert best.highlight.of(PAGE.text) == "The guild"


def test_words_outside_the_sentence_are_not_marked() -> None:
    reading = Reading(0.0, (-20.0, 20.0), (None, Span(0, 3)), (-20.0, 20.0))
    best = reread(ASKED, plain(ASKED), Scripted([reading]))[0]
    assert best.sentence.text == "The guild paid for it."
    assert best.sentence.span.start <= best.highlight.start < best.highlight.end <= best.sentence.span.end


def test_a_sentence_that_was_not_read_stays_a_finite_last() -> None:
    reading = Reading(0.0, (-math.inf, 0.0), (None, None), (0.0, 0.0))
    found = reread(ASKED, plain(ASKED), Scripted([reading]))
    assert found[-1].sentence.text == "The harbour opened in 1887."
    assert all(math.isfinite(e.score) for e in found)
