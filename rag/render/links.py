"""Addresses that people are shown: links into the documents, and locations without the folders of this machine."""

from __future__ import annotations

from pathlib import PurePath
from urllib.parse import quote

from rag.records import Place

# Hexadecimal digits of the text's SHA-256 in a link: enough to notice another text, short enough to read aloud.
LINK_SHA256_DIGITS = 12
_IN_LINKS = "/?=&#%._-~"


def link_to(document_id: str, start: int, end: int, text_sha256: str) -> str:
    """A relative link that opens the document at these characters.

    They are marked if the text still is the one with this SHA-256.
    """
    digits = text_sha256[:LINK_SHA256_DIGITS]
    return f"/documents/{quote(document_id, safe='')}?start={start}&end={end}&sha256={digits}#cited"


def address_of(place: Place, service: str) -> str:
    """The same link as an address, safe inside Markdown; `service` is where the service is reached: "https://host/"."""
    link = link_to(place.source.id, place.span.start, place.span.end, place.text_sha256)
    return f"{service.rstrip('/')}{quote(link, safe=_IN_LINKS)}"


def without_folders(location: str) -> str:
    """A location as strangers may see it: of a file only the name."""
    return PurePath(location).name if PurePath(location).is_absolute() else location.removeprefix("upload:")
