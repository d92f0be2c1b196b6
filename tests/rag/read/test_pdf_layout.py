from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from reportlab.lib import colors
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus import Paragraph, Spacer, Table

from rag.read.pdf.pdf_reader import read_pdf
from tests.support.chromium import find_chromium
from tests.support.pdf_files import (
    BODY,
    INDENTED,
    JUSTIFIED,
    SECTION,
    TITLE,
    Text,
    draw,
    flow,
    found,
    lines,
    prose,
    prose_text,
    texts,
)


class TestParagraphs:
    @pytest.mark.parametrize("columns", [1, 2, 3])
    @pytest.mark.parametrize("style", [BODY, JUSTIFIED, INDENTED], ids=lambda style: style.name)
    def test_a_paragraph_is_one_block_with_single_spaces(self, columns: int, style: ParagraphStyle) -> None:
        expected = [prose_text(number) for number in range(12)]
        read = texts(flow([prose(number, style=style) for number in range(12)], columns=columns))
        assert " ".join(read) == " ".join(expected)
        # A column that ends with a sentence, or before a number, does not plainly go on in the next one.
        assert len(set(expected) & set(read)) >= (11 if columns < 3 else 10)

    def test_it_goes_on_over_the_end_of_a_page_where_it_plainly_does(self) -> None:
        pages = (
            [*lines("It rained all day. The keeper of", "the lamp went to the quay and"), Text(72, 700, "")],
            lines("looked at the boats until the", "night came."),
            lines("Then he slept and", "snored."),
        )
        assert found(draw(*pages)) == [
            (
                *(1, "paragraph", 0),
                "It rained all day. The keeper of the lamp went to the quay and looked at the boats until the night "
                "came.",
            ),
            (3, "paragraph", 0, "Then he slept and snored."),
        ]

    def test_lines_that_were_ended_on_purpose_stay_apart(self) -> None:
        address = ["Anna Berg", "Harbour Street 5", "1234 Westerholm"]
        assert texts(draw([*lines(prose_text(1, sentences=1)), *lines(*address, y=130)])) == [
            prose_text(1, sentences=1),
            *address,
        ]


class TestHyphens:
    @pytest.mark.parametrize(
        ("broken", "elsewhere", "expected"),
        [
            (("the informa-", "tion is here"), "", "the information is here"),
            (("a well-", "known lamp"), "It is well-known.", "a well-known lamp"),
            (("a well-", "known lamp"), "The wellknown lamp.", "a wellknown lamp"),
            (("from 2020-", "2021 on"), "", "from 2020-2021 on"),
            (("near Baden-", "Baden lies"), "", "near Baden-Baden lies"),
            (("it is -", "or was - here"), "", "it is - or was - here"),
            (("a dash --", "and more"), "", "a dash -- and more"),
            (("soft\u00ad", "ware is here"), "", "software is here"),
        ],
    )
    def test_a_word_split_at_the_end_of_a_line(self, broken: tuple[str, str], elsewhere: str, expected: str) -> None:
        first, second = broken
        place = 400 - stringWidth(first, "Helvetica", 10)
        wide = [Text(72, 100, "W" * 28), Text(place, 100, first), Text(72, 112, second)]
        assert texts(draw([*wide, Text(72, 200, elsewhere)]))[0] == f"{'W' * 28} {expected}"


