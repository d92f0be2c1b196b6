"""Bytes of a mail to its parts (RFC 2045, 2046): split, bounded and decoded without recursion into what is hostile.

The standard library's parser takes a step for every open part at each line, so parts inside parts cost it minutes.
Here each level is one search for its boundary; what is deeper than _MAX_DEPTH or more than _MAX_PARTS is left out.
Headers are read by the standard library, a few thousand characters each.
"""

from __future__ import annotations

import binascii
import codecs
import quopri
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from email.errors import MessageError
from email.header import decode_header
from email.message import Message

from rag.errors import UnreadableDocument
from rag.read.canonical import decode

_MAX_DEPTH = 20
_MAX_PARTS = 500
_MAX_SEARCHED_BYTES = 300_000_000  # of all levels together: some seconds
_MAX_HEAD_BYTES = 1_000_000
_MAX_HEADERS = 500
_MAX_HEADER_CHARS = 8_000
_MAX_PARAMETER_CHARS = 2_000  # some of the standard library's time grows with the square

_HEADERS_END = re.compile(rb"\r?\n\r?\n|\r\r")
_HEADER = re.compile(r"([!-9;-~]{1,100})[ \t]*:[ \t]*(.*)")
_BOUNDARY_END = re.compile(rb"(--)?[ \t]*(?:\r\n?|\n|\Z)")
_FOLDED = re.compile(r"(?:\r\n?|\n)(?=[ \t])")
_MIME_HEADERS = ("content-type", "content-disposition", "content-transfer-encoding", "content-id")
# Text in these is not ASCII with something added, so that it reads as UTF-8 by chance.
_OWN_ASCII = ("iso2022", "hz", "utf_7", "utf_16", "utf_32", "utf-7", "utf-16", "utf-32")
# Encodings of Python's own that no mail is written in; some take quadratic time.
_NO_CHARSETS = {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "unicode-escape"}


@dataclass(frozen=True, slots=True)
class MimePart:
    """A part of a mail; the mail itself is one. `kind` is its media type, `headers` are as written, still encoded."""

    kind: str
    headers: tuple[tuple[str, str], ...]
    mime: Message
    body: bytes
    parts: list[MimePart] = field(default_factory=list)

    def header(self, name: str) -> str:
        """The decoded words of the first header of this name; "" when there is none."""
        return next((decode_words(value) for found, value in self.headers if found == name), "")

    @property
    def name(self) -> str:
        """The file name that the part has, "" for none."""
        with suppress(MessageError, LookupError, ValueError, TypeError):
            return " ".join(decode_words(self.mime.get_filename("") or "").split())
        return ""

    @property
    def is_attached(self) -> bool:
        """Whether the part is a file rather than a piece of the mail."""
        return str(self.mime.get("content-disposition", "")).lower().startswith("attachment") or bool(self.name)

    def parameter(self, name: str) -> str:
        """A parameter of the content type, in lower case; "" when it has none."""
        with suppress(MessageError, LookupError, ValueError, TypeError):
            found = self.mime.get_param(name, "")
            return str(found[2] if isinstance(found, tuple) else found).lower()
        return ""


class MimeParts:
    """The parts of one mail, at most _MAX_PARTS of them; `is_cut` says whether any were left out."""

    def __init__(self) -> None:
        self.is_cut = False
        self._count = 0
        self._searched = 0

    def read(self, data: bytes, *, depth: int = 0, default: str = "text/plain") -> MimePart:
        """The part in `data`, with those inside it. A multipart without parts is its plain text."""
        part = _part(data, default)
        if not part.kind.startswith("multipart/"):
            return part
        boundary = _boundary(part)
        if not boundary:
            return MimePart("text/plain", part.headers, part.mime, part.body)
        self._searched += len(part.body)
        inner = "message/rfc822" if part.kind == "multipart/digest" else "text/plain"
        for piece in _split(part.body, boundary):
            self._count += 1
            if self._count > _MAX_PARTS or self._searched > _MAX_SEARCHED_BYTES or depth >= _MAX_DEPTH:
                self.is_cut = True
                break
            part.parts.append(self.read(piece, depth=depth + 1, default=inner))
        return part if part.parts or self.is_cut else MimePart("text/plain", part.headers, part.mime, part.body)


