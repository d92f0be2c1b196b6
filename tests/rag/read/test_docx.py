from __future__ import annotations

import pytest

from rag.errors import UnreadableDocument
from rag.read.office.docx import read_docx
from tests.support.office_files import archive, blocks, docx, par, run, sections, table, unpacked

NOTE = '<w:r><w:footnoteReference w:id="{}"/></w:r>'


def read(body: str, **parts: str) -> list[tuple[str, int, str]]:
    return blocks(read_docx, docx(body, **parts))


def test_headings_paragraphs_and_lists_keep_their_order_and_sections() -> None:
    body = (
        par("Leave", "Heading1") + par("Everyone has 28 days.") + par("Illness", "Bereich") + par("Call by nine.")
        + par("A note from a doctor", "ListBullet") + par("Named by hand", properties='<w:outlineLvl w:val="0"/>')
        + par("Nobody pays.")
    )  # fmt: skip
    assert read(body) == [
        ("heading", 1, "Leave"),
        ("paragraph", 0, "Everyone has 28 days."),
        ("heading", 2, "Illness"),  # a style that is based on a heading's
        ("paragraph", 0, "Call by nine."),
        ("list_item", 1, "A note from a doctor"),
        ("heading", 1, "Named by hand"),
        ("paragraph", 0, "Nobody pays."),
    ]
    assert sections(read_docx, docx(body)) == {
        "Everyone has 28 days.": ("Leave", None),
        "Call by nine.": ("Leave > Illness", None),
        "A note from a doctor": ("Leave > Illness", None),
        "Nobody pays.": ("Named by hand", None),
    }


def test_the_table_of_contents_is_left_out() -> None:
    names = ("toc 1", "TOC Heading", "TOCs of the port")
    styles = "".join(
        f'<w:style w:styleId="S{number}"><w:name w:val="{name}"/></w:style>' for number, name in enumerate(names)
    )
    entry = "<w:r><w:t>Leave</w:t><w:tab/><w:t>3</w:t></w:r>"
    body = par("Contents", "S1") + par(entry, "S0") + par("Everyone has 28 days.") + par("It is kept.", "S2")
    assert read(body, styles=styles) == [
        ("paragraph", 0, "Everyone has 28 days."),
        ("paragraph", 0, "It is kept."),
    ]


def test_numbered_by_hand_and_not_numbered_against_the_style() -> None:
    numbered = '<w:numPr><w:ilvl w:val="2"/><w:numId w:val="4"/></w:numPr>'
    plain = '<w:numPr><w:numId w:val="0"/></w:numPr>'
    assert read(par("Deep", properties=numbered) + par("Plain", "ListBullet", plain)) == [
        ("list_item", 3, "Deep"),
        ("paragraph", 0, "Plain"),
    ]


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        (run("It opens ") + "<w:ins>" + run("at nine") + "</w:ins>" + run("."), "It opens at nine."),
        (run("It opens ") + "<w:del><w:r><w:delText>at six</w:delText></w:r></w:del>" + run("late."), "It opens late."),
        (run("Seen ") + run("not seen ", "<w:vanish/>") + run("again."), "Seen again."),
        (run("Seen ") + run("also ", '<w:vanish w:val="0"/>') + run("again."), "Seen also again."),
        ("<w:r><w:t>Page</w:t><w:tab/><w:t>two</w:t><w:br/><w:t>ends.</w:t></w:r>", "Page two ends."),
        ("<w:r><w:instrText>PAGE 3</w:instrText></w:r>" + run("Words."), "Words."),
        ("<w:hyperlink>" + run("A link") + "</w:hyperlink>" + run(" follows."), "A link follows."),
        (
            "<mc:AlternateContent><mc:Choice><w:r><w:t>New.</w:t></w:r></mc:Choice><mc:Fallback><w:r><w:t>Old.</w:t>"
            "</w:r></mc:Fallback></mc:AlternateContent>",
            "New.",
        ),
    ],
    ids=["inserted", "deleted", "hidden", "not hidden", "tab and break", "field code", "link", "alternative"],
)
def test_the_words_are_those_that_are_shown(runs: str, expected: str) -> None:
    assert read(par(runs)) == [("paragraph", 0, expected)]


def test_content_controls_and_text_boxes_are_read() -> None:
    control = f"<w:sdt><w:sdtContent>{par('Inside a form.')}</w:sdtContent></w:sdt>"
    box = par(run("Before.") + f"<w:r><w:pict><w:txbxContent>{par('In the box.')}</w:txbxContent></w:pict></w:r>")
    assert [text for *_, text in read(control + box)] == ["Inside a form.", "Before.", "In the box."]


