"""The figures of desk questions are those of the worked example, and the worst cases come in order."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rag.evaluate.desk import DeskCase, GoldLine
from rag.evaluate.desk_figures import fault_of, summarise_desk
from rag.evaluate.desk_run import CollectionRun, DeskOutcome, PassageOfRun, Quote
from rag.ingest.results import IngestResult
from rag.records import AnswerStatus
from rag.store.base import IngestStatus

ANSWERED, POSSIBLE, NO_ANSWER = AnswerStatus.ANSWERED, AnswerStatus.POSSIBLE, AnswerStatus.NO_ANSWER
LINE = GoldLine("a.md", "A loan lasts four weeks.", "four weeks")
RIGHT, WRONG = Quote("A loan lasts four weeks.", True, 0.5), Quote("Dogs stay outside.", False, 0.5)


def outcome(
    status: AnswerStatus,
    confidence: float,
    *shown: Quote,
    number: int = 1,
    answerable: bool = True,
    rank: int | None = None,
    best: Quote | None = WRONG,
    question: str = "How many weeks is a loan?",
    kind: str = "",
) -> DeskOutcome:
    case = DeskCase(number, question, (LINE,) if answerable else (), "" if answerable else LINE.sentence, kind)
    passage = PassageOfRun("Loans", "Rules", LINE.sentence, answerable, 1.5, 0.7, 3.25)
    return DeskOutcome(case, status, confidence, rank, best, shown, (passage,), milliseconds=10.0 * number)


def run(name: str, *outcomes: DeskOutcome) -> CollectionRun:
    return CollectionRun(name, 2, outcomes, (), ())


EXAMPLE = run(
    "shop",
    outcome(ANSWERED, 0.95, RIGHT, number=1, rank=1, best=RIGHT),
    outcome(ANSWERED, 0.85, WRONG, RIGHT, number=2, rank=2),
    outcome(ANSWERED, 0.75, WRONG, number=3, answerable=False),
    outcome(POSSIBLE, 0.45, WRONG, RIGHT, number=4, rank=6),
    outcome(POSSIBLE, 0.35, WRONG, WRONG, number=5, rank=20),
    outcome(POSSIBLE, 0.35, WRONG, number=6, answerable=False),
    outcome(NO_ANSWER, 0.15, number=7, rank=1, best=RIGHT),
    outcome(NO_ANSWER, 0.15, number=8, answerable=False, best=None),
)


def test_every_figure_of_a_collection() -> None:
    """Eight questions, of which five have an answer: numbers 1, 2, 4, 5 and 7.

    Passages: ranks 1, 2, 6, 20, 1, so 2/5 first, 3/5 among five, all among twenty. The best sentence is right for 1
    and 7: 2/5. A right quote is shown for 1, 2 and 4: 3/5. Answered 3/8, possible 3/8, declined 2/8; of the three that
    nothing answers one is declined. Answered wrongly: 2, whose first quote is wrong, and 3: 2/3. Possible without a
    right quote: 5 and 6: 2/3.

    AUC, pairs of answerable (.95 .85 .45 .35 .15) over not (.75 .35 .15): 3 + 3 + 2 + 1.5 + .5 = 10 of 15.

    Calibration by bins of a tenth: .95 and right, .05 off; .85, .75, .45 wrong, as much off; .35 twice, wrong, .7 off;
    .15 twice, one right, |.3 - 1| off: (.05 + .85 + .75 + .45 + .7 + .7) / 8 = 3.5 / 8.
    """
    assert summarise_desk([EXAMPLE])["collections"]["shop"] == {
        "documents": 2,
        "questions": 8,
        "answerable": 5,
        "recall_at_1": 0.4,
        "recall_at_5": 0.6,
        "recall_at_20": 1.0,
        "top_sentence_accuracy": 0.4,
        "any_sentence_accuracy": 0.6,
        "answered_share": 0.375,
        "possible_share": 0.375,
        "declined_share": 0.25,
        "no_answer_recall": 0.3333,
        "wrong_answer_rate": 0.6667,
        "possible_wrong_rate": 0.6667,
        "answerable_auc": 0.6667,
        "calibration_error": 0.4375,
    }


def test_pooled_counts_questions_and_the_mean_auc_counts_collections() -> None:
    """One more collection, in which confidence misleads: AUC 0. Its two questions make ten of which six have an answer.

    Pooled its .3 wins over .15 alone, 1 of 4; its .4 is won over by .95, .85, .45: 10 + 3 + 1 + 0 = 14 of 24.
    The mean of .6667 and 0 is .3333 (of the rounded values, .33335). 95 in 100 of ten questions is all of them: 80 ms.
    """
    other = run(
        "hall",
        outcome(NO_ANSWER, 0.3, number=1),
        outcome(NO_ANSWER, 0.4, number=2, answerable=False),
    )
    pooled = summarise_desk([EXAMPLE, other])["pooled"]
    assert (pooled["questions"], pooled["answerable"], pooled["recall_at_1"]) == (10, 6, 0.3333)
    assert pooled["answerable_auc"] == pytest.approx(14 / 24, abs=1e-4)
    assert pooled["mean_auc"] == pytest.approx(1 / 3, abs=1e-4)
    assert pooled["latency_ms"] == {"p50": 30.0, "p95": 80.0}


def test_curves_are_of_the_best_sentence_shown_or_not() -> None:
    """The surer of two is right, though it was declined: at half coverage none is wrong, at all of it half."""
    figures = summarise_desk([run("shop", outcome(NO_ANSWER, 0.95, best=RIGHT), outcome(ANSWERED, 0.25, WRONG))])
    wrong = {point["coverage"]: point["wrong"] for point in figures["risk_coverage"]}
    assert (wrong[0.5], wrong[1.0]) == (0.0, 0.5)
    assert figures["reliability"] == [
        {"from": 0.2, "count": 1, "confidence": 0.25, "right": 0.0},
        {"from": 0.9, "count": 1, "confidence": 0.95, "right": 1.0},
    ]


def test_figures_by_kind_and_by_wording() -> None:
    """ "How many weeks is a loan?" is in the words of its line; "How soon is it due back?" shares none of them."""
    figures = summarise_desk(
        [
            run(
                "shop",
                outcome(NO_ANSWER, 0.1, kind="when", best=RIGHT),
                outcome(NO_ANSWER, 0.1, kind="when"),
                outcome(NO_ANSWER, 0.1, question="How soon is it due back?", kind="rule"),
                outcome(NO_ANSWER, 0.1, question="Due back?"),
            )
        ]
    )
    figure = "top_sentence_accuracy"
    assert {name: (row["questions"], row[figure]) for name, row in figures["by_kind"].items()} == {
        "when": (2, 0.5),
        "rule": (1, 0.0),
    }
    assert {name: (row["questions"], row[figure]) for name, row in figures["by_wording"].items()} == {
        "everyday": (2, 0.0),
        "plain": (2, 0.5),
    }


def test_shares_of_nothing_are_none() -> None:
    figures = summarise_desk([run("shop", outcome(NO_ANSWER, 0.1, answerable=False))])
    none = {name for name, value in figures["pooled"].items() if value is None}
    assert none == {
        "recall_at_1",
        "recall_at_5",
        "recall_at_20",
        "top_sentence_accuracy",
        "any_sentence_accuracy",
        "wrong_answer_rate",
        "possible_wrong_rate",
        "answerable_auc",
        "mean_auc",
    }
    assert figures["by_kind"] == {}


def test_faults_are_told_apart_the_worst_first_and_of_each_the_surest_first() -> None:
    def lines(found: dict[str, list[dict[str, Any]]]) -> dict[str, list[int]]:
        return {fault: [case["line"] for case in cases] for fault, cases in found.items()}

    surer = outcome(ANSWERED, 0.99, WRONG, number=9, answerable=False)
    missed = outcome(NO_ANSWER, 0.05, number=10)
    worst = summarise_desk([run("shop", *EXAMPLE.outcomes, surer, missed)])["worst"]
    assert list(lines(worst).items()) == [
        ("answered, and nothing answers", [9, 3]),
        ("answered, and the first quote is another sentence", [2]),
        ("possible, and none of the quotes is right", [5]),
        ("possible, and nothing answers", [6]),
        ("declined, and the best sentence was right", [7]),
        ("declined, and another sentence was thought best", [10]),
    ]
    assert [fault_of(o) for o in (EXAMPLE.outcomes[0], EXAMPLE.outcomes[3], EXAMPLE.outcomes[7])] == ["", "", ""]


def test_a_worst_case_tells_all_that_is_needed_to_see_why() -> None:
    figures = summarise_desk([run("shop", outcome(ANSWERED, 0.85, WRONG, number=2, rank=3))])
    short = {
        "collection": "shop",
        "line": 2,
        "question": "How many weeks is a loan?",
        "answerable": True,
        "status": "answered",
        "confidence": 0.85,
        "rank": 3,
        "best_is_right": False,
        "shown": [False],
        "fault": "answered, and the first quote is another sentence",
    }
    assert figures["cases"] == [short]
    assert figures["worst"] == {
        short["fault"]: [
            short
            | {
                "gold": [{"file": "a.md", "sentence": "A loan lasts four weeks.", "words": "four weeks"}],
                "tempting": "",
                "best": {"text": "Dogs stay outside.", "right": False, "score": 0.5},
                "quotes": [{"text": "Dogs stay outside.", "right": False, "score": 0.5}],
                "passages": [
                    {
                        "title": "Loans",
                        "section": "Rules",
                        "text": "A loan lasts four weeks.",
                        "right": True,
                        "score": 1.5,
                        "dense": 0.7,
                        "bm25": 3.25,
                    }
                ],
            }
        ]
    }
    json.dumps(figures)


def test_what_could_not_be_measured_is_told() -> None:
    asked = outcome(NO_ANSWER, 0.1, number=4)
    failed = IngestResult("/docs/broken.pdf", IngestStatus.FAILED, error="It is no PDF.")
    figures = summarise_desk([CollectionRun("shop", 1, (asked,), ((asked.case, LINE),), (failed,))])
    assert figures["unmatched"] == [
        {"collection": "shop", "line": 4, "file": "a.md", "sentence": "A loan lasts four weeks."}
    ]
    assert figures["unread"] == [{"collection": "shop", "file": "/docs/broken.pdf", "error": "It is no PDF."}]
