"""The table of metrics, made of what is counted and what is measured."""

from __future__ import annotations

from collections.abc import Iterator

from docs.generate.markdown import table
from rag.app import PROBLEMS
from rag.metrics import TABLE, MetricKind
from web.api.exposition import MEASURED, PROBLEM, READY


def metrics_lines() -> Iterator[str]:
    """The lines of the table."""
    rows = [
        [f"`{metric.name}`", metric.kind.value, _label(metric.label, metric.values), metric.help] for metric in TABLE
    ]
    rows += [[f"`{name}`", MetricKind.GAUGE.value, "", about] for name, about, _ in MEASURED]
    rows += [[f"`{READY[0]}`", MetricKind.GAUGE.value, "", READY[1]]]
    rows += [[f"`{PROBLEM[0]}`", MetricKind.GAUGE.value, _label("name", PROBLEMS), PROBLEM[1]]]
    yield from table(["metric", "kind", "label and its values", "what it says"], rows)


def _label(name: str, values: tuple[str, ...]) -> str:
    return f"`{name}`: {', '.join(values)}" if name else ""