class TestNotes:
    def test_they_follow_the_text_under_their_numbers(self) -> None:
        body = par(run("The fee is 40 euros") + NOTE.format(7) + run(".")) + par(run("Or less") + NOTE.format(3))
        notes = "".join(
            f'<w:footnote w:id="{number}">{par(text)}</w:footnote>'
            for number, text in ((3, "For pupils."), (7, "Since 2024."))
        )
        assert [text for *_, text in read(body, footnotes=notes)] == [
            "The fee is 40 euros[1].",
            "Or less[2]",
            "[1] Since 2024.",
            "[2] For pupils.",
        ]

    def test_they_come_before_the_next_heading_and_one_of_a_heading_comes_after_it(self) -> None:
        heading = '<w:outlineLvl w:val="0"/>'
        body = (
            par("Fees", properties=heading)
            + par(run("It is 40 euros") + NOTE.format(1))
            + par(run("Hours") + NOTE.format(2), properties=heading)
            + par(run("From eight."))
        )
        notes = "".join(
            f'<w:footnote w:id="{number}">{par(text)}</w:footnote>'
            for number, text in ((1, "Since 2024."), (2, "In winter from nine."))
        )
        assert [text for *_, text in read(body, footnotes=notes)] == [
            "Fees",
            "It is 40 euros[1]",
            "[1] Since 2024.",
            "Hours[2]",
            "From eight.",
            "[2] In winter from nine.",
        ]

    def test_one_that_nothing_refers_to_is_left_out(self) -> None:
        notes = f'<w:footnote w:id="3">{par("Nobody points here.")}</w:footnote>'
        assert [text for *_, text in read(par("Words."), footnotes=notes)] == ["Words."]


class TestTables:
    def test_a_row_names_its_columns(self) -> None:
        rows = table(("Room", "Seats"), ("Aula", "120"), ("Library", "30"), header=True)
        assert read(rows) == [("table_row", 0, "Room: Aula; Seats: 120"), ("table_row", 0, "Room: Library; Seats: 30")]

    def test_cells_of_prose_are_prose(self) -> None:
        long = "The caretaker unlocks the doors every morning before the staff arrives. " * 6
        assert [kind for kind, *_ in read(table((long, "Aside"), ("More.", "Yes.")))] == ["paragraph"] * 4

    def test_a_cell_over_several_rows_counts_for_each(self) -> None:
        def cell(text: str, merge: str = "") -> str:
            return f"<w:tc><w:tcPr>{merge}</w:tcPr>{par(text)}</w:tc>"

        start = '<w:vMerge w:val="restart"/>'
        rows = (
            f"<w:tr><w:trPr><w:tblHeader/></w:trPr>{cell('Floor')}{cell('Room')}</w:tr>"
            f"<w:tr>{cell('First', start)}{cell('Aula')}</w:tr>"
            f"<w:tr>{cell('', '<w:vMerge/>')}{cell('Library')}</w:tr>"
        )
        assert [text for *_, text in read(f"<w:tbl>{rows}</w:tbl>")] == [
            "Floor: First; Room: Aula",
            "Floor: First; Room: Library",
        ]

    def test_a_deleted_row_is_left_out(self) -> None:
        rows = table(("Room", "Seats"), ("Aula", "120"), ("Library", "30"), header=True)
        rows = rows.replace("<w:tr><w:tc><w:p><w:pPr></w:pPr><w:r><w:t xml:space=\"preserve\">Library",
                            "<w:tr><w:trPr><w:del/></w:trPr><w:tc><w:p><w:pPr></w:pPr><w:r><w:t>Library")  # fmt: skip
        assert [text for *_, text in read(rows)] == ["Room: Aula; Seats: 120"]


def test_title_is_that_of_the_properties_else_of_the_style() -> None:
    body = par("Staff rules", "Title") + par("Words.")
    assert read_docx(docx(body)).title == "Staff rules"
    with_properties = docx(body)
    core = '<p xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title> House  rules </dc:title></p>'
    files = {"docProps/core.xml": core} | unpacked(with_properties)
    assert read_docx(archive(files)).title == "House rules"


def test_an_archive_of_something_else_is_refused() -> None:
    with pytest.raises(
        UnreadableDocument, match=r"_rels/\.rels is missing in it; a Word document \(\.docx\) was expected"
    ):
        read_docx(archive({"readme.txt": "Hello."}))


def test_styles_that_are_based_on_each_other_in_a_ring_come_to_an_end() -> None:
    ring = (
        '<w:style w:styleId="A"><w:basedOn w:val="B"/></w:style><w:style w:styleId="B"><w:basedOn w:val="A"/></w:style>'
    )
    assert read(par("Words.", "A"), styles=ring) == [("paragraph", 0, "Words.")]


def test_what_is_nested_without_end_is_read_without_a_crash() -> None:
    deep = "<w:sdt><w:sdtContent>" * 5_000 + par("Deep.") + "</w:sdtContent></w:sdt>" * 5_000
    assert read(deep) == []
    runs = "<w:hyperlink>" * 240 + run("Deep.") + "</w:hyperlink>" * 240
    assert read(par("Words.") + par(runs)) == [("paragraph", 0, "Words.")]
