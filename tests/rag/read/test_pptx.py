from __future__ import annotations

import io

import pptx
import pytest
from pptx.util import Inches

from rag.errors import UnreadableDocument
from rag.read.office.pptx import read_pptx
from tests.support.office_files import archive, blocks, sections


@pytest.fixture
def deck() -> pptx.presentation.Presentation:
    return pptx.Presentation()


def saved(deck: pptx.presentation.Presentation) -> bytes:
    file = io.BytesIO()
    deck.save(file)
    return file.getvalue()


def add(deck: pptx.presentation.Presentation, title: str, *texts: str, level: int = 0) -> pptx.slide.Slide:
    slide = deck.slides.add_slide(deck.slide_layouts[1])
    slide.shapes.title.text = title
    frame = slide.placeholders[1].text_frame
    frame.text = texts[0]
    for text in texts[1:]:
        paragraph = frame.add_paragraph()
        paragraph.text, paragraph.level = text, level
    return slide


def test_a_slide_is_a_page_under_its_title(deck: pptx.presentation.Presentation) -> None:
    add(deck, "Leave", "Everyone has 28 days.", "A note", level=1)
    add(deck, "Pay", "It comes on the 25th.")
    assert blocks(read_pptx, saved(deck))[:3] == [
        ("heading", 1, "Leave"),
        ("paragraph", 0, "Everyone has 28 days."),
        ("list_item", 2, "A note"),
    ]
    assert sections(read_pptx, saved(deck)) == {
        "Everyone has 28 days.": ("Leave", 1),
        "A note": ("Leave", 1),
        "It comes on the 25th.": ("Pay", 2),
    }
    assert read_pptx(saved(deck)).title == "Leave"


def test_tables_groups_and_notes_are_read(deck: pptx.presentation.Presentation) -> None:
    slide = add(deck, "Rooms", "They are these.")
    table = slide.shapes.add_table(2, 2, Inches(1), Inches(4), Inches(4), Inches(1)).table
    for row, cells in enumerate((("Room", "Seats"), ("Aula", "120"))):
        for column, text in enumerate(cells):
            table.cell(row, column).text = text
    group = slide.shapes.add_group_shape()
    box = group.shapes.add_textbox(Inches(1), Inches(6), Inches(3), Inches(1))
    box.text_frame.text = "In a group."
    notes = slide.notes_slide.notes_text_frame
    assert notes is not None
    notes.text = "Say that it is loud."
    assert sections(read_pptx, saved(deck)) == {
        "They are these.": ("Rooms", 1),
        "Room: Aula; Seats: 120": ("Rooms", 1),
        "In a group.": ("Rooms", 1),
        "Say that it is loud.": ("Rooms > Notes", 1),
    }


def test_shapes_are_read_from_top_to_bottom(deck: pptx.presentation.Presentation) -> None:
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    for top, text in ((5, "Last."), (1, "First."), (3, "Second.")):
        slide.shapes.add_textbox(Inches(1), Inches(top), Inches(3), Inches(1)).text_frame.text = text
    assert [text for *_, text in blocks(read_pptx, saved(deck))] == ["Slide 1", "First.", "Second.", "Last."]


def test_a_hidden_slide_is_told_of(deck: pptx.presentation.Presentation) -> None:
    add(deck, "Leave", "Everyone has 28 days.").element.set("show", "0")
    assert read_pptx(saved(deck)).warnings == ("1 hidden slide(s) were read too: 1",)


@pytest.mark.parametrize("data", [archive({"ppt/presentation.xml": "<x/>"}), b"PK\3\4 no more", b"Hello."])
def test_what_is_no_presentation_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableDocument, match=r"a PowerPoint presentation \(\.pptx\) was expected"):
        read_pptx(data)
