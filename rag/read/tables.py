"""A table as rows of strings, as a file has them, to blocks: which row names the columns, and where the table begins.

A name is put before a cell only where there is no doubt that it belongs there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.read.layout import Layout
from rag.records import BlockKind

_SAMPLE_ROWS = 1_000
# Every row repeats the names: a small file of long names and short cells would become gigabytes.
_MAX_CHARS = 30_000_000
_MAX_NAME_CHARS = 120

# 1.234,50 or -3e5 or 12 % or € 5; 2024-01-31, 31.1.2024 or 14:05; a mail or web address.
_NUMBER = re.compile(r"[^\w\s]?\s?[-+]?\(?\d[\d.,'\s]*(?:e[-+]?\d+)?\)?\s?[^\w\s]?", re.IGNORECASE)
_MOMENT = re.compile(r"\d{1,4}[-./:]\d{1,2}(?:[-./:]\d{1,4})?(?:[T ].*)?")
_ADDRESS = re.compile(r"\S+@\S+\.\S+|https?://\S+")
_YEAR = re.compile(r"(?:19|20)\d\d")

_NO_NAMES = "no row of column names was found, so the cells stand without names"


def add_table(
    layout: Layout,
    rows: Sequence[Sequence[str]],
    width: int,
    *,
    delimiter: str = " ",
    page: int | None = None,
    has_names: bool | None = None,
) -> tuple[str, ...]:
    """Add the lines above the table as paragraphs, then a block for each row; gives warnings.

    `width` is the number of columns that hold anything; `delimiter` joins the cells of a line above the table.
    `has_names` says whether the first row names the columns; None: find it out.
    """
    start = 0 if has_names else _first_row(rows, width)
    for row in rows[:start]:
        layout.add(BlockKind.PARAGRAPH, delimiter.join(_without_empty_end(row)), page=page)
    table = list(rows[start:])
    if has_names is None:
        has_names = _are_names(table)
    names = table.pop(0) if has_names and len(table) > 1 else []
    warnings = (_NO_NAMES,) if not names and len(table) > 1 else ()
    return warnings + _add_rows(layout, names, table, page)


def _first_row(rows: Sequence[Sequence[str]], width: int) -> int:
    """Where the table begins: at the first row with most of its cells filled."""
    for number, row in enumerate(rows):
        filled = sum(bool(cell.strip()) for cell in row)
        # The column of row numbers has no name.
        if filled > width // 2 or (filled == width - 1 and not row[0].strip()):
            return number
    return 0


def _are_names(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row names the columns: words that are no values, or years above what are none."""
    if len(rows) < 2:
        return False
    below = rows[1 : 1 + _SAMPLE_ROWS]
    for column, cell in enumerate(cell.strip() for cell in rows[0]):
        if _YEAR.fullmatch(cell):
            if any(_YEAR.fullmatch(row[column].strip()) for row in below if column < len(row)):
                return False
        elif len(cell) > _MAX_NAME_CHARS or any(kind.fullmatch(cell) for kind in (_NUMBER, _MOMENT, _ADDRESS)):
            return False
    return any(cell.strip() and not _YEAR.fullmatch(cell.strip()) for cell in rows[0])


def _add_rows(layout: Layout, names: Sequence[str], rows: Sequence[Sequence[str]], page: int | None) -> tuple[str, ...]:
    """Add the rows, at most _MAX_CHARS of them; warnings about those that do not fit their names."""
    longer = chars = 0
    for number, row in enumerate(rows):
        cells = _without_empty_end(row)
        is_longer = bool(names) and len(cells) > len(names)
        longer += is_longer
        shown = () if is_longer else names[: len(cells)]
        chars += sum(map(len, cells)) + sum(map(len, shown))
        if chars > _MAX_CHARS:
            return (f"only the first {number:,} rows were read, as the names of the columns are repeated in each",)
        if len(row) == 1:
            layout.add(BlockKind.PARAGRAPH, row[0], page=page)  # a line of words between or under the rows
        else:
            layout.add_table(shown, [cells], page=page)
    if longer:
        return (f"{longer:,} row(s) have more cells than there are column names, so their cells stand without names",)
    return ()


def _without_empty_end(row: Sequence[str]) -> list[str]:
    filled = [column for column, cell in enumerate(row) if cell.strip()]
    return list(row[: filled[-1] + 1]) if filled else []
