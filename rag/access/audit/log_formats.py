"""The audit log written out, for other programs: JSON lines, or a table."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator

from rag.access.audit.reading import AuditEntry

_COLUMNS = (
    "number",
    "at",
    "kind",
    "person",
    "method",
    "address",
    "whom",
    "question",
    "searched",
    "question_hash",
    "is_erased",
    "facts",
    "hash",
)
# A cell that begins so is a formula to a spreadsheet.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_json_lines(entries: Iterable[AuditEntry]) -> Iterator[str]:
    """An object for each entry, each on a line of its own, in ASCII."""
    for entry in entries:
        yield json.dumps(entry.body(), ensure_ascii=True) + "\n"


def as_csv(entries: Iterable[AuditEntry]) -> Iterator[str]:
    """A line with the names of the columns, and one for each entry; its facts are one cell of JSON.

    Line breaks and control characters within a cell are escaped, and nothing in it is a formula.
    """
    yield _row(_COLUMNS)
    for entry in entries:
        values = entry.body()
        values["facts"] = json.dumps(values["facts"], ensure_ascii=True)
        yield _row(_cell(values[name]) for name in _COLUMNS)


def _row(cells: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()


def _cell(value: object) -> str:
    text = "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in str(value))
    return f"'{text}" if text.startswith(_FORMULA) else text
