"""Markdown, rendered to plain text: no marks, no addresses; only what a reader of the page would read.

Blocks of HTML in it are read as HTML is: many handbooks write their tables and what is folded away so.

A table row becomes one line, "Header: cell; Header: cell": alone in a quote it still says what its figures are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token

from rag.errors import UnreadableDocument
from rag.read.canonical import canonical_text
from rag.read.html.elements import read_blocks
from rag.read.html.html_reader import parse_whole
from rag.read.html.unseen_elements import unseen_warning
from rag.read.layout import Content, Layout
from rag.records import BlockKind

_FRONT_MATTER = re.compile(
    r"(---|\+\+\+)[ \t]*\n(?=[ \t]*[\w.-]+[ \t]*[:=])(.*?)\n(?:\1|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL
)
_FRONT_TITLE = re.compile(r"^title[ \t]*[:=][ \t]*(.+?)[ \t]*$", re.MULTILINE | re.IGNORECASE)
_HTML_LEFT_OUT = "raw HTML was left out"
_NO_TEXT = re.compile(r"<(?:script|style|iframe|object|embed|svg|form)\b", re.IGNORECASE)
# Levels; markdown-it drops what is deeper. Its own 20 is ten nested lists; time on hostile brackets grows with it.
_MAX_NESTING = 40
_TOO_DEEP = f"it nests {_MAX_NESTING} levels deep; what is deeper was left out"


def read_markdown(data: bytes) -> Content:
    """The rendered text. Title: that of the front matter, which is not part of the text, else the first "# heading"."""
    text, warnings = canonical_text(data)
    title = ""
    if front := _FRONT_MATTER.match(text):
        named = _FRONT_TITLE.search(front[2])
        title = named[1].strip("\"'") if named else ""
        text = text[front.end() :]
    tokens = MarkdownIt("commonmark", {"maxNesting": _MAX_NESTING}).enable(["table", "strikethrough"]).parse(text)
    if any(token.level >= _MAX_NESTING - 1 for token in tokens):
        warnings += (_TOO_DEEP,)
    renderer = _Renderer()
    for token in tokens:
        renderer.take(token)
    warnings += tuple(dict.fromkeys(renderer.warnings))
    return renderer.layout.content(title=title or renderer.first_title, warnings=warnings)


class _Renderer:
    """Turns markdown-it's flat list of tokens into blocks."""

    def __init__(self) -> None:
        self.layout = Layout()
        self.first_title = ""
        self.warnings: list[str] = []
        self._heading = 0  # level of the heading we are in
        self._depth = 0  # of list items
        self._item_is_new = False
        self._rows: list[list[str]] | None = None  # of the table we are in, header first

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
            case "html_block":
                self._take_html(token.content)
            case "fence" | "code_block":
                self.layout.add(BlockKind.CODE, token.content)
            case "table_open":
                self._rows = []
            case "tr_open" if self._rows is not None:
                self._rows.append([])
            case "table_close" if self._rows is not None:
                self.layout.add_table(self._rows[0], self._rows[1:])
                self._rows = None
            case "inline":
                children = token.children or []
                self._take_words(_plain_lines(children), is_bold=_is_bold(children))

    def _take_html(self, text: str) -> None:
        """Take the words of a block of HTML; many are no more than the beginning or the end of an element."""
        if _NO_TEXT.search(text):
            self.warnings.append(_HTML_LEFT_OUT)
        try:
            page, cut = parse_whole(text)
        except UnreadableDocument:  # comments alone, or what is no HTML
            return
        found = read_blocks(page, is_part=True)
        self.warnings += [*cut, *unseen_warning(page, found.text)]
        self.first_title = self.first_title or found.title
        for block in found.blocks:
            self.layout.add(block.kind, block.span.of(found.text), level=block.level)

    def _take_words(self, lines: list[str], *, is_bold: bool) -> None:
        if self._rows is not None:
            self._rows[-1].append(" ".join(lines))
        elif self._heading:
            heading = " ".join(" ".join(lines).split())
            self.layout.add(BlockKind.HEADING, heading, level=self._heading)
            if self._heading == 1:
                self.first_title = self.first_title or heading
        else:
            for line in lines:
                self._take_line(line, is_bold=is_bold)

    def _take_line(self, line: str, *, is_bold: bool) -> None:
        if self._depth and self._item_is_new:
            self.layout.add(BlockKind.LIST_ITEM, line, level=self._depth)
            self._item_is_new = False
        else:
            is_bold = is_bold and not self._depth
            self.layout.add(BlockKind.BOLD_HEADING if is_bold else BlockKind.PARAGRAPH, line)


def _is_bold(tokens: Sequence[Token]) -> bool:
    """Whether all words of inline tokens are bold."""
    depth = 0
    is_any = False
    for token in tokens:
        depth += {"strong_open": 1, "strong_close": -1}.get(token.type, 0)
        if token.content.strip() and token.type != "html_inline":
            if not depth:
                return False
            is_any = True
    return is_any


def _plain_lines(tokens: Sequence[Token]) -> list[str]:
    """The words of inline tokens; only a hard line break begins a new line."""
    lines = [""]
    for token in tokens:
        match token.type:
            case "text" | "code_inline":
                lines[-1] += token.content
            case "image":
                lines[-1] += " ".join(_plain_lines(token.children or []))
            case "softbreak":
                lines[-1] += " "
            case "hardbreak":
                lines.append("")
            case "html_inline" if token.content.lower().startswith("<br"):
                lines[-1] += " "
    return lines
