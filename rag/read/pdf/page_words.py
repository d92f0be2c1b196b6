"""A PDF's pages as words with places, read by PDFium; nothing else here calls that library.

PDFium is not thread-safe: every call into it happens under one lock of this module, a page at a time, so that a long
document does not keep others waiting. Everything opened is closed under the same lock.
"""

from __future__ import annotations

import ctypes
import math
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pypdfium2 as pdfium  # type: ignore[import-untyped, unused-ignore]  # it has no types
import pypdfium2.raw as raw  # type: ignore[import-untyped, unused-ignore]  # it has no types

from rag.errors import UnreadableDocument
from rag.read.page import ScannedPage, ScannedWord
from rag.read.pdf.right_to_left import in_order, is_right_to_left, script_of

LOCK = threading.RLock()
Look = Callable[[Any, Any, int], None]

_HEADER_WITHIN = 1024  # bytes: other readers allow as much in front of a PDF, and behind its end
UNKNOWN = "\ufffd"  # stands for a drawn character of which the file does not say what it is
_JOINED_HYPHEN = "\x02"  # PDFium's sign for a hyphen that ends a line
_BOLD_NAME = re.compile(rb"bold|black|heavy|demi", re.IGNORECASE)
_FORCE_BOLD = 1 << 18
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_RESAVE = "open it in a PDF viewer, save it again and try once more"


@dataclass(frozen=True, slots=True)
class Word:
    """Characters without white space, seen along their own direction of writing: x to the right, y downwards.

    Lengths are in points, 1/72 inch. `y` is the baseline. A glued word follows the one before without a space,
    a spaced one behind a single space that the file has: others are guessed from the distance.
    """

    text: str
    x0: float
    x1: float
    y: float
    size: float
    bold: bool
    glued: bool = False
    spaced: bool = False
    seen: ScannedWord | None = None  # as it was recognised on a picture of the page


@dataclass(frozen=True, slots=True)
class Frame:
    """The words of a page that are written in one direction, in the order of the file, and the page's size for it."""

    words: tuple[Word, ...]
    width: float
    height: float


def frame_of_scan(page: ScannedPage) -> Frame:
    """The words that were recognised on a page. A wide space in a line is one: what stands apart is another line."""
    words = (Word(w.text, w.x0, w.x1, w.y, w.size, bold=False, spaced=True, seen=w) for w in page.words)
    return Frame(tuple(words), page.width, page.height)


@contextmanager
def opened(data: bytes) -> Iterator[Any]:
    """A PDFium document, closed at the end; use it under LOCK only. UnreadableDocument says why it cannot be read."""
    if data.find(b"%PDF-", 0, _HEADER_WITHIN) < 0:
        raise UnreadableDocument('it is not a PDF, which begins with "%PDF-"; check what kind of file it is')
    with LOCK:
        try:
            document = pdfium.PdfDocument(data)
        except pdfium.PdfiumError as error:
            raise _cannot_open(error) from error
    try:
        # PDFium repairs what is cut off and gives the pages that are left: that would be half a document.
        if data.rfind(b"%%EOF", max(0, len(data.rstrip(b"\0 \t\r\n")) - _HEADER_WITHIN)) < 0:
            raise UnreadableDocument(
                "the end of the PDF is missing, so it was not copied or downloaded whole; fetch it again"
            )
        yield document
    finally:
        with LOCK:
            document.close()


def _cannot_open(error: pdfium.PdfiumError) -> UnreadableDocument:
    if getattr(error, "err_code", None) in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY):
        return UnreadableDocument("the PDF is locked with a password; save a copy without one and use that")
    return UnreadableDocument(f"the PDF is damaged or has no pages, so it cannot be opened; {_RESAVE}")


def title_of(document: Any) -> str:
    """The title in the metadata, as it stands there; "" for none. Take LOCK first."""
    try:
        return str(document.get_metadata_value("Title"))
    except (pdfium.PdfiumError, UnicodeDecodeError):
        return ""


@contextmanager
def opened_page(document: Any, index: int) -> Iterator[tuple[Any, Any]]:
    """Page `index`, from 0, and its text page; under LOCK until both are closed again."""
    with LOCK:
        page = text_page = None
        try:
            page = document[index]
            text_page = page.get_textpage()
            yield page, text_page
        except pdfium.PdfiumError as error:
            raise UnreadableDocument(f"page {index + 1} of the PDF is damaged; {_RESAVE}") from error
        finally:
            if text_page is not None:
                text_page.close()
            if page is not None:
                page.close()


def read_frames(
    document: Any, index: int, max_characters: int, max_here: int, *, used: int = 0, look: Look | None = None
) -> tuple[tuple[Frame, ...], int]:
    """The words of page `index`, from 0, by direction, the one with most characters first; and how many characters.

    Text outside of the visible page is left out. `look` is given the page, its text page and its number, from 1, while
    they are open. Raises UnreadableDocument for a damaged page, for one of more than `max_here` characters, and where
    more than `max_characters` come together with those `used` by the pages before.
    """
    with opened_page(document, index) as (page, text_page):
        count: int = text_page.count_chars()
        if count > max_here:
            raise UnreadableDocument(
                f"page {index + 1} has {count:,} characters, but {max_here:,} are allowed on one page; print it on"
                " several pages, or add what it was made from"
            )
        if used + count > max_characters:
            raise UnreadableDocument(
                f"page {index + 1} takes the PDF's text over the limit of {max_characters:,} characters; "
                "split the document and add its parts"
            )
        if look is not None:
            look(page, text_page, index + 1)
        left, bottom, right, top = page.get_bbox()
        found: dict[int, list[Word]] = {}
        corners = [(left, bottom), (left, top), (right, bottom), (right, top)]
        for angle, word in _words(text_page.raw, count, (left, bottom, right, top)):
            found.setdefault(angle, []).append(word)
    frames = [_frame(angle, words, corners) for angle, words in found.items()]
    frames.sort(key=lambda frame: -sum(len(word.text) for word in frame.words))
    return tuple(frames), count


