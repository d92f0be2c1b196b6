"""What is counted while the program runs: the table of it, and the cells that hold the numbers.

Every series that there can be is in the table, with the values of its one label: nothing that a person, a document or a
question is called can ever become one. Each cell is a float64 in one block of memory. The processes of a server share
the block, and each writes a row of its own; whoever reads adds the rows up, so all of them give the same numbers. A
process that takes the place of another one goes on with its row, so that no count ever falls.
"""

from __future__ import annotations

import mmap
import threading
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

_CELL_BYTES = 8
# Seconds. An answer takes some 30 ms, one of a loaded server seconds.
_ANSWER_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class MetricKind(StrEnum):
    """How a number behaves."""

    COUNTER = "counter"  # only grows, from 0 when the server was started
    GAUGE = "gauge"  # goes up and down
    HISTOGRAM = "histogram"  # how many values there were, under each bound, and their sum


@dataclass(frozen=True, slots=True)
class Metric:
    """One line of the table. Names and units are as Prometheus wants them: base units, `_total` for what only grows."""

    name: str
    kind: MetricKind
    help: str
    label: str = ""
    values: tuple[str, ...] = ("",)  # of the label
    bounds: tuple[float, ...] = ()  # of a histogram, ascending; each is the most that belongs under it

    @property
    def cells(self) -> int:
        """How many cells one value of the label takes: for a histogram one a bound, one above them, and the sum."""
        return len(self.bounds) + 2 if self.kind is MetricKind.HISTOGRAM else 1


TABLE = (
    Metric(
        "citewell_questions_total",
        MetricKind.COUNTER,
        "Questions of people, by how they ended.",
        "outcome",
        ("answered", "possible", "not_found", "no_documents", "not_a_question"),
    ),
    Metric(
        "citewell_question_seconds",
        MetricKind.HISTOGRAM,
        "Time that answering a question of a person took, without waiting in line.",
        bounds=_ANSWER_BUCKETS,
    ),
    Metric(
        "citewell_question_stage_seconds",
        MetricKind.HISTOGRAM,
        "The same by stage; an answer that was remembered has only the stage cache.",
        "stage",
        ("embed", "retrieve", "extract", "read", "cache"),
        _ANSWER_BUCKETS,
    ),
    Metric(
        "citewell_question_wait_seconds",
        MetricKind.HISTOGRAM,
        "Time that questions waited in line before they were worked on.",
        bounds=_ANSWER_BUCKETS,
    ),
    Metric("citewell_questions_waiting", MetricKind.GAUGE, "Questions that wait in line now."),
    Metric("citewell_questions_in_progress", MetricKind.GAUGE, "Questions that are worked on now."),
    Metric(
        "citewell_refusals_total",
        MetricKind.COUNTER,
        "Requests that were refused with 429: too many in a minute from one address, or a line that is too long.",
        "reason",
        ("question_rate", "reading_rate", "question_line", "document_line"),
    ),
    Metric("citewell_wrong_credentials_total", MetricKind.COUNTER, "Passwords, keys and tokens that were wrong."),
    Metric(
        "citewell_http_responses_total",
        MetricKind.COUNTER,
        "Responses by the class of their status.",
        "status",
        ("2xx", "3xx", "4xx", "5xx"),
    ),
    Metric(
        "citewell_ingest_results_total",
        MetricKind.COUNTER,
        "Documents that were brought in through this server, or by a folder that it watches, by what became of them.",
        "status",
        ("created", "updated", "moved", "unchanged", "removed", "failed"),
    ),
    Metric(
        "citewell_ingest_jobs_total",
        MetricKind.COUNTER,
        "Files of other nodes that this server took: made ready, refused by their reader, or lost as it took too long.",
        "result",
        ("made", "refused", "lost"),
    ),
    Metric(
        "citewell_sandbox_files_total",
        MetricKind.COUNTER,
        "Files given to the process that reads them: read, refused by their reader, or stopped over them.",
        "result",
        ("read", "refused", "time", "memory", "broken"),
    ),
    Metric("citewell_sandbox_starts_total", MetricKind.COUNTER, "Reading processes that were started."),
    Metric(
        "citewell_process_starts_total", MetricKind.COUNTER, "Processes that began to answer; more than there are died."
    ),
)


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many values lay in each part between two bounds, the last part above all of them, and their sum."""

    counts: tuple[float, ...]
    sum: float


@dataclass(frozen=True, slots=True)
class Series:
    """What was counted for one value of a label; "" for a metric without one."""

    value: str
    found: float | Histogram


class Metrics:
    """The numbers of one process, and the sums of all that share its memory. Safe to use from several threads."""

    def __init__(self, *, processes: int = 1) -> None:
        """Everything is 0. The memory is shared with the processes that are forked afterwards; see `of_process`."""
        self._table = {metric.name: metric for metric in TABLE}
        self._places: dict[tuple[str, str], int] = {}
        cells = 0
        for metric in TABLE:
            for value in metric.values:
                self._places[metric.name, value] = cells
                cells += metric.cells
        self._row_cells, self._rows = cells, processes
        self._cells = memoryview(mmap.mmap(-1, processes * cells * _CELL_BYTES)).cast("d")
        self._row = 0
        self._lock = threading.Lock()

    def of_process(self, number: int) -> Metrics:
        """The same for the process `number`, from 0, in place of the one before it: what is so now begins at 0."""
        if not 0 <= number < self._rows:
            raise ValueError(f"process {number} of {self._rows}")
        own = object.__new__(Metrics)
        own.__dict__ = self.__dict__ | {"_row": number, "_lock": threading.Lock()}
        for metric in TABLE:
            if metric.kind is MetricKind.GAUGE:
                own.set(metric.name, 0)
        return own

    def count(self, name: str, value: str = "") -> None:
        """Count one more of a counter."""
        self._add(self._place(name, value, MetricKind.COUNTER), 1)

    def set(self, name: str, number: float) -> None:
        """Say what a gauge is in this process."""
        place = self._place(name, "", MetricKind.GAUGE)
        with self._lock:
            self._cells[place] = number

    def change(self, name: str, by: float) -> None:
        """Let a gauge of this process rise or fall."""
        self._add(self._place(name, "", MetricKind.GAUGE), by)

    def observe(self, name: str, seconds: float, value: str = "") -> None:
        """Put a value into a histogram."""
        place, bounds = self._place(name, value, MetricKind.HISTOGRAM), self._table[name].bounds
        with self._lock:
            self._cells[place + bisect_left(bounds, seconds)] += 1
            self._cells[place + len(bounds) + 1] += seconds

    def read(self) -> Iterator[tuple[Metric, list[Series]]]:
        """Each metric with the sums over all processes, in the order of the table."""
        for metric in TABLE:
            yield metric, [Series(value, self._sum(metric, value)) for value in metric.values]

    def _sum(self, metric: Metric, value: str) -> float | Histogram:
        place = self._places[metric.name, value]
        sums = [
            sum(self._cells[row * self._row_cells + place + offset] for row in range(self._rows))
            for offset in range(metric.cells)
        ]
        return Histogram(tuple(sums[:-1]), sums[-1]) if metric.kind is MetricKind.HISTOGRAM else sums[0]

    def _place(self, name: str, value: str, kind: MetricKind) -> int:
        """The first cell of a series in the row of this process. Raises ValueError for one that is not in the table."""
        place = self._places.get((name, value))
        if place is None or self._table[name].kind is not kind:
            raise ValueError(f"the table has no {kind} {name} with the value {value!r}")
        return self._row * self._row_cells + place

    def _add(self, place: int, by: float) -> None:
        with self._lock:
            self._cells[place] += by
