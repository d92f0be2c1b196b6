"""The files that documents were read from: whole, and the page that a quote stands on, drawn, of a PDF or a picture.

A place is marked only where it is certain. Whatever goes wrong with a picture, the text can be shown without it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from rag import read
from rag.answer.cache import LastUsed
from rag.documents.recognised_place import recognised_place
from rag.errors import OriginalNotFound, PageNotFound, UnreadableDocument
from rag.read.formats import PICTURES
from rag.read.page import Box, PagePicture
from rag.read.sandbox import Parser
from rag.records import Access, Document, Source, Span
from rag.store.base import DocumentStore

# Formats whose pages can be drawn.
_PAGED = ("application/pdf", *PICTURES.values())
# Pixels a point: sharp on a screen with two pixels to one, and small print can be read.
_SCALE = 2.0
# Drawn at once, each with its file in memory.
_AT_ONCE = 2
# Of a file that is sent, as much is in memory for each who reads it.
_PART_BYTES = 262_144
# A failure is remembered like a picture, so that a page made to take long takes long once.
_Drawn = tuple[PagePicture, int] | UnreadableDocument


@dataclass(frozen=True, slots=True)
class Original:
    """The file that a document was read from, byte for byte."""

    data: bytes
    sha256: str  # of `data`
    media_type: str
    name: str  # for people, with a suffix; as its owner wrote it, so not safe in a path or a header


@dataclass(frozen=True, slots=True)
class OriginalParts:
    """The same, to be sent without being in memory as a whole."""

    parts: Iterator[bytes]  # from the beginning; they end early when the document is deleted or replaced meanwhile
    size: int  # bytes
    sha256: str  # of all of it
    media_type: str
    name: str


@dataclass(frozen=True, slots=True)
class PageView:
    """The page that a quote stands on, and where on it."""

    number: int  # from 1
    pages: int  # of the whole original
    width: int  # pixels, of its picture
    height: int
    sha256: str  # of the original
    boxes: tuple[Box, ...]  # of the quote's lines; none where its place is not certain
    goes_on: bool = False  # on the next page, where the rest of the quote stands


class Originals:
    """What is kept of the files in a store. Safe to use from several threads."""

    def __init__(self, store: DocumentStore, parser: Parser, *, pictures: int = 32, wait_seconds: float = 5.0) -> None:
        """Pages are drawn, and quotes found on them, where files are read: in `parser`'s processes.

        So many `pictures` are kept in memory, a tenth of a megabyte each, for the request that follows the page around
        them. Who finds others drawing waits `wait_seconds` at most.
        """
        self._store = store
        self._parser = parser
        self._drawn: LastUsed[tuple[str, int], _Drawn] = LastUsed(pictures)
        self._wait_seconds = wait_seconds
        self._turns = threading.BoundedSemaphore(_AT_ONCE)

    def get(self, document_id: str, *, access: Access) -> Original:
        """The file that a document was read from. Raises DocumentNotFound, OriginalNotFound."""
        found = self._store.original(access, document_id)
        if found is None:
            raise _not_kept(document_id)
        source, sha256, data = found
        return Original(data, sha256, source.media_type, file_name(source))

    def in_parts(self, document_id: str, *, access: Access) -> OriginalParts:
        """The same in parts, each read when it is asked for. Raises DocumentNotFound, OriginalNotFound."""
        found = self._store.describe_original(access, document_id)
        if found is None:
            raise _not_kept(document_id)
        source, sha256, size = found

        def parts() -> Iterator[bytes]:
            start = 0
            while part := self._store.original_part(access, document_id, sha256, start, _PART_BYTES):
                yield part
                start += len(part)

        return OriginalParts(parts(), size, sha256, source.media_type, file_name(source))

    def picture(self, document_id: str, number: int, *, access: Access) -> PagePicture:
        """Page `number` of a document's PDF, from 1.

        Raises DocumentNotFound, OriginalNotFound, PageNotFound, and UnreadableDocument when it cannot be drawn.
        """
        sha256 = self._sha256(document_id, access)
        drawn = self._remembered(sha256, number)
        if drawn is None:
            with self._turn():
                drawn = self._draw(self.get(document_id, access=access), number)
        return drawn[0]

    def picture_name(self, document_id: str, number: int, *, access: Access) -> str:
        """What names a picture for good: another one never has this name. Raises DocumentNotFound, OriginalNotFound."""
        return f"{self._sha256(document_id, access)}-{number}-{_SCALE:g}"

    def view(self, document: Document, span: Span, *, access: Access) -> PageView | None:
        """The page on which the characters `span` of a document stand; None when there is no page to show.

        That is so when the document is not stored in this text any more, is no PDF or picture, is kept without its
        original, when the page is not known, and when it cannot be drawn.
        """
        document_id = document.source.id
        if document.source.media_type not in _PAGED:
            return None
        seen = recognised_place(document, span)
        with self._store.snapshot():
            if self._store.original_sha256(access, document_id) != document.content_sha256:
                return None
            number = self._store.page_at(access, document_id, span.start)
            if number is None:
                return None
            original = self.get(document_id, access=access)
        try:
            with self._turn():
                picture, pages = self._remembered(original.sha256, number) or self._draw(original, number)
                if seen is None:
                    boxes, goes_on = self._parser.find(original.data, number, span.of(document.text))
                else:
                    boxes, goes_on = seen
        except (PageNotFound, UnreadableDocument):
            return None
        return PageView(number, pages, picture.width, picture.height, original.sha256, boxes, goes_on)

    def _sha256(self, document_id: str, access: Access) -> str:
        found = self._store.original_sha256(access, document_id)
        if found is None:
            raise _not_kept(document_id)
        return found

    def _draw(self, original: Original, number: int) -> tuple[PagePicture, int]:
        """A picture, remembered from now on, and the number of pages."""
        if original.media_type not in _PAGED:
            raise PageNotFound(
                f"the document is of the type {original.media_type}; only the pages of a PDF or a picture are shown."
            )
        drawn: _Drawn
        try:
            drawn = self._parser.draw(original.data, number, _SCALE, media_type=original.media_type)
        except UnreadableDocument as error:
            drawn = error
        self._drawn.keep((original.sha256, number), drawn)
        if isinstance(drawn, UnreadableDocument):
            raise drawn
        return drawn

    def _remembered(self, sha256: str, number: int) -> tuple[PagePicture, int] | None:
        """What came of drawing this page before, if that is still known. Raises UnreadableDocument if it failed."""
        drawn = self._drawn.get((sha256, number))
        if isinstance(drawn, UnreadableDocument):
            raise UnreadableDocument(str(drawn))
        return drawn

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """One of the places to draw at. Raises UnreadableDocument when none becomes free."""
        if not self._turns.acquire(timeout=self._wait_seconds):
            raise UnreadableDocument("too many pages are being drawn; try again in a moment")
        try:
            yield
        finally:
            self._turns.release()


def file_name(source: Source) -> str:
    """The name of a document's file, of an entry the entry's: "/docs/old.zip!/a/b.pdf" -> "b.pdf". Never empty.

    One without a suffix of its format gets one.
    """
    location = source.location.removeprefix("api:").removeprefix("upload:")
    if location.lower().startswith(("http://", "https://")):
        location = unquote(urlsplit(location).path)
    name = PurePosixPath(location.replace("\\", "/")).name or source.id
    suffixes = [suffix for suffix, media_type in read.WITH_PICTURES.items() if media_type == source.media_type]
    if suffixes and PurePosixPath(name).suffix.lower() not in suffixes:
        name += suffixes[0]
    return name


def _not_kept(document_id: str) -> OriginalNotFound:
    return OriginalNotFound(
        f"the file that the document {document_id!r} was read from is not kept; with keep_originals on, add it again."
    )
