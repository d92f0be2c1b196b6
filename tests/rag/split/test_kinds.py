import pytest

from rag.records import BlockKind, SentenceKind
from rag.split.kinds import kind_of


def kind(text: str, block: BlockKind = BlockKind.PARAGRAPH, *, previous: str = "", whole: bool = True) -> SentenceKind:
    return kind_of(text, block, previous=previous, is_whole_block=whole)


CREDITS = [
    "Jane Roe | Agency | Picture House",
    "Jane Roe | Agency",
    "Photo: Jane Roe/Picture House",
    "Photo: Jane Roe / Picture House.",
    "PHOTO BY JANE ROE",
    "Photograph by Jane Roe for the Westerholm Courier",
    "Photo credit: Jane Roe",
    "Photo courtesy of the Harbour Museum",
    "Courtesy of the Harbour Museum",
    "Image by Jane Roe via Picture House",
    "Images: Jane Roe, John Doe",
    "Illustration: Jane Roe",
    "Credit: Jane Roe/Agency",
    "File photo: Agency",
    "Foto: Jane Roe",
    "Bild: Jane Roe/Picture House",
    "© 2023 Example",
    "© Example Ltd.",
    "(c) 2023 Example Ltd. All rights reserved.",
    "Copyright 2023 Example Ltd.",
    "Copyright © Example",
    "All rights reserved.",
    "By Jane Roe",
    "By Jane Roe and John Doe",
    "Jane Roe/Agency",
    "Jane Roe via Picture House",
    "(Reporting by Jane Roe; Editing by John Doe)",
]
NOT_CREDITS = [
    "The picture was taken by Jane Roe of the Agency in 1923.",
    "According to Reuters, the harbour will close.",
    "Photo by photo the story of the harbour is told.",
    "Photo: the harbour gate after the ice had broken it.",
    "Image: a red lamp next to the pump.",
    "Images by the thousand lie in the archive.",
    "By Monday the water had gone.",
    "By the way, it rained.",
    "By 1929 the gate was closed",
    "Copyright law protects the author of a photograph.",
    "Copyright is held by the museum until 2040.",
    "Credit is given to those who ask.",
    "Credits are due in June.",
    "The rules apply on Linux/Windows machines",
    "Courtesy costs nothing.",
    "The pipe symbol | joins two commands.",
    "Run one | two | three to count lines",
    "Reporting by phone is allowed until noon.",
    "Pictures of the gate hang in the hall.",
    "Video calls by appointment only",
    "We all reserved our rights.",
    "Jane Roe told the Agency that it rained",
]


@pytest.mark.parametrize("text", CREDITS)
def test_line_that_only_names_its_maker_is_a_credit(text: str) -> None:
    assert kind(text) is SentenceKind.CREDIT


@pytest.mark.parametrize("text", NOT_CREDITS)
def test_sentence_that_says_something_is_a_statement(text: str) -> None:
    assert kind(text) is SentenceKind.STATEMENT


def test_byline_is_a_credit_only_when_it_stands_alone() -> None:
    assert kind("By Jane Roe", whole=False) is SentenceKind.STATEMENT
    assert kind("Photo: Jane Roe", whole=False) is SentenceKind.CREDIT


def test_row_of_a_table_is_no_credit() -> None:
    assert kind("Photo: Jane Roe; Year: 1929", BlockKind.TABLE_ROW) is SentenceKind.STATEMENT


@pytest.mark.parametrize("text", ["said.", ".", "…", "“”", "***", "Yes!", "1929", "-- --", "don't"])
def test_fewer_than_two_words_are_a_fragment(text: str) -> None:
    assert kind(text) is SentenceKind.FRAGMENT


@pytest.mark.parametrize("text", ["It rained.", "Il pleut.", "Es regnet", "雨が降った。", "ฝนตก", "3 EUR"])
def test_two_words_are_a_statement(text: str) -> None:
    assert kind(text) is SentenceKind.STATEMENT


def test_repetition_of_the_last_words_is_a_fragment() -> None:
    before = "The gate was closed, he said."
    assert kind("he said.", previous=before) is SentenceKind.FRAGMENT
    assert kind("He said!", previous=before) is SentenceKind.FRAGMENT
    assert kind("He left.", previous=before) is SentenceKind.STATEMENT
    assert kind("The gate was", previous=before) is SentenceKind.STATEMENT


def test_list_item_may_repeat_the_one_before() -> None:
    assert kind("red lamp", BlockKind.LIST_ITEM, previous="a red lamp") is SentenceKind.STATEMENT


def test_heading_and_code_have_their_kind_whatever_they_say() -> None:
    assert kind("Photo: Jane Roe", BlockKind.HEADING) is SentenceKind.HEADING
    assert kind("pump", BlockKind.HEADING) is SentenceKind.HEADING
    assert kind("start the pump", BlockKind.CODE) is SentenceKind.FRAGMENT


@pytest.mark.parametrize(
    "text", ["Can I paint the gate?", "May dogs come in (on a lead)?", "橋を渡れますか？", "Is it **safe?**"]
)
def test_what_asks_in_running_text_answers_nothing(text: str) -> None:
    assert kind(text) is SentenceKind.QUESTION


@pytest.mark.parametrize("block", [BlockKind.LIST_ITEM, BlockKind.TABLE_ROW])
def test_item_of_a_list_that_asks_may_be_one_to_go_through(block: BlockKind) -> None:
    assert kind("Is the gate locked?", block) is SentenceKind.STATEMENT


def test_question_of_somebody_who_is_quoted_is_a_statement() -> None:
    assert kind("The keeper always asks: “Is the gate locked?”") is SentenceKind.STATEMENT


@pytest.mark.parametrize(
    "text",
    [
        "2.4 Who may enter? . . . . . . . . . . . . 6",
        "Fees and fines ........... 12",
        "Preface of the keeper . . . . iv",
        "Annex of fees…… 3",
        "as the harbour office says . . . . . . .; 6",
    ],
)
@pytest.mark.parametrize("block", [BlockKind.PARAGRAPH, BlockKind.LIST_ITEM, BlockKind.TABLE_ROW])
def test_line_of_a_table_of_contents_is_a_fragment(text: str, block: BlockKind) -> None:
    assert kind(text, block) is SentenceKind.FRAGMENT


@pytest.mark.parametrize(
    "text", ["It rained... and 12 boats left in 1923", "The fee is 12... or 6", "Call 1.2.3.4 at 5"]
)
def test_dots_that_lead_to_no_page_are_words_like_others(text: str) -> None:
    assert kind(text) is SentenceKind.STATEMENT
