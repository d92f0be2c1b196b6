"""Marks in the words of a page, by which it is told what trafilatura takes for content.

trafilatura finds the content of a page well, and keeps its structure badly: of the pages that common programs write for
manuals and handbooks it drops nine headings in ten, and with them what each paragraph is about. So it only decides what
is kept. Every run of words gets a mark before it looks; the blocks are those of the page itself, of which a mark came
through, and the headings above them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from rag.read.layout import Content, Layout
from rag.records import Block, BlockKind

# Three Braille patterns are a mark: seen, so not cleaned away, no letters, so no word is another one, and never written
# in a page for people who see. One that has them is read as trafilatura gives it.
_FIRST, _BASE, _LENGTH = 0x2800, 256, 3
_MARK = re.compile(f"[\u2800-\u28ff]{{{_LENGTH}}}")
_ANY = re.compile("[\u2800-\u28ff]")
_BELOW_ALL = 7  # as a level of headings


def can_be_marked(text: str) -> bool:
    """Whether no character of a page is one that marks consist of."""
    return _ANY.search(text) is None


def mark_words(page: etree._Element) -> None:
    """Put a mark of its own before the first word of each run of text of the page."""
    for number, (element, is_tail) in enumerate(_runs(page)):
        text = (element.tail if is_tail else element.text) or ""
        words = text.lstrip()
        marked = text[: len(text) - len(words)] + _mark(number) + words
        if is_tail:
            element.tail = marked
        else:
            element.text = marked


def marks_in(text: str) -> frozenset[str]:
    """The marks that a text has."""
    return frozenset(_MARK.findall(text))


def content_of(whole: Content, kept: frozenset[str]) -> Content:
    """Of all blocks of a marked page those that have a mark of `kept`, and the headings above them, without marks.

    The title is the first heading of level 1 among them: one above the content may name the site.
    """
    layout = Layout()
    title = ""
    for block in _chosen(whole, kept):
        words = _MARK.sub("", block.span.of(whole.text))
        layout.add(block.kind, words, level=block.level)
        if block.kind is BlockKind.HEADING and block.level == 1:
            title = title or " ".join(words.split())
    return layout.content(title=title, warnings=whole.warnings)


def _chosen(whole: Content, kept: frozenset[str]) -> list[Block]:
    """The blocks that are kept, and the headings under which one stands, before the next that is not below them."""
    chosen: list[Block] = []
    highest = 0  # level of the headings between here and the content behind it: one of a lower level has none
    for block in reversed(whole.blocks):
        is_heading = block.kind is BlockKind.HEADING
        has_mark = bool(kept & marks_in(block.span.of(whole.text)))
        if has_mark or (is_heading and block.level < highest):
            chosen.append(block)
        if is_heading:
            highest = min(highest, block.level)
        elif has_mark:
            highest = _BELOW_ALL
    return chosen[::-1]


def _runs(page: etree._Element) -> Iterator[tuple[etree._Element, bool]]:
    """The texts of the page that have words, in an order that two pages alike have in common."""
    for element in page.iter():
        if isinstance(element.tag, str):
            if (element.text or "").strip():
                yield element, False
            if (element.tail or "").strip() and element is not page:
                yield element, True


def _mark(number: int) -> str:
    digits = (number // _BASE**power % _BASE for power in reversed(range(_LENGTH)))
    return "".join(chr(_FIRST + digit) for digit in digits)
