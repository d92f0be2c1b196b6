"""The fitted threshold keeps to its limit, shows as much as it can, and says how sure that is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.app import Citewell
from rag.errors import InputError
from rag.evaluate.calibrate import MIN_QUESTIONS, fit_threshold, lowest_threshold, shown_at, wilson
from rag.evaluate.cases import Case, Outcome
from rag.settings import BUNDLED_MODEL, Settings
from tests.support.access import EVERYTHING
from tests.support.fakes import HashEmbedder
from tests.support.hash_cli import Rag

PAIRS = st.lists(st.tuples(st.integers(0, 50).map(lambda n: n / 50), st.booleans()), max_size=40)
LIMITS = st.sampled_from([0.0, 0.05, 0.2, 0.5])


def outcomes(*pairs: tuple[float, bool]) -> list[Outcome]:
    """A wrong one is a question without an answer."""
    return [
        Outcome(Case(f"Question {n}?", ("it",) if right else ()), True, right, 1, confidence, 1.0, "It is it.")
        for n, (confidence, right) in enumerate(pairs)
    ]


@pytest.mark.parametrize(
    ("pairs", "max_wrong", "threshold"),
    [
        pytest.param([(0.9, True), (0.5, False)], 0.0, 0.7, id="half way between right and wrong"),
        pytest.param([(0.9, True), (0.5, True)], 0.0, 0.5, id="not below the lowest that was seen"),
        pytest.param([(0.9, False), (0.5, True)], 0.5, 0.5, id="a wrong one above is made up for below"),
        pytest.param([(0.9, False), (0.5, True)], 0.4, None, id="none keeps to it"),
        pytest.param([(0.5, True), (0.5, False), (0.5, True)], 0.3, None, id="equals go together"),
        pytest.param([(0.5, True), (0.5, False), (0.5, True)], 0.34, 0.5, id="equals go together, allowed"),
        pytest.param([], 0.1, None, id="nothing"),
    ],
)
def test_lowest_threshold(pairs: list[tuple[float, bool]], max_wrong: float, threshold: float | None) -> None:
    assert lowest_threshold(pairs, max_wrong) == threshold


@given(PAIRS, LIMITS)
def test_the_threshold_keeps_to_the_limit_and_no_lower_one_does(
    pairs: list[tuple[float, bool]], max_wrong: float
) -> None:
    found = lowest_threshold(pairs, max_wrong)
    kept = {value for value, _ in pairs if _error(pairs, value) <= max_wrong}
    if found is None:
        assert not kept
    else:
        assert _error(pairs, found) <= max_wrong
        assert min(value for value, _ in pairs if value >= found) == min(kept)


def _error(pairs: list[tuple[float, bool]], threshold: float) -> float:
    rights = [right for value, right in pairs if value >= threshold]
    return rights.count(False) / len(rights)


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0), (1, 100, 0.0018, 0.0545), (0, 0, 0.0, 1.0)],
)
def test_interval_is_the_one_of_wilson(count: int, of: int, low: float, high: float) -> None:
    """The expected figures are those of statsmodels' proportion_confint(method="wilson")."""
    assert wilson(count, of) == pytest.approx((low, high), abs=5e-5)


def test_fit_says_what_is_shown_and_what_of_questions_that_were_left_out() -> None:
    right = [(0.5 + n / 100, True) for n in range(30)]
    wrong = [(0.45, False), (0.475, False), *((n / 100, False) for n in range(8))]
    fitted = fit_threshold(outcomes(*right, *wrong), 0.05)
    assert fitted.chosen == shown_at([*right, *wrong], fitted.chosen.threshold, 40)
    assert (fitted.chosen.answered, fitted.chosen.wrong, fitted.answerable) == (31, 1, 30)
    assert fitted.chosen.coverage == 31 / 40
    assert fitted.unseen.wrong / fitted.unseen.answered >= fitted.chosen.wrong / fitted.chosen.answered
    assert fitted.chosen in fitted.table
    answered = [shown.answered for shown in fitted.table]
    assert answered == sorted(answered, reverse=True)


def test_below_the_first_threshold_quotes_are_shown_where_half_of_them_hold_a_right_one() -> None:
    """Given are those at 0.9. Of the others the first two have one right quote in three, then one in four, and none."""
    given = outcomes(*[(0.9, True)] * 20)
    lower = [(0.5, True), (0.4, False), (0.3, False), (0.2, True), (0.1, False)]
    rest = [
        Outcome(Case("What?", ("a",)), False, False, None, value, 1.0, "b", any_right=right) for value, right in lower
    ]
    fitted = fit_threshold([*given, *rest], 0.0)
    assert (fitted.possible.answered, fitted.possible.wrong) == (4, 2)
    assert fitted.possible.threshold == pytest.approx(0.15)


def test_where_no_quotes_hold_a_right_one_nothing_is_only_possible() -> None:
    fitted = fit_threshold(outcomes(*[(0.9, True)] * 20, *[(0.3, False)] * 5), 0.0)
    assert fitted.possible.threshold == fitted.chosen.threshold
    assert fitted.possible.answered == 0


def test_a_question_without_any_sentence_counts_as_declined() -> None:
    nothing = Outcome(Case("What?"), False, False, None, 0.0, 1.0, "")
    fitted = fit_threshold([*outcomes(*[(0.9, True)] * 20), nothing], 0.0)
    assert (fitted.chosen.questions, fitted.chosen.answered) == (21, 20)


