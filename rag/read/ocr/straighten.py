"""Lines that were recognised on a picture to words of a page that is upright and straight.

A scan lies a little askew, or on its side. What comes after compares heights on the page, so each line is laid level;
where a word stands on the page as it is shown is kept beside it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, median

from rag.read.page import Box, ScannedPage, ScannedWord

# Of a line: below this it is a picture or a stain that was taken for letters.
_LEAST_LINE = 0.4
# Sizes of letters are measured on each line; those as near to the page's usual one are the same.
_SAME_SIZE = 0.16
_LEAST_SIZE = 4.0  # points
_PLACES = 4  # of shares of a page
_SIDES = 4


@dataclass(frozen=True, slots=True)
class FoundWord:
    """A word and its left, top, right and bottom, in pixels."""

    text: str
    confidence: float  # 0..1
    box: tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class FoundLine:
    """A line: where its baseline begins and ends in pixels, how it is turned and how large its letters are."""

    baseline: tuple[int, int, int, int]
    turned: int  # clockwise, in quarters of a turn
    size: int  # of its letters, in points
    words: list[FoundWord]


def straightened(lines: Sequence[FoundLine], width: int, height: int, dots_per_inch: float) -> ScannedPage:
    """The page of so many pixels, as most of its lines are turned; lines that are turned otherwise are left out."""
    turned = int(_most_common([line.turned % _SIDES for line in lines for _ in line.words]))
    clear = [line for line in lines if _confidence(line) >= _LEAST_LINE and line.turned % _SIDES == turned]
    page_width, page_height = (height, width) if turned % 2 else (width, height)
    points = 72 / dots_per_inch
    slope = median(_slope(line, turned, width, height) for line in clear) if clear else 0.0
    usual = _most_common([max(float(line.size), _LEAST_SIZE) for line in clear for _ in line.words])
    words: list[ScannedWord] = []
    for line in clear:
        ends = (line.baseline[:2], line.baseline[2:])
        y = mean(_level(_upright(end, turned, width, height), slope)[1] for end in ends) * points
        size = max(float(line.size), _LEAST_SIZE)
        size = usual if abs(size - usual) <= _SAME_SIZE * usual else size
        for word in line.words:
            left, top, right, bottom = word.box
            corners = [_upright(corner, turned, width, height) for corner in ((left, top), (right, bottom))]
            middle = mean(corner[1] for corner in corners)
            x0, x1 = sorted(_level((corner[0], middle), slope)[0] * points for corner in corners)
            words.append(
                ScannedWord(
                    word.text, _rounded(word.confidence, 2), _box(word.box, width, height), x0, max(x0, x1), y, size
                )
            )
    return ScannedPage(page_width * points, page_height * points, tuple(words), len(lines) - len(clear))


def _most_common(values: Sequence[float]) -> float:
    """The value that is there most often, the least of those that are; 0 for none."""
    counts = Counter(values)
    return min(counts, key=lambda value: (-counts[value], value), default=0)


def _confidence(line: FoundLine) -> float:
    return mean(word.confidence for word in line.words)


def _upright(point: Sequence[int], turned: int, width: int, height: int) -> tuple[float, float]:
    """A point of the picture, on the page set upright."""
    x, y = point
    return ((x, y), (y, width - x), (width - x, height - y), (height - y, x))[turned]


def _slope(line: FoundLine, turned: int, width: int, height: int) -> float:
    """The angle of a line on the upright page, in radians."""
    (x0, y0), (x1, y1) = (_upright(end, turned, width, height) for end in (line.baseline[:2], line.baseline[2:]))
    return math.atan2(y1 - y0, x1 - x0) if x1 > x0 else 0.0


def _level(point: tuple[float, float], slope: float) -> tuple[float, float]:
    """A point of a page that is turned back by this angle."""
    x, y = point
    cosine, sine = math.cos(slope), math.sin(slope)
    return x * cosine + y * sine, y * cosine - x * sine


def _box(box: tuple[int, int, int, int], width: int, height: int) -> Box:
    left, top, right, bottom = box
    return (
        _rounded(left / width, _PLACES),
        _rounded(top / height, _PLACES),
        _rounded(right / width, _PLACES),
        _rounded(bottom / height, _PLACES),
    )


def _rounded(share: float, places: int) -> float:
    return round(min(max(share, 0.0), 1.0), places)
