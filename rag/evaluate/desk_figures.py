"""From the outcomes of desk questions to the figures that `rag evaluate --desk` prints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any

from rag.evaluate.desk_run import CollectionRun, DeskOutcome
from rag.evaluate.measures import auc, calibration_error, mean, percentile, reliability, risk_coverage, share
from rag.records import AnswerStatus

# Of each fault so many are told in full.
_WORST_OF_A_FAULT = 15


@dataclass(frozen=True, slots=True)
class _Fault:
    """A way for an outcome to be wrong, and by what its cases are put in order, the lowest first."""

    name: str
    is_of: Callable[[DeskOutcome], bool]
    order: Callable[[DeskOutcome], float]


def _surest_first(outcome: DeskOutcome) -> float:
    return -outcome.confidence


# The worst first; an outcome has at most one of them.
_FAULTS = (
    _Fault(
        "answered, and nothing answers",
        lambda o: o.status is AnswerStatus.ANSWERED and not o.case.is_answerable,
        _surest_first,
    ),
    _Fault(
        "answered, and the first quote is another sentence",
        lambda o: o.status is AnswerStatus.ANSWERED and o.case.is_answerable and not o.first_is_right,
        _surest_first,
    ),
    _Fault(
        "possible, and none of the quotes is right",
        lambda o: o.status is AnswerStatus.POSSIBLE and o.case.is_answerable and not o.any_is_right,
        _surest_first,
    ),
    _Fault(
        "possible, and nothing answers",
        lambda o: o.status is AnswerStatus.POSSIBLE and not o.case.is_answerable,
        _surest_first,
    ),
    _Fault(
        "declined, and the best sentence was right",
        lambda o: o.status is AnswerStatus.NO_ANSWER and o.best_is_right,
        lambda o: o.confidence,
    ),
    _Fault(
        "declined, and another sentence was thought best",
        lambda o: o.status is AnswerStatus.NO_ANSWER and o.case.is_answerable and not o.best_is_right,
        lambda o: o.confidence,
    ),
)


def summarise_desk(runs: Sequence[CollectionRun]) -> dict[str, Any]:
    """The figures of some collections, as JSON-ready values; shares lie in 0..1, and are None when they are of nothing.

    `collections` and `pooled` hold for each collection, and for all questions together, over answerable questions:
    `recall_at_k` of the passage that holds a gold line; `top_sentence_accuracy`, the best sentence is right, shown or
    not; `any_sentence_accuracy`, a right one is among the quotes shown. Over all: `answered_share`, `possible_share`,
    `declined_share`; over unanswerable ones `no_answer_recall`, the declined. `wrong_answer_rate` is the share of the
    answered whose first quote is wrong, and `possible_wrong_rate` that of the possible none of whose quotes is right;
    both count every unanswerable question as wrong. `answerable_auc` is how well confidence tells answerable from not;
    `calibration_error` is the expected one over ten bins of the confidence that the best sentence is right.

    `pooled` has also `mean_auc` over collections, the curves, and the same figures by kind and by wording: plain where
    .6 or more of the question's content stems stand in the line that it was written for, else everyday.
    """
    pooled = list(chain.from_iterable(run.outcomes for run in runs))
    collections = {run.name: {"documents": run.documents} | _figures(run.outcomes) for run in runs}
    pairs = [(o.confidence, o.best_is_right) for o in pooled]
    return {
        "collections": collections,
        "pooled": _figures(pooled)
        | {
            "mean_auc": mean(c["answerable_auc"] for c in collections.values() if c["answerable_auc"] is not None),
            "latency_ms": {f"p{p}": round(percentile([o.milliseconds for o in pooled], p / 100), 1) for p in (50, 95)},
        },
        "by_wording": _grouped(pooled, lambda o: "plain" if o.case.is_plain else "everyday"),
        "by_kind": _grouped([o for o in pooled if o.case.kind], lambda o: o.case.kind),
        "risk_coverage": risk_coverage(pairs),
        "reliability": reliability(pairs),
        "unmatched": [
            {"collection": run.name, "line": case.number, "file": gold.file, "sentence": gold.sentence}
            for run in runs
            for case, gold in run.unmatched
        ],
        "unread": [{"collection": run.name, "file": r.location, "error": r.error} for run in runs for r in run.unread],
        "worst": _worst(runs),
        "cases": [_short(run.name, outcome) for run in runs for outcome in run.outcomes],
    }


def _figures(outcomes: Sequence[DeskOutcome]) -> dict[str, Any]:
    answerable = [o for o in outcomes if o.case.is_answerable]
    unanswerable = [o for o in outcomes if not o.case.is_answerable]
    by_status = {status: [o for o in outcomes if o.status is status] for status in AnswerStatus}
    return {
        "questions": len(outcomes),
        "answerable": len(answerable),
        "recall_at_1": share(o.rank is not None and o.rank <= 1 for o in answerable),
        "recall_at_5": share(o.rank is not None and o.rank <= 5 for o in answerable),
        "recall_at_20": share(o.rank is not None and o.rank <= 20 for o in answerable),
        "top_sentence_accuracy": share(o.best_is_right for o in answerable),
        "any_sentence_accuracy": share(o.any_is_right for o in answerable),
        "answered_share": share(o.status is AnswerStatus.ANSWERED for o in outcomes),
        "possible_share": share(o.status is AnswerStatus.POSSIBLE for o in outcomes),
        "declined_share": share(o.status is AnswerStatus.NO_ANSWER for o in outcomes),
        "no_answer_recall": share(o.status is AnswerStatus.NO_ANSWER for o in unanswerable),
        "wrong_answer_rate": share(not o.first_is_right for o in by_status[AnswerStatus.ANSWERED]),
        "possible_wrong_rate": share(not o.any_is_right for o in by_status[AnswerStatus.POSSIBLE]),
        "answerable_auc": auc([o.confidence for o in answerable], [o.confidence for o in unanswerable]),
        "calibration_error": calibration_error([(o.confidence, o.best_is_right) for o in outcomes]),
    }


def _grouped(outcomes: Sequence[DeskOutcome], name_of: Callable[[DeskOutcome], str]) -> dict[str, dict[str, Any]]:
    """The figures of each group, the largest first."""
    groups: dict[str, list[DeskOutcome]] = {}
    for outcome in outcomes:
        groups.setdefault(name_of(outcome), []).append(outcome)
    ordered = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    return {name: _figures(group) for name, group in ordered}


def fault_of(outcome: DeskOutcome) -> str:
    """What is wrong with an outcome, in words; "" when nothing is."""
    return next((fault.name for fault in _FAULTS if fault.is_of(outcome)), "")


def _worst(runs: Sequence[CollectionRun]) -> dict[str, list[dict[str, Any]]]:
    """What to look at first: some cases of each fault that occurs, the worst fault and its worst case first."""
    outcomes = [(run.name, outcome) for run in runs for outcome in run.outcomes]
    worst = {}
    for fault in _FAULTS:
        found = [(fault.order(o), number, name, o) for number, (name, o) in enumerate(outcomes) if fault.is_of(o)]
        if found:
            worst[fault.name] = [_in_full(name, o) for _, _, name, o in sorted(found)[:_WORST_OF_A_FAULT]]
    return worst


def _short(collection: str, outcome: DeskOutcome) -> dict[str, Any]:
    """One case in a line, to compare two runs by."""
    return {
        "collection": collection,
        "line": outcome.case.number,
        "question": outcome.case.question,
        "answerable": outcome.case.is_answerable,
        "status": outcome.status.value,
        "confidence": outcome.confidence,
        "rank": outcome.rank,
        "best_is_right": outcome.best_is_right,
        "shown": [quote.right for quote in outcome.shown],
        "fault": fault_of(outcome),
    }


def _in_full(collection: str, outcome: DeskOutcome) -> dict[str, Any]:
    """One case for reading: what would have been right, what was thought best, what was shown, and what was found."""
    return _short(collection, outcome) | {
        "gold": [asdict(line) for line in outcome.case.gold],
        "tempting": outcome.case.tempting,
        "best": outcome.best and asdict(outcome.best),
        "quotes": [asdict(quote) for quote in outcome.shown],
        "passages": [asdict(passage) for passage in outcome.passages],
    }
