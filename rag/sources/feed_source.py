"""A feed of news: each entry is a document, and stays one when the feed, which names the newest ones, drops it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping

from rag.errors import DocumentTooLarge, FetchFailed, InvalidSetting, PageGone
from rag.settings import Settings
from rag.sources.document_source import SourceEntry, SourceListing, too_many_bytes
from rag.sources.feed_entries import FeedEntry, parse_feed
from rag.sources.pace import Pace
from rag.sources.source_client import SourceClient, SourceReply
from rag.sources.source_file import ConfiguredSource

_MAX_BYTES = 20_000_000
_DROPPED = ("keep", "remove")
_MAX_CURSOR_CHARS = 1_000


class FeedSource:
    """The entries of one feed."""

    def __init__(self, configured: ConfiguredSource, pace: Pace, settings: Settings, *, password: str = "") -> None:
        """Raises InvalidSetting."""
        dropped = configured.options.get("dropped", "keep")
        if dropped not in _DROPPED:
            raise InvalidSetting(f"source {configured.name}: dropped is {dropped!r}; expected keep or remove.")
        self._keeps = dropped == "keep"
        self._client = SourceClient(configured, pace, settings, password)
        self._pages: dict[str, bytes] = {}  # of the entries that were listed, by path

    def list(self, since: str) -> SourceListing:
        """As in DocumentSource; the cursor is what the server calls this version of the feed."""
        too_much = FetchFailed(f"the feed has more than {_MAX_BYTES:,} bytes, which are allowed")
        reply = self._client.ask(
            "GET",
            self._client.url.target,
            max_bytes=_MAX_BYTES,
            too_much=too_much,
            headers={
                "Accept": "application/atom+xml, application/rss+xml, application/xml;q=0.9",
                **_conditions(since),
            },
        )
        if reply.status == 304 and since:
            return SourceListing(iter(()), since, is_unchanged=True)
        if reply.status != 200:
            raise FetchFailed(f"{self._client.url.text}: {reply.problem}")
        found = parse_feed(reply.data, self._client.url)
        return SourceListing(self._entries(found), _cursor(reply), is_partial=self._keeps)

    def read(self, entry: SourceEntry, max_bytes: int) -> bytes:
        """As in DocumentSource."""
        page = self._pages.get(entry.path)
        if page is None:
            raise PageGone(f"{entry.path}: the feed does not have it")
        if len(page) > max_bytes:
            raise DocumentTooLarge(f"{entry.path}: {too_many_bytes(max_bytes)}")
        return page

    def close(self) -> None:
        """As in DocumentSource."""
        self._client.close()

    def _entries(self, found: Iterator[FeedEntry]) -> Iterator[SourceEntry]:
        for each in found:
            path = f"{hashlib.sha256(each.identity.encode('utf-8', 'surrogatepass')).hexdigest()[:20]}.html"
            # The first one is the newest in nearly all feeds; the same one again is no news.
            if path in self._pages:
                continue
            self._pages[path] = each.page
            version = f"{hashlib.sha256(each.page).hexdigest()} {each.modified_at}"
            yield SourceEntry(path, version, len(each.page), each.modified_at, "text/html", each.link)


def _conditions(since: str) -> Mapping[str, str]:
    """The headers that ask for another version only than that of a cursor; none where it cannot be read."""
    try:
        known = json.loads(since)
        tag, modified = known["etag"], known["modified"]
    except (ValueError, KeyError, TypeError):
        return {}
    if tag:
        return {"If-None-Match": tag}
    return {"If-Modified-Since": modified} if modified else {}


def _cursor(reply: SourceReply) -> str:
    """What the server calls this version; "" where it has no name for it."""
    tag, modified = reply.headers.get("etag", ""), reply.headers.get("last-modified", "")
    cursor = json.dumps({"etag": tag, "modified": modified})
    is_usable = (tag or modified) and (tag + modified).isprintable() and (tag + modified).isascii()
    return cursor if is_usable and len(cursor) <= _MAX_CURSOR_CHARS else ""
