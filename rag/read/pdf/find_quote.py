"""Finds a quote on a PDF's page, so that it can be marked in a picture of the page."""

from __future__ import annotations

import ctypes
import unicodedata
from typing import Any

import pypdfium2.raw as raw  # type: ignore[import-untyped, unused-ignore]  # it has no types

from rag.read.page import Box
from rag.read.pdf.page_words import LOCK, opened, opened_page

_MAX_QUOTE = 20_000
_PARTS = 1_000_000  # PDFium gives places on the page in whole parts
_HYPHENS = "-\u00ad\u2010\x02"
_SAME_LINE = 0.5  # of the height of the lower of two boxes


def find_on_page(data: bytes, page: int, quote: str) -> list[Box] | None:
    """The boxes of the lines of `quote` on `page`, counted from 1; None unless it stands there exactly once.

    A box is left, top, right, bottom, as shares 0..1 of the page's width and height from its top left corner, as the
    page is shown. White space and hyphens do not count. Raises UnreadableDocument as `read_pdf` does.
    """
    wanted = "".join(map(_plain, quote))
    if not wanted or len(quote) > _MAX_QUOTE:
        return None
    with opened(data) as document:
        with LOCK:
            is_there = 1 <= page <= len(document)
        if not is_there:
            return None
        with opened_page(document, page - 1) as (shown, text):
            letters, places = _letters(text.raw, text.count_chars())
            start = letters.find(wanted)
            if start < 0 or letters.find(wanted, start + 1) >= 0:
                return None
            characters = dict.fromkeys(places[start : start + len(wanted)])
            return _lines([_box(shown.raw, text.raw, place) for place in characters])


def find_before_turn(data: bytes, page: int, quote: str) -> list[Box] | None:
    """The boxes on `page` of a quote that begins there and ends on the next page; None unless that is certain.

    It is when there is one way to part the quote between two words so that the first part stands exactly once on
    `page` and the second exactly once on the next one. Boxes and errors are those of `find_on_page`.
    """
    words = ["".join(map(_plain, word)) for word in quote.split()]
    if len(quote) > _MAX_QUOTE:
        return None
    with opened(data) as document:
        with LOCK:
            is_there = 1 <= page < len(document)
        if not is_there:
            return None
        with opened_page(document, page) as (_, text):
            following, _ = _letters(text.raw, text.count_chars())
        with opened_page(document, page - 1) as (shown, text):
            letters, places = _letters(text.raw, text.count_chars())
            found = []
            for turn in range(1, len(words)):
                before, after = "".join(words[:turn]), "".join(words[turn:])
                start = letters.find(before) if before else -1
                if start < 0:
                    break  # nor do more of the words stand there
                if after and letters.find(before, start + 1) < 0 and following.count(after) == 1:
                    found.append(places[start : start + len(before)])
            if len(found) != 1:
                return None
            return _lines([_box(shown.raw, text.raw, place) for place in dict.fromkeys(found[0])])


def _plain(character: str) -> str:
    """The character as it is compared: taken apart, nothing for white space and hyphens."""
    return "" if character.isspace() or character in _HYPHENS else unicodedata.normalize("NFKD", character)


def _letters(text: Any, count: int) -> tuple[str, list[int]]:
    """What is compared of a text page, and for each letter the position of its character."""
    letters: list[str] = []
    places: list[int] = []
    for position in range(count):
        code = raw.FPDFText_GetUnicode(text, position)
        plain = _plain(chr(code)) if 0 < code < 0x110000 else ""
        letters.append(plain)
        places += [position] * len(plain)
    return "".join(letters), places


def _box(page: Any, text: Any, position: int) -> Box:
    box, x, y = raw.FS_RECTF(), ctypes.c_int(), ctypes.c_int()
    raw.FPDFText_GetLooseCharBox(text, position, box)
    corners = []
    for corner in ((box.left, box.top), (box.right, box.bottom)):
        raw.FPDF_PageToDevice(page, 0, 0, _PARTS, _PARTS, 0, *corner, x, y)
        corners.append((min(max(x.value / _PARTS, 0.0), 1.0), min(max(y.value / _PARTS, 0.0), 1.0)))
    (x0, y0), (x1, y1) = corners
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def _lines(boxes: list[Box]) -> list[Box]:
    """Boxes of characters to boxes of lines: those next to each other at the same height become one."""
    lines: list[Box] = []
    for left, top, right, bottom in boxes:
        if lines:
            before = lines[-1]
            shared = min(bottom, before[3]) - max(top, before[1])
            if shared > _SAME_LINE * min(bottom - top, before[3] - before[1]):
                lines[-1] = (
                    *(min(left, before[0]), min(top, before[1])),
                    *(max(right, before[2]), max(bottom, before[3])),
                )
                continue
        lines.append((left, top, right, bottom))
    return lines
