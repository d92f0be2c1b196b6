"""A page of a PDF as a picture. Bounded in pixels and in time; what a page holds is drawn, and nothing in it is run."""

from __future__ import annotations

import math
import struct
import time
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt
import pypdfium2 as pdfium  # type: ignore[import-untyped, unused-ignore]  # it has no types
import pypdfium2.raw as raw  # type: ignore[import-untyped, unused-ignore]  # it has no types

from rag.errors import PageNotFound, UnreadableDocument
from rag.read.page import PagePicture
from rag.read.pdf.page_words import LOCK, opened, opened_page

# An A3 page with two pixels a point. A larger one is drawn smaller, whatever size it says it has.
MAX_PIXELS = 4_100_000
_MAX_SIDE = 8_000
# 60,000 lines across a page take 3 s on a busy machine; a page that takes longer than this was made to.
_MAX_SECONDS = 5.0
_COMPRESSION = 5  # of 1 to 9: 6 is slower by half and smaller by a hundredth
_GREY, _COLOUR = 0, 2  # colour types of PNG
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_UP = b"\x02"  # the filter that stores each line as its difference from the one above

Pixels = npt.NDArray[np.uint8]


def draw_page(data: bytes, number: int, scale: float, *, max_seconds: float = _MAX_SECONDS) -> tuple[PagePicture, int]:
    """Page `number` of a PDF, from 1, as a picture with at most `scale` pixels a point, and how many pages there are.

    Raises PageNotFound for a page that is not there, UnreadableDocument for one that cannot be drawn in time or at all.
    """
    with opened(data) as document:
        with LOCK:
            count = len(document)
        if not 1 <= number <= count:
            raise PageNotFound(f"there is no page {number}; the document has the pages 1 to {count}.")
        with opened_page(document, number - 1) as (page, _):
            pixels = draw_opened(page, number, scale, max_seconds)
    height, width = pixels.shape[:2]
    return PagePicture(png_of(pixels), width, height), count


def draw_opened(page: Any, number: int, scale: float, max_seconds: float, *, max_pixels: int = MAX_PIXELS) -> Pixels:
    """The page on white, shape (height, width, 3). Under LOCK. Raises UnreadableDocument."""
    width, height = _size(page.get_width(), page.get_height(), scale, max_pixels)
    bitmap = pdfium.PdfBitmap.new_native(width, height, raw.FPDFBitmap_BGRx)
    try:
        bitmap.fill_rect((255, 255, 255, 255), 0, 0, width, height)
        deadline = time.monotonic() + max_seconds
        # PDFium asks between the things that it draws whether to go on later.
        pause = raw.IFSDK_PAUSE(version=1)
        pause.NeedToPauseNow = type(pause.NeedToPauseNow)(lambda _: time.monotonic() > deadline)
        flags = raw.FPDF_ANNOT | raw.FPDF_REVERSE_BYTE_ORDER | raw.FPDF_RENDER_LIMITEDIMAGECACHE
        state = raw.FPDF_RenderPageBitmap_Start(bitmap, page, 0, 0, width, height, 0, flags, pause)
        raw.FPDF_RenderPage_Close(page)
        if state != raw.FPDF_RENDER_DONE:
            late = state == raw.FPDF_RENDER_TOBECONTINUED
            raise UnreadableDocument(
                f"page {number} cannot be drawn{f' within {max_seconds:g} s' if late else ''}; open the file itself"
            )
        return np.array(bitmap.to_numpy()[:, :, :3])
    finally:
        bitmap.close()


def _size(width: float, height: float, scale: float, max_pixels: int) -> tuple[int, int]:
    """The pixels of a page of so many points. Raises UnreadableDocument for a page without a size."""
    if not (0 < width < math.inf and 0 < height < math.inf):
        raise UnreadableDocument("the page has no size, so it cannot be drawn; open the file itself")
    scale = min(scale, math.sqrt(max_pixels / width / height), _MAX_SIDE / width, _MAX_SIDE / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def png_of(pixels: Pixels) -> bytes:
    """The picture as PNG, in grey where it has no colour. `pixels`: shape (height, width, 3)."""
    height, width = pixels.shape[:2]
    is_grey = bool((pixels == pixels[:, :, :1]).all())
    lines = (pixels[:, :, 0] if is_grey else pixels).reshape(height, -1)
    filtered = lines.copy()
    filtered[1:] -= lines[:-1]
    rows = b"".join(_UP + row.tobytes() for row in filtered)
    head = struct.pack(">IIBBBBB", width, height, 8, _GREY if is_grey else _COLOUR, 0, 0, 0)
    body = zlib.compress(rows, _COMPRESSION)
    return _SIGNATURE + _chunk(b"IHDR", head) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
