"""Excel workbooks (XLSX): a sheet is a page under its name, a row one line of "Header: value".

Values are shown plainly: dates as 2026-03-01, a share of 0.125 formatted as such as 12.5%, numbers without rounding.
A formula counts with the value that was stored with it.
"""

from __future__ import annotations

import datetime
import io
import re
from collections.abc import Iterator, Sequence
from typing import Any

from openpyxl import load_workbook  # type: ignore[import-untyped, unused-ignore]  # it has no types
from openpyxl.styles.numbers import is_date_format  # type: ignore[import-untyped, unused-ignore]  # likewise

from rag.errors import UnreadableDocument
from rag.read.layout import Content, Layout
from rag.read.tables import add_table
from rag.read.zip_container import MAX_MAIN_PART_BYTES, open_archive, read_part, refuse_declarations
from rag.records import BlockKind

_EXPECTED = "an Excel workbook (.xlsx)"
_MAX_ROWS = 50_000  # of a sheet
_MAX_SCANNED_ROWS = 200_000  # empty ones included
_MAX_SCANNED_CELLS = 5_000_000  # likewise; a cell far to the right makes all before it
_MAX_COLUMNS = 1_000
_MAX_SHEETS = 200
_DIGITS = 15  # what Excel itself keeps of a number
_WITHOUT_VALUE = re.compile(rb"</f>\s*(?:<v\s*/>|<v></v>)?\s*</c>|<f[^>]*/>\s*</c>")
_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml")


def read_xlsx(data: bytes) -> Content:
    """The sheets in order. Title: that of the properties.

    Raises UnreadableDocument for what is damaged, protected, or no workbook.
    """
    archive = open_archive(data, _EXPECTED)
    refuse_declarations(archive, _EXPECTED)
    layout = Layout()
    warnings: dict[str, None] = {}
    unknown = sum(
        len(_WITHOUT_VALUE.findall(read_part(archive, name, _EXPECTED, max_bytes=MAX_MAIN_PART_BYTES)))
        for name in archive.namelist()
        if _SHEET.fullmatch(name)
    )
    if unknown:
        warnings[f"{unknown:,} formula(s) have no stored value; open and save it in a spreadsheet program"] = None
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        for number, sheet in enumerate(book.worksheets[:_MAX_SHEETS], start=1):
            warnings |= dict.fromkeys(_add_sheet(layout, sheet, number))
        if len(book.worksheets) > _MAX_SHEETS:
            warnings[f"only the first {_MAX_SHEETS} of {len(book.worksheets)} sheets were read"] = None
        title = " ".join((book.properties.title or "").split())
    except UnreadableDocument:
        raise
    except Exception as error:  # the library says what is wrong with a damaged file in many ways
        raise UnreadableDocument(f"it is damaged; {_EXPECTED} was expected; get the file again") from error
    return layout.content(title=title, warnings=tuple(warnings))


def _add_sheet(layout: Layout, sheet: Any, number: int) -> Iterator[str]:
    """Add a sheet under its name; gives warnings."""
    sheet.reset_dimensions()  # what the file says of its size may be wrong
    rows: list[list[str]] = []
    cells_read = 0
    for scanned, row in enumerate(sheet.iter_rows()):  # each as wide as it is; those that are left out are empty
        cells_read += len(row)
        if len(rows) >= _MAX_ROWS or scanned >= _MAX_SCANNED_ROWS or cells_read > _MAX_SCANNED_CELLS:
            yield f"of the sheet {sheet.title} only the first {scanned:,} rows were read"
            break
        cells = [_shown(cell) for cell in row[:_MAX_COLUMNS]]
        if any(cells):
            rows.append(cells)
    widest = max(map(len, rows), default=0)
    for cells in rows:
        cells += [""] * (widest - len(cells))
    if not rows:
        return
    if sheet.sheet_state != "visible":
        yield f"the sheet {sheet.title} is hidden; it was read too"
    layout.add(BlockKind.HEADING, sheet.title, level=1, page=number)
    width = len({column for row in rows for column, cell in enumerate(row) if cell})
    if width < 2:
        for row in rows:
            layout.add(BlockKind.PARAGRAPH, " ".join(filter(None, row)), page=number)
        return
    yield from add_table(layout, _even(rows), width, page=number)


def _even(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """The rows without the columns on the left that are empty everywhere."""
    first = min(column for row in rows for column, cell in enumerate(row) if cell)
    return [list(row[first:]) for row in rows]


def _shown(cell: Any) -> str:
    """A cell's value as people would write it down; "" for an empty one."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime.datetime):
        has_time = value.time() != datetime.time()
        return value.isoformat(" ", "minutes") if has_time else value.date().isoformat()
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat() if isinstance(value, datetime.date) else value.isoformat("minutes")
    if isinstance(value, int | float):
        number_format = cell.number_format or ""
        if "%" in number_format and not is_date_format(number_format):
            return f"{_number(value * 100)}%"
        return _number(value)
    return " ".join(str(value).split())


def _number(value: float) -> str:
    if isinstance(value, int) or (value.is_integer() and abs(value) < 10**_DIGITS):
        return str(int(value))
    return f"{value:.{_DIGITS}g}"
