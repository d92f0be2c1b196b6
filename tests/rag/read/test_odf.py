from __future__ import annotations

import pytest

from rag.errors import UnreadableDocument
from rag.read.office.odf import read_odf
from tests.support.office_files import blocks, odf, sections


def rows(*lines: tuple[str, ...], tag: str = "table:table-row") -> str:
    return "".join(
        f"<{tag}>{''.join(f'<table:table-cell><text:p>{cell}</text:p></table:table-cell>' for cell in line)}</{tag}>"
        for line in lines
    )


def read(body: str, kind: str = "text", **parts: str) -> list[tuple[str, int, str]]:
    return blocks(read_odf, odf(body, kind, **parts))


class TestText:
    def test_headings_paragraphs_and_lists(self) -> None:
        body = (
            '<text:h text:outline-level="1">Leave</text:h><text:p>Everyone<text:s text:c="2"/>has 28 days.</text:p>'
            "<text:list><text:list-item><text:p>First</text:p><text:list><text:list-item><text:p>Inner</text:p>"
            "</text:list-item></text:list></text:list-item></text:list>"
        )
        assert read(body) == [
            ("heading", 1, "Leave"),
            ("paragraph", 0, "Everyone has 28 days."),
            ("list_item", 1, "First"),
            ("list_item", 2, "Inner"),
        ]
        assert sections(read_odf, odf(body))["Inner"] == ("Leave", None)

    def test_what_was_deleted_and_what_is_remarked_is_not_quoted(self) -> None:
        body = (
            "<text:tracked-changes><text:p>It opened at six.</text:p></text:tracked-changes>"
            "<text:p>It opens at nine<office:annotation><text:p>Really?</text:p></office:annotation>.</text:p>"
        )
        assert read(body) == [("paragraph", 0, "It opens at nine.")]

    def test_notes_follow_the_text_under_their_numbers(self) -> None:
        body = (
            "<text:p>The fee is 40 euros<text:note><text:note-citation>1</text:note-citation><text:note-body>"
            "<text:p>Since 2024.</text:p></text:note-body></text:note>.</text:p>"
        )
        assert [text for *_, text in read(body)] == ["The fee is 40 euros[1].", "[1] Since 2024."]

    def test_notes_come_before_the_next_heading_and_one_of_a_heading_after_it(self) -> None:
        note = "<text:note><text:note-body><text:p>{}</text:p></text:note-body></text:note>"
        body = (
            f"<text:h>Fees</text:h><text:p>It is 40 euros{note.format('Since 2024.')}</text:p>"
            f"<text:h>Hours{note.format('In winter from nine.')}</text:h><text:p>From eight.</text:p>"
        )
        assert [text for *_, text in read(body)] == [
            "Fees",
            "It is 40 euros[1]",
            "[1] Since 2024.",
            "Hours[2]",
            "From eight.",
            "[2] In winter from nine.",
        ]

    def test_a_text_box_follows_its_paragraph(self) -> None:
        box = "<draw:frame><draw:text-box><text:p>In the box.</text:p></draw:text-box></draw:frame>"
        assert [text for *_, text in read(f"<text:p>Before{box} after.</text:p>")] == ["Before after.", "In the box."]

    def test_a_style_that_is_based_on_title_is_one(self) -> None:
        style = '<style:style style:name="P1" style:parent-style-name="Title"/>'
        data = odf('<text:p text:style-name="P1">Rules</text:p><text:p>Words.</text:p>', styles=style)
        assert blocks(read_odf, data)[0] == ("heading", 1, "Rules")
        assert read_odf(data).title == "Rules"

    def test_title_of_the_properties_comes_first(self) -> None:
        data = odf("<text:h>Leave</text:h><text:p>Words.</text:p>", meta="<dc:title>House rules</dc:title>")
        assert read_odf(data).title == "House rules"

    def test_a_table_names_its_columns(self) -> None:
        header = f"<table:table-header-rows>{rows(('Room', 'Seats'))}</table:table-header-rows>"
        assert read(f"<table:table>{header}{rows(('Aula', '120'), ('Library', '30'))}</table:table>") == [
            ("table_row", 0, "Room: Aula; Seats: 120"),
            ("table_row", 0, "Room: Library; Seats: 30"),
        ]


class TestSheets:
    def test_a_sheet_is_a_page_under_its_name(self) -> None:
        sheet = f'<table:table table:name="Rooms">{rows(("Room", "Seats"), ("Aula", "120"))}</table:table>'
        data = odf(sheet + sheet.replace("Rooms", "Other").replace("Aula", "Hall"), "spreadsheet")
        assert sections(read_odf, data) == {
            "Room: Aula; Seats: 120": ("Rooms", 1),
            "Room: Hall; Seats: 120": ("Other", 2),
        }

    def test_a_million_repeated_cells_are_a_thousand(self) -> None:
        cell = '<table:table-cell table:number-columns-repeated="99999"><text:p>x</text:p></table:table-cell>'
        data = odf(
            f'<table:table table:name="A"><table:table-row>{cell * 50}</table:table-row></table:table>', "spreadsheet"
        )
        assert len(read_odf(data).text) < 10_000


class TestSlides:
    def test_a_slide_is_a_page_under_its_title(self) -> None:
        def slide(title: str, text: str) -> str:
            return (
                f'<draw:page><draw:frame presentation:class="outline"><draw:text-box><text:p>{text}</text:p>'
                f'</draw:text-box></draw:frame><draw:frame presentation:class="title"><draw:text-box><text:p>{title}'
                "</text:p></draw:text-box></draw:frame></draw:page>"
            )

        data = odf(slide("Start", "It begins.") + slide("End", "It ends."), "presentation")
        assert sections(read_odf, data) == {"It begins.": ("Start", 1), "It ends.": ("End", 2)}


class TestRefused:
    def test_one_with_a_password(self) -> None:
        manifest = '<manifest><file-entry full-path="content.xml"><encryption-data/></file-entry></manifest>'
        with pytest.raises(UnreadableDocument, match="protected by a password"):
            read_odf(odf("<text:p>Words.</text:p>", manifest=manifest))

    def test_one_without_a_body(self) -> None:
        data = odf("", "text").replace(b"content.xml", b"contenu.xml")
        with pytest.raises(UnreadableDocument, match=r"content\.xml is missing"):
            read_odf(data)

    def test_deep_nesting_is_no_crash(self) -> None:
        deep = "<text:section>" * 3_000 + "<text:p>Deep.</text:p>" + "</text:section>" * 3_000
        assert read(deep) == []
