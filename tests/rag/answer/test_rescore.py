"""Extracts scored again by a reader: order, highlight, and what it does with sentences it has not read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from rag.answer.extract import extract
from rag.answer.question import Question, analyse_question
from rag.answer.rescore import READER_WEIGHTS, heading_of, rescore, with_best_read_alone, worth_reading
from rag.answer.word_weights import word_weights
from rag.models.reader import Reading, ReadPassage
from rag.records import Extract, Span
from tests.support.scenes import Line, Page

PAGE = Page("harbour", Line("The harbour opened in 1887.", 0.9), Line("The guild paid for it.", 0.2))
ASKED = analyse_question("Who paid for the harbour?", max_chars=200)


@dataclass
class Scripted:
    """A reader that says what it is told to."""

    readings: list[Reading]

    def read(self, question: str, passages: Sequence[ReadPassage]) -> list[Reading]:
        assert question == ASKED.text
        assert [(p.heading, p.text) for p in passages] == [("Notes > Section", PAGE.text)]
        assert [[span.of(p.text) for span in p.sentences] for p in passages] == [[line.text for line in PAGE.lines]]
        return self.readings


def reading(
    sentences: tuple[float, float],
    *,
    belongs: tuple[float, float] = (0.0, 0.0),
    spans: tuple[float, float] = (0.0, 0.0),
    relevance: float = 0.0,
    answers: float = 0.0,
) -> Reading:
    """What a reader says to the two sentences of the page."""
    return Reading(relevance, answers, sentences, belongs, (None, None), spans)


def plain(question: Question) -> list[Extract]:
    return extract(question, [PAGE.hit()], word_weights(question, {}, 1))


def scored(passage: int, score: float) -> Extract:
    """An extract of passage number `passage`; what it says plays no part."""
    hit = PAGE.hit()
    return replace(plain(ASKED)[0], hit=replace(hit, chunk=replace(hit.chunk, id=passage)), score=score)


def test_a_passage_whose_best_sentence_is_far_behind_is_not_read() -> None:
    extracts = [scored(1, 3.0), scored(2, -0.9), scored(3, -1.1), scored(2, -1.0), scored(1, -9.0), scored(3, -9.0)]
    assert worth_reading(extracts) == [extracts[place] for place in (0, 1, 3, 4)]
    assert worth_reading([]) == []


def test_each_passage_is_read_once() -> None:
    read: list[int] = []

    class Counting:
        def read(self, question: str, passages: Sequence[ReadPassage]) -> list[Reading]:
            assert question == ASKED.text
            read.append(len(passages))
            return [reading((0.0, 0.0)) for _ in passages]

    rescore(ASKED, [scored(2, 3.0), scored(1, 2.0), scored(2, 1.0)], Counting())
    assert read == [2]


def test_what_repeats_the_question_is_blank_to_the_reader() -> None:
    page = Page("harbour", "Who paid for the harbour?", "The guild of Norwick paid for the harbour.")
    read: list[ReadPassage] = []

    class Noting:
        def read(self, question: str, passages: Sequence[ReadPassage]) -> list[Reading]:
            assert question == ASKED.text
            read.extend(passages)
            return [reading((0.0, 0.0)) for _ in passages]

    rescore(ASKED, extract(ASKED, [page.hit()], word_weights(ASKED, {}, 1)), Noting())
    (passage,) = read
    assert passage.text == page.text.replace(page.lines[0].text, " " * len(page.lines[0].text))
    assert passage.sentences[1].of(passage.text) == page.lines[1].text


def test_the_readers_choice_comes_first() -> None:
    found = rescore(ASKED, plain(ASKED), Scripted([reading((-30.0, 30.0))]))
    assert [e.sentence.text for e in found] == ["The guild paid for it.", "The harbour opened in 1887."]


def test_the_score_weighs_what_the_reader_says_of_sentence_words_and_passage() -> None:
    before = {e.sentence.id: e.score for e in plain(ASKED)}
    said = reading((3.0, 2.0), belongs=(0.5, -1.0), spans=(0.25, -0.5), relevance=4.0, answers=-2.0)
    found = rescore(ASKED, plain(ASKED), Scripted([said]))
    by_text = {e.sentence.text: e.features for e in found}
    names = ("reader", "reader_belongs", "reader_span", "reader_relevance", "reader_answers")
    assert [tuple(by_text[line.text][name] for name in names) for line in PAGE.lines] == [
        (3.0, 0.5, 0.25, 4.0, -2.0),
        (2.0, -1.0, -0.5, 4.0, -2.0),
    ]
    for one in found:
        assert one.features["plain"] == before[one.sentence.id]
        assert one.score == pytest.approx(sum(weight * one.features[name] for name, weight in READER_WEIGHTS.items()))


def test_the_heading_is_title_and_section_once() -> None:
    assert heading_of("Leave", "Leave > Parents > Notice") == "Leave > Parents > Notice"
    assert heading_of("Leave", "") == "Leave"


def test_the_readers_words_are_marked_in_code_points_of_the_document() -> None:
    words = Span(PAGE.text.index("The guild"), PAGE.text.index("The guild") + len("The guild"))
    said = replace(reading((-30.0, 30.0)), spans=(None, words))
    best = rescore(ASKED, plain(ASKED), Scripted([said]))[0]
    assert best.highlight.of(PAGE.text) == "The guild"


def test_words_outside_the_sentence_are_not_marked() -> None:
    said = replace(reading((-30.0, 30.0)), spans=(None, Span(0, 3)))
    best = rescore(ASKED, plain(ASKED), Scripted([said]))[0]
    assert best.sentence.text == "The guild paid for it."
    assert best.sentence.span.start <= best.highlight.start < best.highlight.end <= best.sentence.span.end


def test_a_sentence_that_was_not_read_stays_a_finite_last() -> None:
    said = reading((-math.inf, 0.0), belongs=(-math.inf, 0.0), spans=(-math.inf, 0.0))
    found = rescore(ASKED, plain(ASKED), Scripted([said]))
    assert found[-1].sentence.text == "The harbour opened in 1887."
    assert all(math.isfinite(e.score) for e in found)


def test_the_best_sentence_is_read_once_more_alone_under_its_title_and_section() -> None:
    read: list[ReadPassage] = []

    class Noting:
        def read(self, question: str, passages: Sequence[ReadPassage]) -> list[Reading]:
            assert question == ASKED.text
            read.extend(passages)
            return [replace(reading((0.0, 0.0)), answers=-1.5)]

    before = plain(ASKED)
    after = with_best_read_alone(ASKED, before, Noting())
    text = before[0].sentence.text
    assert read == [ReadPassage("Notes > Section", text, (Span(0, len(text)),))]
    assert after == [replace(before[0], features={**before[0].features, "reader_alone": -1.5}), *before[1:]]


def test_without_sentences_nothing_is_read_alone() -> None:
    assert with_best_read_alone(ASKED, [], Scripted([])) == []
