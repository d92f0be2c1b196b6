"""Manuals in PDF: how deep their headings stand, what only looks like a heading, and tables of contents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from rag.read.pdf.pdf_reader import read_pdf
from tests.support.pdf_files import Text, draw, lines, prose_text

BOLD = "Helvetica-Bold"


def text_below(number: int, y: float) -> list[Text]:
    """Some lines of running text from `y` on."""
    return lines(*(prose_text(number, sentences=1)[start : start + 70] for start in (0, 70)), y=y)


def page(*headings: tuple[str, float], y: float = 100) -> list[Text]:
    """Headings of given sizes, each with some text below it."""
    made: list[Text] = []
    for number, (heading, size) in enumerate(headings):
        made += [Text(72, y + 70 * number, heading, size, BOLD), *text_below(number, y + 70 * number + 24)]
    return made


def sections(*pages: list[Text]) -> list[str]:
    """The section that each paragraph which tells of a boat stands under."""
    content = read_pdf(draw(*pages))
    return [block.section for block in content.blocks if "boat" in block.span.of(content.text)]


class TestLevels:
    def test_numbers_tell_how_deep_a_heading_is_where_sizes_do_not(self) -> None:
        headings = (("4 Pumps", 16), ("4.1 Starting", 12), ("4.1.1 By hand", 12), ("4.1.2 By the clock", 12))
        assert sections(page(*headings, ("4.2 Stopping", 12), ("5 Lamps", 16))) == [
            "4 Pumps",
            "4 Pumps > 4.1 Starting",
            "4 Pumps > 4.1 Starting > 4.1.1 By hand",
            "4 Pumps > 4.1 Starting > 4.1.2 By the clock",
            "4 Pumps > 4.2 Stopping",
            "5 Lamps",
        ]

    def test_all_of_one_size(self) -> None:
        headings = (("4 Pumps", 12), ("4.1 Starting", 12), ("4.2 Stopping", 12), ("5 Lamps", 12))
        assert sections(page(*headings)) == ["4 Pumps", "4 Pumps > 4.1 Starting", "4 Pumps > 4.2 Stopping", "5 Lamps"]

    def test_a_chapter_without_a_number_as_large_as_its_sections(self) -> None:
        headings = (("THE PUMPS", 14), ("4.1 Starting", 14), ("4.1.1 By hand", 12), ("THE LAMPS", 14))
        assert sections(page(*headings)) == [
            "THE PUMPS",
            "THE PUMPS > 4.1 Starting",
            "THE PUMPS > 4.1 Starting > 4.1.1 By hand",
            "THE LAMPS",
        ]

    def test_appendices_and_named_chapters(self) -> None:
        headings = (("Chapter 4. Pumps", 16), ("4.1 Starting", 12), ("Appendix A. Lamps", 16), ("A.1 Oil", 12))
        assert sections(page(*headings)) == [
            "Chapter 4. Pumps",
            "Chapter 4. Pumps > 4.1 Starting",
            "Appendix A. Lamps",
            "Appendix A. Lamps > A.1 Oil",
        ]

    def test_a_bold_line_stands_below_the_deepest_number(self) -> None:
        headings = (("4 Pumps", 16), ("4.1 Starting", 12), ("In winter", 10), ("4.2 Stopping", 12))
        assert sections(page(*headings)) == [
            "4 Pumps",
            "4 Pumps > 4.1 Starting",
            "4 Pumps > 4.1 Starting > In winter",
            "4 Pumps > 4.2 Stopping",
        ]

    def test_a_chapter_that_is_larger_than_its_bold_sections(self) -> None:
        headings = (("THE PUMPS", 14), ("4.1 Starting", 10), ("In winter", 10), ("4.2 Stopping", 10))
        assert sections(page(*headings)) == [
            "THE PUMPS",
            "THE PUMPS > 4.1 Starting",
            "THE PUMPS > 4.1 Starting > In winter",
            "THE PUMPS > 4.2 Stopping",
        ]

    def test_a_measure_is_no_number_of_a_section(self) -> None:
        assert sections(page(("Plugs", 16), ("3.5 mm", 12), ("Others", 12))) == [
            "Plugs",
            "Plugs > 3.5 mm",
            "Plugs > Others",
        ]

    def test_what_only_begins_with_a_number_or_a_letter_has_no_depth(self) -> None:
        assert sections(page(("A guide to pumps", 16), ("2019 in short", 12), ("4 lamps", 12))) == [
            "A guide to pumps",
            "A guide to pumps > 2019 in short",
            "A guide to pumps > 4 lamps",
        ]

    def test_chapters_do_not_stand_under_the_cover(self) -> None:
        cover = [Text(72, 200, "The Harbour Manual", 30, BOLD), Text(72, 260, "Published in May", 20, BOLD)]
        chapters = (page(("Pumps", 16), ("Starting", 12)), page(("Lamps", 16)), page(("Ropes", 16)))
        assert sections(cover, *chapters) == ["Pumps", "Pumps > Starting", "Lamps", "Ropes"]

    def test_sections_stand_under_a_title_that_has_text_on_its_page(self) -> None:
        first = page(("The Harbour Manual", 30), ("Pumps", 16))
        assert sections(first, page(("Lamps", 16)), page(("Ropes", 16)), page(("Oil", 16))) == [
            "The Harbour Manual",
            *(f"The Harbour Manual > {name}" for name in ("Pumps", "Lamps", "Ropes", "Oil")),
        ]


@pytest.mark.parametrize("line", ["Note", "Warning!", "ACHTUNG", "Figure 3.1. The pump", "# reboot", "xiv"])
def test_what_stands_beside_the_text_names_no_section(line: str) -> None:
    assert sections(page(("Pumps", 16), (line, 10), ("Lamps", 16))) == ["Pumps", "Pumps", "Lamps"]


class TestContents:
    ENTRIES = ("1 Pumps 3", "1.1 Starting 3", "1.2 Stopping 5", "2 Lamps 8", "2.1 Oil 9", "Index 12")

    def test_they_are_left_out(self) -> None:
        contents = [Text(72, 100, "Contents", 16, BOLD), *lines(*self.ENTRIES, y=130, leading=20)]
        content = read_pdf(draw(contents, page(("1 Pumps", 16), ("1.1 Starting", 12))))
        assert content.text.startswith("1 Pumps\n\n")
        assert content.warnings == ("7 lines of a table of contents were left out",)

    def test_a_list_of_pictures_goes_with_them(self) -> None:
        pictures = [Text(72, 300, "List of Figures", 16, BOLD), *lines("A pump 3", "A lamp 8", y=330, leading=20)]
        contents = [Text(72, 100, "Contents", 16, BOLD), *lines(*self.ENTRIES, y=130, leading=20), *pictures]
        content = read_pdf(draw(contents, page(("1 Pumps", 16))))
        assert content.text.startswith("1 Pumps\n\n")

    @pytest.mark.parametrize(
        "box",
        [
            ("Screws 4", "Lamps 2", "Ropes 9", "Bolts 1", "Cans 3", "Keys 2"),
            ("A pump", "A lamp", "A rope", "A can", "A key"),
            ("A pump 1", "A lamp 2"),
        ],
    )
    def test_what_is_in_a_box_stays(self, box: tuple[str, ...]) -> None:
        listed = [Text(72, 100, "Contents", 16, BOLD), *lines(*box, y=130, leading=20)]
        content = read_pdf(draw(listed, page(("1 Pumps", 16))))
        assert all(line in content.text for line in ("Contents", *box))
        assert content.warnings == ()


HEADS = tuple(
    f"CHAPTER {chapter}. {name} ON THE QUAY {section}"
    for chapter, name, sections in ((1, "PUMPS", "STARTING STOPPING OIL"), (2, "LAMPS", "GLASS FLAMES NIGHTS"))
    for section in sections.split()
)


STEPS = ("Open the lid", "Take out the wick", "Wipe the glass", "Fill in oil", "Put all back", "Light it with care")


def headed(heads: Iterable[str], **look: Any) -> list[list[Text]]:
    """A page for each head, with running text that goes on from page to page."""
    text = (
        "the keeper of page {0} goes on and on, and",
        "on and on to page {0}, and over its",
        "end, to the next one,",
    )
    return [
        [Text(72, 50, head, **look), *lines(*(line.format(page) for line in text), y=90)]
        for page, head in enumerate(heads)
    ]


class TestRunningLinesThatChange:
    """A head that names the chapter and the section of its page, over pages that a sentence runs across."""

    def test_they_are_left_out_and_do_not_cut_a_sentence(self) -> None:
        content = read_pdf(draw(*headed(HEADS)))
        assert "CHAPTER" not in content.text
        assert len(content.blocks) == 1

    @pytest.mark.parametrize(
        ("heads", "look"),
        [
            pytest.param(HEADS, {"size": 18}, id="titles of slides"),
            pytest.param([f"Step {n}. {what}" for n, what in enumerate(STEPS)], {}, id="steps"),
            pytest.param(STEPS, {}, id="first lines"),
        ],
    )
    def test_what_only_stands_at_one_place_stays(self, heads: Sequence[str], look: dict[str, Any]) -> None:
        text = read_pdf(draw(*headed(heads, **look))).text
        assert all(head in text for head in heads)
