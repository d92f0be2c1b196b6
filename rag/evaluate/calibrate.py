"""Fits the confidence from which on one answer is given to a site's own questions: `rag calibrate`.

The fitted threshold is the lowest that keeps the share of wrong answers among those given within a limit, on the
questions given. A second one below it keeps the share of questions within a limit to which quotes are shown that may
answer, and none of them does. A few dozen questions leave much to chance, so the share is told with an interval, and
also as it is for questions that had no part in the choice.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from rag.errors import InputError
from rag.evaluate.cases import Outcome

# With fewer, a single question moves the share of wrong answers by more than the limits that people ask for.
MIN_QUESTIONS = 20
# Of the questions to which quotes are shown that may answer, none of the quotes may be right for this share.
MAX_MISSED = 0.5
# Thresholds of the table, besides the one that was fitted.
_TABLE = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
# Each question is left out once, or one in so many of them at a time.
_FOLDS = 100
# Of the normal distribution, for an interval that holds the true share 95 times in 100.
_Z = 1.959964


@dataclass(frozen=True, slots=True)
class Shown:
    """What a threshold would show of the questions asked; shares lie in 0..1."""

    threshold: float
    questions: int
    answered: int
    wrong: int

    @property
    def coverage(self) -> float:
        """The share of the questions that is answered."""
        return self.answered / self.questions

    @property
    def error(self) -> float | None:
        """The share of wrong ones among the answered; None when nothing is answered."""
        return self.wrong / self.answered if self.answered else None

    @property
    def interval(self) -> tuple[float, float]:
        """Where the true share of wrong answers lies, 95 times in 100."""
        return wilson(self.wrong, self.answered)


@dataclass(frozen=True, slots=True)
class Fitted:
    """A threshold for a site's questions. `unseen` is what the same choice does on questions left out of it."""

    chosen: Shown
    unseen: Shown
    possible: Shown  # from this confidence on, below that of `chosen`; wrong where none of the quotes is right
    max_wrong: float
    answerable: int
    table: tuple[Shown, ...]


def fit_threshold(outcomes: Sequence[Outcome], max_wrong: float) -> Fitted:
    """The lowest threshold that shows at most a share of `max_wrong` wrong answers.

    Raises InputError when `max_wrong` is no share, when the questions are too few to tell or none of them has an
    answer, and when no threshold keeps to the limit.
    """
    check_limit(max_wrong)
    if len(outcomes) < MIN_QUESTIONS:
        raise InputError(
            f"{len(outcomes)} questions are too few to fit a threshold to: expected {MIN_QUESTIONS} or more, better "
            f"100, some of which the documents do not answer."
        )
    answerable = sum(outcome.case.is_answerable for outcome in outcomes)
    if not answerable:
        raise InputError("None of the questions has an answer; expected questions of both kinds.")
    pairs = [(outcome.confidence, outcome.is_right) for outcome in outcomes if outcome.best]
    threshold = lowest_threshold(pairs, max_wrong)
    if threshold is None:
        raise InputError(
            f"No threshold keeps the wrong answers to {max_wrong:.0%}: among the surest of the {len(outcomes)} answers "
            f"there is a wrong one. Look at the worst cases with `rag evaluate --report FILE`, or allow more."
        )
    total = len(outcomes)
    return Fitted(
        chosen=shown_at(pairs, threshold, total),
        unseen=_left_out(pairs, max_wrong, threshold, total),
        possible=_possible(outcomes, threshold),
        max_wrong=max_wrong,
        answerable=answerable,
        table=tuple(shown_at(pairs, value, total) for value in sorted({*_TABLE, threshold})),
    )


def _possible(outcomes: Sequence[Outcome], answer_from: float) -> Shown:
    """The lowest threshold within the limit, and what it shows below `answer_from`; `answer_from` if there is none."""
    pairs = [(o.confidence, o.any_right) for o in outcomes if o.best and o.confidence < answer_from]
    threshold = lowest_threshold(pairs, MAX_MISSED)
    return shown_at(pairs, answer_from if threshold is None else threshold, len(outcomes))


