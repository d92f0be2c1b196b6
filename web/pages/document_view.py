"""A document cut into what its page shows: layout blocks, each in pieces that are marked or not."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from math import ceil, floor

from rag.app import PageView
from rag.records import Block, BlockKind, Document, Span
from rag.render import LINK_SHA256_DIGITS

# Characters of a document that are shown at once: some hundred printed pages. A browser shows them in half a second.
_PART_CHARACTERS = 300_000
_LEVELS = 6  # of headings in HTML


class Marking(Enum):
    """What becomes of a request to mark a citation."""

    NONE = "none"  # nothing was asked for
    MARKED = "marked"
    CHANGED = "changed"  # the text is another one by now, or the link does not say which it was
    MISPLACED = "misplaced"  # the offsets do not lie in the text


@dataclass(frozen=True, slots=True)
class Mark:
    """A rectangle over the picture of a page, in its pixels."""

    x: int
    y: int
    width: int
    height: int


def marks_of(view: PageView) -> list[Mark]:
    """The boxes of a quote's lines as rectangles that cover them."""
    marks = []
    for left, top, right, bottom in view.boxes:
        x, y = floor(left * view.width), floor(top * view.height)
        marks.append(Mark(x, y, ceil(right * view.width) - x, ceil(bottom * view.height) - y))
    return marks


def is_text(document: Document, sha256: str) -> bool:
    """Whether a link's digits of a SHA-256 are those of the document's text."""
    return len(sha256) >= LINK_SHA256_DIGITS and document.text_sha256.startswith(sha256)


@dataclass(frozen=True, slots=True)
class Piece:
    """Some text of a block, and whether it is marked. `first` is set on the first marked piece of the page alone."""

    text: str
    marked: bool = False
    first: bool = False


@dataclass(frozen=True, slots=True)
class ShownBlock:
    """One block. The texts of its pieces, joined, are exactly the block's text."""

    kind: BlockKind
    level: int  # of a heading as the page has it: one below that of the heading it stands under, from 1 to 6
    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        """The text of the block."""
        return "".join(piece.text for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class ShownPart:
    """A part of a document, by its number, from 1."""

    number: int
    blocks: list[ShownBlock]


def marking(document: Document, start: int | None, end: int | None, sha256: str) -> tuple[Marking, Span | None]:
    """Whether to mark, and what. A wrong mark is worse than none, so without a matching hash nothing is marked."""
    if start is None or end is None:
        return Marking.NONE, None
    if not is_text(document, sha256):
        return Marking.CHANGED, None
    if not start < end <= len(document.text):
        return Marking.MISPLACED, None
    return Marking.MARKED, Span(start, end)


def in_parts(document: Document) -> list[tuple[Block, ...]]:
    """The blocks of a document in the parts that are shown one at a time: one, unless it is long. Never none."""
    whole = Block(Span(0, len(document.text)), BlockKind.PARAGRAPH)
    parts: list[tuple[Block, ...]] = []
    begun: list[Block] = []
    characters = 0
    for block in _pieces_of_long_blocks(document.blocks or (whole,)):
        length = block.span.end - block.span.start
        if begun and characters + length > _PART_CHARACTERS:
            parts.append(tuple(begun))
            begun, characters = [], 0
        begun.append(block)
        characters += length
    return [*parts, tuple(begun)]


def part_to_show(document: Document, parts: Sequence[tuple[Block, ...]], wanted: int, marked: Span | None) -> ShownPart:
    """Part `wanted`, from 1, as near as there is one; with 0 the one in which `marked` begins, or the first.

    The characters of `marked` are set apart in each block that it touches.
    """
    number = min(wanted, len(parts))
    if not number and marked is not None:
        ends = [part[-1].span.end for part in parts]
        number = min(bisect_right(ends, marked.start) + 1, len(parts))
    number = number or 1
    shown: list[ShownBlock] = []
    first = True
    for block in _with_levels(document, parts[number - 1]):
        pieces = _pieces(document.text, block.span, marked, first=first)
        first = first and not any(piece.marked for piece in pieces)
        shown.append(ShownBlock(block.kind, block.level, pieces))
    return ShownPart(number, shown)


def _with_levels(document: Document, blocks: Sequence[Block]) -> Iterator[Block]:
    """The blocks, headings with the level that the page has: who listens goes from one to the next, and skips none.

    One that the part opens with, and that is the document's title, is the page's own, of level 1.
    """
    above: list[tuple[int, int]] = []  # of the headings we are under, their own levels and those of the page
    for position, block in enumerate(blocks):
        is_title = position == 0 and block.span.of(document.text) == document.source.title
        if block.kind.names_section:
            while above and above[-1][0] >= block.level:
                above.pop()
            level = min(above[-1][1] + 1 if above else 1 if is_title else 2, _LEVELS)
            above.append((block.level, level))
            yield replace(block, level=level)
        else:
            yield block


def _pieces_of_long_blocks(blocks: Sequence[Block]) -> Iterator[Block]:
    """The blocks, one that is longer than a part cut up."""
    for block in blocks:
        start, end = block.span.start, block.span.end
        if end - start <= _PART_CHARACTERS:
            yield block
            continue
        for begin in range(start, end, _PART_CHARACTERS):
            yield replace(block, span=Span(begin, min(begin + _PART_CHARACTERS, end)))


def _pieces(text: str, block: Span, marked: Span | None, *, first: bool) -> tuple[Piece, ...]:
    """A block's text before, in and after the mark; empty pieces left out."""
    if marked is None or marked.end <= block.start or block.end <= marked.start:
        return (Piece(block.of(text)),)
    start, end = max(block.start, marked.start), min(block.end, marked.end)
    pieces = (
        Piece(text[block.start : start]),
        Piece(text[start:end], marked=True, first=first),
        Piece(text[end : block.end]),
    )
    return tuple(piece for piece in pieces if piece.text)
