"""Metrics and measured as text that Prometheus reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import TYPE_CHECKING

from rag.app import PROBLEMS, Health, Measurements
from rag.metrics import Histogram, Metric, MetricKind, Metrics, Series

if TYPE_CHECKING:
    from prometheus_client import Metric as Family

# What is measured when it is asked for: name, what it is, and how it is had.
MEASURED: tuple[tuple[str, str, Callable[[Measurements], float]], ...] = (
    ("citewell_documents", "Documents that are stored.", lambda measured: measured.documents),
    ("citewell_passages", "Passages that are searched.", lambda measured: measured.passages),
    ("citewell_database_bytes", "Size of the database and its log.", lambda measured: measured.database_bytes),
    ("citewell_index_bytes", "Size of the vector index on the disk.", lambda measured: measured.index_bytes),
    ("citewell_disk_free_bytes", "Room left where the data directory lies.", lambda measured: measured.disk_free_bytes),
    ("citewell_disk_size_bytes", "Size of that disk.", lambda measured: measured.disk_size_bytes),
    (
        "citewell_degraded",
        "1 while the vector index is being rebuilt and passages are found by words alone.",
        lambda measured: measured.degraded,
    ),
    ("citewell_sessions", "Sessions of people who are signed in.", lambda measured: measured.sessions),
    (
        "citewell_maintenance_timestamp_seconds",
        "When `rag maintain` ran last, since 1970; 0 where it never did.",
        lambda measured: measured.maintained.finished if measured.maintained else 0,
    ),
    (
        "citewell_maintenance_failed_steps",
        "Steps of that run that did not go well.",
        lambda measured: len(measured.maintained.failed) if measured.maintained else 0,
    ),
    (
        "citewell_sandbox_missing_protections",
        "Protections that the process which reads files does without on this machine.",
        lambda measured: measured.missing_protections,
    ),
)
# Those that are told of by /readyz: name and what it is.
READY = ("citewell_ready", "1 when questions can be answered, else 0.")
PROBLEM = ("citewell_problem", "1 for each problem that /readyz tells of now, else 0.")


def exposition(metrics: Metrics, measured: Measurements | None, health: Health, version: str) -> bytes:
    """All of it, in the order of the tables; without `measured` what needs none."""
    # Here: it takes part of a start, and not everybody watches.
    from prometheus_client import CollectorRegistry, generate_latest

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collected(metrics, measured, health, version))
    return generate_latest(registry)


class _Collected:
    """What prometheus-client asks for metrics."""

    def __init__(self, metrics: Metrics, measured: Measurements | None, health: Health, version: str) -> None:
        self._metrics = metrics
        self._measured = measured
        self._health = health
        self._version = version

    def collect(self) -> Iterator[Family]:
        """Every metric with its series."""
        from prometheus_client.core import GaugeMetricFamily

        for metric, series in self._metrics.read():
            yield _family(metric, series)
        if self._measured is not None:
            for name, about, measure in MEASURED:
                yield GaugeMetricFamily(name, about, value=float(measure(self._measured)))
        yield GaugeMetricFamily(*READY, value=float(self._health.ready))
        problems = GaugeMetricFamily(*PROBLEM, labels=["name"])
        for name in PROBLEMS:
            problems.add_metric([name], float(any(problem.name == name for problem in self._health.problems)))
        yield problems
        built = GaugeMetricFamily("citewell_build_info", "1, for the version that answers.", labels=["version"])
        built.add_metric([self._version], 1)
        yield built


def _family(metric: Metric, series: list[Series]) -> Family:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

    labels = [metric.label] if metric.label else []
    if metric.kind is MetricKind.HISTOGRAM:
        histogram = HistogramMetricFamily(metric.name, metric.help, labels=labels)
        bounds = [*(str(bound) for bound in metric.bounds), "+Inf"]
        for one in series:
            assert isinstance(one.found, Histogram)  # noqa: S101 - so the table says
            buckets = list(zip(bounds, accumulate(one.found.counts), strict=True))
            histogram.add_metric([one.value][: len(labels)], buckets, one.found.sum)
        return histogram
    family = (CounterMetricFamily if metric.kind is MetricKind.COUNTER else GaugeMetricFamily)(
        metric.name, metric.help, labels=labels
    )
    for one in series:
        assert not isinstance(one.found, Histogram)  # noqa: S101 - likewise
        family.add_metric([one.value][: len(labels)], one.found)
    return family
