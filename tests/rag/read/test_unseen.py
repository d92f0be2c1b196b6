"""Text that the readers of a file do not see is told of."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import pytest
from reportlab.pdfgen.canvas import Canvas

from rag.read.html.html_reader import read_html
from rag.read.office.docx import read_docx
from rag.read.pdf.pdf_reader import read_pdf
from tests.support.office_files import docx, par, run

SEEN = "<p>The pier opens at nine. It is lit all night, and the ferry leaves from its far end every hour.</p>"
WHITE = '<w:color w:val="FFFFFF"/>'
HIDDEN = "All salaries are doubled."
TOLD = f"it holds text that is not shown, which was read too, such as “{HIDDEN}”"


def is_told_of_if_read(element: str, head: str = "") -> bool:
    page = f"<html><head>{head}</head><body><article><h1>Pier</h1>{SEEN}{element}{SEEN}</article></body></html>"
    content = read_html(page.encode())
    assert "The pier opens at nine." in content.text
    return (TOLD in content.warnings) is (HIDDEN in content.text)


@pytest.mark.parametrize(
    "style",
    [
        "display: none",
        "DISPLAY:NONE !important",
        "visibility: hidden",
        "opacity: 0",
        "font-size: 0",
        "font-size:1px",
        "font-size: .05em",
        "color: white",
        "color:#FFFFFF",
        "color: rgb(255, 255, 255)",
        "color: transparent",
        "position: absolute; left: -9999px",
        "text-indent: -2000px",
    ],
)
def test_a_style_that_hides_words_of_a_page_is_told_of(style: str) -> None:
    assert is_told_of_if_read(f'<p style="{style}">{HIDDEN}</p>')
    assert is_told_of_if_read(f'<p class="a b">{HIDDEN}</p>', f"<style>.b {{ {style} }}</style>")


def test_so_is_the_attribute_and_what_stands_inside() -> None:
    assert is_told_of_if_read(f"<div hidden><p>{HIDDEN}</p></div>")
    assert is_told_of_if_read(f'<p id="x">{HIDDEN}</p>', "<style>h2, #x { display: none }</style>")


@pytest.mark.parametrize(
    ("style", "head"),
    [
        ("color: white; background: #003", ""),
        ("color: white", "<style>body { background-color: black }</style>"),
        ("font-size: 80%", ""),
        ("font-size: 12px; opacity: 0.9; color: #fffff0", ""),
        ("position: absolute; left: -20px", ""),
        ("display: block", "<style>.other { display: none } @media print { p { display: none } }</style>"),
    ],
    ids=["on dark", "on a dark page", "small", "usual", "near", "other rules"],
)
def test_words_that_are_seen_are_not_told_of(style: str, head: str) -> None:
    page = (
        f"<html><head>{head}</head><body><article>{SEEN}<p style='{style}'>{HIDDEN}</p>{SEEN}</article></body></html>"
    )
    content = read_html(page.encode())
    assert HIDDEN in content.text
    assert not [said for said in content.warnings if "not shown" in said]


@pytest.mark.parametrize(
    ("properties", "is_told"),
    [
        ('<w:color w:val="FFFFFF"/>', True),
        ('<w:sz w:val="1"/>', True),
        ('<w:color w:val="FFFFFF"/><w:shd w:val="clear" w:fill="003366"/>', False),
        ('<w:color w:val="FFFFFF"/><w:highlight w:val="black"/>', False),
        ('<w:color w:val="000000"/><w:sz w:val="18"/>', False),
    ],
    ids=["white", "half a point", "white on blue", "white, marked black", "usual"],
)
def test_words_of_word_that_nobody_sees_are_told_of(properties: str, is_told: bool) -> None:
    content = read_docx(docx(par(run("The pier opens at nine. ") + run(HIDDEN, properties))))
    assert HIDDEN in content.text
    assert (TOLD in content.warnings) is is_told


def test_white_words_in_a_coloured_cell_of_word_are_seen() -> None:
    cell = f'<w:tc><w:tcPr><w:shd w:fill="003366"/></w:tcPr>{par(run(HIDDEN, WHITE))}</w:tc>'
    styled = f'<w:tblPr><w:tblStyle w:val="Grid"/></w:tblPr><w:tr><w:tc>{par(run("Day", WHITE))}</w:tc></w:tr>'
    content = read_docx(docx(f"<w:tbl><w:tr>{cell}</w:tr></w:tbl><w:tbl>{styled}</w:tbl>"))
    assert (HIDDEN in content.text, content.warnings) == (True, ())


def drawn(draw: Callable[[Canvas], None]) -> tuple[str, ...]:
    """The warnings about a PDF with a line that is seen, and what `draw` draws."""
    file = BytesIO()
    canvas = Canvas(file, invariant=1)
    canvas.drawString(72, 700, "The pier opens at nine.")
    draw(canvas)
    canvas.showPage()
    canvas.save()
    content = read_pdf(file.getvalue())
    assert HIDDEN in " ".join(content.text.split())
    return content.warnings


def white(canvas: Canvas) -> None:
    canvas.setFillColorRGB(1, 1, 1)
    canvas.drawString(72, 600, HIDDEN)


def on_dark(canvas: Canvas) -> None:
    canvas.rect(60, 590, 300, 30, fill=1)
    white(canvas)


def invisible(canvas: Canvas) -> None:
    text = canvas.beginText(72, 600)
    text.setTextRenderMode(3)
    text.textLine(HIDDEN)
    canvas.drawText(text)


def over_a_picture(canvas: Canvas) -> None:
    """As text recognition lays it over the picture of a page."""
    canvas.setFillGray(0.5)
    canvas.rect(60, 590, 300, 30, fill=1)
    invisible(canvas)


def tiny(canvas: Canvas) -> None:
    canvas.setFont("Helvetica", 1)
    canvas.drawString(72, 600, HIDDEN)


@pytest.mark.parametrize("draw", [white, invisible, tiny])
def test_words_of_a_pdf_that_nobody_sees_are_told_of(draw: Callable[[Canvas], None]) -> None:
    assert drawn(draw) == (f"it holds text that is not shown, on page 1, which was read too, such as “{HIDDEN}”",)


@pytest.mark.parametrize("draw", [on_dark, over_a_picture, lambda canvas: canvas.drawString(72, 600, HIDDEN)])
def test_words_of_a_pdf_that_are_seen_are_not_told_of(draw: Callable[[Canvas], None]) -> None:
    assert drawn(draw) == ()
