"""A document cut into what its page shows: layout blocks, each in pieces that are marked or not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from math import ceil, floor

from rag.records import Block, BlockKind, Document, PageView, Span
from rag.render import LINK_SHA256_DIGITS


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
    level: int
    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        """The text of the block."""
        return "".join(piece.text for piece in self.pieces)


def marking(document: Document, start: int | None, end: int | None, sha256: str) -> tuple[Marking, Span | None]:
    """Whether to mark, and what. A wrong mark is worse than none, so without a matching hash nothing is marked."""
    if start is None or end is None:
        return Marking.NONE, None
    if not is_text(document, sha256):
        return Marking.CHANGED, None
    if not start < end <= len(document.text):
        return Marking.MISPLACED, None
    return Marking.MARKED, Span(start, end)


def blocks_to_show(document: Document, marked: Span | None) -> list[ShownBlock]:
    """The blocks in text order, the characters of `marked` set apart in each block that it touches."""
    whole = Block(Span(0, len(document.text)), BlockKind.PARAGRAPH)
    shown: list[ShownBlock] = []
    first = True
    for block in document.blocks or (whole,):
        pieces = _pieces(document.text, block.span, marked, first=first)
        first = first and not any(piece.marked for piece in pieces)
        shown.append(ShownBlock(block.kind, block.level, pieces))
    return shown


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