class TestOrder:
    def test_columns_stand_under_a_full_width_heading_and_around_a_full_width_figure(self) -> None:
        left, right = ([prose_text(n, sentences=9) for n in pair] for pair in ((1, 2), (3, 4)))
        page = [Text(72, 60, "Rules of the harbour and of all its boats, in full", 20, "Helvetica-Bold")]
        for x, (above, below) in ((72, left), (310, right)):
            page += lines(*wrapped(above, 215), x=x, y=100)
            page += lines(*wrapped(below, 215), x=x, y=420)
        page.append(Text(90, 380, "Figure 1: a drawing of the harbour, of its quays and of the boats that lie in it."))
        assert texts(draw(page)) == [page[0].text, left[0], right[0], page[-1].text, left[1], right[1]]

    def test_columns_that_the_file_gives_line_by_line_are_read_column_by_column(self) -> None:
        sides = [wrapped(prose_text(n, sentences=9), 215) for n in (1, 2)]
        count = min(map(len, sides))
        page = [
            Text(x, 100 + 12 * row, side[row]) for row in range(count) for x, side in zip((72, 310), sides, strict=True)
        ]
        assert texts(draw(page)) == [" ".join(side[:count]) for side in sides]

    def test_a_page_whose_left_side_is_a_table_has_the_columns_of_the_others(self) -> None:
        sides = [wrapped(prose_text(n, sentences=9), 215) for n in (1, 2)]
        table = [("Boat", "Length in metres"), *((f"Boat {n}", f"{n}8") for n in range(6))]
        last = wrapped(prose_text(3, sentences=9), 215)[:7]
        first = [line for x, side in zip((72, 310), sides, strict=True) for line in lines(*side, x=x)]
        second = [
            Text(x, 100 + 12 * row, text)
            for row, (cells, prose) in enumerate(zip(table, last, strict=True))
            for x, text in zip((72, 200, 310), (*cells, prose), strict=True)
        ]
        assert texts(draw(first, second))[-1] == " ".join(last)

    def test_footnotes_follow_the_text_of_their_page_and_do_not_cut_it(self) -> None:
        pages = (
            [
                *lines("The keeper of the lamp went to the quay, as the rules", "ask of everyone who works there, and"),
                *lines("1 Rules of 1999, page 4.", "2 Not those of 1998.", y=760, leading=10, size=8),
            ],
            [*lines("looked at the boats until the", "night came."), Text(72, 760, "3 Until 1997.", 8)],
        )
        assert found(draw(*pages)) == [
            (
                *(1, "paragraph", 0),
                "The keeper of the lamp went to the quay, as the rules ask of everyone who works there, and looked at "
                "the boats until the night came.",
            ),
            (1, "paragraph", 0, "1 Rules of 1999, page 4."),
            (1, "paragraph", 0, "2 Not those of 1998."),
            (2, "paragraph", 0, "3 Until 1997."),
        ]

    def test_a_page_that_is_turned_is_read_along_its_lines(self) -> None:
        data = draw(lines("It rained all", "day."), rotation=90)
        assert texts(data) == texts(draw(lines("It rained all", "day.")))


class TestHeadings:
    def test_levels_follow_size_and_weight(self) -> None:
        story = [
            Paragraph("Harbour rules", TITLE),
            prose(1),
            Paragraph("Boats", SECTION),
            prose(2),
            Paragraph("<b>Small boats</b>", BODY),
            prose(3),
            Paragraph("Pumps that stand on the quay and serve every boat that comes in at night or by day", SECTION),
            prose(4),
        ]
        assert [item for item in found(flow(story)) if item[1] == "heading"] == [
            (1, "heading", 1, "Harbour rules"),
            (1, "heading", 2, "Boats"),
            (1, "heading", 3, "Small boats"),
            (1, "heading", 2, "Pumps that stand on the quay and serve every boat that comes in at night or by day"),
        ]

    def test_loud_sentences_are_no_headings(self) -> None:
        story = [
            prose(1),
            Paragraph("<b>Never touch the wet pump.</b>", BODY),
            prose(2),
            Paragraph(prose_text(3), SECTION),
        ]
        assert {kind for _, kind, _, _ in found(flow([*story, *map(prose, range(4, 20))]))} == {"paragraph"}


