import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import UnreadableDocument
from rag.read import read_bytes
from rag.read.delimited import read_delimited
from rag.records import Source
from tests.support.effort import at_most

NO_NAMES = "no row of column names was found, so the cells stand without names"


def lines(text: str | bytes) -> list[str]:
    content = read_delimited(text.encode() if isinstance(text, str) else text)
    return [block.span.of(content.text) for block in content.blocks]


def warnings(text: str) -> tuple[str, ...]:
    return read_delimited(text.encode()).warnings


def test_each_row_is_a_block_that_names_its_cells() -> None:
    content = read_delimited(b"Part,Price,Stock\nSeal,3 EUR,12\nPump,480 EUR,\n")
    assert [(b.kind.value, b.page, b.section, b.span.of(content.text)) for b in content.blocks] == [
        ("table_row", None, "", "Part: Seal; Price: 3 EUR; Stock: 12"),
        ("table_row", None, "", "Part: Pump; Price: 480 EUR"),
    ]
    assert (content.title, content.warnings) == ("", ())


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_is_found(delimiter: str) -> None:
    rows = [["Part", "Note", "Price"], ["Seal", "soft, black; flat | round", "3"], ["Pump", "loud", "480"]]
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter).writerows(rows)
    expected = ["Part: Seal; Note: soft, black; flat | round; Price: 3", "Part: Pump; Note: loud; Price: 480"]
    assert lines(file.getvalue()) == expected


def test_decimal_commas_are_no_delimiters_and_stay_as_they_are() -> None:
    assert lines("Teil;Preis\nDichtung;3,50\nPumpe;1.480,00\n") == [
        "Teil: Dichtung; Preis: 3,50",
        "Teil: Pumpe; Preis: 1.480,00",
    ]


def test_delimiter_that_the_first_line_declares_is_taken() -> None:
    assert lines("sep=;\na,b;c,d\ne,f;g,h\n") == ["a,b: e,f; c,d: g,h"]


def test_media_type_of_tabs_is_read_in_the_encoding_of_spreadsheets() -> None:
    data = "Ort\tPegel\nKöln\t3,2 m\n".encode("utf-16")
    document = read_bytes(data, Source("a", "", "/docs/levels_2024.tsv", "text/tab-separated-values"))
    assert (document.text, document.source.title) == ("Ort: Köln; Pegel: 3,2 m", "levels 2024")
    assert lines("Ort;Pegel\nKöln;hoch – sehr\n".encode("cp1252")) == ["Ort: Köln; Pegel: hoch – sehr"]


def test_quoted_cell_may_hold_line_breaks_delimiters_and_quotation_marks() -> None:
    assert lines('Part,Note\nSeal,"Keep\ncool, and ""dry"""\nPump,loud\n') == [
        'Part: Seal; Note: Keep cool, and "dry"',
        "Part: Pump; Note: loud",
    ]


def test_lines_above_and_below_the_table_are_paragraphs() -> None:
    text = (
        "Stock of the harbour, all stores\nMade on 3 May 2024,,,\n\nPart,Price,Stock,Place\nSeal,3,12,A\nPump,480,1,B\n"
    )
    content = read_delimited((text + "Prices without tax\n").encode())
    assert [(b.kind.value, b.span.of(content.text)) for b in content.blocks] == [
        ("paragraph", "Stock of the harbour, all stores"),
        ("paragraph", "Made on 3 May 2024"),
        ("table_row", "Part: Seal; Price: 3; Stock: 12; Place: A"),
        ("table_row", "Part: Pump; Price: 480; Stock: 1; Place: B"),
        ("paragraph", "Prices without tax"),
    ]


@pytest.mark.parametrize(
    "first", ["Seal,3", "Seal,3.50 €", "Seal,2024-05-03", "Seal,a@b.org", "Seal,14:05", "Anna,1999"], ids=str
)
def test_first_row_with_a_value_names_nothing(first: str) -> None:
    second = "Ben,2003" if "1999" in first else "Pump,480"
    assert lines(f"{first}\n{second}\n") == [first.replace(",", "; "), second.replace(",", "; ")]
    assert warnings(f"{first}\n{second}\n") == (NO_NAMES,)


def test_years_name_columns_whose_cells_are_no_years() -> None:
    assert lines("Country,2019,2020\nNorway,5.3,5.4\n") == ["Country: Norway; 2019: 5.3; 2020: 5.4"]


def test_column_without_a_name_stands_alone() -> None:
    assert lines(",Part,Price\n1,Seal,3\n2,Pump,480\n") == ["1; Part: Seal; Price: 3", "2; Part: Pump; Price: 480"]


