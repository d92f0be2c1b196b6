"""What is counted is in a table that was there before; processes share the numbers, and none ever falls."""

from __future__ import annotations

import os
import re
import threading

import pytest

from rag.metrics import TABLE, Histogram, MetricKind, Metrics


def found(metrics: Metrics, name: str, value: str = "") -> float | Histogram:
    """What is counted under one value of a label."""
    return next(
        one.found for metric, series in metrics.read() if metric.name == name for one in series if one.value == value
    )


def test_everything_is_there_from_the_start_and_is_nothing() -> None:
    numbers = [one.found for _, series in Metrics().read() for one in series]
    assert len(numbers) == sum(len(metric.values) for metric in TABLE)
    assert {each.sum if isinstance(each, Histogram) else each for each in numbers} == {0}


def test_counts_grow_by_one_and_gauges_go_both_ways() -> None:
    metrics = Metrics()
    for _ in range(3):
        metrics.count("citewell_questions_total", "answered")
    metrics.count("citewell_questions_total", "not_found")
    metrics.set("citewell_questions_waiting", 7)
    metrics.change("citewell_questions_waiting", -2)
    assert found(metrics, "citewell_questions_total", "answered") == 3
    assert found(metrics, "citewell_questions_total", "not_found") == 1
    assert found(metrics, "citewell_questions_waiting") == 5


def test_a_value_lies_under_the_first_bound_that_is_not_smaller() -> None:
    """Bounds 0.005, 0.01, 0.025, ...: 0.01 belongs to the second part, 0.011 to the third, 11 above all of them."""
    metrics = Metrics()
    for seconds in (0.01, 0.011, 11.0):
        metrics.observe("citewell_question_seconds", seconds)
    histogram = found(metrics, "citewell_question_seconds")
    assert isinstance(histogram, Histogram)
    assert histogram.counts == (0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1)
    assert histogram.sum == pytest.approx(11.021)


@pytest.mark.parametrize(
    ("name", "value"),
    [("citewell_questions_total", "Who earns how much?"), ("citewell_persons_total", ""), ("citewell_sessions", "ann")],
)
def test_nothing_can_be_counted_that_is_not_in_the_table(name: str, value: str) -> None:
    with pytest.raises(ValueError, match="the table has no counter"):
        Metrics().count(name, value)


def test_a_histogram_is_not_counted_and_a_counter_is_not_set() -> None:
    with pytest.raises(ValueError, match="the table has no counter citewell_question_seconds"):
        Metrics().count("citewell_question_seconds")
    with pytest.raises(ValueError, match="the table has no gauge citewell_questions_total"):
        Metrics().set("citewell_questions_total", 0)


def test_threads_lose_no_count() -> None:
    metrics = Metrics()

    def count() -> None:
        for _ in range(2_000):
            metrics.count("citewell_sandbox_starts_total")

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found(metrics, "citewell_sandbox_starts_total") == 8_000


def in_a_fork(metrics: Metrics, number: int, questions: int) -> None:
    """A process counts and ends without a word, as one that was killed."""
    process = os.fork()
    if process == 0:
        own = metrics.of_process(number)
        for _ in range(questions):
            own.count("citewell_questions_total", "answered")
        own.set("citewell_questions_in_progress", 1)
        os._exit(0)
    assert os.waitpid(process, 0)[1] == 0


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_processes_give_the_sums_of_all_and_one_that_takes_the_place_of_another_goes_on() -> None:
    metrics = Metrics(processes=2)
    in_a_fork(metrics, 0, 3)
    in_a_fork(metrics, 1, 4)
    assert found(metrics, "citewell_questions_total", "answered") == 7
    assert found(metrics, "citewell_questions_in_progress") == 2
    in_a_fork(metrics, 1, 5)
    assert found(metrics, "citewell_questions_total", "answered") == 12
    assert found(metrics.of_process(1), "citewell_questions_total", "answered") == 12
    assert found(metrics, "citewell_questions_in_progress") == 1, "the one that began anew works on nothing"


def test_there_are_as_many_processes_as_were_said() -> None:
    with pytest.raises(ValueError, match="process 2 of 2"):
        Metrics(processes=2).of_process(2)


def test_names_are_as_prometheus_wants_them() -> None:
    names = [metric.name for metric in TABLE]
    assert len(set(names)) == len(names)
    for metric in TABLE:
        assert re.fullmatch(r"citewell_[a-z_]+", metric.name)
        assert metric.name.endswith("_total") == (metric.kind is MetricKind.COUNTER), metric.name
        assert metric.name.endswith("_seconds") == (metric.kind is MetricKind.HISTOGRAM), metric.name
        assert list(metric.bounds) == sorted(metric.bounds)
        assert metric.help.endswith(".")
        assert bool(metric.label) == (metric.values != ("",))
