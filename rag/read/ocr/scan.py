"""One page of a PDF or a picture, recognised. Runs where files are read; what it finds is not trusted elsewhere."""

from __future__ import annotations

from rag.read.formats import is_picture
from rag.read.ocr.picture_file import MAX_RECOGNISED_PIXELS, count_pictures, picture_pixels
from rag.read.ocr.straighten import straightened
from rag.read.ocr.tesseract import Grey, find_lines
from rag.read.page import ScannedPage
from rag.read.pdf.page_picture import draw_opened
from rag.read.pdf.page_words import opened, opened_page
from rag.read.pdf.pdf_reader import pages_without_text

_DOTS_PER_INCH = 300
_POINTS = 72
_DRAW_SECONDS = 30.0


def pages_to_recognise(data: bytes, media_type: str) -> list[int]:
    """The pages without text, from 1; of a picture all. Raises UnreadableDocument."""
    if is_picture(media_type):
        return list(range(1, count_pictures(data) + 1))
    return pages_without_text(data)


def recognise_page(data: bytes, media_type: str, number: int, languages: str) -> ScannedPage:
    """What text recognition finds on page `number`, from 1. Raises UnreadableDocument."""
    pixels, dots_per_inch = picture_pixels(data, number) if is_picture(media_type) else _drawn(data, number)
    height, width = pixels.shape
    return straightened(find_lines(pixels, dots_per_inch, languages), width, height, dots_per_inch)


def _drawn(data: bytes, number: int) -> tuple[Grey, int]:
    """A page of a PDF in grey, and its dots an inch."""
    with opened(data) as document, opened_page(document, number - 1) as (page, _):
        scale = _DOTS_PER_INCH / _POINTS
        pixels = draw_opened(page, number, scale, _DRAW_SECONDS, max_pixels=MAX_RECOGNISED_PIXELS)
        points = max(float(page.get_width()), 1.0)
    # The mean of the colours: coloured paper stays light.
    return (pixels.sum(axis=2, dtype="uint16") // 3).astype("uint8"), max(1, round(pixels.shape[1] / points * _POINTS))
