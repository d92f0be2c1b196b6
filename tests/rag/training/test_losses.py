"""The losses on scores that are known, so that each can be worked out by hand."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from math import log
from typing import cast

import pytest
import torch

from rag.training.encoding import EncodedGroup, EncodedPassage
from rag.training.losses import Tally, loss, sentence_scores
from rag.training.model import ANSWERS, BELONGS, END, RELEVANCE, SENTENCE, START, PassageScores, TrainedReader
from tests.support.tiny_reader import tiny_reader

# Ten tokens: a mark, two of the question, a mark, three sentences of two, three and one, and the closing mark.
SENTENCES = ((4, 6), (6, 9), (9, 10))
NO_ANSWER = EncodedPassage(tuple(range(11)), 4, 4, SENTENCES, frozenset(), frozenset(), None)
ANSWER = replace(NO_ANSWER, right=frozenset({1}), words=(7, 9))

pytestmark = pytest.mark.model


Tell = Callable[[torch.Tensor, torch.Tensor], None]


def all_equal(tokens: torch.Tensor, passage: torch.Tensor) -> None:
    """Leaves all scores at 0."""
    del tokens, passage


class Told(torch.nn.Module):
    """Gives each passage the scores that it is told to, whatever it reads."""

    def __init__(self, tell: Tell) -> None:
        super().__init__()
        self.tell = tell

    def forward(self, ids: torch.Tensor, *_: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        tokens, passages = torch.zeros(*ids.shape, 4), torch.zeros(len(ids), 2)
        for row in range(len(ids)):
            self.tell(tokens[row], passages[row])
        return tokens, passages


def told(tell: Tell = all_equal) -> TrainedReader:
    return cast("TrainedReader", Told(tell))


def value(model: TrainedReader, *passages: EncodedPassage) -> float:
    found, _ = loss(model, [EncodedGroup(passages)], random.Random(1))
    return float(found)


class Never(random.Random):
    """Chance that never comes true."""

    def random(self) -> float:
        return 1.0


def test_a_sentence_scores_the_mean_of_its_tokens() -> None:
    tokens = torch.arange(44.0).reshape(11, 4)
    scores = sentence_scores(
        PassageScores(tokens, torch.zeros(2)), replace(NO_ANSWER, sentences=((4, 6), None, (9, 10)))
    )
    assert {i: score.tolist() for i, score in scores.items()} == {0: [18, 19, 20, 21], 2: [36, 37, 38, 39]}


def test_of_equal_scores_the_loss_is_that_of_guessing() -> None:
    """Two passages of three sentences: choice log 6. "Answers": .8 (1 + .35) log 2; words: .25 * 2 log 6 tokens."""
    found, tally = loss(told(), [EncodedGroup((ANSWER, NO_ANSWER))], Never())
    assert float(found) == pytest.approx(log(6) + 0.8 * 1.35 * log(2) + 0.25 * 2 * log(6), abs=1e-5)
    assert (tally.groups, tally.answerable, tally.passages, tally.tokens) == (1, 1, 2, 22)
    assert tally.choice == pytest.approx(log(6), abs=1e-5)


def test_without_an_answer_nothing_but_that_is_learned() -> None:
    """Two passages, each .8 log 2: they count in full, as none was only found beside the right one."""
    assert value(told(), NO_ANSWER, NO_ANSWER) == pytest.approx(2 * 0.8 * log(2), abs=1e-5)


def test_a_further_sentence_is_no_choice_and_belongs() -> None:
    """Choice among two; belonging .3 log 2, always learned where more is known."""
    more = replace(ANSWER, more=frozenset({2}), words=None)
    found, tally = loss(told(), [EncodedGroup((more,))], Never())
    assert float(found) == pytest.approx(log(2) + 0.8 * log(2) + 0.3 * log(2), abs=1e-5)
    assert tally.belongs == pytest.approx(log(2), abs=1e-5)


def test_where_no_more_is_known_half_of_the_time_nothing_else_belongs() -> None:
    groups = [EncodedGroup((ANSWER,))] * 400
    _, tally = loss(told(), groups, random.Random(0))
    assert 160 < tally.belongs / log(2) < 240


def test_of_a_sentence_that_is_read_alone_nothing_is_learned_of_what_belongs() -> None:
    alone = replace(ANSWER, sentences=((4, 10),), right=frozenset({0}))
    assert loss(told(), [EncodedGroup((alone,))] * 40, random.Random(1))[1].belongs == 0
    assert loss(told(), [EncodedGroup((ANSWER,))] * 40, random.Random(1))[1].belongs > 0


def test_the_loss_vanishes_when_the_scores_say_what_is_true() -> None:
    def true(tokens: torch.Tensor, passage: torch.Tensor) -> None:
        tokens[6:9, SENTENCE] = tokens[6:9, BELONGS] = tokens[7, START] = tokens[8, END] = 50.0
        tokens[4:6, BELONGS] = tokens[9, BELONGS] = -50.0
        passage[ANSWERS] = 50.0

    assert value(told(true), ANSWER) < 1e-5


def test_the_relevance_of_a_passage_lifts_all_its_sentences() -> None:
    """Three sentences at 2 and, in a second passage like it, three at 2: as if at 0."""

    def lifted(_: torch.Tensor, passage: torch.Tensor) -> None:
        passage[RELEVANCE] = 2.0

    assert value(told(lifted), ANSWER, NO_ANSWER) == pytest.approx(value(told(), ANSWER, NO_ANSWER), abs=1e-5)


def test_question_heading_and_closing_mark_are_no_choice_for_the_words() -> None:
    def tempted(tokens: torch.Tensor, _: torch.Tensor) -> None:
        tokens[:4, START] = tokens[:4, END] = tokens[10, START] = tokens[10, END] = 50.0

    assert value(told(tempted), ANSWER) == value(told(), ANSWER)


def test_a_few_steps_learn_two_questions() -> None:
    model = tiny_reader().train()
    batch = [EncodedGroup((ANSWER, replace(NO_ANSWER, ids=tuple(range(50, 61))))), EncodedGroup((NO_ANSWER,))]
    # The same passage answers one question and not the other: the ids of the question tell them apart.
    batch[1] = EncodedGroup((replace(NO_ANSWER, ids=(0, 70, 71, *range(3, 11))),))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    rng = random.Random(0)
    losses = []
    for _ in range(60):
        found, _ = loss(model, batch, rng)
        optimizer.zero_grad()
        found.backward()  # type: ignore[no-untyped-call] # torch has no type for it
        optimizer.step()
        losses.append(found.item())
    assert sum(losses[-5:]) < 0.25 * sum(losses[:5])


def test_a_line_of_progress_has_the_means() -> None:
    tally = Tally(groups=2, answerable=2, passages=4, tokens=40, best_is_right=1, choice=3.0, answers=2.0, words=5.0)
    tally.add(Tally(groups=1, answerable=2, passages=4, best_is_right=2, choice=1.0, belongs=1.0))
    assert tally.line() == "best right 0.750, choice 1.000, answers 0.250, words 1.25, belongs 0.250"
