"""Where a quote stands on the picture of its page, told from the places of the words that were recognised there."""

from __future__ import annotations

from rag.documents.recognised_place import recognised_place
from rag.read.page import Box
from rag.records import Block, BlockKind, Document, RecognisedWord, Source, Span

TEXT = "one two three four five"


def document(*boxes: Box, turns: tuple[tuple[int, int], ...] = ()) -> Document:
    words, start = [], 0
    for word, box in zip(TEXT.split(), boxes, strict=True):
        start = TEXT.index(word, start)
        words.append(RecognisedWord(Span(start, start + len(word)), 0.9, box))
    block = Block(Span(0, len(TEXT)), BlockKind.PARAGRAPH, page=3, turns=turns, recognised=tuple(words))
    return Document(Source("a", "A", "/a.pdf", "application/pdf"), TEXT, (block,), "", "")


TWO_LINES = (
    (0.1, 0.10, 0.2, 0.12),
    (0.21, 0.10, 0.3, 0.12),
    (0.31, 0.11, 0.4, 0.13),
    (0.1, 0.14, 0.2, 0.16),
    (0.21, 0.14, 0.3, 0.16),
)


def test_a_quote_has_a_box_for_each_line() -> None:
    found = recognised_place(document(*TWO_LINES), Span(4, 18))
    assert found == (((0.21, 0.10, 0.4, 0.13), (0.1, 0.14, 0.2, 0.16)), False)


def test_words_on_the_next_page_are_left_to_it() -> None:
    found = recognised_place(document(*TWO_LINES, turns=((14, 4),)), Span(0, len(TEXT)))
    assert found == (((0.1, 0.10, 0.4, 0.13),), True)


def test_a_line_that_lies_askew_has_several_boxes() -> None:
    steps = tuple((0.1 * at, 0.02 * at, 0.1 * at + 0.09, 0.02 * at + 0.02) for at in range(5))
    found = recognised_place(document(*steps), Span(0, len(TEXT)))
    assert found == (steps, False)


def test_nothing_is_told_of_what_was_not_recognised() -> None:
    plain = Document(Source("a", "A", "/a.pdf"), TEXT, (Block(Span(0, 23), BlockKind.PARAGRAPH),), "", "")
    assert recognised_place(plain, Span(0, 3)) is None
