"""From the outcomes of questions to the figures that `rag evaluate` prints."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from rag.evaluate.cases import Outcome
from rag.evaluate.measures import (
    auc,
    best_over_thresholds,
    calibration_error,
    exact_match,
    f1,
    mean,
    percentile,
    reliability,
    risk_coverage,
    share,
    wrong_at,
)

# Thresholds of the table that shows the trade between answering and being wrong.
_THRESHOLDS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
_WORST = 20
_QUESTION_WORD = re.compile(
    r"\b(?:how\s+many|how\s+much|how|who|whose|whom|what|when|where|which|why)\b", re.IGNORECASE
)


def summarise(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The figures of a run, as JSON-ready values; shares lie in 0..1, and are None when they are of nothing.

    Over answerable questions: `recall_at_k` and `mrr` of the passage that holds a gold answer,
    `top_sentence_accuracy` (the best sentence is right, shown or not), `sentence_accuracy` (it is right and shown).
    Over all: `answered_share`; `no_answer_precision` and `no_answer_recall` of the abstentions; `wrong_answer_rate`,
    the wrong among the answered, where any answer to an unanswerable question is wrong; `wrong_at_half`, the same if
    just the more confident half were answered; `answerable_auc` and `right_auc`, how well confidence tells answerable
    from not and right from wrong; `calibration_error`, the expected calibration error of confidence over ten bins;
    `further_sentences` and `further_right`, how many sentences are shown beyond the first, and the share of right ones
    among them; `any_sentence_accuracy`, the answerable whose answer holds a right sentence, the first or a further one;
    `exact_match` and `f1` of the marked words, as SQuAD 2.0 defines them.
    """
    answerable = [o for o in outcomes if o.case.is_answerable]
    unanswerable = [o for o in outcomes if not o.case.is_answerable]
    answered = [o for o in outcomes if o.answered]
    declined = [o for o in outcomes if not o.answered]
    pairs = [(o.confidence, o.is_right) for o in outcomes]
    return {
        "questions": len(outcomes),
        "answerable": len(answerable),
        "recall_at_1": share(o.rank is not None and o.rank <= 1 for o in answerable),
        "recall_at_5": share(o.rank is not None and o.rank <= 5 for o in answerable),
        "recall_at_20": share(o.rank is not None and o.rank <= 20 for o in answerable),
        "mrr": mean(1 / o.rank if o.rank else 0.0 for o in answerable),
        "top_sentence_accuracy": share(o.right for o in answerable),
        "sentence_accuracy": share(o.right and o.answered for o in answerable),
        "answered_share": share(o.answered for o in outcomes),
        "no_answer_precision": share(not o.case.is_answerable for o in declined),
        "no_answer_recall": share(not o.answered for o in unanswerable),
        "wrong_answer_rate": share(not o.is_right for o in answered),
        "wrong_at_half": round(wrong_at(pairs, 0.5), 4) if pairs else None,
        "answerable_auc": auc([o.confidence for o in answerable], [o.confidence for o in unanswerable]),
        "right_auc": auc([p for p, right in pairs if right], [p for p, right in pairs if not right]),
        "calibration_error": calibration_error(pairs),
        "further_sentences": sum(len(o.further) for o in outcomes),
        "further_right": share(right and o.case.is_answerable for o in outcomes for right in o.further),
        "any_sentence_accuracy": share(o.answered and (o.right or any(o.further)) for o in answerable),
        **_span_figures(outcomes),
        "latency_ms": {f"p{p}": _percentile([o.milliseconds for o in outcomes], p) for p in (50, 95, 99)},
        "by_question_word": _by_question_word(outcomes),
        "trade": [_trade(outcomes, threshold) for threshold in _THRESHOLDS],
        "risk_coverage": risk_coverage(pairs),
        "reliability": reliability(pairs),
        "worst": [_bad_case(o) for o in _worst(outcomes)],
    }


