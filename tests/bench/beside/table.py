"""The results as tables in Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from tests.bench.beside.figures import (
    OURS,
    Footprint,
    Summary,
    best_of,
    default_of,
    fastest_as_good,
    ours,
    rivals,
)


def latency_table(summaries: Sequence[Summary]) -> str:
    """A line for each variant: how often right, milliseconds, and how many times as long as ours at the median."""
    us = ours(summaries)
    lines = ["| program and passages read | sentence right | failed | p50 ms | p95 | p99 | times ours |", _rule(7)]
    for one in summaries:
        name = f"**{one.variant}**" if one.variant.program == OURS else str(one.variant)
        times = [f"{seconds * 1000:.0f}" for seconds in (one.p50, one.p95, one.p99)]
        shown = [
            name + " (default)" * one.is_default,
            share(one.right),
            str(one.failed),
            *times,
            ratio(one.p50, us.p50),
        ]
        lines.append(_row(shown))
    return "\n".join(lines)


def verdict_table(summaries: Sequence[Summary]) -> str:
    """For each rival: its default, and its fastest variant that is right as often as ours, or its most accurate one."""
    us = ours(summaries)
    lines = ["| rival | variant | sentence right, ours | p50, times ours | p95, times ours |", _rule(5)]
    for program in rivals(summaries):
        good = fastest_as_good(program, summaries)
        label = "fastest that is right as often" if good else "none is right as often; its most accurate"
        chosen = {best_of(program, summaries) if good is None else good: label}
        if (default := default_of(program, summaries)) is not None:
            chosen = {default: "default"} | {one: f"default, {label}" if one is default else label for one in chosen}
        for one, what in chosen.items():
            cells = [program, f"{what}: {one.variant.read} read", f"{share(one.right)}, {share(us.right)}"]
            lines.append(_row([*cells, ratio(one.p50, us.p50), ratio(one.p95, us.p95)]))
    return "\n".join(lines)


def stage_table(summaries: Sequence[Summary]) -> str:
    """The percentiles of each stage in milliseconds, for the defaults."""
    lines = ["| program | stages, p50 / p95 / p99 ms |", _rule(2)]
    for one in summaries:
        if one.is_default:
            stages = "; ".join(
                f"{name} {' / '.join(f'{value * 1000:.1f}' for value in values)}" for name, values in one.stages.items()
            )
            lines.append(_row([one.variant.program, stages]))
    return "\n".join(lines)


def footprint_table(footprints: Sequence[Footprint]) -> str:
    """A line for each figure, a column for each program, with how it compares with ours: above 1 ours is better."""
    us = next(footprint for footprint in footprints if footprint.program == OURS)
    lines = [_row(["", *(footprint.program for footprint in footprints)]), _rule(1 + len(footprints))]
    for name, value, shown, more_is_better in _FIGURES:
        cells = [name]
        for footprint in footprints:
            cell, theirs, own = _or_dash(value(footprint), shown), value(footprint), value(us)
            if footprint is not us and theirs and own:
                cell += f" ({ratio(own, theirs) if more_is_better else ratio(theirs, own)})"
            cells.append(cell)
        lines.append(_row(cells))
    return "\n".join(lines)


def ratio(theirs: float, own: float) -> str:
    """`theirs` over `own` with two telling figures: "0.84", "5.3", "24"."""
    value = theirs / own
    return f"{value:.2f}" if value < 1 else f"{value:.1f}" if value < 10 else f"{value:.0f}"


def share(value: float) -> str:
    """A share with three places and no leading zero: ".865", "1.000"."""
    return f"{value:.3f}".removeprefix("0")


def megabytes(value: float) -> str:
    """Bytes in MB, with one place under ten."""
    value /= 1e6
    return f"{value:.1f} MB" if value < 10 else f"{value:.0f} MB"


def seconds(value: float) -> str:
    """Seconds with a place or two."""
    return f"{value:.2f} s" if value < 10 else f"{value:.1f} s"


_FIGURES: tuple[tuple[str, Callable[[Footprint], float | None], Callable[[float], str], bool], ...] = (
    ("passages indexed a second", lambda f: f.passages_a_second, lambda value: f"{value:.1f}", True),
    ("process start to ready", lambda f: f.ready, seconds, False),
    ("process start to first answer", lambda f: f.first_answer, seconds, False),
    ("memory (PSS), after some questions", lambda f: f.memory, megabytes, False),
    ("index on disk", lambda f: f.index, megabytes, False),
    ("weights on disk", lambda f: f.weights, megabytes, False),
    ("environment on disk", lambda f: f.environment, megabytes, False),
)


def _or_dash(value: float | None, shown: Callable[[float], str]) -> str:
    return "-" if value is None else shown(value)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _rule(columns: int) -> str:
    return "|---" * columns + "|"
