"""CSV and TSV: a table as text. Each row becomes one line, "Header: cell; Header: cell", as the file has the cells.

Nothing is computed: a cell that begins with = is quoted as it is. A name is put before a cell only where the file
leaves no doubt that it belongs there.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

from rag.errors import UnreadableDocument
from rag.read.canonical import canonical_text
from rag.read.layout import Content, Layout
from rag.read.tables import add_table
from rag.records import BlockKind

_DELIMITERS = "\t;|,"  # of two that fit as well, the one that prose has less often
_DECLARED_DELIMITER = re.compile(r"sep=([^\w\s\"]|\t)\n", re.IGNORECASE)  # spreadsheets write it above the table
# No canonical text holds a control character: a row after the last one, and what parts the cells of a single column.
_END, _NO_DELIMITER = "\x01", "\x02"
_SAMPLE_ROWS = 1_000
_MIN_EVEN_SHARE = 0.5

_MAX_ROWS = 50_000
_MAX_COLUMNS = 1_000

_OPEN_QUOTE = "a quotation mark is not closed, so quotation marks were read as plain characters"


@dataclass(frozen=True, slots=True)
class _Table:
    """The rows that are kept, each with its cells; `width` is the number of columns that hold anything."""

    rows: list[list[str]]
    delimiter: str
    width: int
    warnings: tuple[str, ...] = ()


def read_delimited(data: bytes) -> Content:
    """The table, and the lines above it as paragraphs. A file of one column is one paragraph a line.

    Raises UnreadableDocument for what is not text, or has a cell of more than 131,072 characters.
    """
    text, warnings = canonical_text(data)
    table = _read_table(text)
    warnings += table.warnings
    layout = Layout()
    if table.width < 2:
        for row in table.rows:
            layout.add(BlockKind.PARAGRAPH, table.delimiter.join(row))
        return layout.content(warnings=warnings)
    return layout.content(warnings=warnings + add_table(layout, table.rows, table.width, delimiter=table.delimiter))


def _read_table(text: str) -> _Table:
    declared = _DECLARED_DELIMITER.match(text)
    delimiter = declared[1] if declared else _find_delimiter(text)
    text = text[declared.end() :] if declared else text
    kept = _kept_rows(text, delimiter, has_quotes=True)
    warnings: tuple[str, ...] = ()
    if kept is None:
        kept = _kept_rows(text, delimiter, has_quotes=False)
        warnings = (_OPEN_QUOTE,)
    if kept is None:
        raise UnreadableDocument(
            f"a cell of it has more than {csv.field_size_limit():,} characters; rows of cells were expected; "
            "save it as plain text"
        )
    rows, left_out = kept
    if left_out:
        warnings += (f"only the first {_MAX_ROWS:,} rows were read; {left_out:,} were left out",)
    if any(len(row) > _MAX_COLUMNS for row in rows):
        rows = [row[:_MAX_COLUMNS] for row in rows]
        warnings += (f"only the first {_MAX_COLUMNS:,} columns were read",)
    width = len({column for row in rows[:_SAMPLE_ROWS] for column, cell in enumerate(row) if cell.strip()})
    return _Table(rows, delimiter, width if any(len(row) > 1 for row in rows) else 1, warnings)


def _rows(text: str, delimiter: str, *, has_quotes: bool = True) -> Iterator[list[str]]:
    lines = io.StringIO(text, newline="")
    if has_quotes:
        return csv.reader(lines, delimiter=delimiter)
    return csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE)


def _kept_rows(text: str, delimiter: str, *, has_quotes: bool) -> tuple[list[list[str]], int] | None:
    """The rows with any cell filled, and how many are over the limit; None when a quotation mark is never closed."""
    kept: list[list[str]] = []
    left_out, row = 0, [""]
    try:
        for row in _rows(f"{text}\n{_END}", delimiter, has_quotes=has_quotes):
            if any(cell.strip() for cell in row):
                if len(kept) <= _MAX_ROWS:
                    kept.append(row)
                else:
                    left_out += 1
    except csv.Error:
        return None
    if row != [_END]:
        return None
    return kept[:-1], left_out  # the end was kept in place of the first row over the limit, or counted as left out


def _find_delimiter(text: str) -> str:
    """The delimiter that gives the most rows of one length; _NO_DELIMITER when none gives a table."""
    found = [(*_evenness(text, delimiter), delimiter) for delimiter in _DELIMITERS]
    rows, _, best = max(found, key=lambda fit: fit[:2])
    return best if rows else _NO_DELIMITER


def _evenness(text: str, delimiter: str) -> tuple[int, int]:
    """How many of the first rows have the commonest length over 1, and that length; (0, 0) when they are too few."""
    lengths: list[int] = []
    with suppress(csv.Error):
        lengths.extend(len(row) for row in islice(_rows(text, delimiter), _SAMPLE_ROWS) if row)
    counts = Counter(length for length in lengths if length > 1)
    if not counts:
        return 0, 0
    rows, length = max((rows, length) for length, rows in counts.items())
    below = len(lengths) - lengths.index(length)  # a table may have lines of prose above it
    return (rows, length) if rows >= _MIN_EVEN_SHARE * below else (0, 0)
