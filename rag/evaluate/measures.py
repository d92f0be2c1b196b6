"""Figures of question answering: pure functions of lists, each with its definition. Shares lie in 0..1."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby

import numpy as np

_BINS = 10
_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_PUNCTUATION = frozenset(string.punctuation)


def mean(values: Iterable[float]) -> float | None:
    """The mean, rounded to four places; None of nothing."""
    listed = list(values)
    return round(sum(listed) / len(listed), 4) if listed else None


def share(claims: Iterable[bool]) -> float | None:
    """The share of true claims, rounded to four places; None of none."""
    return mean(float(claim) for claim in claims)


def normal_answer(text: str) -> str:
    """`text` as SQuAD compares it: lower case, no punctuation, no articles, single spaces.

    "The Eiffel-Tower!" gives "eiffeltower". Source: Rajpurkar and others, EMNLP 2016, and their evaluation script.
    """
    kept = "".join(character for character in text.lower() if character not in _PUNCTUATION)
    return " ".join(_ARTICLES.sub(" ", kept).split())


def exact_match(predicted: str, gold: Sequence[str]) -> float:
    """1 when the prediction is one of the gold answers after normalising. Without gold answers "" is right."""
    return max(float(normal_answer(predicted) == normal_answer(answer)) for answer in _or_none(gold))


def f1(predicted: str, gold: Sequence[str]) -> float:
    """The best harmonic mean of precision and recall of words over the gold answers; without any, "" is right."""
    return max(_f1(normal_answer(predicted).split(), normal_answer(answer).split()) for answer in _or_none(gold))


def best_over_thresholds(cases: Sequence[tuple[float, float, float]]) -> tuple[float, float]:
    """The best mean that any threshold on confidence gives, and that threshold.

    A case is (confidence, its value when answered, its value when declined); confidence at or above the threshold
    answers. Above the highest confidence, where all are declined, the threshold is infinite. SQuAD 2.0's "best EM" and
    "best F1" are this. Raises ValueError without cases.
    """
    if not cases:
        raise ValueError("there is no case to choose a threshold from")
    total = sum(declined for _, _, declined in cases)
    best, threshold = total, float("inf")
    for confidence, group in groupby(sorted(cases, key=lambda case: -case[0]), key=lambda case: case[0]):
        total += sum(answered - declined for _, answered, declined in group)
        if total > best:
            best, threshold = total, confidence
    return round(best / len(cases), 4), threshold


def auc(positive: Sequence[float], negative: Sequence[float]) -> float | None:
    """The chance that one of `positive` exceeds one of `negative`, level pairs one half; None without pairs.

    The area under the ROC curve, by ranks: O(n log n).
    """
    if not positive or not negative:
        return None
    marked = sorted([(value, 1) for value in positive] + [(value, 0) for value in negative])
    below, wins = 0, 0.0
    for _, same in groupby(marked, key=lambda pair: pair[0]):
        kinds = [kind for _, kind in same]
        ups, downs = sum(kinds), len(kinds) - sum(kinds)
        wins += ups * (below + downs / 2)
        below += downs
    return round(wins / (len(positive) * len(negative)), 4)


def risk_coverage(pairs: Sequence[tuple[float, bool]], steps: int = 20) -> list[dict[str, float]]:
    """The share of wrong ones among the most confident, for `steps` equal steps of coverage.

    `pairs` are (confidence, right). At coverage 0.5 the more confident half is answered. Where the cut falls among
    equal confidences they count in proportion, so order does not matter. Source: Geifman and El-Yaniv, NeurIPS 2017.
    """
    return [
        {"coverage": round(step / steps, 4), "wrong": round(wrong_at(pairs, step / steps), 4)}
        for step in range(1, steps + 1)
        if pairs
    ]


def wrong_at(pairs: Sequence[tuple[float, bool]], coverage: float) -> float:
    """The share of wrong ones among the most confident `coverage` of `pairs`; equal confidences in proportion."""
    wanted = coverage * len(pairs)
    taken, wrong = 0.0, 0.0
    for _, group in groupby(sorted(pairs, key=lambda pair: -pair[0]), key=lambda pair: pair[0]):
        rights = [right for _, right in group]
        share = min(1.0, (wanted - taken) / len(rights))
        if share <= 0:
            break
        taken += share * len(rights)
        wrong += share * rights.count(False)
    return wrong / taken if taken else 0.0


def reliability(pairs: Sequence[tuple[float, bool]]) -> list[dict[str, float]]:
    """For each of ten equal bins of confidence that holds any: their number, mean confidence and share right."""
    bins: list[dict[str, float]] = []
    for number in range(_BINS):
        inside = [pair for pair in pairs if min(int(pair[0] * _BINS), _BINS - 1) == number]
        if inside:
            bins.append(
                {
                    "from": number / _BINS,
                    "count": len(inside),
                    "confidence": round(sum(p for p, _ in inside) / len(inside), 4),
                    "right": round(sum(right for _, right in inside) / len(inside), 4),
                }
            )
    return bins


def calibration_error(pairs: Sequence[tuple[float, bool]]) -> float | None:
    """The expected calibration error over ten equal bins; None without pairs.

    The mean over bins of |mean confidence - share right|, weighted by how many are in the bin. Two pairs (0.9, True)
    and (0.9, False) give |0.9 - 0.5| = 0.4. Source: Naeini, Cooper and Hauskrecht, AAAI 2015.
    """
    if not pairs:
        return None
    total = 0.0
    for number in range(_BINS):
        inside = [pair for pair in pairs if min(int(pair[0] * _BINS), _BINS - 1) == number]
        total += abs(sum(p for p, _ in inside) - sum(right for _, right in inside))
    return round(total / len(pairs), 4)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of them do not exceed. Raises IndexError of none."""
    return float(np.quantile(values, share, method="inverted_cdf"))


def _or_none(gold: Sequence[str]) -> Sequence[str]:
    """The gold answers that are left after normalising; one empty answer when there is none, as SQuAD has it."""
    return [answer for answer in gold if normal_answer(answer)] or [""]


def _f1(predicted: Sequence[str], gold: Sequence[str]) -> float:
    if not predicted or not gold:
        return float(predicted == gold)
    shared = sum((Counter(predicted) & Counter(gold)).values())
    return 2 * shared / (len(predicted) + len(gold))
