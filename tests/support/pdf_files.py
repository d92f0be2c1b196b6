"""PDF files for the tests, made with reportlab: text at given places, or flowing in columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any, NamedTuple

from reportlab.lib.enums import TA_JUSTIFY
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate, Paragraph

from rag.read.pdf.pdf_reader import read_pdf

WIDTH, HEIGHT = 595, 842  # points: A4
BODY = ParagraphStyle("body", fontName="Times-Roman", fontSize=10, leading=12, spaceAfter=6)
JUSTIFIED = ParagraphStyle("justified", BODY, alignment=TA_JUSTIFY)
INDENTED = ParagraphStyle("indented", JUSTIFIED, firstLineIndent=12, spaceAfter=0)
TITLE = ParagraphStyle("title", BODY, fontName="Helvetica-Bold", fontSize=18, leading=22)
SECTION = ParagraphStyle("section", BODY, fontName="Helvetica-Bold", fontSize=14, leading=17)
NOTE = ParagraphStyle("note", BODY, fontSize=8, leading=10, spaceAfter=2)

Found = list[tuple[int | None, str, int, str]]


class Text(NamedTuple):
    """A line of text; `y` is its baseline, from the top of the page."""

    x: float
    y: float
    text: str
    size: float = 10
    font: str = "Helvetica"


def draw(*pages: Sequence[Text], **settings: Any) -> bytes:
    """A PDF with these lines on these pages. `title`, `encrypt` and `rotation=90` are settings."""
    file = BytesIO()
    canvas = Canvas(file, pagesize=(WIDTH, HEIGHT), invariant=1, encrypt=settings.get("encrypt"))
    if "title" in settings:
        canvas.setTitle(settings["title"])
    for page in pages:
        canvas.setPageRotation(settings.get("rotation", 0))
        for line in page:
            canvas.setFont(line.font, line.size)
            if settings.get("rotation"):
                canvas.saveState()
                canvas.translate(line.y, line.x)
                canvas.rotate(90)
                canvas.drawString(0, 0, line.text)
                canvas.restoreState()
            else:
                canvas.drawString(line.x, HEIGHT - line.y, line.text)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def lines(*texts: str, x: float = 72, y: float = 100, leading: float = 12, **look: Any) -> list[Text]:
    """Lines under each other."""
    return [Text(x, y + leading * number, text, **look) for number, text in enumerate(texts)]


def flow(
    story: Sequence[Flowable],
    *,
    columns: int = 1,
    top: float = 60,
    bottom: float = 60,
    decorate: Callable[[Canvas, Any], None] | None = None,
) -> bytes:
    """A PDF in which `story` runs from column to column and from page to page."""
    file = BytesIO()
    width = (WIDTH - 144 - 18 * (columns - 1)) / columns
    frames = [
        Frame(72 + number * (width + 18), bottom, width, HEIGHT - top - bottom, 0, 0, 0, 0) for number in range(columns)
    ]
    document = BaseDocTemplate(file, pagesize=(WIDTH, HEIGHT), invariant=1)
    document.addPageTemplates([PageTemplate(frames=frames, onPage=decorate or (lambda *_: None))])
    document.build(list(story))
    return file.getvalue()


def prose(number: int, *, sentences: int = 6, style: ParagraphStyle = BODY) -> Paragraph:
    """A paragraph that reads like no other: `prose_text` of the same number."""
    return Paragraph(prose_text(number, sentences=sentences), style)


def prose_text(number: int, *, sentences: int = 6) -> str:
    """Sentences about boat `number`."""
    subjects = ("The keeper", "A pilot", "Every engineer", "The harbour master", "Nobody", "A visitor")
    verbs = ("writes down", "looks after", "has to inspect", "will not forget", "repairs", "asks about")
    things = ("the lamps of boat", "the pump that serves boat", "the long rope beside boat", "the register of boat")
    return " ".join(
        f"{subjects[(number + n) % 6]} {verbs[(number * 5 + n) % 6]} {things[(number * 3 + n) % 4]} {number}"
        f"{' before the storm comes and the quay is closed for the night' if (number + n) % 2 else ''}."
        for n in range(sentences)
    )


def found(data: bytes) -> Found:
    """The blocks as read: page, kind, level and text."""
    content = read_pdf(data)
    return [(block.page, block.kind.value, block.level, block.span.of(content.text)) for block in content.blocks]


def texts(data: bytes) -> list[str]:
    """The texts of the blocks as read."""
    return [text for *_, text in found(data)]
