"""How a search grows with the documents, as a picture: milliseconds and megabytes over passages, logarithmic. SVG."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from tests.bench.picture import picture

_WIDTH, _HEIGHT, _TOP, _FOOT = 860, 330, 56, 46
_PANEL, _LEFT, _LABELS = 430, 58, 132  # of each of two panels: its width, room left of its axis, room right of it
_COLOURS = {
    "a": ("#0a6b4f", "#4fd1a5"),
    "b": ("#8a4b12", "#f0a860"),
    "c": ("#3a4fb8", "#9aa8ff"),
    "d": ("#9b2f6b", "#f08fc0"),
}
_STYLE = """  text { font-size: 12px; }
  .title { font-size: 14px; }
  polyline { fill: none; stroke-width: 2; }
"""


@dataclass(frozen=True, slots=True)
class Line:
    """Values above 0 by numbers of passages."""

    name: str
    points: Sequence[tuple[int, float]]


@dataclass(frozen=True, slots=True)
class Panel:
    """Lines over the same axes."""

    title: str
    lines: Sequence[Line]


def growth_panels(whole: Mapping[str, Mapping[str, Any]], alone: Mapping[str, Any] | None) -> list[Panel]:
    """What is drawn of the figures of `tests.bench.scale`, and of the index alone where that was measured."""

    def line(name: str, *path: str, more: float | None = None) -> Line:
        points = [(int(size), _at(figures, *path)) for size, figures in whole.items()]
        return Line(name, points if alone is None or more is None else [*points, (int(alone["size"]), more)])

    further = _of_index(alone) if alone else {}
    milliseconds = [
        line("all, 95 in 100", "search_ms", "p95"),
        line("all, median", "search_ms", "p50"),
        line("nearest, median", "steps_ms", "vectors", "p50", more=further.get("vectors")),
        line("words, median", "steps_ms", "words", "p50", more=further.get("words")),
    ]
    megabytes = [
        line("database on disk", "disk_mb", "citewell.sqlite"),
        line("index on disk", "disk_mb", "index", more=further.get("disk")),
        line("resident", "memory_mb", "all", more=further.get("all")),
        line("of it not mapped", "memory_mb", "own", more=further.get("own")),
    ]
    return [Panel("Milliseconds of a search", milliseconds), Panel("Megabytes", megabytes)]


def _of_index(alone: Mapping[str, Any]) -> dict[str, float]:
    """The figures of the index alone that continue a line; of several numbers of clusters looked into, the first."""
    probed = next(iter(alone["vectors_ms"].values()))
    return {
        "vectors": probed["p50"],
        "words": alone["words_ms"]["p50"],
        "disk": sum(alone["disk_mb"].values()),
        "all": alone["memory_mb"]["all"],
        "own": alone["memory_mb"]["own"],
    }


def growth_plot(panels: Sequence[Panel]) -> str:
    """The whole picture, the panels side by side."""
    title = "; ".join(panel.title for panel in panels) + " over passages"
    body = [part for number, panel in enumerate(panels) for part in _panel(panel, number * _PANEL)]
    return picture(body, width=_WIDTH, height=_HEIGHT, title=title, colours=_COLOURS, style=_STYLE)


def spread(wanted: Sequence[float], least: float) -> list[float]:
    """Places near the wanted ones, in the same order from top to bottom, each `least` below the one before."""
    places: dict[int, float] = {}
    before = -math.inf
    for number in sorted(range(len(wanted)), key=wanted.__getitem__):
        before = places[number] = max(wanted[number], before + least)
    return [places[number] for number in range(len(wanted))]


def _panel(panel: Panel, left: float) -> Iterator[str]:
    points = [point for line in panel.lines for point in line.points]
    x0, x1 = _decades([size for size, _ in points])
    y0, y1 = _decades([value for _, value in points])

    def x(size: float) -> float:
        return left + _LEFT + (math.log10(size) - x0) / max(x1 - x0, 1) * (_PANEL - _LEFT - _LABELS)

    def y(value: float) -> float:
        return _HEIGHT - _FOOT - (math.log10(value) - y0) / max(y1 - y0, 1) * (_HEIGHT - _TOP - _FOOT)

    yield f'<text class="title" x="{left + 16}" y="26">{escape(panel.title)}</text>'
    for power in range(y0, y1 + 1):
        at = y(10.0**power)
        yield f'<line class="grid" x1="{x(10.0**x0):.1f}" x2="{x(10.0**x1):.1f}" y1="{at:.1f}" y2="{at:.1f}"/>'
        label = f"{10.0**power:,.10g}"
        yield f'<text class="soft" x="{x(10.0**x0) - 8:.1f}" y="{at + 4:.1f}" text-anchor="end">{label}</text>'
    for power in range(x0, x1 + 1):
        at = x(10.0**power)
        yield f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{_TOP}" y2="{_HEIGHT - _FOOT}"/>'
        label = f"{10**power // 1_000_000} M" if power >= 6 else f"{10**power // 1_000}k"
        yield f'<text class="soft" x="{at:.1f}" y="{_HEIGHT - _FOOT + 18}" text-anchor="middle">{label}</text>'
    middle = (x(10.0**x0) + x(10.0**x1)) / 2
    yield f'<text class="soft" x="{middle:.1f}" y="{_HEIGHT - 8}" text-anchor="middle">passages</text>'
    names = spread([y(line.points[-1][1]) for line in panel.lines], 15)
    for line, colour, name in zip(panel.lines, _COLOURS, names, strict=False):
        drawn = " ".join(f"{x(size):.1f},{y(value):.1f}" for size, value in line.points)
        yield f'<polyline points="{drawn}" stroke="var(--{colour})"/>'
        for size, value in line.points:
            yield f'<circle cx="{x(size):.1f}" cy="{y(value):.1f}" r="3.5" fill="var(--{colour})"/>'
        end = x(line.points[-1][0]) + 9
        yield f'<text x="{end:.1f}" y="{name + 4:.1f}" style="fill: var(--{colour})">{escape(line.name)}</text>'


def _decades(values: Sequence[float]) -> tuple[int, int]:
    """The powers of ten around the values."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)


def _at(figures: Mapping[str, Any], *path: str) -> float:
    """A number in figures within figures; nothing is drawn at 0, so it is at least a hundredth."""
    found: Any = figures
    for name in path:
        found = found[name]
    return max(float(found), 0.01)
