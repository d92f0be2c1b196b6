"""The RTF of Outlook's mails to plain text: unpacked as [MS-OXRTFCP] says, then stripped of its marks."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable

from striprtf import striprtf

from rag.errors import UnreadableDocument

_PACKED, _PLAIN = b"LZFu", b"MELA"
_HEADER_BYTES = 16
_WINDOW = 4_096
# What every packer and unpacker has in its window to begin with.
_START = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans Serif"
    rb"SymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    + b"\r\n"
    + rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)
_MAX_RTF_BYTES = 5_000_000
# striprtf's time grows with the square of the list of fonts; 300 fonts take this many.
_MAX_FONTS_CHARS = 20_000
_FONTS = re.compile(r"\\fonttbl")
# striprtf looks for links in a time that grows with their cube. Without this word it reads a link as its words.
_FIELD = re.compile(r"\\field(?![a-z])", re.IGNORECASE)


def packed_text(data: bytes) -> str:
    """The words of a packed RTF body, a line a paragraph. Raises UnreadableDocument for what cannot be unpacked."""
    rtf = unpack(data).decode("latin-1")
    fonts = _FONTS.search(rtf)
    if fonts and _group_end(rtf, fonts.end()) - fonts.start() > _MAX_FONTS_CHARS:
        raise UnreadableDocument("its list of fonts is too long")
    convert: Callable[..., str] = striprtf.rtf_to_text
    try:
        text = convert(_FIELD.sub("", rtf), errors="replace")
    except (ValueError, TypeError, LookupError, OverflowError) as error:
        raise UnreadableDocument("it is RTF that does not make sense") from error
    # RTF writes a character outside the basic plane as two halves.
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def unpack(data: bytes) -> bytes:
    """The RTF in a packed stream. Raises UnreadableDocument for one that is damaged or larger than is read."""
    if len(data) < _HEADER_BYTES:
        raise UnreadableDocument("it is cut off")
    size, kind = struct.unpack_from("<4xI4s", data)
    if size > _MAX_RTF_BYTES:
        raise UnreadableDocument(f"it has {size:,} bytes, but {_MAX_RTF_BYTES:,} are read")
    if kind == _PLAIN:
        return data[_HEADER_BYTES : _HEADER_BYTES + size]
    if kind != _PACKED:
        raise UnreadableDocument("it is packed in an unknown way")
    return _unpack(data[_HEADER_BYTES:], size)


def _unpack(packed: bytes, size: int) -> bytes:
    # The window holds what was written last; here it is all that was written, behind what it starts with.
    out = bytearray(_START)
    end = len(_START) + size
    place = 0
    while place < len(packed) and len(out) < end:
        flags = packed[place]
        place += 1
        for bit in range(8):
            if not flags >> bit & 1:
                out += packed[place : place + 1]
                place += 1
                continue
            if place + 2 > len(packed):
                return bytes(out[len(_START) : end])
            reference = packed[place] << 8 | packed[place + 1]
            place += 2
            back = (len(out) - (reference >> 4)) % _WINDOW
            if not back:  # the mark of the end
                return bytes(out[len(_START) : end])
            for _ in range((reference & 15) + 2):
                out.append(out[-back] if back <= len(out) else 0x20)
    return bytes(out[len(_START) : end])


def _group_end(rtf: str, start: int) -> int:
    """Where the group ends that is open at `start`, looked for no further than the longest list of fonts."""
    depth = 1
    for place in range(start, min(len(rtf), start + _MAX_FONTS_CHARS + 1)):
        depth += (rtf[place] == "{") - (rtf[place] == "}")
        if not depth:
            return place
    return min(len(rtf), start + _MAX_FONTS_CHARS + 1)
