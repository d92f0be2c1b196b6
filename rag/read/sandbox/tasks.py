"""The tasks of the reading process. A request is a head that names the task, and the bytes of a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rag.read.formats import content_of
from rag.read.pdf.find_quote import find_before_turn, find_on_page
from rag.read.pdf.page_picture import draw_page
from rag.read.sandbox.protocol import pack_content

TaskResult = tuple[dict[str, Any], bytes]


def do(request: Mapping[str, Any], data: bytes) -> TaskResult:
    """Head and body of the answer. Raises what the task raises."""
    return _TASKS[request["task"]](request, data)


def _read(request: Mapping[str, Any], data: bytes) -> TaskResult:
    return pack_content(content_of(data, request["media_type"]))


def _draw(request: Mapping[str, Any], data: bytes) -> TaskResult:
    """A page of a PDF, from 1, as a PNG."""
    picture, pages = draw_page(data, request["page"], request["scale"])
    return {"width": picture.width, "height": picture.height, "pages": pages}, picture.png


def _find(request: Mapping[str, Any], data: bytes) -> TaskResult:
    """Where a quote stands on a page, and whether it goes on on the next one. No boxes where that is not certain."""
    page, quote = request["page"], request["quote"]
    whole = find_on_page(data, page, quote)
    begun = None if whole else find_before_turn(data, page, quote)
    return {"boxes": whole or begun or [], "goes_on": bool(begun)}, b""


_TASKS: Mapping[str, Callable[[Mapping[str, Any], bytes], TaskResult]] = {
    "read": _read,
    "draw": _draw,
    "find": _find,
}
