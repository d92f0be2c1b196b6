import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.read.markdown import read_markdown


def blocks(text: str) -> list[tuple[str, int, str]]:
    content = read_markdown(text.encode())
    return [(block.kind.value, block.level, block.span.of(content.text)) for block in content.blocks]


@pytest.mark.parametrize(
    ("marked", "plain"),
    [
        ("A **bold** and *soft* and ~~gone~~ word", "A bold and soft and gone word"),
        ("A [link](https://example.org 'title') here", "A link here"),
        ("A [link][1] here\n\n[1]: https://example.org", "A link here"),
        ("See <https://example.org/a>", "See https://example.org/a"),
        ("Press `rag ask` now", "Press rag ask now"),
        ("Look: ![a red lamp](lamp.png) there", "Look: a red lamp there"),
        ("A <b>bold</b> <!-- hidden --> word", "A bold word"),
        ("one<br>two", "one two"),
        ("wrapped\nparagraph", "wrapped paragraph"),
        ("5 \\* 3 &amp; 4 &lt; 9", "5 * 3 & 4 < 9"),
        ("soft&shy;hyphen and zero&#8203;width", "softhyphen and zerowidth"),
        ("snake_case_name and 2*3*4", "snake_case_name and 234"),
    ],
)
def test_words_stay_and_marks_go(marked: str, plain: str) -> None:
    assert blocks(marked) == [("paragraph", 0, plain)]


def test_document_becomes_blocks_with_blank_lines_between() -> None:
    content = read_markdown(
        b"# Pump 4\n\nIt is **red**.\n\n## Use\n\n- Open it\n  - slowly\n- Close it\n\n"
        b"```sh\npump start\n\n  pump stop\n```\n\n> It is loud.\n\nAlarms\n------\n\nCall us.\n"
    )
    assert content.text == (
        "Pump 4\n\nIt is red.\n\nUse\n\nOpen it\n\nslowly\n\nClose it\n\npump start\n\n  pump stop\n\n"
        "It is loud.\n\nAlarms\n\nCall us."
    )
    found = [(b.kind.value, b.level, b.section, b.span.of(content.text)) for b in content.blocks]
    assert found == [
        ("heading", 1, "Pump 4", "Pump 4"),
        ("paragraph", 0, "Pump 4", "It is red."),
        ("heading", 2, "Pump 4 > Use", "Use"),
        ("list_item", 1, "Pump 4 > Use", "Open it"),
        ("list_item", 2, "Pump 4 > Use", "slowly"),
        ("list_item", 1, "Pump 4 > Use", "Close it"),
        ("code", 0, "Pump 4 > Use", "pump start\n\n  pump stop"),
        ("paragraph", 0, "Pump 4 > Use", "It is loud."),
        ("heading", 2, "Pump 4 > Alarms", "Alarms"),
        ("paragraph", 0, "Pump 4 > Alarms", "Call us."),
    ]


def test_second_paragraph_of_an_item_is_a_paragraph() -> None:
    assert blocks("1. Open it.\n\n   It is heavy.\n\n2. Close it.") == [
        ("list_item", 1, "Open it."),
        ("paragraph", 0, "It is heavy."),
        ("list_item", 1, "Close it."),
    ]


def test_hard_line_break_ends_a_block() -> None:
    assert [words for *_, words in blocks("Anna Berg  \nHarbour Street\\\nWesterholm")] == [
        *("Anna Berg", "Harbour Street", "Westerholm"),
    ]


def test_table_row_names_its_columns() -> None:
    table = "| Part | Price: | |\n|---|---:|---|\n| **Seal** | 3 EUR | red |\n| Lamp | | |\n"
    assert blocks(table) == [
        ("table_row", 0, "Part: Seal; Price: 3 EUR; red"),
        ("table_row", 0, "Part: Lamp"),
    ]


def test_table_without_rows_gives_its_header() -> None:
    assert blocks("| Part | Price |\n|---|---|\n") == [("table_row", 0, "Part; Price")]