def _words(page: Any, count: int, visible: tuple[float, float, float, float]) -> Iterator[tuple[int, Word]]:
    """The words of a text page, each with its angle in whole degrees, in file order."""
    left, bottom, right, top = visible
    reader = _CharacterReader(page)
    codes = [raw.FPDFText_GetUnicode(page, position) for position in range(count)]
    page_characters = [chr(code) if 0 < code < 0x110000 else UNKNOWN for code in codes]
    script = script_of(page_characters)
    start, is_glued, spaces = 0, False, 0
    characters: list[str] = []
    for position, character in enumerate([*page_characters, " "]):
        ends = character == _JOINED_HYPHEN
        if not character.isspace():
            if not characters:
                start = position
            characters.append("-" if ends else character)
            if not ends:
                continue
        if characters:
            text = "".join(characters)
            if script or any(map(is_right_to_left, characters)):
                text = in_order(text, [reader.origin(number) for number in range(start, start + len(text))], script)
            placed = reader.place(text, start, position - (not ends), is_glued, spaces == 1)
            spaces = 0
            if placed is not None:
                angle, word, x, y = placed
                if left - 1 <= x <= right + 1 and bottom - 1 <= y <= top + 1:
                    yield angle, word
        if not ends:
            spaces += 1 if character == " " and not raw.FPDFText_IsGenerated(page, position) else 2
        characters, is_glued = [], ends


class _CharacterReader:
    """Asks PDFium for the places of characters, into the same few structures."""

    def __init__(self, text: Any) -> None:
        self._text = text
        self._box = raw.FS_RECTF()
        self._matrix = raw.FS_MATRIX()
        self._x, self._y = ctypes.c_double(), ctypes.c_double()
        self._name = ctypes.create_string_buffer(128)
        self._flags = ctypes.c_int()

    def place(
        self, text: str, first: int, last: int, is_glued: bool, is_spaced: bool
    ) -> tuple[int, Word, float, float] | None:
        """Angle, word and origin on the page of the characters first..last; None where PDFium knows no place."""
        if not raw.FPDFText_GetCharOrigin(self._text, first, self._x, self._y):
            return None
        x, y = self._x.value, self._y.value
        raw.FPDFText_GetMatrix(self._text, first, self._matrix)
        m = self._matrix
        size = raw.FPDFText_GetFontSize(self._text, first) * math.hypot(m.c, m.d)
        corners = [*self._corners(first), *(self._corners(last) if last > first else ())]
        if not all(map(math.isfinite, (x, y, size, m.a, m.b, *(n for corner in corners for n in corner)))):
            return None
        angle = round(math.degrees(math.atan2(m.b, m.a))) % 360
        along = [_turned(corner, angle)[0] for corner in corners] or [_turned((x, y), angle)[0]]
        y_along = _turned((x, y), angle)[1]
        bold = self._is_bold(first)
        word = Word(_whole(text), min(along), max(along), y_along, max(size, 1.0), bold, is_glued, is_spaced)
        return angle, word, x, y

    def origin(self, position: int) -> float:
        """Where a character begins, along the page; the characters of one drawn sign have the same."""
        raw.FPDFText_GetCharOrigin(self._text, position, self._x, self._y)
        return self._x.value

    def _corners(self, position: int) -> list[tuple[float, float]]:
        if not raw.FPDFText_GetLooseCharBox(self._text, position, self._box):
            return []
        box = self._box
        return [(x, y) for x in (box.left, box.right) for y in (box.bottom, box.top)]

    def _is_bold(self, position: int) -> bool:
        length = raw.FPDFText_GetFontInfo(self._text, position, self._name, len(self._name), self._flags)
        if not length:
            return False
        return bool(self._flags.value & _FORCE_BOLD) or _BOLD_NAME.search(self._name.value) is not None


def _whole(text: str) -> str:
    """The text with halves of characters beyond U+FFFF put together."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if _SURROGATE.search(text) else text


def _turned(point: tuple[float, float], angle: int) -> tuple[float, float]:
    """A point of the page, seen by one who reads along `angle` degrees: x along the line, y downwards."""
    x, y = point
    if angle == 0:
        return x, -y
    cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    return x * cosine + y * sine, x * sine - y * cosine


def _frame(angle: int, words: list[Word], corners: list[tuple[float, float]]) -> Frame:
    """The words with coordinates counted from the top left corner of the page as seen along their direction."""
    turned = [_turned(corner, angle) for corner in corners]
    left, top = min(x for x, _ in turned), min(y for _, y in turned)
    moved = tuple(replace(w, x0=w.x0 - left, x1=w.x1 - left, y=w.y - top) for w in words)
    return Frame(moved, max(x for x, _ in turned) - left, max(y for _, y in turned) - top)
