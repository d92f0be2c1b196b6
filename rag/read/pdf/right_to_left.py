"""Words of scripts that are written from right to left, put into the order of reading.

Files hold them in either order, and PDFium turns some of them round once too often. Where its characters stand on the
page decides.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

_SAME_ORIGIN = 0.01  # points
_LAM, _ALEFS = "\u0644", "\u0622\u0623\u0625\u0627"
# What stays from left to right inside: figures and Latin letters with what joins them. Among Arabic letters a hyphen
# does not join figures (Unicode's bidirectional algorithm, rules W2 and W4).
_RUNS = {
    "R": re.compile(r"[0-9A-Za-z]+(?:[.,:/@+_-][0-9A-Za-z]+)*"),
    "AL": re.compile(r"[A-Za-z][0-9A-Za-z]*(?:[.,:/@+_-][0-9A-Za-z]+)*|[0-9A-Za-z]+(?:[.,:/][0-9]+)*"),
}


def is_right_to_left(character: str) -> bool:
    """Whether it is a letter of Hebrew, Arabic and their like."""
    return unicodedata.bidirectional(character) in _RUNS


def script_of(characters: Iterable[str]) -> str:
    """The kind of letters that most of a page is in: "R" Hebrew, "AL" Arabic, "" any that goes from left to right."""
    kinds = Counter(map(unicodedata.bidirectional, characters))
    kind = max(_RUNS, key=lambda kind: kinds[kind])
    return kind if kinds[kind] > kinds["L"] else ""


def in_order(word: str, origins: Sequence[float], script: str) -> str:
    """The word as it is read, given where each of its characters begins and the script of its page.

    The characters of one drawn sign begin at the same place.
    """
    letters = [number for number, character in enumerate(word) if is_right_to_left(character)]
    if letters:
        first, last = letters[0], letters[-1]
        if origins[last] > origins[first] + _SAME_ORIGIN:
            inner = _turned(word[first : last + 1], script or "R")
            word = word[:first] + inner + word[last + 1 :]
            origins = [*origins[:first], *origins[first : last + 1][::-1], *origins[last + 1 :]]
        # Lam and alef are drawn as one sign, never alef and lam.
        for number, (one, other) in enumerate(pairwise(origins)):
            if abs(one - other) <= _SAME_ORIGIN and word[number] in _ALEFS and word[number + 1] == _LAM:
                word = word[:number] + word[number + 1] + word[number] + word[number + 2 :]
        return word
    places = sorted(range(len(word)), key=lambda number: origins[number])
    return _turned("".join(word[number] for number in places), script)


def _turned(seen: str, script: str) -> str:
    """Signs as they are seen from left to right, read from right to left."""
    return _RUNS[script].sub(lambda run: run[0][::-1], seen[::-1]) if script else seen
