"""The content that a format reader gives back, and the two ways to make it.

`Layout` writes a new canonical text block by block (formats with markup); `Outline` marks blocks inside a text that
stays as it is (plain text). Both keep the heading path that a block stands under.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag.read.bold_headings import Decided, with_bold_headings
from rag.read.canonical import clean_text
from rag.records import Block, BlockKind, RecognisedWord, Span

_BETWEEN_BLOCKS = "\n\n"
_SECTION_SEPARATOR = " > "
# A heading longer than this is a paragraph in disguise; the path above a block keeps only its start.
_MAX_HEADING_CHARS = 120


@dataclass(frozen=True, slots=True)
class Content:
    """What a format reader found: `text` is canonical, `title` is "" when the document names none."""

    text: str
    blocks: tuple[Block, ...]
    title: str = ""
    warnings: tuple[str, ...] = ()


class Outline:
    """Blocks over a given text, in order, each with its heading path."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._headings: list[tuple[int, str]] = []

    def add(
        self,
        span: Span,
        kind: BlockKind,
        words: str,
        *,
        level: int = 0,
        page: int | None = None,
        turns: Sequence[tuple[int, int]] = (),
        recognised: Sequence[RecognisedWord] = (),
    ) -> None:
        """Add the block at `span`, which reads `words`; a heading closes those of its own and of deeper levels."""
        if kind.names_section:
            name = " ".join(words.split())[:_MAX_HEADING_CHARS]
            self._headings = [(above, title) for above, title in self._headings if above < level]
            self._headings.append((level, name))
        section = _SECTION_SEPARATOR.join(title for _, title in self._headings)
        absolute = tuple((span.start + offset, next_page) for offset, next_page in turns)
        seen = tuple(
            replace(word, span=Span(span.start + word.span.start, span.start + word.span.end)) for word in recognised
        )
        self.blocks.append(Block(span, kind, level, section, page, absolute, seen))


@dataclass(frozen=True, slots=True)
class _LaidBlock:
    """A block as it was added; what of the bold ones is a heading is known at the end."""

    span: Span
    kind: BlockKind
    words: str
    level: int
    page: int | None
    turns: Sequence[tuple[int, int]]
    recognised: Sequence[RecognisedWord]


class Layout:
    """A canonical text written block by block, with a blank line between blocks."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._blocks: list[_LaidBlock] = []

    def add(
        self,
        kind: BlockKind,
        text: str,
        *,
        level: int = 0,
        page: int | None = None,
        turns: Sequence[tuple[int, int]] = (),
        recognised: Sequence[RecognisedWord] = (),
    ) -> None:
        """Append a block; one without visible text is left out. Inside it, only code keeps its line breaks.

        A BOLD_HEADING is any paragraph in bold: `content` makes plain paragraphs of those that head nothing.

        `page` is counted from 1, in formats that have pages, slides or sheets. `turns` are the offsets in the text at
        which another page begins, and that page; the spans of `recognised` are in the text, too.
        """
        text, _ = clean_text(text)
        text = text.strip("\n").rstrip() if kind is BlockKind.CODE else " ".join(text.split())
        if not text.strip():
            return
        start = self._length + (len(_BETWEEN_BLOCKS) if self._parts else 0)
        lead = len(text) - len(text.lstrip())
        self._parts.append(text)
        self._length = start + len(text)
        self._blocks.append(_LaidBlock(Span(start + lead, self._length), kind, text, level, page, turns, recognised))

    def add_table(self, headers: Sequence[str], rows: Sequence[Sequence[str]], *, page: int | None = None) -> None:
        """Append a table, one block a row: "Header: cell; Header: cell", so that a quoted row says what it tells.

        An empty cell is left out; a cell without a header stands alone. Without rows the headers are the only row.
        """
        if not rows:
            headers, rows = (), [headers]
        for row in rows:
            names = [*headers, *[""] * len(row)]
            cells = [(" ".join(name.split()), " ".join(cell.split())) for name, cell in zip(names, row, strict=False)]
            named = [f"{name.rstrip(':')}: {cell}" if name else cell for name, cell in cells if cell]
            self.add(BlockKind.TABLE_ROW, "; ".join(named), page=page)

    def content(
        self,
        *,
        title: str = "",
        warnings: tuple[str, ...] = (),
        is_titled_by_first: bool = False,
        is_part: bool = False,
    ) -> Content:
        """The text written so far and its blocks.

        Where nothing else gives a title, a bold line that the document begins with does, if `is_titled_by_first`. In a
        part, whose blocks are added to another layout, all bold lines stay what they are: the whole decides.
        """
        outline = Outline()
        laid = [(block.kind, block.words) for block in self._blocks]
        decided: list[Decided] = [(kind, None) for kind, _ in laid] if is_part else with_bold_headings(laid)
        for block, (kind, level) in zip(self._blocks, decided, strict=True):
            outline.add(
                block.span,
                kind,
                block.words,
                level=block.level if level is None else level,
                page=block.page,
                turns=block.turns,
                recognised=block.recognised,
            )
        if is_titled_by_first and not title and decided and decided[0] == (BlockKind.HEADING, 1):
            title = self._blocks[0].words
        return Content(_BETWEEN_BLOCKS.join(self._parts), tuple(outline.blocks), title, warnings)
