"""Rare words of a question tell more than common ones."""

from __future__ import annotations

import math

import pytest

from rag.answer.question import Question, analyse_question
from rag.answer.word_weights import word_weights


def ask(text: str) -> Question:
    return analyse_question(text, max_chars=1_000)


def test_rare_words_weigh_more() -> None:
    """N = 10 + 50, so "tin", in none, has log(1 + 60.5 / 0.5), "close", in 2, has log(1 + 58.5 / 2.5), and so on."""
    weights = word_weights(ask("Which tin mines closed?"), {"mines": 10, "closed": 2}, 10)
    assert {stem: round(w, 3) for stem, w in weights.items()} == {"tin": 4.804, "mine": 1.759, "close": 3.195}


def test_a_word_weighs_something_even_in_an_index_that_shrank_meanwhile() -> None:
    """More passages with the word than passages: counted as all of them. log(1 + 50.5 / 5.5) with N = 5 + 50."""
    weights = word_weights(ask("Tin?"), {"tin": 1_000_000}, 5)
    assert weights == {"tin": pytest.approx(math.log(1 + 50.5 / 5.5))}
