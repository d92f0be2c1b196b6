"""Votes on answers, as outcomes to fit a threshold to."""

from __future__ import annotations

import pytest

from rag.evaluate.votes import outcomes_of_votes
from rag.store.base import DistinctQuestion, LoggedQuestion


def a_wording(up: int, down: int, outcome: str = "answered") -> DistinctQuestion:
    asked = LoggedQuestion("a" * 32, "Who opens the gate?", outcome, 0.8, 3, "2026-11-28T09:00:00+00:00")
    return DistinctQuestion(1, asked, (asked.asked_at,), up, down, ())


@pytest.mark.parametrize(("up", "down", "right"), [(2, 1, True), (1, 2, False)])
@pytest.mark.parametrize("outcome", ["answered", "possible"])
def test_the_greater_number_of_votes_decides_at_the_confidence_that_was_shown(
    up: int, down: int, outcome: str, *, right: bool
) -> None:
    (found,) = outcomes_of_votes([a_wording(up, down, outcome)])
    assert (found.is_right, found.any_right, found.confidence, bool(found.best)) == (right, right, 0.8, True)
    assert found.answered is (outcome == "answered")


@pytest.mark.parametrize("wording", [a_wording(1, 1), a_wording(0, 0), a_wording(2, 0, "not_found")])
def test_as_many_for_as_against_say_nothing_and_neither_does_a_vote_on_nothing(wording: DistinctQuestion) -> None:
    assert outcomes_of_votes([wording]) == []
