"""PDF by its geometry: words with places, columns, running lines, tables, paragraphs; pages are counted from 1.

The steps: `page_words` asks PDFium, `running_lines` takes headers and footers off, `reading_order` finds the order of
reading, `table_detection` rows of cells, `paragraphs` and `blocks` make blocks. A scanned page has no words, which is
said, unless they were recognised before (`rag.read.ocr`): those go the same way, but are never put into tables.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from rag.errors import UnreadableDocument
from rag.read.formats import TO_RECOGNISE
from rag.read.layout import Content
from rag.read.page import MAX_PAGE_CHARACTERS, ScannedPage, named_pages
from rag.read.pdf.blocks import PdfPage, Region, write_blocks
from rag.read.pdf.page_words import LOCK, UNKNOWN, Frame, frame_of_scan, opened, opened_page, read_frames, title_of
from rag.read.pdf.reading_order import Columns, Segment, columns_of, pieces_of, regions_of
from rag.read.pdf.running_lines import split_running
from rag.read.pdf.table_detection import lines_alone, lines_and_tables
from rag.read.pdf.unseen_words import UnseenWords

MAX_PAGES = 5_000
MAX_CHARACTERS = 20_000_000
_MAX_EXAMPLE_CHARACTERS = 60
_SURELY_TEXT = 500  # characters; of fewer it is looked whether any can be seen

# What programs write when the author gave no title.
_NO_TITLE = re.compile(
    r"(?:\(anonymous\)|microsoft (?:word|powerpoint|excel|office)\b.*|untitled.*|unbenannt.*"
    r"|(?:document|slide|page)\s*\d*"
    r"|powerpoint.*|print|title|about:blank"
    r"|.*\.(?:docx?|xlsx?|pptx?|odt|rtf|pdf|html?|tex|dvi|indd|qxd|txt|eps|cdr|pub)"
    r"|(?:https?|file):.*|[\W\d_]*)",
    re.IGNORECASE | re.DOTALL,
)


def read_pdf(
    data: bytes,
    *,
    max_pages: int = MAX_PAGES,
    max_characters: int = MAX_CHARACTERS,
    max_page_characters: int = MAX_PAGE_CHARACTERS,
    scanned: Mapping[int, ScannedPage] | None = None,
) -> Content:
    """The text of a PDF as blocks with pages. Title: that of the metadata, when it is one; "" otherwise.

    `scanned` has what was recognised on its `pages_without_text`; None where nothing was tried. Raises
    UnreadableDocument for what is damaged, cut off, locked, too long or has no text.
    """
    frames, title, unseen = _read(data, max_pages, max_characters, max_page_characters)
    empty = [number for number, page in enumerate(frames, 1) if not page]
    if scanned is None and len(empty) == len(frames):
        raise UnreadableDocument(
            f"none of its pages has text, so it is scanned or drawn; to have it recognised, {TO_RECOGNISE}"
        )
    for number in empty:
        if scanned and number in scanned and scanned[number].words:
            frames[number - 1] = (frame_of_scan(scanned[number]),)
    if scanned is not None:
        empty = []
    return content_of_frames(frames, title=title, warnings=(*_empty_warning(empty), *_unknown_warning(frames), *unseen))


def content_of_frames(frames: Sequence[tuple[Frame, ...]], *, title: str, warnings: tuple[str, ...]) -> Content:
    """The words of pages as blocks."""
    main = [(pieces_of(page[0]), page[0].height) if page else ([], 0.0) for page in frames]
    kept, running = split_running(main)
    columns = [columns_of(pieces) for pieces in kept]
    known = dict.fromkeys(filter(None, columns))
    pages = [
        PdfPage(number, _regions(pieces, page[1:], columns[number - 1], known))
        for number, (pieces, page) in enumerate(zip(kept, frames, strict=True), 1)
    ]
    return write_blocks(pages, title=title, warnings=(*_running_warning(running), *warnings))


def pages_without_text(data: bytes, *, max_pages: int = MAX_PAGES) -> list[int]:
    """The pages that nothing is written on, from 1: scanned, drawn or empty ones. Raises UnreadableDocument."""
    with opened(data) as document:
        with LOCK:
            count = min(len(document), max_pages + 1)  # one with more is refused when it is read
        return [index + 1 for index in range(count) if not _has_text(document, index)]


def _has_text(document: Any, index: int) -> bool:
    with opened_page(document, index) as (_, text_page):
        count: int = text_page.count_chars()
        if count > _SURELY_TEXT:
            return True
        return bool(count) and bool(read_frames(document, index, MAX_CHARACTERS, MAX_PAGE_CHARACTERS)[0])


def _read(
    data: bytes, max_pages: int, max_characters: int, max_page_characters: int
) -> tuple[list[tuple[Frame, ...]], str, tuple[str, ...]]:
    """The words of all pages, the title, and a warning where there are words that nobody sees."""
    with opened(data) as document:
        with LOCK:
            count, title = len(document), title_of(document)
        if count > max_pages:
            raise UnreadableDocument(
                f"the PDF has {count:,} pages, but {max_pages:,} are allowed; split it and add its parts"
            )
        pages: list[tuple[Frame, ...]] = []
        used, unseen = 0, UnseenWords()
        for index in range(count):
            frames, characters = read_frames(
                document, index, max_characters, max_page_characters, used=used, look=unseen.look
            )
            used += characters
            pages.append(frames)
    return pages, "" if _NO_TITLE.fullmatch(title.strip()) else title.strip(), unseen.warning


def _regions(
    pieces: Sequence[Segment], others: Sequence[Frame], columns: Columns | None, known: Collection[Columns]
) -> list[Region]:
    """The regions of a page; what is written in other directions, a stamp or a margin note, comes last."""
    is_scan = any(word.seen for piece in pieces for word in piece.words)
    # Which cell belongs under which name is not left to places that were measured on a picture.
    content: Callable[[Sequence[Segment]], Region] = lines_alone if is_scan else lines_and_tables
    regions: list[Region] = [content(region) for region in regions_of(pieces, columns, known)]
    return regions + [lines_and_tables(pieces_of(frame)) for frame in others]


def _running_warning(lines: Sequence[str]) -> tuple[str, ...]:
    if not lines:
        return ()
    example = next((line for line in lines if any(map(str.isalpha, line))), lines[0])
    if len(example) > _MAX_EXAMPLE_CHARACTERS:
        example = example[:_MAX_EXAMPLE_CHARACTERS].rstrip() + "…"
    count = "1 line" if len(lines) == 1 else f"{len(lines):,} lines"
    return (f"{count} of running headers, footers and page numbers were left out, such as “{example}”",)


def _empty_warning(pages: Sequence[int]) -> tuple[str, ...]:
    if not pages:
        return ()
    has = "has no text; if it is" if len(pages) == 1 else "have no text; if they are"
    return (f"{named_pages(pages)} {has} scanned, {TO_RECOGNISE}",)


def _unknown_warning(pages: Sequence[Sequence[Frame]]) -> tuple[str, ...]:
    words = (word for frames in pages for frame in frames for word in frame.words)
    if not (count := sum(word.text.count(UNKNOWN) for word in words)):
        return ()
    are = "1 drawn character is" if count == 1 else f"{count:,} drawn characters are"
    return (f"{are} not named in the file and read as {UNKNOWN}; if that is much, run text recognition (OCR) on it",)
