"""What a site's people thought of the answers they were shown, as outcomes to fit a threshold to."""

from __future__ import annotations

from collections.abc import Iterable

from rag.evaluate.cases import Case, Outcome
from rag.records import AnswerStatus
from rag.store.base import DistinctQuestion, LoggedQuestion

# Something was shown, so that there was something to vote on.
_SHOWN = frozenset({AnswerStatus.ANSWERED.value, AnswerStatus.POSSIBLE.value})
# Neither the answer nor the sentence is known of a vote; both only have to be there.
_SOMETHING = "voted on"


def outcomes_of_votes(wordings: Iterable[DistinctQuestion]) -> list[Outcome]:
    """One outcome for each wording with more votes for its answer than against, or the other way round.

    It was right in the first case and wrong in the second, with the confidence that its last answer was shown with. Of
    a question that was declined nobody could say anything, and as many votes for as against say nothing.
    """
    return [
        _outcome(wording.latest, is_right=wording.up > wording.down)
        for wording in wordings
        if wording.latest.outcome in _SHOWN and wording.up != wording.down
    ]


def _outcome(asked: LoggedQuestion, *, is_right: bool) -> Outcome:
    return Outcome(
        case=Case(asked.question, (_SOMETHING,) if is_right else ()),
        answered=asked.outcome == AnswerStatus.ANSWERED.value,
        right=is_right,
        rank=None,
        confidence=asked.confidence,
        milliseconds=0.0,
        best=_SOMETHING,
        any_right=is_right,
    )