class TestLists:
    def test_items_have_no_marker_and_their_depth(self) -> None:
        page = [
            *lines("Before you start the pump, look at it:"),
            *lines("• Open the valve that is nearest to the quay and", x=72, y=118),
            *lines("wait for the sound.", "Then close it.", x=80, y=130),
            *lines("– It is heavy.", x=90, y=154),
            *lines("• Call the keeper.", y=166),
            *lines("1. Lift it.", "2. Turn it.", "(a) Stop.", y=190),
        ]
        assert found(draw(page)) == [
            (1, "paragraph", 0, "Before you start the pump, look at it:"),
            (1, "list_item", 1, "Open the valve that is nearest to the quay and wait for the sound. Then close it."),
            (1, "list_item", 2, "It is heavy."),
            (1, "list_item", 1, "Call the keeper."),
            (1, "list_item", 1, "Lift it."),
            (1, "list_item", 1, "Turn it."),
            (1, "list_item", 1, "Stop."),
        ]

    @pytest.mark.parametrize("number", ["12.", "1.", "a)", "–"])
    def test_a_number_at_the_start_of_a_line_is_part_of_the_sentence(self, number: str) -> None:
        first = "The harbour was closed to all boats on the afternoon of May"
        page = lines(first, f"{number} It was opened again by the keeper after a few days.")
        assert texts(draw(page)) == [f"{first} {number} It was opened again by the keeper after a few days."]

    def test_items_without_full_stops_count_on(self) -> None:
        page = lines(
            "Bring this before the boat leaves:",
            "1. a rope",
            "2. a lamp",
            "3. a pump",
            "And that:",
            "– a cup",
            "– a hat",
        )
        assert found(draw(page)) == [
            (1, "paragraph", 0, "Bring this before the boat leaves:"),
            (1, "list_item", 1, "a rope"),
            (1, "list_item", 1, "a lamp"),
            (1, "list_item", 1, "a pump"),
            (1, "paragraph", 0, "And that:"),
            (1, "list_item", 1, "a cup"),
            (1, "list_item", 1, "a hat"),
        ]

    def test_a_marker_far_from_its_item_is_no_cell(self) -> None:
        page = [
            Text(x, 100 + 12 * n, text) for n in range(4) for x, text in ((72, f"{n + 1}."), (110, f"Pull rope {n}."))
        ]
        assert found(draw(page)) == [(1, "list_item", 1, f"Pull rope {n}.") for n in range(4)]


class TestTables:
    def test_a_row_names_its_columns(self) -> None:
        rows = [
            ["Part", "Price", "Stock"],
            ["Seal", "3 EUR", "14"],
            ["Big lamp", "12 EUR", ""],
            ["Valve", "7 EUR", "2"],
        ]
        story = [prose(1), Spacer(1, 8), Table(rows), Spacer(1, 8), prose(2)]
        assert found(flow(story))[1:-1] == [
            (1, "table_row", 0, "Part: Seal; Price: 3 EUR; Stock: 14"),
            (1, "table_row", 0, "Part: Big lamp; Price: 12 EUR"),
            (1, "table_row", 0, "Part: Valve; Price: 7 EUR; Stock: 2"),
        ]

    @pytest.mark.parametrize("align", ["TOP", "MIDDLE"])
    def test_cells_of_several_lines_are_one_cell(self, align: str) -> None:
        advice = "Check the fuse and the main switch, then wait for two minutes before it is started by hand."
        rows = [
            ["Fault", "What to do"],
            ["No start at night", advice],
            ["Noise", "Oil it."],
            ["Leak", advice],
        ]
        table = Table([[Paragraph(cell, BODY) for cell in row] for row in rows], colWidths=[60, 200])
        table.setStyle([("FONTNAME", (0, 0), (-1, 0), "Helvetica-Bold"), ("VALIGN", (0, 0), (-1, -1), align)])
        assert texts(flow([table])) == [
            "Fault; What to do",
            f"No start at night; {advice}",
            "Noise; Oil it.",
            f"Leak; {advice}",
        ]

    def test_bold_headers_name_columns_of_words_also_on_the_next_page(self) -> None:
        rows = [["Boat", "Keeper"], *([f"Boat of pier {n}", f"Keeper of lamp {n}"] for n in range(60))]
        table = Table(rows)
        table.setStyle([("FONTNAME", (0, 0), (-1, 0), "Helvetica-Bold"), ("GRID", (0, 0), (-1, -1), 1, colors.black)])
        read = found(flow([table]))
        assert [text for *_, text in read] == [f"Boat: Boat of pier {n}; Keeper: Keeper of lamp {n}" for n in range(60)]
        assert {page for page, *_ in read} == {1, 2}

    def test_a_word_that_begins_under_a_centred_header_by_chance_does_not_cut_its_cell(self) -> None:
        names = [Text(90, 100, "Boat", font="Helvetica-Bold"), Text(300, 100, "What is done", font="Helvetica-Bold")]
        cells = {
            "Ferry": "the lamps of the ferry are lit and its ropes counted",
            "Tug": "the big red boat is painted from the top to the keel",
            "Barge": "12 ropes are counted and written down by the keeper",
        }
        start = 300 - stringWidth("the big red ", "Helvetica", 10)  # "boat" begins exactly under the second name
        rows = [
            Text(x, 120 + 20 * row, text)
            for row, cell in enumerate(cells.items())
            for x, text in zip((72, start), cell, strict=True)
        ]
        assert texts(draw([*lines("Done each spring:", y=80), *names, *rows]))[-3:] == [
            f"Boat: {boat}; What is done: {work}" for boat, work in cells.items()
        ]

    def test_names_with_a_colon_are_headers_of_their_own_row(self) -> None:
        rows = [["Name:", "Anna"], ["Role:", "Keeper of lamps"], ["Phone:", "112"]]
        assert texts(flow([Table(rows)])) == ["Name: Anna", "Role: Keeper of lamps", "Phone: 112"]

    def test_a_table_without_a_clear_header_has_plain_rows(self) -> None:
        rows = [["Anna Berg", "red boat"], ["Bo Lind", "blue boat"], ["Cy Holm", "no boat"]]
        assert texts(flow([Table(rows)])) == ["Anna Berg; red boat", "Bo Lind; blue boat", "Cy Holm; no boat"]


