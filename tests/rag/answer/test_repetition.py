"""A document that repeats the question earns nothing by it; one that answers it in its words loses nothing."""

from __future__ import annotations

import pytest

from rag.answer.question import analyse_question
from rag.answer.repetition import repeats


@pytest.mark.parametrize(
    ("question", "text"),
    [
        pytest.param("How long is the trial period?", "How long is the trial period?", id="the same"),
        pytest.param("How long is the trial period?", "»HOW LONG is the trial-period?«", id="other case and marks"),
        pytest.param("how long is the trial period", "So, how long is the trial period: nine years.", id="inside"),
        pytest.param("In which office is the safe kept?", "In which office is the safe kept? In ours.", id="after in"),
        pytest.param(
            "Can I bring my dog to work?", "Can dogs be brought to work? Can I bring my dog to work", id="may I"
        ),
        pytest.param("What is the trial period for?", "For what is a trial period?", id="a question of the same words"),
    ],
)
def test_a_sentence_that_repeats_the_question(question: str, text: str) -> None:
    assert repeats(analyse_question(question, max_chars=200), text)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        pytest.param("How long is the trial period?", "The trial period is six months long.", id="an answer"),
        pytest.param("trial period for managers", "The trial period for managers is a year.", id="words, no question"),
        pytest.param("How to apply for leave?", "The portal shows how to apply for leave.", id="how to"),
        pytest.param("Who signs it?", "The head of the office is the one who signs it.", id="too short"),
        pytest.param("How long is the trial period?", "How long is the notice period?", id="another question"),
        pytest.param("How long is the trial period?", "", id="nothing"),
    ],
)
def test_a_sentence_that_does_not(question: str, text: str) -> None:
    assert not repeats(analyse_question(question, max_chars=200), text)
