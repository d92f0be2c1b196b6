"""The tables of `rag evaluate --desk`: a row for each collection, wording and kind, and how far confidence holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.text import Text

from rag.cli.console import err, out

# What a column is called, and the figure in it.
_COLUMNS = {
    "asked": "questions",
    "answerable": "answerable",
    "in 1": "recall_at_1",
    "in 5": "recall_at_5",
    "in 20": "recall_at_20",
    "first": "top_sentence_accuracy",
    "shown": "any_sentence_accuracy",
    "answered": "answered_share",
    "possible": "possible_share",
    "declined": "declined_share",
    "wrong": "wrong_answer_rate",
    "none right": "possible_wrong_rate",
    "AUC": "answerable_auc",
    "ECE": "calibration_error",
}


def print_desk(figures: Mapping[str, Any]) -> None:
    """The figures of `summarise_desk` but the worst cases, which the page tells; what could not be measured as well."""
    pooled = figures["pooled"]
    _print_groups("collection", {**figures["collections"], "all together": pooled})
    _print_groups("wording", figures["by_wording"])
    if figures["by_kind"]:
        _print_groups("kind", figures["by_kind"])
    _print_curves(figures)
    out.print(f"Mean AUC of the collections: {_cell(pooled['mean_auc'])}")
    out.print(f"Milliseconds: median {pooled['latency_ms']['p50']}, 95 in 100 at most {pooled['latency_ms']['p95']}")
    for gold in figures["unmatched"]:
        place = f"{gold['collection']}, line {gold['line']}, {gold['file']}"
        err.print(Text(f"warning: {place}: no stored sentence says: {gold['sentence']}", style="yellow"))
    for file in figures["unread"]:
        err.print(Text(f"warning: {file['collection']}: {file['file']} was not read. {file['error']}", style="yellow"))


def _print_groups(name: str, groups: Mapping[str, Mapping[str, Any]]) -> None:
    rows = [[group, *(_cell(figures[figure]) for figure in _COLUMNS.values())] for group, figures in groups.items()]
    _print_table([name, *_COLUMNS], rows)


def _print_curves(figures: Mapping[str, Any]) -> None:
    out.print("Confidence, and how often the best sentence is right")
    bins = [
        [f"from {row['from']}", str(row["count"]), _cell(row["confidence"]), _cell(row["right"])]
        for row in figures["reliability"]
    ]
    _print_table(["confidence", "questions", "mean", "right"], bins)
    out.print("If the best sentence were shown for the surest questions only")
    risk = [[_cell(row["coverage"]), _cell(row["wrong"])] for row in figures["risk_coverage"]]
    _print_table(["share shown", "wrong"], risk)


def _print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """The first column to the left, the others to the right. Rich would cut columns off in a narrow terminal."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, *rows):
        first, *others = (
            cell.rjust(width) if number else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        out.print(Text("  ".join([first, *others])))
    out.print()


def _cell(value: float | None) -> str:
    """A count as it is, a share with three places, "-" for what there is none of."""
    if value is None:
        return "-"
    return str(value) if isinstance(value, int) else f"{value:.3f}"
