"""Words of a PDF that its readers do not see: drawn in white or not at all on a white ground, or tiny.

They are read like all others, and told of. Whether what is drawn in white, or invisibly, can be seen after all, on a
dark ground or over the picture of a scanned page, is looked up in the page as it is drawn.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Iterator
from typing import Any

import pypdfium2.raw as raw  # type: ignore[import-untyped, unused-ignore]  # it has no types

from rag.errors import UnreadableDocument

_TINY_POINTS = 2.0
_INVISIBLE = 3  # the mode in which text is drawn with neither filling nor outline
_FILLED = 0
_WHITE = 250  # of 255, for each colour
_FAINT = 12  # of 255, how opaque
_SCALE = 1.0  # pixels a point of the picture that is looked at
_MAX_SECONDS = 2.0  # to draw it
_MAX_OBJECTS = 20_000  # of a page
_MAX_PICTURES = 20  # of a document
_SHOWN_CHARACTERS = 60


class UnseenWords:
    """Looks at the pages of a document while they are open, until it has found some."""

    def __init__(self) -> None:
        self._pictures = 0
        self.warning: tuple[str, ...] = ()

    def look(self, page: Any, text_page: Any, number: int) -> None:
        """Look at an open page, counted from 1. Under LOCK."""
        if self.warning:
            return
        words, has_drawn = _unseen(page, text_page, number, may_draw=self._pictures < _MAX_PICTURES)
        self._pictures += has_drawn
        if words:
            shown = words if len(words) <= _SHOWN_CHARACTERS else words[:_SHOWN_CHARACTERS].rstrip() + "…"
            said = f"it holds text that is not shown, on page {number}, which was read too, such as “{shown}”"
            self.warning = (said,)


def _unseen(page: Any, text_page: Any, number: int, *, may_draw: bool) -> tuple[str, bool]:
    """Words of the page that nobody sees, and whether it was drawn to find out."""
    tiny: list[Any] = []
    doubtful: list[Any] = []
    for _, thing in zip(range(_MAX_OBJECTS), _texts(page), strict=False):
        if _size(thing) < _TINY_POINTS:
            tiny.append(thing)
        elif _is_doubtful(thing):
            doubtful.append(thing)
    if not tiny and doubtful and may_draw and page.get_rotation() == 0:
        try:
            ground = _Ground(page, number)
        except UnreadableDocument:  # it cannot be drawn in time, so nobody knows
            return "", True
        return _words([thing for thing in doubtful if ground.is_blank(thing)], text_page), True
    return _words(tiny, text_page), False


def _texts(page: Any) -> Iterator[Any]:
    """The text objects that stand on the page itself."""
    for number in range(raw.FPDFPage_CountObjects(page.raw)):
        thing = raw.FPDFPage_GetObject(page.raw, number)
        if raw.FPDFPageObj_GetType(thing) == raw.FPDF_PAGEOBJ_TEXT:
            yield thing


def _size(thing: Any) -> float:
    """Points, as it is drawn; what PDFium does not know counts as large."""
    size, matrix = ctypes.c_float(), raw.FS_MATRIX()
    if not raw.FPDFTextObj_GetFontSize(thing, size) or not raw.FPDFPageObj_GetMatrix(thing, matrix):
        return math.inf
    return abs(size.value) * math.hypot(matrix.c, matrix.d)


def _is_doubtful(thing: Any) -> bool:
    mode = raw.FPDFTextObj_GetTextRenderMode(thing)
    red, green, blue, opaque = (ctypes.c_uint() for _ in range(4))
    if mode == _INVISIBLE:
        return True
    if mode != _FILLED or not raw.FPDFPageObj_GetFillColor(thing, red, green, blue, opaque):
        return False
    return opaque.value < _FAINT or min(red.value, green.value, blue.value) >= _WHITE


def _words(things: list[Any], text_page: Any) -> str:
    parts = []
    for thing in things:
        length = raw.FPDFTextObj_GetText(thing, text_page.raw, None, 0)
        text = ctypes.create_string_buffer(length)
        raw.FPDFTextObj_GetText(thing, text_page.raw, ctypes.cast(text, ctypes.POINTER(ctypes.c_ushort)), length)
        parts.append(text.raw[: max(0, length - 2)].decode("utf-16-le", "replace"))
    return " ".join(" ".join(parts).split())


class _Ground:
    """A page as it is drawn, small."""

    def __init__(self, page: Any, number: int) -> None:
        from rag.read.pdf.page_picture import draw_opened  # here: it loads numpy, and few documents need it

        self._left, bottom, right, self._top = page.get_bbox()
        self._pixels = draw_opened(page, number, _SCALE, _MAX_SECONDS)
        self._down = self._pixels.shape[0] / max(self._top - bottom, 1.0)
        self._across = self._pixels.shape[1] / max(right - self._left, 1.0)

    def is_blank(self, thing: Any) -> bool:
        """Whether everything is white where it stands; False for what stands off the page."""
        sides = [ctypes.c_float() for _ in range(4)]
        if not raw.FPDFPageObj_GetBounds(thing, *sides) or not all(math.isfinite(side.value) for side in sides):
            return False
        left, bottom, right, top = (side.value for side in sides)
        columns = _pixels((left - self._left) * self._across, (right - self._left) * self._across)
        rows = _pixels((self._top - top) * self._down, (self._top - bottom) * self._down)
        part = self._pixels[rows, columns]
        return bool(part.size) and bool(part.min() >= _WHITE)


def _pixels(start: float, end: float) -> slice:
    """What lies between, the last one included."""
    return slice(max(0, math.floor(start)), max(0, math.floor(end) + 1))
