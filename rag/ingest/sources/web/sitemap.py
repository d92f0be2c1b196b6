"""The pages that a sitemap names, and those of the sitemaps that an index names: bounded, and without DTD or entities.

Only what lies on the host of the sitemap is taken, or on one that is permitted by name; whoever writes a sitemap would
otherwise choose what is fetched from where. https://www.sitemaps.org/protocol.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.parsers import expat

from rag.errors import FetchRefused, InputError, UnreadableDocument
from rag.hosts import IPAddress, Permit
from rag.ingest.sources.web.fetch import Fetcher
from rag.ingest.sources.web.robots import Robots
from rag.ingest.sources.web.unpack import Unpacker
from rag.ingest.sources.web.urls import MAX_CHARS, Url, parse_url

# The protocol allows 50,000 pages and 52 MB a sitemap; at a page a second this many take an hour and a half.
MAX_PAGES = 5_000
MAX_LOCATIONS = 50_000
MAX_SITEMAPS = 200
MAX_BYTES = 50_000_000
_MAX_DEPTH = 20
_GZIP_MAGIC = b"\x1f\x8b"
_ROOTS = {"urlset": "url", "sitemapindex": "sitemap"}


@dataclass(slots=True)
class SitemapListing:
    """The pages of a sitemap, each once, in its order, and a sentence for each thing that was left out."""

    pages: dict[Url, None] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Sitemap:
    """What one file names: pages, or further sitemaps."""

    is_index: bool
    locations: tuple[str, ...]
    is_cut: bool = False  # there are more


def list_pages(
    url: Url, fetcher: Fetcher, *, max_pages: int = MAX_PAGES, max_sitemaps: int = MAX_SITEMAPS
) -> SitemapListing:
    """The pages of the sitemap at `url`, at most `max_pages`, that its server's robots.txt leaves open.

    Raises InputError when the sitemap itself cannot be had; one that an index names and that fails is a problem.
    """
    walk = _SitemapWalk(fetcher, max_pages, max_sitemaps, Robots(fetcher))
    walk.take(url, is_inner=False)
    return walk.finish()


def parse_sitemap(data: bytes, *, max_bytes: int = MAX_BYTES, max_locations: int = MAX_LOCATIONS) -> Sitemap:
    """The locations in a sitemap, or in a text file with an address a line; as many as the protocol allows.

    Raises UnreadableDocument, without naming the file, for what is none and for one with a DTD.
    """
    if data.startswith(_GZIP_MAGIC):
        unpacker = Unpacker("gzip", max_bytes=max_bytes)
        data = unpacker.feed(data)
        unpacker.finish()
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"http://", b"https://")):
        lines = (line.strip() for line in data.decode("utf-8-sig", "replace").splitlines())
        locations = [line for line in lines if line]
        return Sitemap(False, tuple(locations[:max_locations]), is_cut=len(locations) > max_locations)
    reader = _SitemapReader(max_locations)
    try:
        reader.parser.Parse(data, True)
    except _Enough:
        pass
    except expat.ExpatError as error:
        raise UnreadableDocument(f"this is no sitemap ({error}); <urlset> or <sitemapindex> was expected") from error
    except (LookupError, ValueError) as error:  # an encoding that is none
        raise UnreadableDocument(f"this sitemap cannot be read ({error}); expected UTF-8") from error
    locations = reader.locations
    return Sitemap(reader.is_index, tuple(locations[:max_locations]), is_cut=len(locations) > max_locations)


class _Enough(Exception):
    """As many locations as are taken were read."""


class _SitemapReader:
    """Collects the <loc> of each <url> or <sitemap> as the parser meets them; stops at the first sign of a DTD."""

    def __init__(self, max_locations: int) -> None:
        self._max_locations = max_locations
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.locations: list[str] = []
        self.is_index = False
        self._path: list[str] = []
        self._words: list[str] | None = None
        self._chars = 0

    def _doctype(self, *_: object) -> None:
        # Entities are declared in it, which is how files are read and memory is filled: nothing of it is looked at.
        raise UnreadableDocument("this has a document type declaration, which no sitemap needs; expected one without")

    def _start(self, name: str, _: object) -> None:
        local = name.rpartition(" ")[2]
        self._path.append(local)
        if len(self._path) == 1:
            if local not in _ROOTS:
                raise UnreadableDocument(f"this is no sitemap but <{local[:40]}>; expected <urlset> or <sitemapindex>")
            self.is_index = local == "sitemapindex"
        if len(self._path) > _MAX_DEPTH:
            raise UnreadableDocument(f"its elements nest more than {_MAX_DEPTH} deep; no sitemap does")
        if self._path[1:] == [_ROOTS[self._path[0]], "loc"]:
            self._words, self._chars = [], 0

    def _text(self, words: str) -> None:
        # A location that is too long is kept a little too long, and refused for it.
        if self._words is not None and self._chars <= MAX_CHARS:
            self._words.append(words[: MAX_CHARS + 1])
            self._chars += len(words)

    def _end(self, _: str) -> None:
        self._path.pop()
        if self._words is not None and len(self._path) == 2:
            self.locations.append("".join(self._words).strip())
            self._words = None
            if len(self.locations) > self._max_locations:
                raise _Enough


class _SitemapWalk:
    """What was found so far, going from an index to its sitemaps."""

    def __init__(self, fetcher: Fetcher, max_pages: int, max_sitemaps: int, robots: Robots) -> None:
        self._fetcher = fetcher
        self._max_pages = max_pages
        self._max_sitemaps = max_sitemaps
        self._robots = robots
        self._listing = SitemapListing()
        self._elsewhere = 0
        self._bad: list[str] = []
        self._is_full = False

    def take(self, url: Url, *, is_inner: bool) -> None:
        """The pages of one sitemap. Raises InputError."""
        page = self._fetcher.get(url)
        try:
            found = parse_sitemap(page.data)
        except InputError as error:
            raise type(error)(f"{url.text}: {error}") from error
        if found.is_index and is_inner:
            raise UnreadableDocument(f"{url.text}: this is an index inside an index; expected a sitemap with pages")
        places = self._parse(found.locations, home=(url, page.url))
        if found.is_index:
            self._take_all(url, places)
            return
        self._is_full = self._is_full or found.is_cut
        for place in places:
            if len(self._listing.pages) >= self._max_pages and place not in self._listing.pages:
                self._is_full = True
                return
            self._listing.pages[place] = None

    def finish(self) -> SitemapListing:
        """All pages, and what was left out."""
        pages = self._listing.pages
        allowed = {page: None for page in pages if self._robots.allows(page)}
        told = list(self._listing.problems)
        if self._is_full:
            told.append(
                f"The sitemap names more pages than the {len(pages):,} that are fetched. --max-pages allows more, up to"
                f" {MAX_LOCATIONS:,} from one file."
            )
        if self._elsewhere:
            told.append(f"{self._elsewhere:,} pages of other hosts are left out; --allow names hosts to take in too.")
        if len(allowed) < len(pages):
            told.append(f"{len(pages) - len(allowed):,} pages are left out because robots.txt asks for it.")
        if self._bad:
            told.append(f"{len(self._bad):,} addresses in the sitemap cannot be used, the first: {self._bad[0]}.")
        told += self._robots.problems
        return SitemapListing(allowed, told)

    def _take_all(self, index: Url, places: Sequence[Url]) -> None:
        if len(places) > self._max_sitemaps:
            self._listing.problems.append(
                f"{index.text}: it names more than {self._max_sitemaps} sitemaps; only those are read. Name the others"
                " themselves."
            )
        for place in places[: self._max_sitemaps]:
            if self._is_full:
                return
            try:
                self.take(place, is_inner=True)
            except InputError as error:
                self._listing.problems.append(f"{error}.")

    def _parse(self, locations: Sequence[str], home: tuple[Url, Url]) -> list[Url]:
        """Those that lie on a host of `home`, or on one that is permitted by name."""
        hosts = {url.host for url in home} | _named_hosts(self._fetcher.allow)
        found = []
        for location in locations:
            try:
                place = parse_url(location)
            except FetchRefused as error:
                self._bad.append(str(error))
                continue
            if place.host in hosts:
                found.append(place)
            else:
                self._elsewhere += 1
        return found


def _named_hosts(allow: Sequence[Permit]) -> set[str | IPAddress]:
    """The hosts that are permitted by name."""
    return {permit.host for permit in allow if permit.host}
