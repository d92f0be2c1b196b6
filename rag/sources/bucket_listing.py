"""What a bucket says of what is in it: one answer to ListObjectsV2, taken apart strictly; and what its errors say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote_plus

from lxml import etree

from rag.errors import FetchFailed
from rag.ingest.sources.web.urls import shown
from rag.sources.document_source import moment_of
from rag.sources.source_xml import parse_source_xml

_SIZE = re.compile(r"[0-9]{1,15}")
_MAX_TAG_CHARS = 1_000
_EXPECTED = "the list of a bucket (ListObjectsV2)"


@dataclass(frozen=True, slots=True)
class BucketObject:
    """An object as it is listed."""

    key: str
    etag: str = ""  # without quotation marks; "" where the server says none
    size: int | None = None  # bytes
    modified_at: str = ""  # ISO 8601, UTC


@dataclass(frozen=True, slots=True)
class BucketPage:
    """A part of the list."""

    objects: tuple[BucketObject, ...]
    onward: str  # what the next part is asked for with; "" where there is none


def parse_bucket_page(data: bytes) -> BucketPage:
    """One answer. Raises FetchFailed."""
    root = parse_source_xml(data, _EXPECTED)
    if etree.QName(root).localname != "ListBucketResult":
        raise FetchFailed(f"the answer is {shown(etree.QName(root).localname)!r}; {_EXPECTED} was expected")
    is_encoded = _text(root, "EncodingType").lower() == "url"
    onward = _text(root, "NextContinuationToken")
    if _text(root, "IsTruncated").lower() == "true" and not onward:
        raise FetchFailed("the list does not say how it goes on; is ListObjectsV2 spoken at that address?")
    found = root.iterchildren("{*}Contents")
    return BucketPage(tuple(_object(each, is_encoded=is_encoded) for each in found), onward)


def bucket_error(data: bytes) -> str:
    """What an answer that is an error calls itself, such as "NoSuchBucket"; "" where it does not."""
    try:
        root = parse_source_xml(data, "an error")
    except FetchFailed:
        return ""
    return shown(_text(root, "Code")) if etree.QName(root).localname == "Error" else ""


def plain_tag(written: str) -> str:
    """An ETag without quotation marks, as some servers write it in a list; "" for what is too long to be one."""
    tag = written.strip().strip('"')
    return tag if len(tag) <= _MAX_TAG_CHARS else ""


def _object(element: etree._Element, *, is_encoded: bool) -> BucketObject:
    # Not stripped: a space at an end belongs to a name, which is then one that is not used.
    key = element.findtext("{*}Key") or ""
    size = _text(element, "Size")
    return BucketObject(
        unquote_plus(key, errors="surrogateescape") if is_encoded else key,
        plain_tag(_text(element, "ETag")),
        int(size) if _SIZE.fullmatch(size) else None,
        moment_of(_text(element, "LastModified")),
    )


def _text(element: etree._Element, name: str) -> str:
    return (element.findtext(f"{{*}}{name}") or "").strip()
