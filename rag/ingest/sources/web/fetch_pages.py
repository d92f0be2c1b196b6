"""Pages into the store by their addresses, each fetched anew; what came in the same bytes before is not read again.

The address as it was asked for is the document's location and makes its id, also where it redirects. Pages are fetched
while nobody else is kept from writing, and stored a few at a time.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePosixPath

from rag import read
from rag.errors import InputError, InvalidSetting, PageGone, UnsupportedFormat
from rag.ingest.results import IngestResult, OnResult, SyncReport
from rag.ingest.sources.intake import Intake, Item, Tools
from rag.ingest.sources.web.fetch import FetchedPage, Fetcher
from rag.ingest.sources.web.sitemap import MAX_PAGES, list_pages
from rag.ingest.sources.web.urls import Url, parse_url, shown
from rag.store.base import UNTRUSTED, IngestStatus, KnownFile, Stamp

Writing = Callable[[], AbstractContextManager[object]]

# Pages and bytes that are held before they are stored.
_BATCH_PAGES = 20
_BATCH_BYTES = 20_000_000
_OTHER_NAMES = {
    "application/xhtml+xml": "text/html",
    "application/x-pdf": "application/pdf",
    "text/x-markdown": "text/markdown",
    "text/rtf": "application/rtf",
    "application/csv": "text/csv",
}
# What servers call everything without formatting.
_FINER_THAN_PLAIN = ("text/markdown", "text/csv", "text/tab-separated-values")
_TEXTS = ("text/plain", "text/html", *_FINER_THAN_PLAIN)
# Python has further ones, some of which take forever (punycode) or are no encodings of texts.
_CHARSET = re.compile(
    r"utf[-_]?(?:8|16|32)(?:[-_]?[bl]e)?|iso[-_]?8859[-_]?\d{1,2}|latin[-_]?\d{1,2}|us-ascii|ascii|windows-?\d{3,4}"
    r"|cp\d{3,4}|koi8-?[rtu]|mac-?\w{1,12}|macintosh|gb2312|gbk|gb18030|big5(?:-?hkscs)?|shift[-_]?jis|sjis"
    r"|euc[-_]?(?:jp|kr)|iso-?2022-?(?:jp|kr)|tis-?620"
)
# As browsers have it: pages that say the former are of the latter.
_AS_WINDOWS = {"iso8859-1", "ascii"}


@dataclass(frozen=True, slots=True)
class FetchOptions:
    """What is fetched, and what is done about pages that are gone."""

    sitemap: bool = False  # the addresses are those of sitemaps, whose pages are fetched
    max_pages: int = MAX_PAGES  # of one sitemap
    delete_missing: bool = False  # remove the documents of pages that their servers say are gone
    dry_run: bool = False  # fetch, but change nothing, and only say what would be done

    def __post_init__(self) -> None:
        if self.max_pages < 1:
            raise InvalidSetting(f"max_pages is {self.max_pages}; expected 1 or more.")


def fetch_pages(
    addresses: Sequence[str],
    tools: Tools,
    fetcher: Fetcher,
    options: FetchOptions,
    *,
    writing: Writing,
    on_result: OnResult | None = None,
) -> SyncReport:
    """What became of each page. One that fails never stops the rest, and never costs the document that it was.

    Each batch is stored inside `writing()`. Raises StorageError when nothing more can be written.
    """
    run = _Run(tools, options, writing, on_result)
    for url in run.find(addresses, fetcher):
        known = tools.store.known_file(_key(url))
        try:
            run.add(url, fetcher.get(url, unchanged_since=_settled_at(url, known)))
        except InputError as error:
            run.add(url, error)
    run.flush()
    return run.report()


def media_type_of(page: FetchedPage, asked: Url) -> str:
    """How a page is to be read: as its server calls it, else by the end of its address. Raises UnsupportedFormat."""
    said = _OTHER_NAMES.get(page.media_type, page.media_type)
    suffixes = (PurePosixPath(url.target.partition("?")[0]).suffix.lower() for url in (page.url, asked))
    by_suffix = next((read.MEDIA_TYPES[suffix] for suffix in suffixes if suffix in read.MEDIA_TYPES), "")
    if said == "text/plain":
        return by_suffix if by_suffix in _FINER_THAN_PLAIN else said
    if said in read.MEDIA_TYPES.values():
        return said
    # Pictures and sounds are what they are called; under application/ stands whatever a server does not know.
    if by_suffix and (not said or said.startswith("application/")):
        return by_suffix
    found = f"its server calls it {said}" if said else "its server does not say what it is"
    raise UnsupportedFormat(
        f"{asked.text}: no reader for it: {found}; expected a web page, text, Markdown, PDF or an office document"
    )


def as_utf8(page: FetchedPage, media_type: str) -> bytes:
    """The bytes of a page; those of a text in the encoding that its server names, in UTF-8 instead.

    Unlike a file, a page may leave it to its server to say. A byte order mark, or bytes that are UTF-8, say more.
    """
    data, name = page.data, page.charset
    marked = data.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if media_type not in _TEXTS or marked or not _CHARSET.fullmatch(name):
        return data
    try:
        name = codecs.lookup(name).name
        if not name.startswith(("utf-16", "utf-32")) and _is_utf8(data):
            return data
        return data.decode("cp1252" if name in _AS_WINDOWS else name).encode()
    except (LookupError, ValueError):  # it is not what the server says; the reader finds out what it is
        return data


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


@dataclass(slots=True)
class _Run:
    """What is waiting to be stored, and what came of the rest."""

    tools: Tools
    options: FetchOptions
    writing: Writing
    on_result: OnResult | None
    total: int = 0
    _waiting: list[tuple[Url, FetchedPage | InputError]] = field(default_factory=list)
    _done: int = 0
    _results: list[IngestResult] = field(default_factory=list)
    _unchanged: int = 0
    _kept: list[str] = field(default_factory=list)
    _problems: list[str] = field(default_factory=list)

    def find(self, addresses: Sequence[str], fetcher: Fetcher) -> list[Url]:
        """The pages to fetch, each once; what cannot be used is told."""
        pages: dict[Url, None] = {}
        for written in addresses:
            try:
                url = parse_url(written)
                if self.options.sitemap:
                    listing = list_pages(url, fetcher, max_pages=self.options.max_pages)
                    pages |= listing.pages
                    self._problems += listing.problems
                else:
                    pages[url] = None
            except InputError as error:
                self._results.append(IngestResult(shown(written), IngestStatus.FAILED, error=str(error)))
        self.total = len(pages)
        return list(pages)

    def add(self, url: Url, found: FetchedPage | InputError) -> None:
        """Take in a page, or why there is none; when there are enough they are stored."""
        self._waiting.append((url, found))
        held = sum(len(waits.data) for _, waits in self._waiting if isinstance(waits, FetchedPage))
        if len(self._waiting) >= _BATCH_PAGES or held >= _BATCH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Store what is waiting."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        with self.writing():
            known = self.tools.store.known_file
            intake = Intake(self.tools, known, self._tell, retry=True, dry_run=self.options.dry_run)
            for url, found in waiting:
                self._done += 1
                self._take(url, found, intake)
            intake.finish()

    def report(self) -> SyncReport:
        """All that was done."""
        return SyncReport(
            results=tuple(self._results),
            unchanged=self._unchanged,
            failed_before=0,
            duplicates=(),
            kept=tuple(self._kept),
            problems=tuple(self._problems),
            dry_run=self.options.dry_run,
        )

    def _take(self, url: Url, found: FetchedPage | InputError, intake: Intake) -> None:
        """Take in one page."""
        if isinstance(found, PageGone):
            self._take_gone(url, found, intake)
        elif isinstance(found, InputError):
            intake.fail(_key(url), url.text, found)
        elif found.is_unchanged:
            self._tell(IngestResult(url.text, IngestStatus.UNCHANGED))
        else:
            try:
                media_type = media_type_of(found, url)
            except InputError as error:
                intake.fail(_key(url), url.text, error)
                return
            item = Item(_key(url), url.text, media_type, _stamp(found, url), found.modified_at)
            intake.take_bytes(item, as_utf8(found, media_type))

    def _take_gone(self, url: Url, error: PageGone, intake: Intake) -> None:
        """Keep the document of a page that is gone, unless it was asked to be removed."""
        known = self.tools.store.known_file(_key(url))
        if known is None or known.source is None:
            intake.fail(_key(url), url.text, error)
        elif self.options.delete_missing:
            if not self.options.dry_run:
                self.tools.store.delete_document(known.source.id)
            self._tell(IngestResult(url.text, IngestStatus.REMOVED, known.source.id))
        else:
            self._kept.append(url.text)
            self._problems.append(f"{error}. Its document is kept; --delete-missing removes it.")
            intake.note(_key(url), url.text, error)

    def _tell(self, result: IngestResult) -> None:
        if result.status is IngestStatus.UNCHANGED:
            self._unchanged += 1
        else:
            self._results.append(result)
        if self.on_result is not None:
            self.on_result(result, self._done, self.total)


def _key(url: Url) -> bytes:
    """A page as the store remembers it, among files, whose paths begin with a slash."""
    return url.text.encode()


def _stamp(page: FetchedPage, asked: Url) -> Stamp:
    """By what a page is known to be unchanged; UNTRUSTED where its date does not say, or is that of another address."""
    if not page.is_settled or page.url != asked:
        return UNTRUSTED
    return Stamp(len(page.data), int(datetime.fromisoformat(page.modified_at).timestamp()) * 1_000_000_000, 0)


def _settled_at(url: Url, known: KnownFile | None) -> str:
    """The date to ask a server about, when the document is there as that page was; else ""."""
    if known is None or known.source is None or known.record.error or known.record.stamp == UNTRUSTED:
        return ""
    is_same = (known.source.location, known.content_sha256) == (url.text, known.record.content_sha256)
    return known.modified_at if is_same else ""
