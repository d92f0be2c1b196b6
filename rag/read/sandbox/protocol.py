"""The messages that go through the pipes: a head of JSON and a body of bytes, each after its length."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from typing import IO, Any, TypeVar

from rag.read.canonical import clean_text
from rag.read.layout import Content
from rag.read.page import MAX_PAGE_CHARACTERS, Box, PagePicture, ScannedPage, ScannedWord
from rag.records import Block, BlockKind, RecognisedWord, Span

_LENGTHS = struct.Struct(">IQ")  # of the head and of the body, bytes
_PNG = b"\x89PNG\r\n\x1a\n"
_Kind = TypeVar("_Kind")


class BrokenFrame(Exception):
    """The other side ended, or sent what is no frame."""


def write_frame(stream: IO[bytes], head: Mapping[str, Any], body: bytes) -> None:
    """Send one frame."""
    packed = json.dumps(head).encode()
    stream.write(_LENGTHS.pack(len(packed), len(body)))
    stream.write(packed)
    stream.write(body)
    stream.flush()


def read_frame(stream: IO[bytes], *, max_bytes: int) -> tuple[dict[str, Any], bytes] | None:
    """The next frame, None at the end of the stream. Raises BrokenFrame, also for one of more than `max_bytes`."""
    start = stream.read(_LENGTHS.size)
    if not start:
        return None
    if len(start) < _LENGTHS.size:
        raise BrokenFrame("cut off")
    head_bytes, body_bytes = _LENGTHS.unpack(start)
    if head_bytes + body_bytes > max_bytes:
        raise BrokenFrame("too long")
    packed, body = stream.read(head_bytes), stream.read(body_bytes)
    if len(packed) < head_bytes or len(body) < body_bytes:
        raise BrokenFrame("cut off")
    try:
        head = json.loads(packed)
    except ValueError as error:
        raise BrokenFrame("no JSON") from error
    if not isinstance(head, dict):
        raise BrokenFrame("no object")
    return head, body


def pack_content(content: Content) -> tuple[dict[str, Any], bytes]:
    """Head and body for what a reader found. A section is named once, however many blocks stand in it."""
    sections: dict[str, int] = {}
    blocks = [
        [
            *(block.span.start, block.span.end, block.kind.value, block.level),
            sections.setdefault(block.section, len(sections)),
            *(block.page, block.turns, [word.numbers for word in block.recognised]),
        ]
        for block in content.blocks
    ]
    head = {"title": content.title, "warnings": content.warnings, "sections": list(sections), "blocks": blocks}
    return head, content.text.encode()


def unpack_content(head: Mapping[str, Any], body: bytes) -> Content:
    """The content in a frame from a process that is not trusted. Raises BrokenFrame unless it makes sense."""
    try:
        text = body.decode()
        sections = [_as(str, section) for section in head["sections"]]
        blocks = tuple(_block(fields, sections) for fields in head["blocks"])
        content = Content(text, blocks, _as(str, head["title"]), tuple(_as(str, said) for said in head["warnings"]))
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise BrokenFrame("no document") from error
    end = 0
    for block in blocks:
        if not end <= block.span.start < block.span.end <= len(text):
            raise BrokenFrame("blocks that do not lie in the text")
        end = block.span.end
        if not all(block.span.start <= word.span.start < word.span.end <= end for word in block.recognised):
            raise BrokenFrame("words that do not lie in their block")
    return content


def pack_scan(page: ScannedPage) -> dict[str, Any]:
    """A recognised page as JSON has it."""
    words = [[w.text, w.confidence, *w.box, w.x0, w.x1, w.y, w.size] for w in page.words]
    return {"width": page.width, "height": page.height, "left_out": page.left_out, "words": words}


def scan_of(packed: Mapping[str, Any]) -> ScannedPage:
    """The page that was packed. Raises KeyError, TypeError or ValueError unless it makes sense."""
    words = []
    for text, *numbers in packed["words"]:
        confidence, left, top, right, bottom, x0, x1, y, size = map(_finite, numbers)
        box = left, top, right, bottom
        if not (0 <= confidence <= 1 and 0 <= left <= right <= 1 and 0 <= top <= bottom <= 1 and x0 <= x1 and size > 0):
            raise ValueError("a word without a place")
        if not _as(str, text) or any(map(str.isspace, text)) or clean_text(text)[0] != text:
            raise ValueError("no word")
        words.append(ScannedWord(text, confidence, box, x0, x1, y, size))
    if sum(len(word.text) for word in words) > MAX_PAGE_CHARACTERS:
        raise ValueError("too many words")
    width, height = _finite(packed["width"]), _finite(packed["height"])
    return ScannedPage(width, height, tuple(words), _as(int, packed["left_out"]))


def unpack_scan(head: Mapping[str, Any], _body: bytes) -> ScannedPage:
    """A page that was recognised. Raises BrokenFrame."""
    try:
        return scan_of(head)
    except (KeyError, TypeError, ValueError) as error:
        raise BrokenFrame("no recognised page") from error


def unpack_pages(head: Mapping[str, Any], _body: bytes) -> tuple[int, ...]:
    """The numbers of pages, rising. Raises BrokenFrame."""
    try:
        pages = tuple(_as(int, number) for number in head["pages"])
    except (KeyError, TypeError) as error:
        raise BrokenFrame("no pages") from error
    if list(pages) != sorted(set(pages)) or any(number < 1 for number in pages):
        raise BrokenFrame("no pages")
    return pages


def unpack_picture(head: Mapping[str, Any], body: bytes) -> tuple[PagePicture, int]:
    """A page as a picture, and how many pages there are. Raises BrokenFrame."""
    try:
        width, height, pages = (_as(int, head[name]) for name in ("width", "height", "pages"))
    except (KeyError, TypeError) as error:
        raise BrokenFrame("no picture") from error
    if body[: len(_PNG)] != _PNG or body[len(_PNG) + 8 :][:8] != struct.pack(">II", width, height):
        raise BrokenFrame("no PNG of this size")
    return PagePicture(body, width, height), pages


def unpack_boxes(head: Mapping[str, Any], _body: bytes) -> tuple[tuple[Box, ...], bool]:
    """The boxes of a quote on its page, and whether it goes on on the next one. Raises BrokenFrame."""
    try:
        boxes = [tuple(_as(float, number) for number in box) for box in head["boxes"]]
        goes_on = _as(bool, head["goes_on"])
    except (KeyError, TypeError) as error:
        raise BrokenFrame("no boxes") from error
    if not all(len(box) == 4 and all(map(math.isfinite, box)) for box in boxes):
        raise BrokenFrame("no boxes")
    return tuple((left, top, right, bottom) for left, top, right, bottom in boxes), goes_on


def _block(fields: Any, sections: list[str]) -> Block:
    start, end, kind, level, section, page, turns, recognised = fields
    return Block(
        Span(_as(int, start), _as(int, end)),
        BlockKind(kind),
        _as(int, level),
        sections[_as(int, section)],
        None if page is None else _as(int, page),
        tuple((_as(int, offset), _as(int, turned)) for offset, turned in turns),
        tuple(RecognisedWord.of_numbers([_as(int, number) for number in numbers]) for numbers in recognised),
    )


def _finite(value: Any) -> float:
    number = float(_as(float, value) if isinstance(value, float) else _as(int, value))
    if not math.isfinite(number):
        raise ValueError("no number")
    return number


def _as(kind: type[_Kind], value: Any) -> _Kind:
    if not isinstance(value, kind):
        raise TypeError(f"{kind.__name__} expected")
    return value