def _span_figures(outcomes: Sequence[Outcome]) -> dict[str, float | None]:
    """EM and F1 of the marked words as shown, "" when declined; and the best that a threshold could give."""
    if not outcomes:
        return dict.fromkeys(("exact_match", "f1", "best_exact_match", "best_f1", "f1_answerable"))
    exact = [(o.confidence, exact_match(o.words, o.case.answers), exact_match("", o.case.answers)) for o in outcomes]
    overlap = [(o.confidence, f1(o.words, o.case.answers), f1("", o.case.answers)) for o in outcomes]
    best_exact, exact_threshold = best_over_thresholds(exact)
    best_f1, f1_threshold = best_over_thresholds(overlap)
    shown = list(zip(outcomes, exact, overlap, strict=True))
    return {
        "exact_match": mean(e[1] if o.answered else e[2] for o, e, _ in shown),
        "f1": mean(v[1] if o.answered else v[2] for o, _, v in shown),
        "f1_answerable": mean(v[1] if o.answered else v[2] for o, _, v in shown if o.case.is_answerable),
        "best_exact_match": best_exact,
        "best_exact_match_threshold": exact_threshold if exact_threshold <= 1 else None,
        "best_f1": best_f1,
        "best_f1_threshold": f1_threshold if f1_threshold <= 1 else None,
    }


def _by_question_word(outcomes: Sequence[Outcome]) -> dict[str, dict[str, Any]]:
    """A few figures for the questions with each question word, most frequent first."""
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault(question_word(outcome.case.question), []).append(outcome)
    return {
        word: {
            "questions": len(group),
            "top_sentence_accuracy": share(o.right for o in group if o.case.is_answerable),
            "answered_share": share(o.answered for o in group),
            "wrong_answer_rate": share(not o.is_right for o in group if o.answered),
            "f1": _span_figures(group)["f1"],
        }
        for word, group in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    }


def question_word(question: str) -> str:
    """The first of who, what, when, where, which, why, how many, how much and how in it; "other" without one.

    "In what year" is a what; whose and whom are a who.
    """
    found = _QUESTION_WORD.search(question)
    if not found:
        return "other"
    word = " ".join(found.group().lower().split())
    return "who" if word in ("whose", "whom") else word


def _worst(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """What to look at first: what was shown and wrong, the surest first, then what was right and held back."""
    wrong = sorted((o for o in outcomes if o.answered and not o.is_right), key=lambda o: -o.confidence)
    missed = sorted((o for o in outcomes if not o.answered and o.case.is_answerable), key=lambda o: o.confidence)
    return [*wrong, *missed][:_WORST]


def _bad_case(outcome: Outcome) -> dict[str, Any]:
    """One of the worst, for reading: what was asked, what would have been right, and what came."""
    case = outcome.case
    if outcome.answered:
        fault = "answered, and it is another sentence" if case.is_answerable else "answered, and there is no answer"
    else:
        fault = "held back, and it was right" if outcome.right else "declined, and there is an answer"
    return {
        "question": case.question,
        "expected": list(case.answers or case.sentences),
        "sentence": outcome.best,
        "words": outcome.words,
        "confidence": outcome.confidence,
        "fault": fault,
    }


def _trade(outcomes: Sequence[Outcome], threshold: float) -> dict[str, Any]:
    """What would be answered, and how much of it wrongly, if nothing under `threshold` were shown."""
    shown = [o for o in outcomes if _would_show(o, threshold)]
    answerable = [o for o in outcomes if o.case.is_answerable]
    unanswerable = [o for o in outcomes if not o.case.is_answerable]
    return {
        "min_confidence": threshold,
        "answered_share": share(_would_show(o, threshold) for o in outcomes),
        "wrong_answer_rate": share(not o.is_right for o in shown),
        "answerable_right": share(o.right and _would_show(o, threshold) for o in answerable),
        "unanswerable_declined": share(not _would_show(o, threshold) for o in unanswerable),
    }


def _would_show(outcome: Outcome, threshold: float) -> bool:
    return outcome.confidence >= threshold and bool(outcome.best)


def _percentile(values: Sequence[float], percent: int) -> float:
    return round(percentile(values, percent / 100), 1) if values else 0.0
