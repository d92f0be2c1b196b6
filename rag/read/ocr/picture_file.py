"""Pictures (PNG, JPEG, TIFF) as documents whose pages are recognised: opened by Pillow, within limits."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from rag.errors import PageNotFound, UnreadableDocument
from rag.read.layout import Content
from rag.read.page import PagePicture, ScannedPage
from rag.read.pdf.page_picture import MAX_PIXELS, png_of
from rag.read.pdf.page_words import frame_of_scan
from rag.read.pdf.pdf_reader import MAX_PAGES, content_of_frames

Grey = npt.NDArray[np.uint8]

_FORMATS = ("PNG", "JPEG", "TIFF")
# A page of A3 at 600 dots an inch has 70 million.
_MAX_READ_PIXELS = 100_000_000
# What is recognised: a page of A3 at 300 dots an inch. More takes time and finds nothing.
MAX_RECOGNISED_PIXELS = 20_000_000
_USUAL, _LEAST, _MOST = 300, 50, 1_200  # dots an inch; what is not between them is no resolution
_LONG_SIDE = 11.69  # inches, of a page of A4: what a picture without a resolution is taken for
_MAX_ENLARGED = 2.0


def read_picture(scanned: Mapping[int, ScannedPage]) -> Content:
    """What was recognised on the pages of a picture, as blocks."""
    frames = [(frame_of_scan(page),) if page.words else () for _, page in sorted(scanned.items())]
    return content_of_frames(frames, title="", warnings=())


def count_pictures(data: bytes) -> int:
    """How many pages there are. Raises UnreadableDocument for what is no picture, or has too many."""
    with _opened(data) as picture:
        count = int(getattr(picture, "n_frames", 1))
    if count > MAX_PAGES:
        raise UnreadableDocument(f"it has {count:,} pages, but {MAX_PAGES:,} are allowed; split it and add its parts")
    return count


def picture_pixels(data: bytes, number: int) -> tuple[Grey, int]:
    """Page `number`, from 1, in grey on white, in the size it is recognised best in, and its dots an inch."""
    with _opened(data) as picture:
        found = picture.info.get("dpi", (0, 0))
        page = _page(picture, number)
    width, height = page.size
    dots = float(min(found)) if isinstance(found, tuple) and len(found) == 2 else 0.0
    if not _LEAST <= dots <= _MOST:
        dots = max(width, height) / _LONG_SIDE
    scale = min(max(_USUAL / dots, 1.0), _MAX_ENLARGED) if dots < _USUAL else 1.0
    scale = min(scale, math.sqrt(MAX_RECOGNISED_PIXELS / (width * height)))
    grey = _resized(page, scale).convert("L")
    return np.asarray(grey, dtype=np.uint8), max(_LEAST, round(dots * scale))


def draw_picture(data: bytes, number: int) -> tuple[PagePicture, int]:
    """Page `number`, from 1, to be shown, and how many pages there are. Raises PageNotFound, UnreadableDocument."""
    count = count_pictures(data)
    if not 1 <= number <= count:
        raise PageNotFound(f"there is no page {number}; the document has the pages 1 to {count}.")
    with _opened(data) as picture:
        page = _page(picture, number)
    shown = _resized(page, min(1.0, math.sqrt(MAX_PIXELS / (page.width * page.height)))).convert("RGB")
    return PagePicture(png_of(np.asarray(shown, dtype=np.uint8)), shown.width, shown.height), count


@contextmanager
def _opened(data: bytes) -> Iterator[Image.Image]:
    """The picture, its first page at hand. Whatever is wrong with it becomes UnreadableDocument."""
    Image.MAX_IMAGE_PIXELS = None  # ours is asked below, before anything is unpacked
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
            yield picture
    except (OSError, SyntaxError, ValueError, EOFError, TypeError, KeyError, IndexError, ArithmeticError) as error:
        raise UnreadableDocument(
            "it is no PNG, JPEG or TIFF picture, or it is damaged; open it, save it again and try once more"
        ) from error


def _page(picture: Image.Image, number: int) -> Image.Image:
    """A page of it, upright as its camera says, without transparency."""
    if number > 1:
        picture.seek(number - 1)
    if picture.width * picture.height > _MAX_READ_PIXELS:
        raise UnreadableDocument(
            f"page {number} has {picture.width:,} by {picture.height:,} pixels, but {_MAX_READ_PIXELS:,} are allowed;"
            " save it smaller"
        )
    page = ImageOps.exif_transpose(picture)
    if page.mode in ("I;16", "I;16B", "I", "F"):
        shades = np.asarray(page, dtype=np.float64)
        span = max(float(shades.max() - shades.min()), 1.0)
        return Image.fromarray(((shades - shades.min()) * (255 / span)).astype(np.uint8))
    if page.mode in ("RGBA", "LA", "PA") or "transparency" in page.info:
        above = page.convert("RGBA")
        page = Image.new("RGBA", above.size, (255, 255, 255, 255))
        page.alpha_composite(above)
    return page.convert("L" if page.mode in ("1", "L") else "RGB")


def _resized(page: Image.Image, scale: float) -> Image.Image:
    if abs(scale - 1.0) < 1 / 100:
        return page
    size = max(1, round(page.width * scale)), max(1, round(page.height * scale))
    return page.resize(size, Image.Resampling.BICUBIC)
