"""Lines of a picture that lies askew, on its side or on its head, set upright and straight."""

from __future__ import annotations

import math

import pytest

from rag.read.ocr.straighten import FoundLine, FoundWord, straightened
from rag.read.page import ScannedPage

WIDTH, HEIGHT = 600, 800
Point = tuple[float, float]


def seen(point: Point, turned: int) -> tuple[int, int]:
    """Where a point of the upright page, 600 by 800, is on the picture of a page that is turned so."""
    x, y = point
    x, y = ((x, y), (HEIGHT - y, x), (WIDTH - x, HEIGHT - y), (y, WIDTH - x))[turned]
    return round(x), round(y)


def line(y: float, *words: str, turned: int = 0, slope: float = 0.0, sure: float = 0.9, size: int = 10) -> FoundLine:
    """A line of words of 90 pixels, 10 apart, whose baseline begins 100 pixels from the left."""

    def at(x: float, above: float) -> tuple[int, int]:
        return seen((x, y + (x - 100) * math.tan(slope) - above), turned)

    found = []
    for number, word in enumerate(words):
        left = 100 + 100 * number
        corners = [at(left, 20), at(left + 90, 0)]
        xs, ys = [x for x, _ in corners], [y for _, y in corners]
        found.append(FoundWord(word, sure, (min(xs), min(ys), max(xs), max(ys))))
    ends = (*at(100, 0), *at(100 + 100 * len(words), 0))
    return FoundLine(ends, turned, size, found)


def page(*lines: FoundLine, turned: int = 0) -> ScannedPage:
    sides = (HEIGHT, WIDTH) if turned % 2 else (WIDTH, HEIGHT)
    return straightened(lines, *sides, dots_per_inch=72)


@pytest.mark.parametrize("turned", [0, 1, 2, 3])
def test_a_page_is_read_upright_however_it_lies(turned: int) -> None:
    found = page(line(100, "The", "pier", turned=turned), line(130, "closes", turned=turned), turned=turned)
    assert (found.width, found.height) == (WIDTH, HEIGHT)
    assert [(w.text, round(w.x0), round(w.x1), round(w.y)) for w in found.words] == [
        ("The", 100, 190, 100),
        ("pier", 200, 290, 100),
        ("closes", 100, 190, 130),
    ]


def test_the_words_of_a_line_that_lies_askew_stand_level() -> None:
    lines = [line(y, "one", "two", "three", "four", slope=math.radians(2)) for y in (100, 130, 160)]
    found = page(*lines)
    levels = [{round(word.y, 1) for word in found.words[at : at + 4]} for at in (0, 4, 8)]
    assert [len(level) for level in levels] == [1, 1, 1]
    steps = [min(levels[1]) - min(levels[0]), min(levels[2]) - min(levels[1])]
    assert [round(step) for step in steps] == [30, 30]


def test_boxes_are_those_of_the_page_as_it_is_shown() -> None:
    found = page(line(100, "The", turned=2))
    assert found.words[0].box == (round(410 / 600, 4), round(700 / 800, 4), round(500 / 600, 4), round(720 / 800, 4))


def test_lines_that_were_recognised_poorly_or_lie_otherwise_are_left_out_and_counted() -> None:
    found = page(line(100, "The", "pier"), line(130, "%&", sure=0.2), line(160, "stamp", turned=1))
    assert ([word.text for word in found.words], found.left_out) == (["The", "pier"], 2)


def test_sizes_that_differ_by_what_is_measured_wrongly_are_one() -> None:
    found = page(line(100, "a", "b", "c"), line(130, "d", size=11), line(160, "Title", size=16))
    assert [word.size for word in found.words] == [10, 10, 10, 10, 16]


def test_a_page_without_words_is_one() -> None:
    assert page() == ScannedPage(WIDTH, HEIGHT, ())
