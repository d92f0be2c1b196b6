"""A page is drawn as it is, within bounds; and the boxes of a quote lie over its words in the picture."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from rag.errors import PageNotFound, UnreadableDocument
from rag.read.page import PagePicture
from rag.read.pdf.find_quote import find_before_turn, find_on_page
from rag.read.pdf.page_picture import draw_page
from rag.read.pdf.pdf_reader import read_pdf
from tests.support.pdf_files import HEIGHT, WIDTH, Text, draw, lines

TOP = Text(72, 90, "The gate is opened by the keeper at nine.")
QUOTED = ["It is closed again when the last boat", "has come in and the lamps are lit."]
REST = Text(72, 300, "Nobody may stay on the quay.")
QUOTE = " ".join(QUOTED)

SCALE = 2.0


def one_page(*texts: Text, **settings: int) -> bytes:
    return draw([TOP, *texts, REST], **settings)


def pixels_of(picture: PagePicture) -> np.ndarray:
    with Image.open(BytesIO(picture.png)) as image:
        image.load()
        assert image.format == "PNG"
        assert image.size == (picture.width, picture.height)
        return np.asarray(image.convert("RGB")).astype(int)


def of_size(width: float, height: float) -> bytes:
    file = BytesIO()
    canvas = Canvas(file, pagesize=(width, height))
    canvas.drawString(0, 0, "x")
    canvas.save()
    return file.getvalue()


def test_a_page_is_drawn_in_its_size_and_in_grey_where_it_has_no_colour() -> None:
    picture, pages = draw_page(draw([TOP], [REST]), 2, SCALE)
    assert (picture.width, picture.height, pages) == (WIDTH * SCALE, HEIGHT * SCALE, 2)
    with Image.open(BytesIO(picture.png)) as image:
        assert image.mode == "L"
    pixels = pixels_of(picture)
    assert pixels[0, 0].tolist() == [255, 255, 255]
    dark = np.argwhere(pixels[:, :, 0] < 128) / SCALE
    assert dark[:, 0].min() > REST.y - 10
    assert dark[:, 0].max() < REST.y + 4


def test_colours_are_those_of_the_page() -> None:
    file = BytesIO()
    canvas = Canvas(file, pagesize=(100, 50))
    canvas.setFillColorRGB(1, 0.5, 0)
    canvas.rect(0, 25, 50, 25, stroke=0, fill=1)  # the upper left quarter
    canvas.save()
    pixels = pixels_of(draw_page(file.getvalue(), 1, SCALE)[0])
    assert [int(value) for value in pixels[10, 10]] == [255, pytest.approx(128, abs=1), 0]
    assert pixels[10, 150].tolist() == pixels[80, 10].tolist() == [255, 255, 255]


@pytest.mark.parametrize("number", [0, 3, -1, 10**12])
def test_a_page_that_is_not_there_is_said_to_be_so(number: int) -> None:
    with pytest.raises(PageNotFound, match=f"no page {number}; the document has the pages 1 to 2"):
        draw_page(draw([TOP], [REST]), number, SCALE)


@pytest.mark.parametrize("size", [(14_400, 14_400), (3, 14_400), (14_400, 3), (1, 1), (0.001, 5)])
def test_a_picture_is_never_larger_than_the_bound(size: tuple[float, float]) -> None:
    picture, _ = draw_page(of_size(*size), 1, SCALE)
    assert 1 <= picture.width * picture.height <= 4_200_000
    assert max(picture.width, picture.height) <= 8_000


def test_a_page_that_takes_too_long_is_given_up() -> None:
    data = draw(*[lines(*["Many words on a page."] * 50)])
    with pytest.raises(UnreadableDocument, match="page 1 cannot be drawn within 0 s"):
        draw_page(data, 1, SCALE, max_seconds=0)
    draw_page(data, 1, SCALE)


def test_a_damaged_file_is_refused() -> None:
    with pytest.raises(UnreadableDocument):
        draw_page(one_page()[:-20], 1, SCALE)


@pytest.mark.parametrize("rotation", [0, 90])
def test_the_boxes_cover_the_words_and_nothing_else(rotation: int) -> None:
    """What differs between the page with the sentence and the page without it is all in the boxes, and fills them."""
    quoted = lines(*QUOTED, y=120)
    data = one_page(*quoted, rotation=rotation)
    shown, without = (pixels_of(draw_page(file, 1, SCALE)[0]) for file in (data, one_page(rotation=rotation)))
    differs = (shown != without).any(axis=2)
    height, width = differs.shape
    boxes = find_on_page(data, 1, QUOTE)
    assert boxes is not None
    assert len(boxes) == 2
    inside = np.zeros_like(differs)
    for left, top, right, bottom in boxes:
        box = np.s_[int(top * height) : int(np.ceil(bottom * height)), int(left * width) : int(np.ceil(right * width))]
        inside[box] = True
        assert differs[box].any(axis=0).mean() > 0.7, "letters from its left to its right"
        assert not without[box].min() < 255, "no part of other words"
    assert differs.any()
    assert not (differs & ~inside).any()


HEADER = Text(72, 40, "Harbour rules")
FOOTER = Text(300, 800, "7")


@pytest.mark.parametrize("around", [[], [HEADER, FOOTER]], ids=["bare", "running lines"])
def test_a_quote_that_turns_the_page_is_marked_on_the_first_one(around: list[Text]) -> None:
    data = draw([TOP, Text(72, 700, QUOTED[0]), *around], [Text(72, 72, QUOTED[1]), REST, *around])
    assert find_on_page(data, 1, QUOTE) is None
    assert find_before_turn(data, 1, QUOTE) == find_on_page(data, 1, QUOTED[0])


@pytest.mark.parametrize(
    ("first", "second", "page"),
    [
        pytest.param([Text(72, 700, QUOTED[0])], [REST], 1, id="the rest is not there"),
        pytest.param([TOP], [Text(72, 72, QUOTED[1])], 1, id="the beginning is not there"),
        pytest.param([Text(72, y, QUOTED[0]) for y in (99, 700)], [Text(72, 72, QUOTED[1])], 1, id="begins twice"),
        pytest.param([Text(72, 700, QUOTED[0])], [Text(72, y, QUOTED[1]) for y in (72, 99)], 1, id="ends twice"),
        pytest.param([Text(72, 700, QUOTED[0] + " has")], lines(QUOTED[1], y=72), 1, id="two ways to part it"),
        pytest.param([Text(72, 700, QUOTED[0])], [Text(72, 72, QUOTED[1])], 2, id="no next page"),
        pytest.param([Text(72, 700, QUOTED[0])], [Text(72, 72, QUOTED[1])], 0, id="no page"),
    ],
)
def test_a_turn_that_is_not_certain_marks_nothing(first: list[Text], second: list[Text], page: int) -> None:
    assert find_before_turn(draw(first, second), page, QUOTE) is None


@pytest.mark.parametrize("quote", ["", " ", "- -", "x", "word " * 5_000])
def test_an_odd_quote_marks_nothing(quote: str) -> None:
    assert find_before_turn(draw([TOP], [REST]), 1, quote) is None


def test_the_words_that_are_read_are_the_ones_that_are_found() -> None:
    data = one_page(*lines(*QUOTED, y=120))
    assert QUOTE in read_pdf(data).text
