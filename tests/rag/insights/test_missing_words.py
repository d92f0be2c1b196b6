"""Words of questions that no document has, and what comes near them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from rag.insights.missing_words import AskedWord, nearest_words, words_asked
from rag.insights.open_questions import OpenQuestion
from rag.records.arrays import FloatMatrix


def asked(number: int, question: str, count: int = 1) -> OpenQuestion:
    return OpenQuestion(number, question, count, 0, "not_found", 0.1, "2026-11-24T10:00:00+00:00")


def missing(*questions: OpenQuestion, there: Sequence[str] = (), known: Sequence[str] = ()) -> list[AskedWord]:
    return words_asked(questions, lambda words: {word: int(word in there) for word in words}, known)


def test_words_that_no_document_has_are_counted_by_the_questions_they_stand_in() -> None:
    often, once = asked(1, "When are my holidays paid, holidays?", 3), asked(2, "A holiday in May?")
    assert missing(often, once, there=["paid"]) == [
        AskedWord("holidays", 4, ("When are my holidays paid, holidays?", "A holiday in May?"))
    ]


def test_the_most_asked_comes_first_and_three_questions_are_shown() -> None:
    questions = [asked(number, f"lunch {'dinner' * (number < 2)} {number}0") for number in range(5)]
    assert [(word.word, word.asked, len(word.questions)) for word in missing(*questions)] == [
        ("lunch", 5, 3),
        ("dinner", 2, 2),
    ]


def test_numbers_short_words_and_what_the_glossary_has_are_no_missing_words() -> None:
    question = asked(1, "Is the 13th my HR day off, or a holiday?")
    assert [word.word for word in missing(question, known=["days off", "holidays"])] == []


def test_twenty_are_listed_at_most() -> None:
    words = " ".join(f"word{chr(97 + number)}" for number in range(25))
    assert len(missing(asked(1, words))) == 20


def by_length(texts: Sequence[str]) -> FloatMatrix:
    """Unit vectors that lie the nearer the more alike in length their texts are."""
    angles = np.array([len(text) / 20 for text in texts])
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


@pytest.mark.parametrize(
    ("texts", "nearest"),
    [
        pytest.param(["Café, the visitors and gates"], ("Café", "gates", "visitors"), id="as written there"),
        pytest.param(["Leaves, leave", "LEAVES"], ("Leaves",), id="one form of each"),
        pytest.param(["of 1887, by it"], (), id="nothing that could be meant"),
        pytest.param([], (), id="no passages"),
    ],
)
def test_the_nearest_words_of_the_documents_come_first(texts: list[str], nearest: tuple[str, ...]) -> None:
    assert nearest_words("snug", texts, by_length) == nearest