def test_empty_columns_and_empty_rows_are_dropped() -> None:
    assert lines("Part,Empty,Price,,,,\n,,,,,,\nSeal,,3,,,,\n\nPump,,480,,,,\n") == [
        "Part: Seal; Price: 3",
        "Part: Pump; Price: 480",
    ]


def test_two_columns_of_one_name_both_keep_it() -> None:
    assert lines("Part,Price,Price\nSeal,3,4\n") == ["Part: Seal; Price: 3; Price: 4"]


def test_row_with_more_cells_than_names_stands_without_names() -> None:
    text = "Name,Place,Age\nBerg,Oslo,42\nHolm, Anna,Bergen,37\nVik,Moss\n"
    assert lines(text) == ["Name: Berg; Place: Oslo; Age: 42", "Holm; Anna; Bergen; 37", "Name: Vik; Place: Moss"]
    assert warnings(text) == (
        "1 row(s) have more cells than there are column names, so their cells stand without names",
    )


def test_cell_that_a_spreadsheet_would_compute_is_quoted_as_it_is() -> None:
    assert lines("Part,Sum\nSeal,=1+2\nPump,+4\nHose,@SUM(A1)\nRope,-5\n") == [
        "Part: Seal; Sum: =1+2",
        "Part: Pump; Sum: +4",
        "Part: Hose; Sum: @SUM(A1)",
        "Part: Rope; Sum: -5",
    ]


def test_file_of_one_column_is_a_paragraph_a_line() -> None:
    text = "It rained in May.\nIt snowed, too.\nThe harbour froze.\nThe ships left.\nThey came back.\n"
    content = read_delimited(text.encode())
    assert [(b.kind.value, b.span.of(content.text)) for b in content.blocks] == [
        ("paragraph", line) for line in text.splitlines()
    ]


def test_quotation_mark_that_is_never_closed_swallows_nothing() -> None:
    text = 'Part,Size\nHose,"3\nPump,9\n' + "Seal,1\n" * 40
    assert lines(text)[:2] == ['Part: Hose; Size: "3', "Part: Pump; Size: 9"]
    assert len(lines(text)) == 42
    assert warnings(text) == ("a quotation mark is not closed, so quotation marks were read as plain characters",)


def test_rows_over_the_limit_are_left_out_with_a_warning() -> None:
    content = read_delimited(b"Part,Price\n" + b"Seal,3\n" * 60_000)
    assert len(content.blocks) == 49_999  # the names are a row too
    assert content.warnings == ("only the first 50,000 rows were read; 10,001 were left out",)
    exact = read_delimited(b"Part,Price\n" + b"Seal,3\n" * 49_999)
    assert (len(exact.blocks), exact.warnings) == (49_999, ())


def test_columns_over_the_limit_are_left_out_with_a_warning() -> None:
    wide = ",".join(f"c{number}" for number in range(1_500))
    assert warnings(f"{wide}\n{wide}\n") == ("only the first 1,000 columns were read",)
    assert lines(f"{wide}\n{wide}\n")[0].endswith("; c999: c999")


def test_names_repeated_in_every_row_do_not_make_a_small_file_huge() -> None:
    names = ",".join(f"{number} {'name' * 25}" for number in range(1_000))
    data = f"{names}\n" + ("x," * 999 + "x\n") * 2_000
    with at_most(60):
        content = read_delimited(data.encode())
        assert len(content.text) < 35_000_000
        assert "rows were read, as the names of the columns are repeated in each" in content.warnings[0]


def test_cell_without_end_is_refused() -> None:
    with pytest.raises(UnreadableDocument, match=r"a cell of it has more than 131,072 characters; rows of cells were"):
        read_delimited(b"a,b\n" + b"x" * 200_000)


@given(st.lists(st.lists(st.text(st.characters(codec="utf-8"), max_size=8), min_size=2, max_size=5), max_size=12))
def test_any_table_is_read_with_all_its_words(rows: list[list[str]]) -> None:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(rows)
    try:
        content = read_delimited(file.getvalue().encode())
    except UnreadableDocument:
        return
    assert content == read_delimited(file.getvalue().encode())
    for block in content.blocks:
        assert block.span.of(content.text).strip()


@given(st.lists(st.tuples(st.integers(0, 170), st.integers(0, 255)), max_size=20), st.integers(1, 171))
def test_broken_bytes_give_content_or_a_clear_error(flips: list[tuple[int, int]], length: int) -> None:
    data = bytearray(b'Part;Price;Note\nSeal;3,50;"soft\nblack"\nPump;480;loud\n' * 3)
    for position, byte in flips:
        data[position % len(data)] = byte
    try:
        read_delimited(bytes(data[:length]))
    except UnreadableDocument as error:
        assert str(error)
