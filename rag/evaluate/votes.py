"""What a site's people thought of the answers they were shown, as outcomes to fit a threshold to."""

from __future__ import annotations

from collections.abc import Iterable

from rag.evaluate.cases import Case, Outcome
from rag.records import AnswerStatus
from rag.store.base import DistinctQuestion

# Something was shown, so that there was something to vote on.
_SHOWN = frozenset({AnswerStatus.ANSWERED.value, AnswerStatus.POSSIBLE.value})
_UP, _DOWN = "voted up", "voted down"


def outcomes_of_votes(wordings: Iterable[DistinctQuestion]) -> list[Outcome]:
    """One outcome for each wording with more votes for its answer than against, or the other way round.

    It was right in the first case and wrong in the second, with the confidence that its last answer was shown with. Of
    a question that was declined nobody could say anything, and as many votes for as against say nothing.
    """
    return [
        Outcome(
            case=Case(wording.latest.question, (_UP,) if wording.up > wording.down else ()),
            answered=wording.latest.outcome == AnswerStatus.ANSWERED.value,
            right=wording.up > wording.down,
            rank=None,
            confidence=wording.latest.confidence,
            milliseconds=0.0,
            best=_UP if wording.up > wording.down else _DOWN,
            any_right=wording.up > wording.down,
        )
        for wording in wordings
        if wording.latest.outcome in _SHOWN and wording.up != wording.down
    ]
