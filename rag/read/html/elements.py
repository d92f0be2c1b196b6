"""Elements to blocks: HTML's own, and those of the XML that trafilatura writes, in one walk without recursion."""

from __future__ import annotations

import re

from lxml import etree

from rag.read.layout import Content, Layout
from rag.records import BlockKind

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_LISTS = {"list", "ul", "ol", "dl", "menu"}
_ITEMS = {"item", "li", "dt", "dd"}
_ROWS = {"row", "tr"}
_CELLS = {"cell", "td", "th"}
_BREAKS = {"lb", "br", "hr"}
# Code in one of these is part of a line. A line break in it says nothing: only <pre> keeps those.
_INLINE_PARENTS = {
    *("p", "head", "item", "cell", "hi", "ref", "quote", "li", "dt", "dd", "td", "th"),
    *("summary", "caption", "figcaption"),
    *("a", "b", "strong", "i", "em", "u", "s", "q", "span", "small", "big", "font", "mark", "sub", "sup", "ins", "del"),
    *("label", "abbr", "cite", "dfn", "kbd", "samp", "tt", "var", *_HEADINGS),
}
_OTHER_BLOCKS = {
    *("p", "quote", "div", "main", "body", "html", "article", "section", "header", "aside", "figure", "figcaption"),
    *("blockquote", "address", "form", "fieldset", "details", "summary", "caption", "center", "option"),
}
_CODES = {"code", "pre"}
# In bold; "hi" is trafilatura's. What is folded away under a line opens with it, as under a heading.
_BOLD = {"b", "strong", "summary"}
_BOLD_STYLE = re.compile(r"font-weight\s*:\s*(?:bold|[6-9]00)", re.IGNORECASE)
_BLOCKS = {"head", "pre", *_HEADINGS, *_LISTS, *_ITEMS, *_OTHER_BLOCKS}
_DEFAULT_LEVEL = 2


def read_blocks(root: etree._Element, *, is_part: bool = False) -> Content:
    """The blocks under an element, in document order; the title is its first heading of level 1.

    `is_part` as `Layout.content` has it.
    """
    walker = _Walker()
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if event == "start":
            walker.start(element)
        else:
            walker.end(element)
    walker.flush()
    return walker.layout.content(title=walker.title, is_part=is_part)


class _Walker:
    """Collects words until a block begins or ends. Inside a table only rows and cells count."""

    def __init__(self) -> None:
        self.layout = Layout()
        self.title = ""
        self._words: list[str] = []
        self._bold = 0  # elements in bold that we are in
        self._is_bold = True  # all words so far
        self._heading = 0
        self._code: etree._Element | None = None
        self._lists = 0
        self._item_is_new = False
        self._tables = 0
        self._rows: list[list[tuple[str, bool]]] = []  # cells, each with whether it is a header

    def start(self, element: etree._Element) -> None:
        """Enter an element. The words before a block, a row or a line break end there."""
        tag = element.tag
        if tag in _BREAKS:
            self._break()
        elif self._tables or tag == "table":
            self._start_table_part(tag)
        elif self._code is None and _is_block(element):
            self.flush()
            self._heading = _heading_level(element)
            self._lists += tag in _LISTS
            self._item_is_new = self._item_is_new or tag in _ITEMS
            self._code = element if tag in _CODES else None
        self._bold += _is_bold(element)
        self._add_words(element.text)

    def end(self, element: etree._Element) -> None:
        """Leave an element. The words of a block are the block."""
        tag = element.tag
        if self._tables:
            self._end_table_part(element)
        elif element is self._code or (self._code is None and _is_block(element)):
            self.flush()
            self._heading, self._code = 0, None
            self._lists -= tag in _LISTS
        self._bold -= _is_bold(element)
        self._add_words(element.tail)

    def _add_words(self, words: str | None) -> None:
        self._words.append(words or "")
        self._is_bold = self._is_bold and (self._bold > 0 or not (words or "").strip())

    def flush(self) -> None:
        """Make a block of the words so far."""
        words, self._words = "".join(self._words), []
        is_bold, self._is_bold = self._is_bold, True
        if not words.strip():
            return
        if self._code is not None:
            self.layout.add(BlockKind.CODE, words)
        elif self._heading:
            self.layout.add(BlockKind.HEADING, words, level=self._heading)
            if self._heading == 1:
                self.title = self.title or " ".join(words.split())
        elif self._lists and self._item_is_new:
            self.layout.add(BlockKind.LIST_ITEM, words, level=self._lists)
            self._item_is_new = False
        else:
            is_bold = is_bold and not self._lists
            self.layout.add(BlockKind.BOLD_HEADING if is_bold else BlockKind.PARAGRAPH, words)

    def _break(self) -> None:
        if self._code is not None:
            self._words.append("\n")
        elif self._tables or self._heading:
            self._words.append(" ")
        else:
            self.flush()

    def _start_table_part(self, tag: str) -> None:
        if tag == "table":
            self._tables += 1
            if self._tables == 1:
                self.flush()
                self._rows = []
        elif self._tables == 1 and tag in _ROWS:
            self._rows.append([])
        elif self._tables == 1 and tag in _CELLS:
            self._words = []
        self._words.append(" ")

    def _end_table_part(self, element: etree._Element) -> None:
        self._words.append(" ")
        if element.tag == "table":
            self._tables -= 1
            if not self._tables:
                self._add_table()
        elif self._tables == 1 and element.tag in _CELLS:
            is_header = element.tag == "th" or element.get("role") == "head"
            self._rows = self._rows or [[]]
            self._rows[-1].append(("".join(self._words), is_header))
            self._words = []

    def _add_table(self) -> None:
        rows = [row for row in self._rows if row]
        headers: list[str] = []
        if rows and all(is_header for _, is_header in rows[0]):
            headers = [text for text, _ in rows.pop(0)]
        self.layout.add_table(headers, [[text for text, _ in row] for row in rows])
        self._words = []


def _is_block(element: etree._Element) -> bool:
    if element.tag == "code":
        parent = element.getparent()
        return parent is None or parent.tag not in _INLINE_PARENTS
    return element.tag in _BLOCKS


def _is_bold(element: etree._Element) -> bool:
    if element.tag == "hi":
        return "#b" in element.get("rend", "")
    return element.tag in _BOLD or _BOLD_STYLE.search(element.get("style", "")) is not None


def _heading_level(element: etree._Element) -> int:
    if element.tag == "head":  # of trafilatura; HTML's own is left out before
        return _HEADINGS.get(element.get("rend", ""), _DEFAULT_LEVEL)
    return _HEADINGS.get(element.tag, 0)
