from __future__ import annotations

import random

from rag.models.reader import ReadPassage
from rag.records import Span
from rag.training.alone import alone
from rag.training.example import LabelledPassage, PassageGroup

FIRST, SECOND, THIRD = "The gate opens at six.", "The bicycle store opens at seven.", "It closes at nine."
TEXT = f"{FIRST} {SECOND} {THIRD}"
SENTENCES = tuple(Span(TEXT.index(one), TEXT.index(one) + len(one)) for one in (FIRST, SECOND, THIRD))
SEVEN = Span(TEXT.index("at seven"), TEXT.index("at seven") + len("at seven"))
PASSAGE = ReadPassage("Yard", TEXT, SENTENCES)


def read(labelled: LabelledPassage, seed: int = 0) -> list[LabelledPassage]:
    return list(alone(PassageGroup("When does the bicycle store open?", (labelled,)), random.Random(seed)).passages)


def texts(found: list[LabelledPassage]) -> list[str]:
    return [one.passage.text for one in found]


def test_the_sentence_that_answers_stands_alone_with_its_words_and_its_heading() -> None:
    right = read(LabelledPassage(PASSAGE, frozenset({1}), words=SEVEN, keep=1))[0]
    assert right.passage == ReadPassage("Yard", SECOND, (Span(0, len(SECOND)),))
    assert right.right == {0}
    assert right.words is not None
    assert right.words.of(SECOND) == "at seven"


def test_beside_it_stands_another_that_does_not_answer() -> None:
    for seed in range(20):
        found = read(LabelledPassage(PASSAGE, frozenset({1}), words=SEVEN, keep=1), seed)
        assert len(found) == 2
        assert found[1].passage.text in (FIRST, THIRD)
        assert not found[1].right
        assert found[1].words is None


def test_what_belongs_to_the_answer_is_not_taken_for_a_wrong_one() -> None:
    for seed in range(20):
        found = read(LabelledPassage(PASSAGE, frozenset({1}), more=frozenset({2}), keep=1), seed)
        assert texts(found) == [SECOND, FIRST]


def test_a_passage_of_nothing_else_gives_its_answer_alone() -> None:
    whole = ReadPassage("", SECOND, (Span(0, len(SECOND)),))
    assert texts(read(LabelledPassage(whole, frozenset({0}), keep=0))) == [SECOND]


def test_without_an_answer_the_sentence_that_seems_to_stands_alone() -> None:
    found = read(LabelledPassage(PASSAGE, keep=2))
    assert texts(found) == [THIRD]
    assert not found[0].right


def test_of_a_passage_that_was_only_found_it_is_often_the_most_alike() -> None:
    drawn = [texts(read(LabelledPassage(PASSAGE), seed))[0] for seed in range(60)]
    assert drawn.count(SECOND) > max(drawn.count(FIRST), drawn.count(THIRD)) > 0