@pytest.mark.parametrize(
    ("given", "max_wrong", "message"),
    [
        (outcomes(*[(0.9, True)] * (MIN_QUESTIONS - 1)), 0.05, "19 questions are too few"),
        (outcomes(*[(0.9, False)] * 30), 0.05, "None of the questions has an answer"),
        (outcomes((0.9, False), *[(0.5, True)] * 30), 0.0, "No threshold keeps the wrong answers to 0%"),
        (outcomes(*[(0.9, True)] * 30), 1.0, "--max-wrong is 1.0"),
        (outcomes(*[(0.9, True)] * 30), -0.1, "--max-wrong is -0.1"),
        (outcomes(*[(0.9, True)] * 30), float("nan"), "--max-wrong is nan"),
    ],
)
def test_what_no_threshold_can_be_made_of_is_refused(given: list[Outcome], max_wrong: float, message: str) -> None:
    with pytest.raises(InputError, match=message):
        fit_threshold(given, max_wrong)


# -- rag calibrate ---------------------------------------------------------------------------------------------------


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    """Twenty questions that the library answers, each in another wrapping, and ten that it does not."""
    known = '{"question": "When was the harbour at Westerholm opened, dear reader %d?", "answers": ["1887"]}'
    unknown = '{"question": "How many penguins live on moon number %d?", "answers": []}'
    file = tmp_path / "questions.jsonl"
    file.write_text("\n".join([*(known % n for n in range(20)), *(unknown % n for n in range(10))]), encoding="utf-8")
    return file


def test_calibrate_stores_a_threshold_that_answers_then_use(ingested: Rag, questions: Path) -> None:
    question = "When was the harbour at Westerholm opened?"
    before = ingested("ask", "--json", question).json
    assert before["status"] == "answered"
    shown = ingested("calibrate", questions, "--max-wrong", "0.05", "--json")
    assert shown.code == 0
    assert shown.json["stored"] is True
    assert (shown.json["questions"], shown.json["answerable"]) == (30, 20)
    stored = ingested("calibrate", "--show", "--json").json["threshold"]
    assert stored["value"] == shown.json["threshold"]
    assert f"{stored['value']:.4f}, fitted to 30 questions" in ingested("verify").out
    assert ingested("ask", "--json", question).json["id"] != before["id"], "another threshold is another answer"
    assert ingested("calibrate", "--reset").code == 0
    assert ingested("calibrate", "--show", "--json").json == {"threshold": None}
    assert ingested("ask", "--json", question).json["id"] == before["id"]


def test_calibrate_dry_run_stores_nothing(ingested: Rag, questions: Path) -> None:
    shown = ingested("calibrate", questions, "--dry-run")
    assert shown.code == 0
    assert "30 questions, 20 of them with an answer." in shown.out
    assert ingested("calibrate", "--show", "--json").json == {"threshold": None}


def test_votes_count_as_questions(ingested: Rag, questions: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITEWELL_KEEP_QUESTIONS_DAYS", "30")
    with Citewell.open(Settings.from_env(os.environ), embedder=HashEmbedder(name=BUNDLED_MODEL)) as citewell:
        for number, vote in enumerate(["relevant", "relevant", "not_relevant"]):
            reply = citewell.conversations.ask(f"When was the harbour opened, reader {number}?", access=EVERYTHING)
            citewell.conversations.add_feedback(reply.answer.id, relevance=vote, access=EVERYTHING)
    shown = ingested("calibrate", questions, "--votes", "7", "--max-wrong", "0.5", "--dry-run")
    assert (shown.code, shown.err) == (0, "")
    assert "33 questions, 22 of them with an answer." in shown.out
    assert "3 of them with votes: only what was shown can be voted on" in shown.out
    alone = ingested("calibrate", "--votes", "7")
    assert (alone.code, "3 questions are too few to fit a threshold to" in alone.err) == (1, True)


def test_without_kept_questions_no_vote_belongs_to_one(ingested: Rag) -> None:
    ran = ingested("calibrate", "--votes", "7")
    assert ran.code == 1
    assert "No questions are kept here" in ran.err


def test_the_setting_wins_over_the_fitted_threshold(
    ingested: Rag, questions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingested("calibrate", questions)
    monkeypatch.setenv("CITEWELL_ANSWER_CONFIDENCE", "1.0")
    assert ingested("ask", "--json", "When was the harbour at Westerholm opened?").json["status"] == "possible"
    assert "not used: answer_confidence is set to 1.0" in ingested("verify").out


def test_a_threshold_fitted_for_another_reader_is_not_used(
    ingested: Rag, questions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = ingested("ask", "--json", "When was the harbour at Westerholm opened?").json
    ingested("calibrate", questions)
    monkeypatch.setenv("CITEWELL_READER", "false")
    assert "run rag calibrate again" in ingested("verify").out
    monkeypatch.delenv("CITEWELL_READER")
    monkeypatch.setattr("rag.app.citewell.identity", lambda *_: "another version")
    assert ingested("ask", "--json", "When was the harbour at Westerholm opened?").json["id"] == before["id"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "Give one of"),
        (["{questions}", "--show"], 2, "Give one of"),
        (["--show", "--reset"], 2, "Give one of"),
        (["--show", "--votes", "7"], 2, "Give one of"),
        (["--votes", "0"], 1, "0 days were asked for; expected 1 to 366"),
        (["{questions}", "--max-wrong", "5"], 1, "expected a share from 0 to below 1"),
        (["{questions}.gone"], 1, "cannot be read"),
    ],
)
def test_calibrate_that_makes_no_sense_is_refused(
    ingested: Rag, questions: Path, arguments: list[str], code: int, message: str
) -> None:
    ran = ingested("calibrate", *[argument.format(questions=questions) for argument in arguments])
    assert ran.code == code
    assert message in " ".join(ran.err.split())
    assert ingested("calibrate", "--show", "--json").json == {"threshold": None}