def check_limit(max_wrong: float) -> None:
    """Raise InputError unless `max_wrong` is a share of which a threshold can be made."""
    if not 0 <= max_wrong < 1:
        raise InputError(f"--max-wrong is {max_wrong}; expected a share from 0 to below 1, such as 0.05.")


def lowest_threshold(pairs: Sequence[tuple[float, bool]], max_wrong: float) -> float | None:
    """The lowest threshold whose share of wrong pairs is within the limit; None when there is none.

    `pairs` are (confidence, right); a pair is shown when its confidence is not below the threshold. The threshold lies
    half way to the next pair below, or at the lowest pair when all may be shown: nothing is known of lower ones.
    """
    groups = [
        (value, [right for _, right in same])
        for value, same in groupby(sorted(pairs, key=lambda pair: -pair[0]), key=lambda pair: pair[0])
    ]
    found: float | None = None
    shown = wrong = 0
    for position, (value, rights) in enumerate(groups):
        shown += len(rights)
        wrong += rights.count(False)
        if wrong <= max_wrong * shown:
            below = groups[position + 1][0] if position + 1 < len(groups) else value
            # Rounded as confidence is, and never beyond it.
            found = min(value, round((value + below) / 2, 4) if below < value - 1e-4 else value)
    return found


def shown_at(pairs: Sequence[tuple[float, bool]], threshold: float, questions: int) -> Shown:
    """What `threshold` shows of so many questions; those without any sentence have no pair."""
    rights = [right for confidence, right in pairs if confidence >= threshold]
    return Shown(threshold, questions, len(rights), rights.count(False))


def wilson(count: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share of which `count` in `of` were seen; (0, 1) when none was looked at.

    Source: Wilson, Journal of the American Statistical Association, 1927.
    """
    if not of:
        return 0.0, 1.0
    share, z2 = count / of, _Z * _Z
    centre = (share + z2 / (2 * of)) / (1 + z2 / of)
    reach = _Z / (1 + z2 / of) * math.sqrt(share * (1 - share) / of + z2 / (4 * of * of))
    return max(0.0, centre - reach), min(1.0, centre + reach)


def threshold_body(fitted: Fitted, *, stored: bool) -> dict[str, Any]:
    """What `rag calibrate --json` prints."""
    return {
        "threshold": fitted.chosen.threshold,
        "stored": stored,
        "max_wrong": fitted.max_wrong,
        "questions": fitted.chosen.questions,
        "answerable": fitted.answerable,
        "chosen": _shown_body(fitted.chosen),
        "possible": _shown_body(fitted.possible),
        "unseen": _shown_body(fitted.unseen),
        "trade": [_shown_body(shown) for shown in fitted.table],
    }


def _shown_body(shown: Shown) -> dict[str, Any]:
    low, high = shown.interval
    return {
        "min_confidence": shown.threshold,
        "answered_share": round(shown.coverage, 4),
        "answered": shown.answered,
        "wrong": shown.wrong,
        "wrong_answer_rate": None if shown.error is None else round(shown.error, 4),
        "interval": [round(low, 4), round(high, 4)],
    }


def _left_out(pairs: Sequence[tuple[float, bool]], max_wrong: float, threshold: float, questions: int) -> Shown:
    """Each fold of the pairs judged by the threshold that the others give, added up."""
    rights: list[bool] = []
    folds = max(1, min(_FOLDS, len(pairs)))
    for fold in range(folds):
        others = lowest_threshold([pair for i, pair in enumerate(pairs) if i % folds != fold], max_wrong)
        if others is not None:
            rights += [right for confidence, right in pairs[fold::folds] if confidence >= others]
    return Shown(threshold, questions, len(rights), rights.count(False))
