"""A page of a document as a picture, and places on it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

# Left, top, right, bottom as shares 0..1 of the width and height of a page, from its top left corner.
Box = tuple[float, float, float, float]

# A page of a book has 3,000. The order of reading is found for all of it at once, which takes time.
MAX_PAGE_CHARACTERS = 250_000
_MAX_RANGES = 20


@dataclass(frozen=True, slots=True)
class PagePicture:
    """A page of an original, drawn."""

    png: bytes
    width: int  # pixels
    height: int


@dataclass(frozen=True, slots=True)
class ScannedWord:
    """A word that text recognition found on a picture of a page.

    `box` is where it stands on the page as it is shown. The lengths are those of the page set upright and straight, in
    points: x to the right, y downwards; `y` is the baseline of its line.
    """

    text: str  # canonical, without white space
    confidence: float  # 0..1, as the recognition says
    box: Box
    x0: float
    x1: float
    y: float
    size: float


@dataclass(frozen=True, slots=True)
class ScannedPage:
    """What was recognised on a page, in reading order, and the size of the page set upright, in points."""

    width: float
    height: float
    words: tuple[ScannedWord, ...]
    left_out: int = 0  # lines that were recognised too poorly


def named_pages(pages: Iterable[int]) -> str:
    """Rising page numbers for people: [2] -> "page 2", [2, 4, 5, 6] -> "pages 2, 4-6"; at most twenty ranges."""
    ranges: list[list[int]] = []
    for page in pages:
        if ranges and ranges[-1][1] == page - 1:
            ranges[-1][1] = page
        else:
            ranges.append([page, page])
    names = [str(first) if first == last else f"{first}-{last}" for first, last in ranges[:_MAX_RANGES]]
    are_several = len(ranges) > 1 or any(first != last for first, last in ranges)
    more = f" and {len(ranges) - _MAX_RANGES} more ranges" if len(ranges) > _MAX_RANGES else ""
    return f"{'pages' if are_several else 'page'} {', '.join(names)}{more}"
