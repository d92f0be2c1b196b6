"""Where on the picture of a page a quote stands that was recognised there."""

from __future__ import annotations

from collections.abc import Sequence

from rag.read.page import Box
from rag.records import Document, Span

# Of the height of a word: as far one may stand above or below the first one of its stretch.
_LEVEL = 0.5
# Of the height, too: a wider gap parts two stretches.
_GAP = 3.0


def recognised_place(document: Document, span: Span) -> tuple[tuple[Box, ...], bool] | None:
    """The boxes of the span on the page on which it begins, and whether it goes on on the next one.

    None where none of it was recognised. On a page that lies askew a line has several boxes.
    """
    block = next((b for b in document.blocks if b.span.start < span.end and span.start < b.span.end), None)
    if block is None:
        return None
    words = [word for word in block.recognised if word.span.start < span.end and span.start < word.span.end]
    if not words:
        return None
    page = block.page_at(span.start)
    here = [word.box for word in words if block.page_at(word.span.start) == page]
    return _stretches(here), len(here) < len(words)


def _stretches(boxes: Sequence[Box]) -> tuple[Box, ...]:
    """Boxes of neighbouring words as one, where they stand level."""
    found: list[Box] = []
    first: Box | None = None  # word of the last stretch
    for box in boxes:
        if first is not None and _goes_on(first, found[-1], box):
            left, top, _, bottom = found[-1]
            found[-1] = left, min(top, box[1]), max(found[-1][2], box[2]), max(bottom, box[3])
        else:
            found.append(box)
            first = box
    return tuple(found)


def _goes_on(first: Box, stretch: Box, box: Box) -> bool:
    height = max(first[3] - first[1], box[3] - box[1])
    middle = (box[1] + box[3]) / 2
    is_level = abs(middle - (first[1] + first[3]) / 2) <= _LEVEL * height
    return is_level and box[2] - stretch[0] >= 0 and box[0] - stretch[2] <= _GAP * height and box[0] >= stretch[0]
