from __future__ import annotations

import datetime
import io
import re
import sys
from types import FrameType

import openpyxl
import pytest

from rag.errors import UnreadableDocument
from rag.read.office.xlsx import read_xlsx
from tests.support.office_files import archive, sections, unpacked


def saved(book: openpyxl.Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def book(*rows: tuple[object, ...], name: str = "Rooms") -> openpyxl.Workbook:
    made = openpyxl.Workbook()
    made.active.title = name
    for row in rows:
        made.active.append(row)
    return made


def test_a_sheet_is_a_page_under_its_name_and_a_row_names_its_columns() -> None:
    made = book(("Room", "Seats"), ("Aula", 120))
    second = made.create_sheet("Fees")
    for row in (("What", "Fee"), ("Course", 40.5)):
        second.append(row)
    assert sections(read_xlsx, saved(made)) == {
        "Room: Aula; Seats: 120": ("Rooms", 1),
        "What: Course; Fee: 40.5": ("Fees", 2),
    }


@pytest.mark.parametrize(
    ("value", "number_format", "shown"),
    [
        (datetime.date(2026, 3, 1), "dd.mm.yyyy", "2026-03-01"),
        (datetime.datetime(2026, 3, 1, 14, 5), "yyyy-mm-dd hh:mm", "2026-03-01 14:05"),
        (datetime.time(14, 5), "hh:mm", "14:05"),
        (0.125, "0.0%", "12.5%"),
        (0.1 + 0.2, "0.0", "0.3"),
        (1234567.0, "#,##0", "1234567"),
        (1e20, "General", "1e+20"),
        (True, "General", "TRUE"),
        ("two\nlines", "General", "two lines"),
    ],
)
def test_values_are_written_as_people_write_them(value: object, number_format: str, shown: str) -> None:
    made = book(("What", "Value"), ("It", value))
    made.active["B2"].number_format = number_format
    assert list(sections(read_xlsx, saved(made))) == [f"What: It; Value: {shown}"]


def test_lines_above_the_table_and_an_empty_left_column() -> None:
    made = book((None, "Rooms of the house"), (), (None, "Room", "Seats"), (None, "Aula", 120), (None, "Hall", 90))
    assert list(sections(read_xlsx, saved(made))) == [
        "Rooms of the house",
        "Room: Aula; Seats: 120",
        "Room: Hall; Seats: 90",
    ]


def test_a_formula_without_a_stored_value_is_told_of() -> None:
    made = book(("Room", "Seats"), ("Aula", "=60*2"))
    content = read_xlsx(saved(made))
    assert content.text.endswith("Room: Aula")
    assert content.warnings == ("1 formula(s) have no stored value; open and save it in a spreadsheet program",)


def test_a_hidden_sheet_is_told_of() -> None:
    made = book(("Room", "Seats"), ("Aula", 120))
    second = made.create_sheet("Secret")
    second.append(("Words", "More"))
    second.append(("Here", "There"))
    second.sheet_state = "hidden"
    assert read_xlsx(saved(made)).warnings == ("the sheet Secret is hidden; it was read too",)


def test_a_size_that_the_file_makes_up_is_not_believed() -> None:
    data = saved(book(("Room", "Seats"), ("Aula", 120)))
    files = unpacked(data)
    sheet = files["xl/worksheets/sheet1.xml"]
    files["xl/worksheets/sheet1.xml"] = re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1:XFD1048576"', sheet)
    assert list(sections(read_xlsx, archive(files))) == ["Room: Aula; Seats: 120"]


def test_rows_that_are_left_out_are_not_walked_cell_by_cell() -> None:
    """A cell in the last row of all, and as far to the right as there is one, in a file of two kilobytes."""
    files = unpacked(saved(book(("Room", "Seats"), ("Aula", 120))))
    far = b'<row r="1000"><c r="XFD1000"><v>7</v></c></row><row r="1048576"><c r="A1048576"><v>8</v></c></row>'
    sheet = files["xl/worksheets/sheet1.xml"]
    files["xl/worksheets/sheet1.xml"] = sheet.replace(b"</sheetData>", far + b"</sheetData>")
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        content = read_xlsx(archive(files))
    finally:
        sys.setprofile(None)
    assert "Room: Aula; Seats: 120" in content.text
    assert content.warnings == ("of the sheet Rooms only the first 200,000 rows were read",)
    assert calls < 1_000_000, "it was a thousand for each row"


@pytest.mark.parametrize("data", [archive({"xl/workbook.xml": "<x/>"}), b"PK\3\4 no more", b"a;b\n1;2\n"])
def test_what_is_no_workbook_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableDocument, match=r"an Excel workbook \(\.xlsx\) was expected"):
        read_xlsx(data)
