"""Rows as CSV that a spreadsheet program shows as text, whatever people have typed."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

# What a program takes for the beginning of a formula, at the beginning of a cell; in full width too, which some
# Japanese versions read alike. Where the list separator of the system is a semicolon or a tab, quotes inside a line no
# longer protect, and a cell begins after each of them.
_FORMULA = re.compile(r"((?:^|[;\t\r\n])[\s\"']*)(?=[=+\-@＝＋－＠])")
_BYTE_ORDER_MARK = "\ufeff"


def to_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """The rows under their columns: RFC 4180, every cell in quotes, UTF-8 with a byte order mark, for Excel.

    A text that would be a formula has an apostrophe in front of what makes it one.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([[inert(cell) if isinstance(cell, str) else cell for cell in row] for row in rows])
    return (_BYTE_ORDER_MARK + text.getvalue()).encode("utf-8")


def inert(text: str) -> str:
    """`text` so that no program computes it: "=1+1" -> "'=1+1"; a tab or line break at its start counts too."""
    guarded = _FORMULA.sub(r"\1'", text)
    return f"'{guarded}" if guarded[:1] in ("\t", "\r", "\n", "=", "+", "-", "@") else guarded
