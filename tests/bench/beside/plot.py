"""The latencies as a picture: a dot for the median, a line to the 95th percentile, on a logarithmic axis. SVG."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape

from tests.bench.beside.figures import OURS, Summary
from tests.bench.beside.table import share
from tests.bench.picture import picture

_WIDTH, _LEFT, _RIGHT, _TOP, _ROW, _FOOT = 860, 230, 110, 64, 26, 44
_COLOURS = {"ours": ("#0a6b4f", "#4fd1a5"), "other": ("#8a4b12", "#f0a860")}
_STYLE = """  .other { stroke: var(--other); fill: var(--other); }
  .ours { stroke: var(--ours); fill: var(--ours); }
  text.ours { stroke: none; font-weight: 600; }
"""


def latency_plot(summaries: Sequence[Summary], *, title: str) -> str:
    """The whole picture, rows in the order given."""
    height = _TOP + _ROW * len(summaries) + _FOOT
    low, high = axis([s.p50 for s in summaries] + [s.p95 for s in summaries])
    body = [
        f'<text class="title" x="16" y="26">{escape(title)}</text>',
        f'<text class="soft" x="{_WIDTH - 16}" y="{_TOP - 12}" text-anchor="end">sentence right</text>',
        *_grid(low, high, height),
    ]
    for number, one in enumerate(summaries):
        body += _row(one, _TOP + _ROW * number + _ROW / 2, low, high)
    return picture(body, width=_WIDTH, height=height, title=title, colours=_COLOURS, style=_STYLE)


def axis(values: Sequence[float]) -> tuple[float, float]:
    """The ends of an axis that holds all the values (seconds, above 0): each 1, 2 or 5 times a power of ten."""
    return max(t for t in _ticks() if t <= min(values)), min(t for t in _ticks() if t >= max(values))


def place(value: float, low: float, high: float) -> float:
    """Where a value stands on the axis, in pixels from the left."""
    share_of = (math.log(value) - math.log(low)) / (math.log(high) - math.log(low)) if high > low else 0.0
    return _LEFT + share_of * (_WIDTH - _LEFT - _RIGHT)


def _ticks() -> Iterator[float]:
    for power in range(-5, 4):
        yield from (step * 10.0**power for step in (1, 2, 5))


def _grid(low: float, high: float, height: int) -> Iterator[str]:
    bottom = height - _FOOT
    for tick in _ticks():
        if low <= tick <= high:
            x = place(tick, low, high)
            yield f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP - 4}" y2="{bottom}"/>'
            label = f"{tick:g} s" if tick >= 1 else f"{tick * 1000:g} ms"
            yield f'<text class="soft" x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{label}</text>'
    note = "from question to answer: a dot for the median, a line to 95 in 100; passages read are in the name"
    yield f'<text class="soft" x="{_LEFT}" y="{height - 8}">{note}</text>'


def _row(one: Summary, y: float, low: float, high: float) -> Iterator[str]:
    kind = "ours" if one.variant.program == OURS else "other"
    name = str(one.variant) + " (default)" * (one.is_default and kind == "other")
    first, last = place(one.p50, low, high), place(one.p95, low, high)
    text = ' class="ours"' if kind == "ours" else ""
    yield f'<text{text} x="{_LEFT - 12}" y="{y + 4:.1f}" text-anchor="end">{escape(name)}</text>'
    yield f'<line class="{kind}" stroke-width="2" x1="{first:.1f}" x2="{last:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'
    yield f'<circle class="{kind}" cx="{first:.1f}" cy="{y:.1f}" r="5"/>'
    yield f'<text{text} x="{_WIDTH - 16}" y="{y + 4:.1f}" text-anchor="end">{share(one.right)}</text>'
