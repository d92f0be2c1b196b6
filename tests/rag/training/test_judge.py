from __future__ import annotations

import pytest

from rag.models.reader import ReadPassage
from rag.records import Span
from rag.training.judge import figures_of
from rag.training.labelled_collection import DeskQuestion, LabelledCollection
from rag.training.model import TrainedReader
from tests.support.tiny_reader import tiny_reader

pytestmark = pytest.mark.model

TEXTS = ("The gate opens at eight. It is green.", "The pier closes at six.")
PASSAGES = tuple(
    ReadPassage("", text, tuple(Span(start, end) for start, end in bounds))
    for text, bounds in zip(TEXTS, (((0, 24), (25, 37)), ((0, 23),)), strict=True)
)


def asked(question: str, *right: tuple[int, int], found: tuple[int, ...] = (0, 1)) -> DeskQuestion:
    return DeskQuestion(question, "", right, (), () if right else ((0, 0),), found)


def of_one(model: TrainedReader, *questions: DeskQuestion) -> tuple[float, float]:
    figures = figures_of(model, [LabelledCollection("quay", PASSAGES, questions, 0)])
    return figures.right_first, figures.told_apart


def test_exactly_one_sentence_of_those_found_is_first() -> None:
    model = tiny_reader()
    unanswered = asked("Who paints it?")
    rights = [of_one(model, asked("When?", place), unanswered)[0] for place in ((0, 0), (0, 1), (1, 0))]
    assert sorted(rights) == [0.0, 0.0, 1.0]


def test_what_was_not_found_is_not_right() -> None:
    model = tiny_reader()
    unanswered = asked("Who paints it?")
    assert of_one(model, asked("When does it close?", (1, 0), found=(0,)), unanswered)[0] == 0.0
    assert of_one(model, asked("When?", (0, 0), found=()), unanswered)[0] == 0.0


def test_told_apart_is_one_or_nothing_for_two_questions_and_the_other_way_round_the_rest() -> None:
    model = tiny_reader()
    one = of_one(model, asked("When?", (0, 0)), asked("Who paints it?"))[1]
    other = of_one(model, asked("When?"), asked("Who paints it?", (0, 0)))[1]
    assert {one, other} == {0.0, 1.0}


def test_figures_are_means_over_the_collections() -> None:
    model = tiny_reader()
    places = ((0, 0), (0, 1), (1, 0))
    quays = [LabelledCollection("q", PASSAGES, (asked("When?", place), asked("Who?")), 0) for place in places]
    assert figures_of(model, quays).right_first == pytest.approx(1 / 3)
