"""The tasks of the reading process. A request is a head that names the task, and the bytes of a file.

What draws, finds and recognises is imported when it is first asked for: numpy and pdfium took half of the time in which
a process starts (0.4 s of processor time with them, 0.2 s without, 2026-11-28), and most read files without either.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rag.read.formats import content_of, is_picture
from rag.read.sandbox.protocol import pack_content, pack_scan, scan_of

TaskResult = tuple[dict[str, Any], bytes]


def do(request: Mapping[str, Any], data: bytes) -> TaskResult:
    """Head and body of the answer. Raises what the task raises."""
    return _TASKS[request["task"]](request, data)


def _read(request: Mapping[str, Any], data: bytes) -> TaskResult:
    return pack_content(content_of(data, request["media_type"]))


def _read_scan(request: Mapping[str, Any], data: bytes) -> TaskResult:
    """A PDF or a picture with what was recognised on its pages."""
    scanned = {int(number): scan_of(page) for number, page in request["scanned"].items()}
    if is_picture(request["media_type"]):
        from rag.read.ocr.picture_file import read_picture

        return pack_content(read_picture(scanned))
    from rag.read.pdf.pdf_reader import read_pdf

    return pack_content(read_pdf(data, scanned=scanned))


def _unread(request: Mapping[str, Any], data: bytes) -> TaskResult:
    """The pages without text."""
    from rag.read.ocr.scan import pages_to_recognise

    return {"pages": pages_to_recognise(data, request["media_type"])}, b""


def _recognise(request: Mapping[str, Any], data: bytes) -> TaskResult:
    """What text recognition finds on a page, from 1."""
    from rag.read.ocr.scan import recognise_page

    page = recognise_page(data, request["media_type"], request["page"], request["languages"])
    return pack_scan(page), b""


def _draw(request: Mapping[str, Any], data: bytes) -> TaskResult:
    """A page of a PDF or of a picture, from 1, as a PNG."""
    if is_picture(request["media_type"]):
        from rag.read.ocr.picture_file import draw_picture

        picture, pages = draw_picture(data, request["page"])
    else:
        from rag.read.pdf.page_picture import draw_page

        picture, pages = draw_page(data, request["page"], request["scale"])
    return {"width": picture.width, "height": picture.height, "pages": pages}, picture.png


def _find(request: Mapping[str, Any], data: bytes) -> TaskResult:
    """Where a quote stands on a page, and whether it goes on on the next one. No boxes where that is not certain."""
    from rag.read.pdf.find_quote import find_before_turn, find_on_page

    page, quote = request["page"], request["quote"]
    whole = find_on_page(data, page, quote)
    begun = None if whole else find_before_turn(data, page, quote)
    return {"boxes": whole or begun or [], "goes_on": bool(begun)}, b""


_TASKS: Mapping[str, Callable[[Mapping[str, Any], bytes], TaskResult]] = {
    "read": _read,
    "read_scan": _read_scan,
    "unread": _unread,
    "recognise": _recognise,
    "draw": _draw,
    "find": _find,
}
