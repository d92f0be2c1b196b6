import pytest

from rag.read.plain import read_plain


def blocks(text: str) -> list[tuple[str, int, str]]:
    content = read_plain(text.encode())
    assert content.text == text
    return [(block.kind.value, block.level, block.span.of(text)) for block in content.blocks]


def sections(text: str) -> list[tuple[str, str]]:
    return [(block.section, block.span.of(text)) for block in read_plain(text.encode()).blocks]


WRAPPED = """\
The harbour of Westerholm was opened in 1887 after six years of work
and was paid for by the guild of the fishers. The gate is closed when
the water stands higher than two metres above the mark, which it does
some three times a year.

Ships of more than 60 metres wait outside until the pilot comes aboard
and brings them in.
"""


def test_each_line_is_a_paragraph() -> None:
    text = "It rained all day and all night in Westerholm.\n  The gate was closed.  \n\nNobody came by.\n"
    assert blocks(text) == [
        ("paragraph", 0, "It rained all day and all night in Westerholm."),
        ("paragraph", 0, "The gate was closed."),
        ("paragraph", 0, "Nobody came by."),
    ]


def test_lines_of_a_hard_wrapped_paragraph_are_one_block() -> None:
    first, second = WRAPPED.strip().split("\n\n")
    assert blocks(WRAPPED) == [("paragraph", 0, first), ("paragraph", 0, second)]


@pytest.mark.parametrize(
    "first",
    [
        "    Anna Berg met the board of the works in June, as she does every year,",
        "Anna Berg met the board (https://example.org/works/board/members) in June,",
    ],
    ids=["indented_first_line", "long_first_line"],
)
def test_one_line_that_juts_out_parts_no_paragraph(first: str) -> None:
    text = (
        f"{first}\nand the contract was signed the same day by Norrvik and by the\n"
        "Guild of Fishers, who pay half of the price of the pump and\none third of that of the gate."
    )
    assert blocks(text) == [("paragraph", 0, text.strip())]


def test_number_at_the_start_of_a_wrapped_line_is_no_item() -> None:
    text = WRAPPED.replace("the water stands", "3) water stands ")
    assert len(blocks(text)) == 2


def test_short_lines_are_not_joined() -> None:
    lines = ["Anna Berg", "Harbour Street 5", "Westerholm", "anna@example.org"]
    assert [words for *_, words in blocks("\n".join(lines))] == lines


def test_unmarked_list_of_similar_lines_is_not_joined() -> None:
    lines = [f"Clean the filter of pump number {n} with warm water" for n in range(6)]
    assert [words for *_, words in blocks("\n".join(lines))] == lines


@pytest.mark.parametrize("marker", ["- ", "* ", "• ", "– ", "1. ", "12) ", "(a) ", "(iv) ", "b) ", "  -\t"])
def test_item_starts_behind_its_marker(marker: str) -> None:
    level = 2 if marker.startswith("  ") else 1
    text = f"You need:\n{marker}a red lamp\n{marker}a blue book."
    assert blocks(text) == [
        ("paragraph", 0, "You need:"),
        ("list_item", level, "a red lamp"),
        ("list_item", level, "a blue book."),
    ]


def test_item_goes_on_in_indented_lines() -> None:
    text = "- a red lamp that stands\n  next to the pump\n- a blue book"
    assert blocks(text) == [
        ("list_item", 1, "a red lamp that stands\n  next to the pump"),
        ("list_item", 1, "a blue book"),
    ]


def test_item_goes_on_as_long_as_lines_are_indented() -> None:
    text = "- Anna Berg met the board of\n  Westerholm and the guild of\n  Norrvik on Monday.\n- a blue book"
    assert [words for *_, words in blocks(text)] == [text[2 : text.index("\n- ")], "a blue book"]


def test_item_and_the_line_below_it_are_apart() -> None:
    assert [kind for kind, *_ in blocks("- a red lamp\nThe lamp is red.")] == ["list_item", "paragraph"]


@pytest.mark.parametrize(
    "text", ["-5 degrees were measured.", "3.5 metres is high.", "1887. It began.", "*bold* words."]
)
def test_line_without_a_marker_is_no_item(text: str) -> None:
    assert blocks(f"It was cold.\n{text}")[1] == ("paragraph", 0, text)


BODY = "\n\nIt rained all day."


@pytest.mark.parametrize(
    ("heading", "level", "words"),
    [
        ("Opening hours\n=====", 1, "Opening hours"),
        ("Opening hours\n-------------", 2, "Opening hours"),
        ("OPENING HOURS", 2, "OPENING HOURS"),
        ("ÖFFNUNGSZEITEN", 2, "ÖFFNUNGSZEITEN"),
        ("1. Opening hours", 2, "1. Opening hours"),
        ("2.3 Opening hours", 3, "2.3 Opening hours"),
        ("2.3.1. Opening hours", 4, "2.3.1. Opening hours"),
    ],
)
def test_clear_heading_is_one(heading: str, level: int, words: str) -> None:
    assert blocks(f"It begins here.\n\n{heading}{BODY}")[1] == ("heading", level, words)


@pytest.mark.parametrize(
    "line",
    [
        "Opening hours",
        "OPENING HOURS ARE PRINTED ON THE DOOR OF THE HOUSE NEXT TO THE GATE",
        "STOP.",
        "USA",
        "1. Opening hours are long.",
        "1. opening the gate takes the strength of at least two people at any time",
        "Opening hours:",
    ],
)
def test_doubtful_heading_is_a_paragraph(line: str) -> None:
    assert blocks(f"It begins here.\n\n{line}{BODY}")[1][0] != "heading"


def test_numbered_lines_set_wide_are_items() -> None:
    text = "Do this:\n\n1. Open the valve\n\n2. Start the pump\n\n3. Close the lid"
    assert [kind for kind, *_ in blocks(text)] == ["paragraph", "list_item", "list_item", "list_item"]


def test_short_first_line_is_heading_and_title() -> None:
    text = "Staff handbook\n\nThere are 28 days of leave.\n"
    assert blocks(text)[0] == ("heading", 1, "Staff handbook")
    assert read_plain(text.encode()).title == "Staff handbook"


@pytest.mark.parametrize(
    "text", ["Staff handbook", "It rained.\n\nIt stopped.", "One\ntwo\n\nthree", "- a lamp\n\nmore"]
)
def test_other_first_lines_are_no_title(text: str) -> None:
    assert read_plain(text.encode()).title == ""


def test_section_is_the_path_of_headings() -> None:
    text = "Handbook\n\nFirst.\n\n1. Leave\n\nSecond.\n\n1.1 Sick leave\n\nThird.\n\n2. Pay\n\nFourth.\n"
    assert sections(text) == [
        ("Handbook", "Handbook"),
        ("Handbook", "First."),
        ("Handbook > 1. Leave", "1. Leave"),
        ("Handbook > 1. Leave", "Second."),
        ("Handbook > 1. Leave > 1.1 Sick leave", "1.1 Sick leave"),
        ("Handbook > 1. Leave > 1.1 Sick leave", "Third."),
        ("Handbook > 2. Pay", "2. Pay"),
        ("Handbook > 2. Pay", "Fourth."),
    ]