def wrapped(text: str, width: float) -> list[str]:
    """The words of `text` on lines of at most `width` points of Helvetica 10."""
    rows = [""]
    for word in text.split():
        longer = f"{rows[-1]} {word}".strip()
        if stringWidth(longer, "Helvetica", 10) > width:
            rows.append(word)
        else:
            rows[-1] = longer
    return rows


PAGE = """<!doctype html><html lang=en><head><title>Harbour rules</title><style>
@page { size: A4; margin: 2cm } body { font: 12px/1.4 serif } .two { columns: 2; text-align: justify; hyphens: auto }
</style></head><body><h1>Rules of the harbour</h1><p>%(first)s</p><h2>Boats</h2><div class=two><p>%(second)s</p>
<p>%(third)s</p></div><h2>Parts</h2><table><tr><th>Part<th>Price</tr><tr><td>Seal<td>3 EUR</tr>
<tr><td>Lamp, large<td>12 EUR</tr></table><ol><li>Open it.<li>Close it.</ol><p>efficient ﬁsh ﬂow in Ελλάδα &#xE123;</p>
<p dir=rtl>שלום עולם</p></body></html>"""


@pytest.mark.browser
def test_a_page_that_chromium_prints(tmp_path: Path) -> None:
    first, second, third = (prose_text(number, sentences=14) for number in (1, 2, 3))
    (tmp_path / "a.html").write_text(PAGE % {"first": first, "second": second, "third": third}, encoding="utf-8")
    chromium = find_chromium()
    assert chromium
    subprocess.run(
        [
            *(chromium, "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer"),
            *(f"--user-data-dir={tmp_path / 'profile'}", f"--print-to-pdf={tmp_path / 'a.pdf'}", tmp_path / "a.html"),
        ],
        check=True,
        capture_output=True,
        timeout=200,
    )
    data = (tmp_path / "a.pdf").read_bytes()
    content = read_pdf(data)
    assert content.title == "Harbour rules"
    assert content.warnings == (
        "1 drawn character is not named in the file and read as \ufffd; "
        "if that is much, run text recognition (OCR) on it",
    )
    assert [item[1:] for item in found(data)] == [
        ("heading", 1, "Rules of the harbour"),
        ("paragraph", 0, first),
        ("heading", 2, "Boats"),
        ("paragraph", 0, second),
        ("paragraph", 0, third),
        ("heading", 2, "Parts"),
        ("table_row", 0, "Part: Seal; Price: 3 EUR"),
        ("table_row", 0, "Part: Lamp, large; Price: 12 EUR"),
        ("list_item", 1, "Open it."),
        ("list_item", 1, "Close it."),
        ("paragraph", 0, "efficient fish flow in Ελλάδα \ufffd"),
        ("paragraph", 0, "שלום עולם"),
    ]
