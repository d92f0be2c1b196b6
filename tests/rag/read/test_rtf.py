from __future__ import annotations

import pytest

from rag.errors import UnreadableDocument
from rag.read.office.rtf import read_rtf
from tests.support.office_files import blocks

HEAD = rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}}"
STYLES = rb"{\stylesheet{\s0 Normal;}{\s1\outlinelevel0 heading 1;}{\s12 heading 2;}{\s15 Title;}}"


def read(body: bytes, styles: bytes = b"") -> list[tuple[str, int, str]]:
    return blocks(read_rtf, HEAD + styles + body + b"}")


def test_paragraphs_and_characters_of_other_encodings() -> None:
    assert read(rb"\pard M\'fcller zahlt 5\u8239?\u8364?.\par It is so.\par") == [
        ("paragraph", 0, "M\u00fcller zahlt 5 \u20ac."),
        ("paragraph", 0, "It is so."),
    ]


def test_headings_by_style_and_by_outline() -> None:
    body = (
        rb"\pard\s1 Leave\par\pard\s0 28 days.\par\pard\s12 Illness\par\pard Call.\par"
        rb"\pard\outlinelevel0 Pay\par\pard On the 25th.\par"
    )
    assert read(body, STYLES) == [
        ("heading", 1, "Leave"),
        ("paragraph", 0, "28 days."),
        ("heading", 2, "Illness"),
        ("paragraph", 0, "Call."),
        ("heading", 1, "Pay"),
        ("paragraph", 0, "On the 25th."),
    ]


def test_notes_come_at_the_end_of_their_section() -> None:
    """As LibreOffice writes a note, with a star, and as Word does, without; its words may be in two paragraphs."""
    body = (
        rb"\pard\s1 Fees\par\pard It is 40 euros"
        rb"{\super\chftn{\*\footnote \chftn\pard{ Since \{May\} 2024.\par For M\'fcller.}}}.\par"
        rb"\pard\s1 Hours\par\pard From eight"
        rb"{\footnote\pard\plain\s5 {\chftn} In winter | at nine.}, daily.\par Or later.\par"
    )
    assert read(body, STYLES) == [
        ("heading", 1, "Fees"),
        ("paragraph", 0, "It is 40 euros[1]."),
        ("paragraph", 0, "[1] Since {May} 2024. For M\u00fcller."),
        ("heading", 1, "Hours"),
        ("paragraph", 0, "From eight[2], daily."),
        ("paragraph", 0, "Or later."),
        ("paragraph", 0, "[2] In winter | at nine."),
    ]


def test_notes_without_an_end_and_marks_in_the_text_are_no_trouble() -> None:
    assert read(rb"\pard Before.\par {\footnote{\footnote " * 2_000) == [("paragraph", 0, "Before.")]
    body = rb"\pard A\u-8191?7\u-8190? B\u-8191?\u-8191?x\u-8190? C\u-8190?.\par"
    assert next(text for *_, text in read(body)).startswith("A[1] B")


def test_items_of_a_list() -> None:
    assert read(rb"\pard {\listtext\'95\tab}A note\par") == [("list_item", 1, "A note")]


def test_rows_of_a_table_name_their_columns() -> None:
    def row(*cells: bytes) -> bytes:
        return rb"\trowd" + b"".join(rb"\pard\intbl " + cell + rb"\cell" for cell in cells) + rb"\row "

    assert read(row(b"Room", b"Seats") + row(b"Aula", b"120") + row(b"Hall", b"90") + rb"\pard Words.\par") == [
        ("table_row", 0, "Room: Aula; Seats: 120"),
        ("table_row", 0, "Room: Hall; Seats: 90"),
        ("paragraph", 0, "Words."),
    ]


def test_title_of_the_properties() -> None:
    assert read_rtf(HEAD + rb"{\info{\title House  rules}}\pard Words.\par}").title == "House rules"


def test_a_link_is_read_as_its_words() -> None:
    field = rb'{\field{\*\fldinst{HYPERLINK "https://example.org"}}{\fldrslt{the rules}}}'
    assert read(rb"\pard See " + field + rb" first.\par") == [("paragraph", 0, "See the rules first.")]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"Hello.", "does not begin as RTF does"),
        (
            HEAD.replace(b"{\\f0 Arial;}", b"{\\f0 Arial;}" * 3_000) + b"\\pard Words.\\par}",
            "list of fonts is too long",
        ),
        (b"{\\rtf1 " + b"x" * 20_000_001, r"20,000,008 bytes, but 20,000,000 are read"),
    ],
    ids=["text", "fonts", "size"],
)
def test_refused(data: bytes, said: str) -> None:
    with pytest.raises(UnreadableDocument, match=said):
        read_rtf(data)
