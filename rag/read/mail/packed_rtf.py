"""The RTF of Outlook's mails to plain text: unpacked as [MS-OXRTFCP] says, then stripped of its marks."""

from __future__ import annotations

import struct

from rag.errors import UnreadableDocument
from rag.read.office.rtf import words_of

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


def packed_text(data: bytes) -> str:
    """The words of a packed RTF body, a line a paragraph. Raises UnreadableDocument for what cannot be unpacked."""
    return words_of(unpack(data).decode("latin-1"))


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
