"""The figures of an evaluation as one page to read: plots, tables and the worst cases, in one file without scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from rag.errors import InputError

_TEMPLATES = Path(__file__).parent / "templates"
# The plots' inner square, in units of their view box, and where it begins.
_SIDE, _LEFT, _TOP = 240, 40, 12


def check_writable(path: Path) -> None:
    """Raises InputError when no file can be written there: before the long work, not after it."""
    if path.is_dir():
        raise InputError(f"{path} is a folder; expected the name of a file to write.")
    if not path.parent.is_dir():
        raise InputError(f"{path} cannot be written: there is no folder {path.parent}. Make it first.")
    try:
        with path.open("a", encoding="utf-8"):
            pass
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}. Name another file.") from error


def write_file(path: Path, text: str) -> None:
    """Write a page, or figures as JSON, where `check_writable` found room. Raises InputError when that fails."""
    try:
        path.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}.") from error


def render_report(figures: Mapping[str, Any], *, title: str, when: datetime) -> str:
    """The page for what `summarise` gives, as HTML. All text of documents and questions in it is escaped."""
    return _render("report.html", figures, title=title, when=when)


def render_desk(figures: Mapping[str, Any], *, title: str, when: datetime) -> str:
    """The page for what `summarise_desk` gives, as HTML. All text of documents and questions in it is escaped."""
    return _render("desk.html", figures, title=title, when=when)


def _render(template: str, figures: Mapping[str, Any], *, title: str, when: datetime) -> str:
    environment = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined)
    environment.filters |= {"percent": _percent, "three_places": _three_places}
    return environment.get_template(template).render(
        figures=figures,
        title=title,
        when=when.strftime("%Y-%m-%d %H:%M UTC"),
        plot={"side": _SIDE, "left": _LEFT, "top": _TOP},
        reliability=[_place(b["confidence"], b["right"]) | b for b in figures["reliability"]],
        risk=_line([(p["coverage"], p["wrong"]) for p in figures["risk_coverage"]]),
        largest=max((b["count"] for b in figures["reliability"]), default=1),
    )


def _place(x: float, y: float) -> dict[str, float]:
    """Where the point (x, y) of the unit square lies in a plot."""
    return {"x": round(_LEFT + x * _SIDE, 1), "y": round(_TOP + (1 - y) * _SIDE, 1)}


def _line(points: Sequence[tuple[float, float]]) -> str:
    """The points as an SVG polyline."""
    placed = [_place(x, y) for x, y in points]
    return " ".join(f"{p['x']},{p['y']}" for p in placed)


def _percent(share: float | None) -> str:
    """0.1234 as "12.3 %"; a dash for what there is none of."""
    return "\u2013" if share is None else f"{share * 100:.1f}\u202f%"


def _three_places(value: float | None) -> str:
    """0.12345 as "0.123"; a dash for none."""
    return "\u2013" if value is None else f"{value:.3f}"
