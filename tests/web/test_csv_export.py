"""No cell that people wrote is computed by a spreadsheet program, and every cell comes back as it was."""

from __future__ import annotations

import csv
import io

import pytest

from web.csv_export import inert, to_csv


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1+1",
        "\r=1+1",
        "\n=1+1",
        "  =1+1",
        '"=1+1',
        "＝1+1",
        "a;=1+1",
        "a\t=1+1",
        "a\n=cmd|' /C calc'!A0",
        "' =1",
    ],
)
def test_what_would_be_a_formula_is_text(text: str) -> None:
    guarded = inert(text)
    assert guarded != text
    for cell in guarded.replace("\t", ";").replace("\n", ";").replace("\r", ";").split(";"):
        assert cell.lstrip(" \"'")[:1] not in set("=+-@＝") or "'" in cell


@pytest.mark.parametrize("text", ["When is it open?", "1 - 1 = 0", "a-b", "mail@example.org", "", "«=»"])
def test_what_is_harmless_stays(text: str) -> None:
    assert inert(text) == text


def test_the_file_is_what_a_reader_of_csv_reads() -> None:
    rows = [["Who, “where”?", 3, "two\nlines"], ['say "when"', 0, "größer"]]
    data = to_csv(["question", "asked", "comments"], rows)
    assert data.startswith(b"\xef\xbb\xbf")
    read = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert read == [["question", "asked", "comments"], *[[str(cell) for cell in row] for row in rows]]