def body_bytes(part: MimePart) -> bytes:
    """The body with its transfer encoding undone, as far as it can be."""
    encoding = str(part.mime.get("content-transfer-encoding", "")).strip().lower()
    if encoding == "quoted-printable":
        return quopri.decodestring(part.body)
    if encoding != "base64":
        return part.body
    digits = re.sub(rb"[^A-Za-z0-9+/]", b"", part.body.split(b"=", 1)[0])
    if len(digits) % 4 == 1:
        digits = digits[:-1]
    return binascii.a2b_base64(digits + b"=" * (-len(digits) % 4))


def body_text(part: MimePart) -> tuple[str, tuple[str, ...]]:
    """The characters of a part of text, and warnings. Raises UnreadableDocument for what is none."""
    data, charset = body_bytes(part), _charset(part.parameter("charset"))
    if charset.startswith(_OWN_ASCII):
        with suppress(ValueError, LookupError):
            return data.decode(charset), ()
    return decode(data, declared=charset or None)


def decode_words(value: str) -> str:
    """A header's words with RFC 2047's encoded ones decoded: "=?utf-8?q?caf=C3=A9?=" -> "café"."""
    if "=?" not in value:
        return value
    try:
        pieces = decode_header(value[:_MAX_HEADER_CHARS])
    except (MessageError, ValueError):
        return value
    return "".join(piece if isinstance(piece, str) else _decoded(piece, charset) for piece, charset in pieces)


def read_headers(text: str) -> tuple[tuple[str, str], ...]:
    """Names in lower case and values of a block of headers, unfolded, in order; lines that are none are passed over."""
    lines = _FOLDED.sub("", text).replace("\r", "\n").split("\n")
    found = (_HEADER.fullmatch(line) for line in lines[: 4 * _MAX_HEADERS])
    headers = [(match[1].lower(), match[2][:_MAX_HEADER_CHARS]) for match in found if match]
    return tuple(headers[:_MAX_HEADERS])


def _part(data: bytes, default: str) -> MimePart:
    data = data.lstrip(b"\r\n") if default != "text/plain" else data
    if data[:1] in (b"\r", b"\n"):  # no headers: the body follows at once
        head, body = b"", data
    else:
        end = _HEADERS_END.search(data)
        head, body = (data[: end.start()], data[end.end() :]) if end else (data, b"")
    headers = read_headers(_header_text(head[:_MAX_HEAD_BYTES]))
    mime = Message()
    for name in _MIME_HEADERS:
        value = next((value for found, value in headers if found == name), "")
        if value:
            mime[name] = value[:_MAX_PARAMETER_CHARS]
    mime.set_default_type(default)
    return MimePart(mime.get_content_type(), headers, mime, body)


def _header_text(head: bytes) -> str:
    try:
        return decode(head)[0]
    except UnreadableDocument:
        return head.decode("latin-1")


def _boundary(part: MimePart) -> bytes:
    with suppress(MessageError, LookupError, ValueError, TypeError):
        return (part.mime.get_boundary("") or "").encode("utf-8", "replace")
    return b""


def _split(body: bytes, boundary: bytes) -> Iterator[bytes]:
    """What stands between the lines of a boundary; the last piece may lack its end."""
    dashes = b"--" + boundary
    start, place = -1, body.find(dashes)
    while place >= 0:
        line_end = _BOUNDARY_END.match(body, place + len(dashes))
        if line_end and (place == 0 or body[place - 1] in b"\r\n"):
            if start >= 0:
                yield body[start:place].removesuffix(b"\n").removesuffix(b"\r")
            if line_end[1]:
                return
            start = line_end.end()
        place = body.find(dashes, place + len(dashes))
    if start >= 0:
        yield body[start:]


def _decoded(data: bytes, charset: str | None) -> str:
    name = _charset(charset or "")
    for encoding in (name, "utf-8"):
        if encoding:
            with suppress(ValueError, LookupError):
                return data.decode(encoding)
    return data.decode("cp1252", "replace")


def _charset(name: str) -> str:
    """Python's name of an encoding that a mail may declare; "" for one that is not known."""
    try:
        found = codecs.lookup(name).name if name.isascii() else ""
    except (LookupError, ValueError):
        return ""
    return "" if found in _NO_CHARSETS else found
