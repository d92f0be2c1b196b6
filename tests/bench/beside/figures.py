"""What was measured, brought together: percentiles, accuracy, and for each rival which of its variants counts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

OURS = "citewell"


@dataclass(frozen=True, slots=True)
class Variant:
    """A program, and how many passages it reads for an answer."""

    program: str
    read: int

    def __str__(self) -> str:
        return f"{self.program}, {self.read} read"


@dataclass(frozen=True, slots=True)
class Sample:
    """One question to one variant: seconds, by stage where known, and whether the sentence was right."""

    seconds: float
    right: bool
    failed: bool
    stages: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Summary:
    """A variant over all questions. Seconds; `right` is a share of the questions, failures counting as wrong."""

    variant: Variant
    is_default: bool
    questions: int
    right: float
    failed: int
    p50: float
    p95: float
    p99: float
    stages: Mapping[str, Sequence[float]] = field(hash=False)  # the same three of each


@dataclass(frozen=True, slots=True)
class Footprint:
    """A program beside answering. Seconds and bytes; medians where there are several rounds, None where not told."""

    program: str
    passages_a_second: float
    ready: float  # from the start of the process until a question can be asked
    first_answer: float  # until the first one is answered
    memory: int | None  # after some questions
    index: int
    weights: int
    environment: int


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of them does not exceed. Raises ValueError for no values."""
    if not values or not 0 < share <= 1:
        raise ValueError(f"the percentile {share} of {len(values)} values was asked for; expected 0..1 of one or more")
    # Rounded first: 0.07 * 100 is a hair more than 7 in binary.
    return sorted(values)[math.ceil(round(share * len(values), 6)) - 1]


def _percentiles(values: Sequence[float]) -> tuple[float, float, float]:
    return percentile(values, 0.5), percentile(values, 0.95), percentile(values, 0.99)


def summarise(variant: Variant, samples: Sequence[Sample], *, is_default: bool) -> Summary:
    """The figures of one variant."""
    p50, p95, p99 = _percentiles([sample.seconds for sample in samples])
    names = dict.fromkeys(name for sample in samples for name in sample.stages)
    return Summary(
        variant=variant,
        is_default=is_default,
        questions=len(samples),
        right=sum(sample.right for sample in samples) / len(samples),
        failed=sum(sample.failed for sample in samples),
        p50=p50,
        p95=p95,
        p99=p99,
        stages={name: _percentiles([s.stages[name] for s in samples if name in s.stages]) for name in names},
    )


def ours(summaries: Sequence[Summary]) -> Summary:
    """Ours at its default. Raises ValueError when it was not measured."""
    found = [s for s in summaries if s.variant.program == OURS and s.is_default]
    if len(found) != 1:
        raise ValueError(f"{len(found)} defaults of {OURS} among {len(summaries)} variants; expected one")
    return found[0]


def default_of(program: str, summaries: Sequence[Summary]) -> Summary | None:
    """The variant that a program has by default."""
    return next((s for s in summaries if s.variant.program == program and s.is_default), None)


def fastest_as_good(program: str, summaries: Sequence[Summary]) -> Summary | None:
    """The variant of a program with the lowest median that is right at least as often as ours; None if none is."""
    least = ours(summaries).right
    good = [s for s in summaries if s.variant.program == program and s.right >= least]
    return min(good, key=lambda summary: summary.p50, default=None)


def best_of(program: str, summaries: Sequence[Summary]) -> Summary:
    """The variant of a program that is right most often, the fastest of several."""
    return max((s for s in summaries if s.variant.program == program), key=lambda s: (s.right, -s.p50))


def rivals(summaries: Sequence[Summary]) -> list[str]:
    """The other programs, in the order in which they were measured."""
    return list(dict.fromkeys(s.variant.program for s in summaries if s.variant.program != OURS))
