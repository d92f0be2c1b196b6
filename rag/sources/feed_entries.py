"""The entries of a feed: Atom (RFC 4287), RSS 2.0 and its forerunners, and RSS 1.0, each made into a page of HTML.

What a feed says in words is taken as words, what it says in HTML as HTML. Nothing that an entry names is fetched.
"""

from __future__ import annotations

import hashlib
import html
from collections.abc import Iterator
from dataclasses import dataclass

import lxml.html
from lxml import etree

from rag.errors import FetchFailed, FetchRefused
from rag.ingest.sources.web.fetch import http_date
from rag.ingest.sources.web.urls import Url, join_url
from rag.sources.document_source import moment_of
from rag.sources.entry_page import entry_page
from rag.sources.source_xml import parse_source_xml

_ATOM = "{http://www.w3.org/2005/Atom}"
_XHTML = "{http://www.w3.org/1999/xhtml}"
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_RSS_1 = "{http://purl.org/rss/1.0/}"
_CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
_DUBLIN_DATE = "{http://purl.org/dc/elements/1.1/}date"
_EXPECTED = "a feed, Atom or RSS,"
_MAX_TITLE_CHARS = 500


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One entry, as a page."""

    identity: str  # its id in the feed, else its link, else what it says
    page: bytes  # HTML in UTF-8
    modified_at: str  # ISO 8601, UTC; "" where it does not say
    link: str  # to its page, on the host of the feed; "" where there is none there


def parse_feed(data: bytes, url: Url) -> Iterator[FeedEntry]:
    """The entries of the feed that came from `url`, in its order; those that say nothing are left out.

    Raises FetchFailed for what is no feed.
    """
    # Much software puts a line break in front of what may only stand at the very beginning.
    root = parse_source_xml(data.lstrip(), _EXPECTED)
    if root.tag == f"{_ATOM}feed":
        found = (_atom_entry(entry, url) for entry in root.iterchildren(f"{_ATOM}entry"))
    elif root.tag == "rss":
        found = (_rss_entry(item, url, "") for item in root.iterfind("channel/item"))
    elif root.tag == f"{_RDF}RDF":
        found = (_rss_entry(item, url, _RSS_1) for item in root.iterchildren(f"{_RSS_1}item"))
    else:
        raise FetchFailed(f"the answer is <{etree.QName(root).localname[:40]}>; {_EXPECTED} was expected")
    return (entry for entry in found if entry is not None)


def _atom_entry(entry: etree._Element, url: Url) -> FeedEntry | None:
    said = ""
    for name in ("content", "summary"):
        found = entry.find(f"{_ATOM}{name}")
        if not said.strip() and found is not None and found.get("src") is None:
            said = _atom_html(found)
    title = entry.find(f"{_ATOM}title")
    links = entry.iterchildren(f"{_ATOM}link")
    link = next((each.get("href", "") for each in links if each.get("rel", "alternate") == "alternate"), "")
    return _page(
        entry.findtext(f"{_ATOM}id") or "",
        "" if title is None else _words(_atom_html(title)),
        said,
        entry.findtext(f"{_ATOM}updated") or entry.findtext(f"{_ATOM}published") or "",
        link,
        url,
    )


def _atom_html(element: etree._Element) -> str:
    """What an element of Atom says, as HTML; "" for what is neither words nor HTML."""
    kind = element.get("type", "text").lower()
    if kind in ("html", "text/html"):
        return element.text or ""
    if kind in ("xhtml", "application/xhtml+xml"):
        inner = element.find(f"{_XHTML}div")
        return "" if inner is None else _without_namespace(inner)
    if kind in ("text", "text/plain"):
        return _paragraphs(element.text or "")
    return ""


def _rss_entry(item: etree._Element, url: Url, namespace: str) -> FeedEntry | None:
    content = item.findtext(_CONTENT) or item.findtext(f"{namespace}description") or ""
    link = (item.findtext(f"{namespace}link") or "").strip()
    guid = item.find(f"{namespace}guid")
    identity = "" if guid is None else (guid.text or "").strip()
    if not link and guid is not None and guid.get("isPermaLink", "true") == "true":
        link = identity
    date = item.findtext(f"{namespace}pubDate") or item.findtext(_DUBLIN_DATE) or ""
    title = _words(item.findtext(f"{namespace}title") or "")
    return _page(identity or item.get(f"{_RDF}about", ""), title, content, date, link, url)


def _page(identity: str, title: str, content: str, date: str, link: str, url: Url) -> FeedEntry | None:
    """The page of an entry; None where it says nothing."""
    if not title and not content.strip():
        return None
    page = entry_page(title[:_MAX_TITLE_CHARS], content)
    known = identity.strip() or link or hashlib.sha256(page).hexdigest()
    return FeedEntry(
        known,
        page,
        _moment(date.strip()),
        _own_link(link, url),
    )


def _own_link(link: str, url: Url) -> str:
    """The address of a page on the host of the feed; "" for every other: the place of a document is never elsewhere."""
    try:
        place = join_url(url, link.strip()) if link.strip() else None
    except FetchRefused:
        return ""
    return place.text if place is not None and place.host == url.host else ""


def _moment(date: str) -> str:
    """A date of RSS or Atom in ISO 8601, UTC; "" for what is none."""
    told = http_date(date)
    return moment_of(date) or (told.isoformat(timespec="seconds") if told else "")


def _words(written: str) -> str:
    """The words of a title, which many feeds write in HTML, in one line."""
    if "<" in written or "&" in written:
        try:
            written = lxml.html.fragment_fromstring(written, create_parent="div").text_content()
        except (etree.LxmlError, ValueError):
            written = html.unescape(written)
    return " ".join(written.split())


def _paragraphs(words: str) -> str:
    """Words as HTML, what is divided by empty lines in paragraphs."""
    parts = (part for part in words.replace("\r\n", "\n").split("\n\n") if part.strip())
    return "\n".join(f"<p>{html.escape(part)}</p>" for part in parts)


def _without_namespace(element: etree._Element) -> str:
    """XHTML as the HTML that it is."""
    for each in element.iter():
        if isinstance(each.tag, str) and each.tag.startswith(_XHTML):
            each.tag = each.tag.removeprefix(_XHTML)
    etree.cleanup_namespaces(element)
    written: str = etree.tostring(element, encoding="unicode", method="html", with_tail=False)
    return written
