"""Figures against values worked out by hand, and what must hold of any."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.evaluate.measures import (
    auc,
    best_over_thresholds,
    calibration_error,
    exact_match,
    f1,
    normal_answer,
    percentile,
    reliability,
    risk_coverage,
    wrong_at,
)

SHARES = st.floats(0, 1)
PAIRS = st.lists(st.tuples(SHARES, st.booleans()), min_size=1)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        pytest.param("The Eiffel-Tower!", "eiffeltower", id="article, hyphen, mark"),
        pytest.param("  a  weir\nand the  mill ", "weir and mill", id="white space"),
        pytest.param("Anthem of the Isle", "anthem of isle", id="an article inside a word stays"),
        pytest.param("1,200", "1200", id="thousands"),
        pytest.param("The", "", id="an article alone"),
        pytest.param("\u201cquoted\u201d", "\u201cquoted\u201d", id="only ASCII punctuation goes, as in the source"),
    ],
)
def test_an_answer_is_normalised(text: str, normal: str) -> None:
    assert normal_answer(text) == normal


@pytest.mark.parametrize(
    ("predicted", "gold", "exact", "overlap"),
    [
        pytest.param("the mill pond", ["Mill Pond"], 1.0, 1.0, id="same after normalising"),
        pytest.param("mill pond gate", ["mill pond"], 0.0, 0.8, id="2/3 precise, all found: 2 * 2 / 5"),
        pytest.param("pond", ["weir", "the pond"], 1.0, 1.0, id="the best of several"),
        pytest.param("gate gate", ["gate"], 0.0, 2 / 3, id="a word counts as often as it stands: 2 * 1 / 3"),
        pytest.param("", ["pond"], 0.0, 0.0, id="declined, and there is an answer"),
        pytest.param("", [], 1.0, 1.0, id="declined, and there is none"),
        pytest.param("pond", [], 0.0, 0.0, id="answered, and there is none"),
        pytest.param("", ["the"], 1.0, 1.0, id="a gold answer of an article only is none"),
    ],
)
def test_exact_match_and_f1(predicted: str, gold: list[str], exact: float, overlap: float) -> None:
    assert exact_match(predicted, gold) == exact
    assert f1(predicted, gold) == pytest.approx(overlap)


@given(st.text(), st.lists(st.text(), max_size=3))
def test_f1_is_a_share_and_at_least_the_exact_match(predicted: str, gold: list[str]) -> None:
    assert exact_match(predicted, gold) <= f1(predicted, gold) <= 1.0


def test_the_best_threshold_answers_what_pays() -> None:
    """Declining all gives 1/3; answering 0.9 gives 2/3; answering 0.6 too loses it again."""
    assert best_over_thresholds([(0.9, 1.0, 0.0), (0.6, 0.0, 1.0), (0.3, 0.0, 0.0)]) == (0.6667, 0.9)


def test_the_best_may_be_to_decline_all() -> None:
    assert best_over_thresholds([(0.9, 0.0, 1.0)]) == (1.0, float("inf"))


@given(st.lists(st.tuples(st.sampled_from([0.1, 0.5, 0.9]), SHARES, SHARES), min_size=1))
def test_no_threshold_beats_the_best(cases: list[tuple[float, float, float]]) -> None:
    best, _ = best_over_thresholds(cases)
    for threshold in (0.0, 0.3, 0.5, 0.7, 1.0):
        values = [answered if confidence >= threshold else declined for confidence, answered, declined in cases]
        assert sum(values) / len(values) <= best + 1e-3


@pytest.mark.parametrize(
    ("positive", "negative", "expected"),
    [
        pytest.param([0.9, 0.8], [0.1], 1.0, id="all above"),
        pytest.param([0.9, 0.1], [0.5], 0.5, id="one of two"),
        pytest.param([0.5], [0.5], 0.5, id="level is half"),
        pytest.param([0.5, 0.7], [0.5, 0.6], 0.625, id="0.5 + 0 + 1 + 1 of 4"),
        pytest.param([], [0.5], None, id="no pair"),
    ],
)
def test_auc(positive: list[float], negative: list[float], expected: float | None) -> None:
    assert auc(positive, negative) == expected


@given(st.lists(SHARES, min_size=1), st.lists(SHARES, min_size=1))
def test_auc_is_the_share_of_pairs_won(positive: list[float], negative: list[float]) -> None:
    won = sum((p > n) + (p == n) / 2 for p in positive for n in negative)
    assert auc(positive, negative) == pytest.approx(won / len(positive) / len(negative), abs=1e-4)


def test_the_risk_at_a_coverage_is_that_of_the_surest() -> None:
    pairs = [(0.9, True), (0.8, False), (0.7, True), (0.1, False)]
    assert [wrong_at(pairs, share) for share in (0.25, 0.5, 0.75, 1.0)] == [0.0, 0.5, pytest.approx(1 / 3), 0.5]
    assert risk_coverage(pairs, steps=2) == [{"coverage": 0.5, "wrong": 0.5}, {"coverage": 1.0, "wrong": 0.5}]


@given(PAIRS)
def test_the_risk_does_not_depend_on_the_order(pairs: list[tuple[float, bool]]) -> None:
    shuffled = sorted(pairs, key=lambda pair: (pair[1], pair[0]))
    assert wrong_at(pairs, 0.5) == pytest.approx(wrong_at(shuffled, 0.5))


def test_risk_and_reliability_of_nothing_are_empty() -> None:
    assert (risk_coverage([]), reliability([])) == ([], [])


def test_a_reliability_bin_holds_mean_confidence_and_share_right() -> None:
    assert reliability([(0.82, True), (0.88, False), (1.0, True)]) == [
        {"from": 0.8, "count": 2, "confidence": 0.85, "right": 0.5},
        {"from": 0.9, "count": 1, "confidence": 1.0, "right": 1.0},
    ]


@given(PAIRS)
def test_the_calibration_error_is_the_mean_gap_of_the_bins(pairs: list[tuple[float, bool]]) -> None:
    gaps = sum(b["count"] * abs(b["confidence"] - b["right"]) for b in reliability(pairs))
    assert calibration_error(pairs) == pytest.approx(gaps / len(pairs), abs=2e-4)


@pytest.mark.parametrize(("share", "expected"), [(0.0, 1), (0.5, 2), (0.51, 3), (0.95, 4), (1.0, 4)])
def test_a_percentile_is_the_nearest_rank(share: float, expected: float) -> None:
    assert percentile([4, 2, 1, 3], share) == expected


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        pytest.param([], None, id="of nothing"),
        pytest.param([(0.9, True), (0.9, False)], 0.4, id="|0.9 - 0.5|"),
        pytest.param([(1.0, True), (0.0, False)], 0.0, id="always certain, always right"),
        pytest.param([(1.0, False), (0.0, True)], 1.0, id="always certain, always wrong"),
        pytest.param([(0.8, True)] * 4 + [(0.8, False)], 0.0, id="four of five at 0.8"),
        pytest.param([(0.82, True), (0.88, False)], 0.35, id="one bin: |0.85 - 0.5|"),
        pytest.param([(0.7, True), (0.2, False), (0.2, False), (0.2, True)], 0.175, id="(0.3 + |0.6 - 1|) / 4"),
    ],
)
def test_calibration_error(pairs: list[tuple[float, bool]], expected: float | None) -> None:
    assert calibration_error(pairs) == expected


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1))
def test_a_calibration_error_is_a_share(pairs: list[tuple[float, bool]]) -> None:
    error = calibration_error(pairs)
    assert error is not None
    assert 0.0 <= error <= 1.0
