"""Files that are sent to be saved, not shown: with a name that is safe in a header and on a disk, and no way to run."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import quote

from fastapi.responses import Response, StreamingResponse

# What a browser does not run, whatever is in it. Everything else is sent as bytes of no known kind.
_HARMLESS = frozenset(
    {
        "application/json",
        "application/pdf",
        "application/rtf",
        "application/vnd.oasis.opendocument.presentation",
        "application/vnd.oasis.opendocument.spreadsheet",
        "application/vnd.oasis.opendocument.text",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "text/csv",
        "text/markdown",
        "text/plain",
        "text/tab-separated-values",
    }
)
# For a browser that shows it after all: no script, no form, nothing loaded, an origin of its own.
_POLICY = "default-src 'none'; sandbox; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_MAX_NAME_BYTES = 180
_MAX_SUFFIX_CHARS = 12
_NO_NAME = "document"
# Names that mean devices on Windows, with any suffix.
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)", re.IGNORECASE)
_RESERVED = re.compile(r'[/\\:*?"<>|%]')  # in paths, in quoted strings, or in what some browsers decode
# RFC 8187, attr-char, besides letters and digits.
_PLAIN_IN_HEADER = "!#$&+-.^_`|~"


def attachment(data: bytes, *, name: str, media_type: str, etag: str) -> Response:
    """A response to be saved as `name`, whatever characters that has."""
    return Response(data, headers=_headers(name, media_type, etag))


def attachment_in_parts(parts: Iterator[bytes], *, size: int, name: str, media_type: str, etag: str) -> Response:
    """The same of `size` bytes in all; a part is asked for when the client has taken the one before."""
    return StreamingResponse(parts, headers={**_headers(name, media_type, etag), "Content-Length": str(size)})


def _headers(name: str, media_type: str, etag: str) -> dict[str, str]:
    return {
        # Not as `media_type`, to which the framework would add a charset that nobody knows.
        "Content-Type": media_type if media_type in _HARMLESS else "application/octet-stream",
        "Content-Disposition": content_disposition(name),
        "Content-Security-Policy": _POLICY,
        "Cross-Origin-Resource-Policy": "same-origin",
        "ETag": f'"{etag}"',
    }


def content_disposition(name: str) -> str:
    """The header of RFC 6266: `name` in ASCII for old clients, and in UTF-8 where that says more."""
    safe = safe_name(name)
    plain = safe_name("".join(_in_ascii(character) for character in safe))
    encoded = "" if plain == safe else f"; filename*=UTF-8''{quote(safe, safe=_PLAIN_IN_HEADER)}"
    return f'attachment; filename="{plain}"{encoded}'


def safe_name(name: str) -> str:
    """`name` without what does harm in a header, on a disk or to the eye: "../a/b.pdf" -> "a b.pdf". Never empty.

    Taken out are control and format characters, bidirectional ones among them, and what paths are made of.
    """
    kept = "".join(character for character in unicodedata.normalize("NFC", name) if not _is_unseen(character))
    kept = " ".join(_RESERVED.sub(" ", kept).split()).strip(". ")
    if _DEVICE.match(kept):
        kept = f"_{kept}"
    stem, dot, suffix = kept.rpartition(".")
    if not stem or len(suffix) > _MAX_SUFFIX_CHARS:
        stem, dot, suffix = kept, "", ""
    room = _MAX_NAME_BYTES - len((dot + suffix).encode())
    stem = stem.encode()[:room].decode("utf-8", "ignore").rstrip(". ")
    return f"{stem}{dot}{suffix}" if stem else _NO_NAME


def _is_unseen(character: str) -> bool:
    """Whether a character is a control, format or private one, half of one, or no character at all."""
    return unicodedata.category(character).startswith("C") and not character.isspace()


def _in_ascii(character: str) -> str:
    """The letter without its accents, else "_"."""
    plain = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return plain if plain.isprintable() and plain else "_"
