"""Markdown, rendered to plain text: no marks, no addresses, no raw HTML; only what a reader of the page would read.

A table row becomes one line, "Header: cell; Header: cell": alone in a quote it still says what its figures are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token

from rag.read.canonical import canonical_text
from rag.read.layout import Content, Layout
from rag.records import BlockKind

_FRONT_MATTER = re.compile(r"(---|\+\+\+)[ \t]*\n(?=[ \t]*[\w.-]+[ \t]*[:=])(.*?)\n(?:\1|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_FRONT_TITLE = re.compile(r"^title[ \t]*[:=][ \t]*(.+?)[ \t]*$", re.MULTILINE | re.IGNORECASE)
_HTML_LEFT_OUT = "raw HTML was left out"


def read_markdown(data: bytes) -> Content:
    """The rendered text. Title: that of the front matter, which is not part of the text, else the first "# heading"."""
    text, warnings = canonical_text(data)
    title = ""
    if front := _FRONT_MATTER.match(text):
        named = _FRONT_TITLE.search(front[2])
        title = named[1].strip("\"'") if named else ""
        text = text[front.end() :]
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
    if any(token.type == "html_block" and not token.content.lstrip().startswith("<!--") for token in tokens):
        warnings += (_HTML_LEFT_OUT,)
    renderer = _Renderer()
    for token in tokens:
        renderer.take(token)
    return renderer.layout.content(title=title or renderer.first_title, warnings=warnings)


class _Renderer:
    """Turns markdown-it's flat list of tokens into blocks."""

    def __init__(self) -> None:
        self.layout = Layout()
        self.first_title = ""
        self._depth = 0  # of list items
        self._item_is_new = False
        self._heading = 0
        self._headers: list[str] = []
        self._cells: list[str] = []
        self._in_table = False

    def take(self, token: Token) -> None:
        """Take the next token in document order."""
        match token.type:
            case "heading_open":
                self._heading = int(token.tag[1:])
            case "heading_close":
                self._heading = 0
            case "list_item_open":
                self._depth += 1
                self._item_is_new = True
            case "list_item_close":
                self._depth -= 1
            case "fence" | "code_block":
                self.layout.add(BlockKind.CODE, token.content)
            case "inline":
                self._take_words(_plain_lines(token.children or []))
            case _:
                self._take_table(token.type)

    def _take_words(self, lines: list[str]) -> None:
        if self._in_table:
            self._cells.append(" ".join(lines).strip())
            return
        for line in [" ".join(lines)] if self._heading else lines:
            if self._heading:
                self.layout.add(BlockKind.HEADING, line, level=self._heading)
                if self._heading == 1 and not self.first_title:
                    self.first_title = " ".join(line.split())
            elif self._depth and self._item_is_new:
                self.layout.add(BlockKind.LIST_ITEM, line, level=self._depth)
                self._item_is_new = False
            else:
                self.layout.add(BlockKind.PARAGRAPH, line)

    def _take_table(self, kind: str) -> None:
        match kind:
            case "table_open":
                self._in_table = True
            case "table_close":
                self._in_table = False
            case "tr_open":
                self._cells = []
            case "thead_close":
                self._headers = self._cells
            case "tr_close" if self._in_body:
                self.layout.add(BlockKind.TABLE_ROW, row_text(self._headers, self._cells))
