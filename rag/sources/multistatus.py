"""What a WebDAV server says of one folder: the answer to PROPFIND with depth 1 (RFC 4918, 9.1), taken apart strictly.

An address that does not lie right below the folder, on the same host, is taken for nothing: it is told of.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from lxml import etree

from rag.errors import FetchRefused
from rag.ingest.sources.web.fetch import http_date
from rag.ingest.sources.web.urls import Url, parse_url, shown
from rag.sources.source_xml import parse_source_xml

# `oc:fileid` is of ownCloud and Nextcloud; other servers say that they do not have it.
QUESTION = (
    b'<?xml version="1.0" encoding="utf-8"?>'
    b'<d:propfind xmlns:d="DAV:" xmlns:oc="http://owncloud.org/ns"><d:prop>'
    b"<d:resourcetype/><d:getetag/><d:getcontentlength/><d:getlastmodified/><oc:fileid/>"
    b"</d:prop></d:propfind>"
)
_DAV = "{DAV:}"
_FILE_ID = "{http://owncloud.org/ns}fileid"
_FOUND = re.compile(r"HTTP/[\d.]+ 200\b.*")
_MAX_WORD_CHARS = 1_000
_SIZE = re.compile(r"[0-9]{1,15}")

Parts = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DavEntry:
    """A file or folder, as it is listed in its folder."""

    name: str  # one part of a path, whatever is in it; "" for the folder that was asked about
    is_folder: bool
    etag: str = ""  # of this version of it; "" where the server says none
    size: int | None = None  # bytes
    modified_at: str = ""  # ISO 8601, UTC
    file_id: str = ""  # stays when it is moved; "" on most servers


@dataclass(frozen=True, slots=True)
class DavFolder:
    """What a server says of a folder."""

    etag: str
    entries: tuple[DavEntry, ...]
    astray: tuple[str, ...]  # addresses that do not belong here, or about which nothing is said, fit to be printed


def parts_of(target: str) -> Parts:
    """The names in the path of an address, decoded: "/dav/a%20b/" -> ("dav", "a b"). What is no UTF-8 stays apart."""
    return tuple(unquote(part, errors="surrogateescape") for part in target.removesuffix("/").split("/")[1:])


def parse_multistatus(data: bytes, url: Url, folder: Parts) -> DavFolder:
    """What is in a folder whose path on the server of `url` has these parts. Raises FetchFailed."""
    root = parse_source_xml(data, "a multistatus of WebDAV")
    etag = ""
    entries, astray = [], []
    for response in root.iterchildren(f"{_DAV}response"):
        href = (response.findtext(f"{_DAV}href") or "").strip()
        parts = _parts_of_href(href, url)
        known = _entry(response, parts[-1] if parts else "")
        if parts == folder:
            etag = known.etag if known else ""
        elif parts is None or known is None or parts[:-1] != folder:
            astray.append(shown(href))
        else:
            entries.append(known)
    return DavFolder(etag, tuple(entries), tuple(astray))


def _parts_of_href(href: str, url: Url) -> Parts | None:
    """The names in an address, None for one of another host and for one that could be understood in two ways."""
    path = href
    if not href.startswith("/") or href.startswith("//"):
        try:
            place = parse_url(href)
        except FetchRefused:
            return None
        if place.host != url.host:
            return None
        path = place.target
    parts = parts_of(path)
    # A slash inside a name is no part of any name, whatever the server means by it.
    return None if any("/" in part for part in parts) else parts


def _entry(response: etree._Element, name: str) -> DavEntry | None:
    """What is said of one file or folder; None where it is nothing."""
    for found in response.iterchildren(f"{_DAV}propstat"):
        properties = found.find(f"{_DAV}prop")
        if properties is None or not _FOUND.fullmatch((found.findtext(f"{_DAV}status") or "").strip()):
            continue
        kind = properties.find(f"{_DAV}resourcetype")
        size = _word(properties, f"{_DAV}getcontentlength")
        date = http_date(_word(properties, f"{_DAV}getlastmodified"))
        return DavEntry(
            name,
            kind is not None and kind.find(f"{_DAV}collection") is not None,
            _word(properties, f"{_DAV}getetag"),
            int(size) if _SIZE.fullmatch(size) else None,
            date.isoformat(timespec="seconds") if date else "",
            _word(properties, _FILE_ID),
        )
    return None


def _word(properties: etree._Element, name: str) -> str:
    """The text of a property; "" where there is none, and where it is too long to be one."""
    word = (properties.findtext(name) or "").strip()
    return word if len(word) <= _MAX_WORD_CHARS else ""