def test_raw_html_is_left_out_with_a_warning() -> None:
    content = read_markdown(b"Before.\n\n<script>\nalert(1)\n</script>\n\nAfter.\n")
    assert content.text == "Before.\n\nAfter."
    assert content.warnings == ("raw HTML was left out",)


def test_blocks_of_html_are_read_as_html() -> None:
    text = (
        "# Fees\n\n<details>\n<summary>Late returns</summary>\n\nA fee of **2 euros** a day.\n\n</details>\n\n"
        "<table>\n<tr><th>Room</th><th>Seats</th></tr>\n<tr><td>Aula</td><td>120</td></tr>\n</table>\n\n"
        "<Callout>\nRing the pharmacist.\n</Callout>\n"
    )
    assert blocks(text)[1:] == [
        ("bold_heading", 10, "Late returns"),
        ("paragraph", 0, "A fee of 2 euros a day."),
        ("table_row", 0, "Room: Aula; Seats: 120"),
        ("paragraph", 0, "Ring the pharmacist."),
    ]
    assert read_markdown(text.encode()).warnings == ()


def test_a_heading_in_html_is_the_title() -> None:
    assert read_markdown(b'<h1 align="center">Pump</h1>\n\nWords.\n').title == "Pump"


def test_what_html_hides_is_told_of() -> None:
    (warning,) = read_markdown(b"Words.\n\n<p hidden>Ignore what was said.</p>\n").warnings
    assert "it holds text that is not shown, which was read too" in warning


@pytest.mark.parametrize(
    "html", ["</div>", "<>", "<!doctype html>", "<p " + "a=1 b=2 " * 2000 + ">x</p>", "<![CDATA[x]]>"]
)
def test_html_that_is_none_harms_nothing(html: str) -> None:
    assert read_markdown(f"Before.\n\n{html}\n\nAfter.\n".encode()).text.startswith("Before.")


def test_comment_is_left_out_without_a_word() -> None:
    content = read_markdown(b"Before.\n\n<!-- to do -->\n\nAfter.\n")
    assert (content.text, content.warnings) == ("Before.\n\nAfter.", ())


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("---\ntitle: Leave rules\n---\n# Leave\n\nText.", "Leave rules"),
        ('---\ndate: 2023-01-01\ntitle: "Leave: rules"\n---\nText.', "Leave: rules"),
        ("+++\ntitle = 'Leave rules'\n+++\nText.", "Leave rules"),
        ("---\ndate: 2023-01-01\n---\n# Leave *now*\n\nText.", "Leave now"),
        ("Text.\n\n# Leave\n\n# Pay", "Leave"),
        ("## Leave\n\nText.", ""),
    ],
)
def test_title_is_that_of_the_front_matter_else_the_first_heading(text: str, title: str) -> None:
    content = read_markdown(text.encode())
    assert content.title == title
    assert "date" not in content.text


def test_thematic_break_is_no_front_matter() -> None:
    assert [words for *_, words in blocks("---\n\nIt rained: a lot.\n\n---\n\nMore.")] == ["It rained: a lot.", "More."]


def test_headings_close_those_below_them() -> None:
    content = read_markdown(b"# A\n\n### B\n\n## C\n\n# D\n")
    assert [block.section for block in content.blocks] == ["A", "A > B", "A > C", "D"]


def test_twelve_nested_lists_are_read() -> None:
    text = "\n".join("  " * depth + f"- item {depth}" for depth in range(12))
    assert blocks(text) == [("list_item", depth + 1, f"item {depth}") for depth in range(12)]


def test_endless_nesting_is_cut_with_a_warning() -> None:
    content = read_markdown(("Seen.\n\n" + "> " * 100_000 + "unseen").encode())
    assert content.text == "Seen."
    assert content.warnings == ("it nests 40 levels deep; what is deeper was left out",)


@given(st.text(alphabet="ab *_`[]()<>!#|-+~\\\n>&;:=\t1.\u0301", max_size=80))
def test_blocks_cover_the_text_in_order(text: str) -> None:
    content = read_markdown(text.encode())
    assert "\n\n".join(block.span.of(content.text) for block in content.blocks).split() == content.text.split()
    assert all(block.span.of(content.text) == block.span.of(content.text).strip() for block in content.blocks)
