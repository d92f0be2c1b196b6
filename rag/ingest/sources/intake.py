"""One file, or the entries of one archive, into the store: what is already there in the same bytes is not read again.

What came of each file is remembered, in the same commit as its document. Nothing is removed here.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from typing import Protocol

from rag import read
from rag.errors import InputError, UnreadableDocument
from rag.ingest.results import IngestResult
from rag.ingest.sources.folder import FoundFile, trusted
from rag.ingest.sources.missing import MissingFiles
from rag.ingest.sources.zip_archive import Archive, ArchiveEntry, open_archive
from rag.ingest.spread.offers import Offers
from rag.records import Access, Document, Source
from rag.store.base import UNTRUSTED, FileRecord, IngestStatus, KnownFile, SourceStore, Stamp

# Between the path of an archive and the name of an entry, where no path can have it.
INSIDE = b"\0"
# Records that are written at once: a commit costs more than what is in it.
_BATCH = 200


class PutDocument(Protocol):
    """Stores a document of a file, with the record of the file and the bytes that it was read from."""

    def __call__(self, document: Document, file: FileRecord, *, original: bytes, started: float) -> IngestResult:
        """What became of it. `started` is the `time.perf_counter()` at which work on the file began."""
        ...


@dataclass(frozen=True, slots=True)
class Tools:
    """What a file passes through on its way into the store."""

    store: SourceStore
    read: Callable[[bytes, Source], Document]  # bytes to a document; raises InputError
    prepare: Callable[[Document], None]  # what can be done for `put` before its turn, in another thread
    put: PutDocument
    max_bytes: int  # of one document
    keeps_originals: bool
    ocr: str = ""  # the languages in which pictures of text are recognised; "" where they are not
    offers: Offers | None = None  # to other nodes, which read and prepare some of the files; None where there are none

    @property
    def media_types(self) -> Mapping[str, str]:
        """The media types of the files that are read, by suffix."""
        return read.WITH_PICTURES if self.ocr else read.MEDIA_TYPES

    @property
    def read_with(self) -> str:
        """Changes when the same bytes may give something else: with another version of the readers, or other settings.

        Then files are read again though they are the same, those that failed and those that did not.
        """
        known = f"{read.reading_identity()} {self.max_bytes} {self.keeps_originals}{self.ocr and f' {self.ocr}'}"
        return hashlib.sha256(known.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Item:
    """What is known of a file, an entry of an archive or a page, besides its bytes."""

    path: bytes  # as the store remembers it
    location: str  # the same for people
    media_type: str
    stamp: Stamp
    modified_at: str  # ISO 8601, UTC; "" where nobody says
    was: bytes = b""  # the path that it was moved from, as the source says; b"" where it says nothing of that


class Intake:
    """Takes in files one after the other, and tells what became of each when it is committed.

    Call `finish` at the end: until then some of it is not.
    """

    def __init__(
        self,
        tools: Tools,
        known: Callable[[bytes], KnownFile | None],
        tell: Callable[[IngestResult], object],
        *,
        retry: bool = False,
        dry_run: bool = False,
        gone: MissingFiles | None = None,
    ) -> None:
        """`known` gives what the store has from a path; `tell` is called with each result, in order.

        With `retry` what failed is tried again though it is the same. `gone` are the documents without a file, to one
        of which a new file with the same bytes gives its place.
        """
        self._tools = tools
        self._known = known
        self._tell = tell
        self._retry = retry
        self._dry_run = dry_run
        self._gone = gone or MissingFiles()
        self._read_with = tools.read_with
        self._pending: list[_Step] = []
        self._started = time.perf_counter()  # when work on the file at hand began
        self.seen: set[bytes] = set()  # the paths that are there, entries of archives included
        self.refused: set[bytes] = set()  # those whose bytes were had and are no document

    def take(self, found: FoundFile) -> None:
        """Take in one file, or each entry of an archive; a FAILED result never stops the rest.

        Raises StorageError when nothing more can be written.
        """
        self._begin(found.key)
        if found.is_archive:
            self._take_archive(found)
        else:
            self._take_file(found)

    def take_bytes(self, item: Item, data: bytes) -> None:
        """Take in bytes that did not come from a file, such as a page. Raises StorageError likewise."""
        self._begin(item.path)
        self._take_bytes(item, data, self._known(item.path))

    def fail(self, path: bytes, location: str, error: InputError) -> None:
        """Remember that nothing was to be had from a place, and why; a document that came from it stays."""
        self._begin(path)
        self._fail(self._nothing_from(path, location), error)

    def note(self, path: bytes, location: str, error: InputError) -> None:
        """The same without a result of its own, for what is told of otherwise."""
        self._begin(path)
        self._add(_Step(replace(self._nothing_from(path, location), error=str(error)), None))

    def finish(self) -> None:
        """Commit what is pending, and tell of it."""
        steps, self._pending = self._pending, []
        if steps and not self._dry_run:
            self._tools.store.remember_files(
                [step.record for step in steps], relocated=[step.place for step in steps if step.place]
            )
        for step in steps:
            if step.result is not None:
                self._tell(step.result)

    # -- one file ----------------------------------------------------------------------------------------------------

    def _begin(self, path: bytes) -> None:
        """Begin with a path that is there."""
        self.seen.add(path)
        self._started = time.perf_counter()

    def _take_file(self, found: FoundFile) -> None:
        known = self._known(found.key)
        location = read.printable(found.path)
        stamp = UNTRUSTED
        try:
            media_type = read.media_type_of(location, self._tools.media_types)
            with read.open_regular(found.path, follow=found.follow) as file:
                status = os.fstat(file.fileno())
                stamp = trusted(status)
                data = read.read_open(file, found.path, self._tools.max_bytes)
        except InputError as error:
            record = self._record(found.key, location, stamp, "", self._id_for(found.key, location, known))
            self._fail(record, error)
            return
        item = Item(found.key, location, media_type, stamp, read.as_date(status.st_mtime))
        self._take_bytes(item, data, known)

    def _take_bytes(self, item: Item, data: bytes, known: KnownFile | None) -> None:
        """Take in a file or an entry whose bytes were read."""
        sha256 = hashlib.sha256(data).hexdigest()
        known = known or self._unremembered(item)
        record = self._record(
            item.path, item.location, item.stamp, sha256, "" if known is None else known.record.document_id
        )
        if known is not None:
            if self._is_stored(item, known, sha256):
                self._keep(record, known, item)
                return
            if self._failed_before(known, sha256) and not self._retry:
                self._fail(record, UnreadableDocument(known.record.error))
                return
        is_new = known is None or known.source is None
        lost = (self._gone.at(item.was) or self._gone.find(item.path, sha256)) if is_new else None
        if lost is not None:
            self._move(item, record, lost, data)
            return
        self.finish()
        if not record.document_id:
            record = replace(record, document_id=self._id_for(item.path, item.location, None))
        result = self._read(item, record, data)
        if isinstance(result, InputError):
            self._fail(record, result)
        elif known is not None and result.status is IngestStatus.UNCHANGED:
            self._keep(record, known, item)
        elif self._dry_run and known is not None and known.source is not None:
            self._tell(replace(result, status=IngestStatus.UPDATED))
        else:
            self._tell(result)

    def _read(self, item: Item, record: FileRecord, data: bytes) -> IngestResult | InputError:
        """Read the document in the bytes and store it, or why that cannot be. A dry run takes it for a new one."""
        if self._dry_run:
            return IngestResult(item.location, IngestStatus.CREATED, record.document_id)
        try:
            document = self._tools.read(data, Source(record.document_id, "", item.location, item.media_type))
        except InputError as error:
            return error
        document = replace(document, modified_at=item.modified_at)
        return self._tools.put(document, record, original=data, started=self._started)

    def _keep(self, record: FileRecord, known: KnownFile, item: Item) -> None:
        """The document stays as it is; only when its file was changed is noted anew."""
        result = IngestResult(item.location, IngestStatus.UNCHANGED, record.document_id, seconds=self._seconds())
        touched = known.modified_at != item.modified_at
        place = (record.document_id, item.location, item.modified_at) if touched else None
        self._add(_Step(record, result, place))

    def _move(self, item: Item, record: FileRecord, lost: KnownFile, data: bytes) -> None:
        """The document of a file that is gone gets this place and keeps its id.

        Other bytes, a title that was made from the name of the file, or another suffix, make it another document: it is
        read anew.
        """
        source = lost.source
        assert source is not None  # noqa: S101 - MissingFiles holds documents alone
        record = replace(record, document_id=source.id)
        title = read.title_from(source.location)
        has_same_title = source.title != title or read.title_from(item.location) == title
        if (item.media_type, record.content_sha256) == (source.media_type, lost.content_sha256) and has_same_title:
            moved = IngestResult(
                item.location,
                IngestStatus.MOVED,
                source.id,
                seconds=self._seconds(),
                previous=source.location,
            )
            self._gone.discard(lost)
            self._add(_Step(record, moved, (source.id, item.location, item.modified_at)))
            return
        self.finish()
        result = self._read(item, record, data)
        if isinstance(result, InputError):
            failed = replace(record, document_id=self._id_for(item.path, item.location, None))
            self._fail(failed, result)
            return
        self._gone.discard(lost)
        self._tell(replace(result, status=IngestStatus.MOVED, previous=source.location))

    def _fail(self, record: FileRecord, error: InputError) -> None:
        """Remember why a file did not become a document; one whose bytes could not be had is looked into next time."""
        if isinstance(error.__cause__, OSError):
            record = replace(record, stamp=UNTRUSTED)
        else:
            self.refused.add(record.path)
        record = replace(record, error=str(error))
        failed = IngestResult(record.location, IngestStatus.FAILED, error=record.error, seconds=self._seconds())
        self._add(_Step(record, failed))

    # -- archives ----------------------------------------------------------------------------------------------------

    def _take_archive(self, found: FoundFile) -> None:
        started = self._started
        location = read.printable(found.path)
        stamp = UNTRUSTED
        refused: InputError | None = None
        try:
            with read.open_regular(found.path, follow=found.follow) as file:
                stamp = trusted(os.fstat(file.fileno()))
                with open_archive(
                    file, location, max_bytes=self._tools.max_bytes, known=self._tools.media_types
                ) as archive:
                    entries = archive.entries()
                    self.seen.update(found.key + INSIDE + entry.name.encode() for entry in entries)
                    self._gone.leaves(found.key + INSIDE, self.seen)
                    for entry in entries:
                        self._take_entry(found, archive, entry, stamp)
        except InputError as error:
            refused = error
        self._started = started
        # Last, so that an archive that was not finished is opened again.
        record = self._record(found.key, location, stamp, "", "")
        if refused is None:
            self._add(_Step(record, None))
            return
        self._fail(record, refused)
        if found.key in self.refused:
            self._gone.leaves(found.key + INSIDE, self.seen)

    def _take_entry(self, found: FoundFile, archive: Archive, entry: ArchiveEntry, stamp: Stamp) -> None:
        path = found.key + INSIDE + entry.name.encode()
        self._begin(path)
        location = f"{read.printable(found.path)}!/{entry.name}"
        known = self._known(path)
        try:
            if entry.error:
                raise UnreadableDocument(entry.error)
            data = archive.read(entry.name)
        except InputError as error:
            record = self._record(path, location, stamp, "", self._id_for(path, location, known))
            self._fail(record, error)
            return
        media_type = read.media_type_of(location, self._tools.media_types)
        item = Item(path, location, media_type, stamp, entry.modified_at)
        self._take_bytes(item, data, known)

    # -- inside ------------------------------------------------------------------------------------------------------

    def _seconds(self) -> float:
        """How long work on the file at hand has taken."""
        return time.perf_counter() - self._started

    def _record(self, path: bytes, location: str, stamp: Stamp, sha256: str, document_id: str) -> FileRecord:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        return FileRecord(path, location, stamp, sha256, document_id, "", now, self._read_with)

    def _nothing_from(self, path: bytes, location: str) -> FileRecord:
        return self._record(path, location, UNTRUSTED, "", self._id_for(path, location, self._known(path)))

    def _is_stored(self, item: Item, known: KnownFile, sha256: str) -> bool:
        """Whether the document that the file became is there, of the same bytes, format and place, read as today."""
        source = known.source
        wanted = (item.media_type, item.location, sha256)
        if source is None or (source.media_type, source.location, known.content_sha256) != wanted:
            return False
        return self._dry_run or (known.record.read_with == self._read_with and self._has_original(source.id))

    def _has_original(self, document_id: str) -> bool:
        """Whether the bytes of a document are kept, or need not be."""
        return (
            not self._tools.keeps_originals
            or self._tools.store.original_sha256(Access.everything(), document_id) is not None
        )

    def _failed_before(self, known: KnownFile, sha256: str) -> bool:
        """Whether these bytes failed with the formats and limits of today."""
        record = known.record
        return bool(record.error) and (record.content_sha256, record.read_with) == (sha256, self._read_with)

    def _id_for(self, path: bytes, location: str, known: KnownFile | None) -> str:
        """The id of the document that this file becomes: the one it had, else one made from its path.

        A document that was moved took that id along. Then the next one that is free is made, the same each time.
        """
        if known is not None and known.record.document_id:
            return known.record.document_id
        name = path.replace(INSIDE, b"!/")
        candidates = (read.id_of(name + b"\0%d" % number if number else name) for number in count())
        return next(candidate for candidate in candidates if self._is_free(candidate, path, location))

    def _is_free(self, document_id: str, path: bytes, location: str) -> bool:
        """Whether no document of another file has this id."""
        owner = self._tools.store.owner_of(document_id)
        return owner is None or owner[0] == path or owner == (b"", location)

    def _unremembered(self, item: Item) -> KnownFile | None:
        """What an earlier version of the program stored from this place, without remembering the file."""
        document_id = self._id_for(item.path, item.location, None)
        return self._tools.store.document_at(document_id, item.location)

    def _add(self, step: _Step) -> None:
        self._pending.append(step)
        if len(self._pending) >= _BATCH:
            self.finish()


@dataclass(frozen=True, slots=True)
class _Step:
    """Something to remember, and what to tell of it once that is done."""

    record: FileRecord
    result: IngestResult | None
    place: tuple[str, str, str] | None = None  # id, location and time of change of a document that gets new ones
