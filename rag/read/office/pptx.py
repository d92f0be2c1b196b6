"""PowerPoint slides (PPTX): a slide is a page, its title a heading; text in the order of reading, tables, notes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from pptx import Presentation

from rag.errors import UnreadableDocument
from rag.read.layout import Content, Layout
from rag.read.tables import add_table
from rag.read.zip_container import open_archive, refuse_declarations
from rag.records import BlockKind

_EXPECTED = "a PowerPoint presentation (.pptx)"
_MAX_SLIDES = 5_000
_MAX_DEPTH = 20
_SENTENCE_ENDS = (".", "!", "?", ":", ";")
# Furniture of every slide: its number, the date, a footer.
_FURNITURE = {13, 15, 16}  # PP_PLACEHOLDER: SLIDE_NUMBER, FOOTER, DATE
_TITLES = {1, 3, 5}  # TITLE, CENTER_TITLE, VERTICAL_TITLE


def read_pptx(data: bytes) -> Content:
    """The slides in order. Title: that of the properties, else the first slide's.

    Raises UnreadableDocument for what is damaged, protected, or no presentation.
    """
    refuse_declarations(open_archive(data, _EXPECTED), _EXPECTED)
    layout = Layout()
    try:
        deck = Presentation(io.BytesIO(data))
        slides = list(deck.slides)
        first, warnings = "", _warnings(slides)
        for number, slide in enumerate(slides[:_MAX_SLIDES], start=1):
            heading = _add_slide(layout, slide, number)
            first = first or heading
        title = " ".join((deck.core_properties.title or "").split())
    except UnreadableDocument:
        raise
    except Exception as error:  # the library says what is wrong with a damaged file in many ways
        raise UnreadableDocument(f"it is damaged; {_EXPECTED} was expected; get the file again") from error
    is_default = title.casefold() in ("powerpoint presentation", "presentation", "")
    return layout.content(title=first if is_default else title, warnings=warnings)


def _warnings(slides: list[Any]) -> tuple[str, ...]:
    hidden = [str(number) for number, slide in enumerate(slides, start=1) if slide.element.get("show") == "0"]
    warnings = []
    if hidden:
        warnings.append(f"{len(hidden)} hidden slide(s) were read too: {', '.join(hidden[:10])}")
    if len(slides) > _MAX_SLIDES:
        warnings.append(f"only the first {_MAX_SLIDES:,} of {len(slides):,} slides were read")
    diagrams = sum(b"/diagram" in (shape.element.xml.encode()) for slide in slides for shape in slide.shapes
                   if shape.shape_type is None)  # fmt: skip
    if diagrams:
        warnings.append(f"{diagrams} diagram(s) were left out: their words are not text of the slide")
    return tuple(warnings)


def _add_slide(layout: Layout, slide: Any, number: int) -> str:
    """Add a slide; its title, "" when it has none."""
    shapes = list(_shapes(slide.shapes))
    titles = [shape for shape in shapes if _placeholder(shape) in _TITLES]
    heading = " ".join(" ".join(shape.text_frame.text.split()) for shape in titles if shape.has_text_frame)
    layout.add(BlockKind.HEADING, heading or f"Slide {number}", level=1, page=number)
    for shape in shapes:
        if shape in titles or _placeholder(shape) in _FURNITURE:
            continue
        if getattr(shape, "has_table", False) and shape.has_table:
            rows = [[cell.text for cell in row.cells] for row in shape.table.rows]
            add_table(layout, rows, len(rows[0]) if rows else 0, page=number,
                      has_names=True if shape.table.first_row and len(rows) > 1 else None)  # fmt: skip
        elif shape.has_text_frame:
            _add_frame(layout, shape.text_frame, number)
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        notes = slide.notes_slide.notes_text_frame
        if notes.text.strip():
            layout.add(BlockKind.HEADING, "Notes", level=2, page=number)
            _add_frame(layout, notes, number)
    return heading


def _shapes(shapes: Any, depth: int = 0) -> Iterator[Any]:
    """The shapes from top to bottom, then left to right; those of a group in its place."""
    for shape in sorted(shapes, key=lambda shape: (shape.top or 0, shape.left or 0)):
        if hasattr(shape, "shapes") and depth < _MAX_DEPTH:
            yield from _shapes(shape.shapes, depth + 1)
        else:
            yield shape


def _placeholder(shape: Any) -> int | None:
    return int(shape.placeholder_format.type) if shape.is_placeholder and shape.placeholder_format.type else None


def _add_frame(layout: Layout, frame: Any, number: int) -> None:
    """The paragraphs of a text frame: what does not end like a sentence is an item of a list."""
    for paragraph in frame.paragraphs:
        text = paragraph.text.replace("\v", " ")
        is_item = paragraph.level > 0 or not text.rstrip().endswith(_SENTENCE_ENDS)
        kind = BlockKind.LIST_ITEM if is_item else BlockKind.PARAGRAPH
        layout.add(kind, text, level=min(paragraph.level + 1, 9) if is_item else 0, page=number)
