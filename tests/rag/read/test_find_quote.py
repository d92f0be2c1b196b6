import pytest
from reportlab.pdfbase.pdfmetrics import stringWidth

from rag.errors import UnreadableDocument
from rag.read.pdf.find_quote import find_on_page
from rag.read.pdf.pdf_reader import read_pdf
from tests.support.pdf_files import HEIGHT, WIDTH, Text, draw, lines

PAGES = (
    [Text(72, 60, "It snowed.")],
    [*lines("It rained. The informa-", "tion came late."), Text(72, 300, "It snowed."), Text(72, 400, "It snowed.")],
)
QUOTE = "The information came late."


def test_boxes_are_shares_of_the_page_one_a_line() -> None:
    data = draw(*PAGES)
    assert QUOTE in read_pdf(data).text
    boxes = find_on_page(data, 2, QUOTE)
    assert boxes
    start = 72 + stringWidth("It rained. ", "Helvetica", 10)
    end = 72 + stringWidth("tion came late.", "Helvetica", 10)
    (left, top, _, bottom), (second_left, second_top, second_right, _) = boxes
    assert left * WIDTH == pytest.approx(start, abs=0.5)
    assert top * HEIGHT < 100 - 7 < 100 < bottom * HEIGHT < 104
    assert second_left * WIDTH == pytest.approx(72, abs=0.5)
    assert second_right * WIDTH == pytest.approx(end, abs=0.5)
    assert top < second_top


def test_a_turned_page_has_the_boxes_of_an_upright_one() -> None:
    upright, turned = (find_on_page(draw(*PAGES, rotation=rotation), 2, QUOTE) for rotation in (0, 90))
    assert upright
    assert turned == [pytest.approx(box, abs=0.001) for box in upright]


@pytest.mark.parametrize(
    ("page", "quote"), [(1, QUOTE), (2, "It snowed."), (2, " -"), (2, ""), (0, QUOTE), (3, QUOTE), (2, "x" * 30_000)]
)
def test_a_place_that_is_not_certain_is_none(page: int, quote: str) -> None:
    assert find_on_page(draw(*PAGES), page, quote) is None


def test_a_damaged_file_is_refused() -> None:
    with pytest.raises(UnreadableDocument):
        find_on_page(draw(*PAGES)[:-20], 2, QUOTE)
