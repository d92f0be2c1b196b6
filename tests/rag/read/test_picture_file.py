"""Pictures as pages: what is recognised of each, how it is shown, and what is refused."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from rag.errors import PageNotFound, UnreadableDocument
from rag.read.ocr.picture_file import count_pictures, draw_picture, picture_pixels


def saved(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it has so many pixels."""
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"")),
        (b"IEND", b""),
    ]
    chunks = (struct.pack(">I", len(d)) + name + d + struct.pack(">I", zlib.crc32(name + d)) for name, d in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


HALF = Image.new("L", (300, 200), 255)
HALF.paste(0, (0, 0, 150, 200))


@pytest.mark.parametrize(
    ("dots", "size", "expected"),
    [
        pytest.param(300, (200, 300), 300, id="as it is"),
        pytest.param(600, (200, 300), 600, id="finer"),
        pytest.param(200, (300, 450), 300, id="enlarged"),
        pytest.param(72, (400, 600), 144, id="enlarged to twice its size at most"),
    ],
)
def test_a_picture_is_brought_near_to_300_dots_an_inch(dots: int, size: tuple[int, int], expected: int) -> None:
    pixels, found = picture_pixels(saved(HALF, dpi=(dots, dots)), 1)
    assert (pixels.shape, found) == (size, expected)


def test_one_that_says_no_resolution_is_taken_for_a_page_of_a4() -> None:
    page = Image.new("L", (1_240, 1_754), 255)
    pixels, found = picture_pixels(saved(page), 1)
    assert (pixels.shape, found) == ((3_507, 2_479), 300)


@pytest.mark.parametrize(
    "picture",
    [
        pytest.param(HALF.convert("1"), id="black and white"),
        pytest.param(HALF.convert("P"), id="with a palette"),
        pytest.param(HALF.convert("RGB"), id="in colour"),
        pytest.param(Image.fromarray(np.asarray(HALF).astype(np.uint16) * 257), id="of sixteen bits"),
        pytest.param(
            Image.merge("LA", (Image.new("L", HALF.size, 0), HALF.point(lambda grey: 255 - grey))), id="clear"
        ),
    ],
)
def test_pictures_of_all_kinds_have_the_same_grey(picture: Image.Image) -> None:
    pixels, _ = picture_pixels(saved(picture, dpi=(300, 300)), 1)
    assert (pixels[:, :150].max(), pixels[:, 150:].min()) == (0, 255)


def test_a_photograph_is_set_upright_as_the_camera_says() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned to the right to be upright
    pixels, _ = picture_pixels(saved(HALF, "JPEG", exif=exif, dpi=(300, 300), quality=95), 1)
    assert pixels.shape == (300, 200)
    assert (pixels[:100].mean() < 50, pixels[200:].mean() > 200) == (True, True)


def test_each_page_of_a_tiff_is_found_and_drawn() -> None:
    data = saved(HALF, "TIFF", save_all=True, append_images=[Image.new("L", (90, 60), 255)], compression="tiff_lzw")
    assert count_pictures(data) == 2
    drawn, pages = draw_picture(data, 2)
    assert (drawn.width, drawn.height, pages, drawn.png[:4]) == (90, 60, 2, b"\x89PNG")
    with pytest.raises(PageNotFound, match="there is no page 0; the document has the pages 1 to 2"):
        draw_picture(data, 0)


def test_a_large_picture_is_shown_smaller() -> None:
    drawn, _ = draw_picture(saved(Image.new("1", (6_000, 4_000), 1)), 1)
    assert drawn.width * drawn.height <= 4_110_000
    assert round(drawn.width / drawn.height, 2) == 1.5


def test_one_that_unpacks_to_too_much_is_refused_before_it_does() -> None:
    expected = "page 1 has 60,000 by 60,000 pixels, but 100,000,000 are allowed; save it smaller"
    for read in (picture_pixels, draw_picture):
        with pytest.raises(UnreadableDocument) as caught:
            read(bomb(60_000, 60_000), 1)
        assert str(caught.value) == expected


@pytest.mark.parametrize("data", [b"", b"GIF89a", bomb(10, 10), saved(HALF)[:200], saved(HALF, "GIF")])
def test_what_is_damaged_or_of_another_kind_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableDocument, match="it is no PNG, JPEG or TIFF picture, or it is damaged"):
        picture_pixels(data, 1)
