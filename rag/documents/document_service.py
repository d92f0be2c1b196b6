"""Documents: brought in, looked at, read again and removed."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from rag import read
from rag.documents.originals import Original, OriginalParts, Originals, PageView
from rag.errors import DocumentNotFound, InputError
from rag.hosts import parse_permit
from rag.ingest.prepare import Preparer
from rag.ingest.results import IngestResult, OnResult, SyncReport
from rag.ingest.sources import SyncOptions, Tools, ingest_paths, sync_folders
from rag.ingest.spread.helper import Helper
from rag.ingest.spread.offers import Offers
from rag.ingest.spread.parcel import pack
from rag.ingest.store_document import store_document
from rag.ingest.writer import Writer
from rag.models.embedder import Embedder
from rag.read.page import PagePicture
from rag.read.sandbox import Parser
from rag.records import Access, Document, GivenBy, Source, Span, StoredSentence
from rag.settings import Settings
from rag.store.base import DocumentInfo, FileRecord, IngestStatus, Store, Version

if TYPE_CHECKING:
    from rag.ingest.sources.web import FetchOptions

# Puts down that a document was added, changed or removed; what changed nothing is passed over.
RecordChange = Callable[[IngestResult], None]


# The groups that may read what comes from a path, as the store remembers it; None where rules say it.
Readers = Callable[[bytes], Collection[str] | None]


def _as_rules_say(_: bytes) -> None:
    """No groups but those of the rules."""


class Grouping(Protocol):
    """Who may read what, as `rag.access.access_service.AccessService` says it."""

    def groups_of(self, location: str) -> tuple[frozenset[str], str]:
        """The groups that may read a new document from this place, and what names the rules that say so."""
        ...

    def apply_again(self) -> None:
        """Look again at who may read what is stored, as places and files may have changed."""
        ...


class DocumentService:
    """The documents of one data directory."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        embedder: Embedder,
        parser: Parser,
        writer: Writer,
        record: RecordChange,
        grouping: Grouping,
    ) -> None:
        """Files are read, and pages drawn, in the processes of `parser`. `grouping` says who may read what comes."""
        self._record = record
        self._settings = settings
        self._store = store
        self._embedder = embedder
        self._parser = parser
        self._writer = writer
        self._grouping = grouping
        self._originals = Originals(store, parser)
        self.read_by_others = 0  # files that other nodes have read and embedded for this one so far

    def helper(self, count: Callable[[str], None]) -> Helper | None:
        """What reads and embeds files for other nodes over the same database; None where there can be none.

        `count` is told how each ended: "made", "refused" by its reader, "lost" to others.
        """
        if self._store.jobs is None:
            return None
        tools, preparer = self._tools(), self._preparer()

        def make(data: bytes, source: Source) -> bytes:
            document = tools.read(data, source)
            return pack(document, preparer.embed(document))

        return Helper(self._store.jobs, self._made_with(tools), make, count)

    def ingest(self, paths: Sequence[Path], *, on_result: OnResult | None = None) -> list[IngestResult]:
        """What became of each file under `paths`, in order. A file that cannot be read never stops the rest.

        The entries of a ZIP archive are files too. Whatever was reported before an interruption stays. Raises
        UnreadableDocument when a path does not exist, and StorageError when nothing more can be written.
        """
        with self._writer.long() as let_others_in:
            results = ingest_paths(
                paths, self._tools(), leave_out=self._own_folder(), on_result=self._between(on_result, let_others_in)
            )
        self._grouping.apply_again()
        return results

    def sync(
        self, folders: Sequence[Path], options: SyncOptions | None = None, *, on_result: OnResult | None = None
    ) -> SyncReport:
        """Bring the documents from under `folders` to what is there now: new, changed, moved and deleted files.

        Files that did not change since they were last read are not opened. Whatever was reported before an
        interruption stays. Raises InvalidSetting for options that make no sense, StorageBusy while another process
        writes, and StorageError when nothing more can be written.
        """
        options = options or SyncOptions()
        with nullcontext(_nobody) if options.dry_run else self._writer.long() as let_others_in:
            report = sync_folders(
                folders,
                self._tools(),
                options,
                leave_out=self._own_folder(),
                on_result=self._between(on_result, let_others_in, dry_run=options.dry_run),
            )
        if not options.dry_run:
            self._grouping.apply_again()
        return report

    def fetch(
        self, addresses: Sequence[str], options: FetchOptions | None = None, *, on_result: OnResult | None = None
    ) -> SyncReport:
        """Bring the documents to what the pages at `addresses`, or in the sitemaps there, are now.

        The only thing here that uses the network; what may be connected to is in the settings. A page that fails, or
        is gone, leaves its document as it is, and never stops the rest. Other writers get their turn between pages.
        Raises StorageBusy while another process writes, and StorageError when nothing more can be written.
        """
        from rag.ingest.sources.web import (  # here: no server needs a client
            Fetcher,
            FetchLimits,
            FetchOptions,
            fetch_pages,
        )

        options = options or FetchOptions()
        allow = tuple(parse_permit(entry) for entry in self._settings.fetch_allow)
        fetcher = Fetcher(FetchLimits(self._settings.max_document_bytes), allow)
        writing = nullcontext if options.dry_run else self._writer.long
        told = self._between(on_result, _nobody, dry_run=options.dry_run)
        return fetch_pages(addresses, self._tools(), fetcher, options, writing=writing, on_result=told)

    def failed_files(self) -> list[FileRecord]:
        """The files that did not become documents when they were last read, by path."""
        return self._store.failed_files()

    def add(self, documents: Sequence[Document], *, on_done: Callable[[int, int], None] | None = None) -> None:
        """Store documents that were read elsewhere, each committed by itself."""
        with self._writer.long() as let_others_in:
            for number, document in enumerate(documents, start=1):
                self._record(self._store_document(document, time.perf_counter()))
                let_others_in()
                if on_done:
                    on_done(number, len(documents))

    def put(
        self,
        document_id: str,
        data: bytes,
        *,
        media_type: str,
        title: str = "",
        location: str = "",
        groups: Collection[str] | None = None,
    ) -> IngestResult:
        """Store one document given as bytes under an id of the caller's choice.

        With `groups` they may read it, whatever the rules say. Raises InputError when it cannot be read or is too
        large, StorageError when it cannot be written.
        """
        source = Source(document_id, title, location or f"api:{document_id}", media_type)
        started = time.perf_counter()
        if len(data) > self._settings.max_document_bytes:
            raise read.too_large(source.location, len(data), self._settings.max_document_bytes)
        try:
            document = read.read_bytes(data, source, parse=self._parser)
        except InputError as error:
            self._record(IngestResult(source.location, IngestStatus.FAILED, error=str(error)))
            raise
        preparer = self._prepared(document)
        result = self._writer.run(
            lambda: self._store_document(document, started, original=data, groups=groups, preparer=preparer)
        )
        self._record(result)
        return result

    def read_again(self, document_id: str) -> IngestResult:
        """Read a document anew from its original, as after an update of the program. Its id and title stay.

        Raises DocumentNotFound, OriginalNotFound, and what `put` raises; then the document is as it was.
        """
        started = time.perf_counter()
        result = None
        while result is None:
            stored = self.get(document_id, access=Access.everything())
            original = self.original(document_id, access=Access.everything())
            document = read.read_bytes(original.data, stored.source, parse=self._parser)
            document = replace(document, modified_at=stored.modified_at)
            preparer = self._prepared(document)
            result = self._writer.run(
                partial(self._store_in_place_of, stored, document, original.data, started, preparer)
            )
        self._record(result)
        return result

    def on_recognised(self, tell: Callable[[int, int], None]) -> None:
        """Call `tell` from now on with how many pages of a file were recognised, of how many, from any thread."""
        self._parser.on_page = tell

    def suffixes(self) -> tuple[str, ...]:
        """What the names of files that can be read end with, each with its dot."""
        return tuple(self._tools().media_types)

    def uploaded(self, name: str) -> Source:
        """What a file that is sent under this name becomes. Raises InputError where no reader handles its suffix."""
        return read.uploaded(name, self._tools().media_types)

    def put_file(self, name: str, data: bytes, *, groups: Collection[str] | None = None) -> IngestResult:
        """Store a file given as bytes with its name, in place of the one that was sent under this name before.

        The suffix of the name says how it is read. Raises what `put` raises.
        """
        source = self.uploaded(name)
        return self.put(source.id, data, media_type=source.media_type, location=source.location, groups=groups)

    def remove(self, document_id: str) -> None:
        """Delete a document: once this returns nothing of it can be found or quoted. Raises DocumentNotFound."""
        self._writer.run(lambda: self._store.delete_document(document_id))
        self._record(IngestResult("", IngestStatus.REMOVED, document_id))

    def all(self, *, access: Access) -> list[DocumentInfo]:
        """All documents, by title."""
        return self._store.documents(access)

    def count(self, *, access: Access) -> int:
        """How many documents there are to be read."""
        return self._store.counts(access)[0]

    def get(self, document_id: str, *, access: Access, sha256: str = "") -> Document:
        """One document with its text of today, or with the one that has this SHA-256. Raises DocumentNotFound."""
        document = self._store.document(access, document_id)
        if not sha256 or document.text_sha256 == sha256:
            return document
        earlier = self._store.version(access, document_id, sha256)
        if earlier is None:
            raise DocumentNotFound(f"the document {document_id!r} has no text with the SHA-256 {sha256} that is kept.")
        return earlier[1]

    def info(self, document_id: str, *, access: Access) -> DocumentInfo:
        """One document without its text. Raises DocumentNotFound."""
        return self._store.document_info(access, document_id)

    def versions(self, document_id: str, *, access: Access) -> list[Version]:
        """The earlier versions of a document that are kept, newest first. Raises DocumentNotFound."""
        self._store.document(access, document_id)
        return self._store.versions(access, document_id)

    def version(self, document_id: str, sha256: str, *, access: Access) -> tuple[Version, Document] | None:
        """The newest earlier version whose text's SHA-256 begins with `sha256`, if it is kept."""
        return self._store.version(access, document_id, sha256)

    def original(self, document_id: str, *, access: Access) -> Original:
        """The file that a document was read from, byte for byte. Raises DocumentNotFound, OriginalNotFound."""
        return self._originals.get(document_id, access=access)

    def original_in_parts(self, document_id: str, *, access: Access) -> OriginalParts:
        """The same in parts, each read when it is asked for. Raises DocumentNotFound, OriginalNotFound."""
        return self._originals.in_parts(document_id, access=access)

    def has_original(self, document_id: str, *, access: Access) -> bool:
        """Whether the file that a document was read from is kept. Raises DocumentNotFound."""
        return self._store.original_sha256(access, document_id) is not None

    def page_picture(self, document_id: str, number: int, *, access: Access) -> PagePicture:
        """Page `number`, from 1, of the PDF that a document was read from.

        Raises DocumentNotFound, OriginalNotFound, PageNotFound, and UnreadableDocument when it cannot be drawn.
        """
        return self._originals.picture(document_id, number, access=access)

    def picture_name(self, document_id: str, number: int, *, access: Access) -> str:
        """What names the picture of a page: another one never has it. Raises DocumentNotFound, OriginalNotFound."""
        return self._originals.picture_name(document_id, number, access=access)

    def page_view(self, document: Document, span: Span, *, access: Access) -> PageView | None:
        """The page of the PDF on which these characters of its text stand, and where; None without one to show."""
        return self._originals.view(document, span, access=access)

    def sentences(self, document_id: str, *, access: Access) -> list[StoredSentence]:
        """The sentences of one document, in order. Raises DocumentNotFound."""
        return self._store.sentences(access, document_id)

    def tools(self, readers: Readers) -> Tools:
        """What a document passes through on its way in; `readers` may read it, and where it says none, rules decide."""
        found, preparer = self._tools(), self._preparer()
        return replace(found, prepare=preparer.prepare_ahead, put=partial(self._store_file, preparer, readers=readers))

    def told(self, result: IngestResult) -> None:
        """Put down what became of a document that was brought in with `tools`."""
        self._record(result)

    def _between(
        self, on_result: OnResult | None, let_others_in: Callable[[], None], *, dry_run: bool = False
    ) -> OnResult:
        """Puts down and tells of each result, and lets others write then."""

        def told(result: IngestResult, number: int, total: int) -> None:
            if not dry_run:
                self._record(result)
            if on_result is not None:
                on_result(result, number, total)
            let_others_in()

        return told

    def _tools(self) -> Tools:
        """What a file passes through on its way into the store."""
        read_apart = partial(read.read_bytes, parse=self._parser)
        settings, preparer = self._settings, self._preparer()
        put = partial(self._store_file, preparer)
        limit, keeps = settings.max_document_bytes, settings.keep_originals
        tools = Tools(self._store, read_apart, preparer.prepare_ahead, put, limit, keeps, settings.ocr)
        jobs = self._store.jobs
        if jobs is None:
            return tools
        return replace(tools, offers=Offers(jobs, self._made_with(tools), preparer.adopt, self._count_read_by_others))

    def _made_with(self, tools: Tools) -> str:
        """Stands for all that decides what is made of a file: a node with another one makes something else."""
        known = f"{tools.read_with} {self._embedder.identity.sha256} {self._settings.language}"
        return hashlib.sha256(known.encode()).hexdigest()[:16]

    def _count_read_by_others(self) -> None:
        self.read_by_others += 1

    def _preparer(self) -> Preparer:
        return Preparer(self._embedder, self._settings.language)

    def _prepared(self, document: Document) -> Preparer:
        """One that has prepared the document, while others may write: that takes long, and storing it does not."""
        preparer = self._preparer()
        if not self._store.is_stored(document):
            preparer.prepare_ahead(document)
        return preparer

    def _own_folder(self) -> Path:
        """The data directory, in which no documents are looked for."""
        return read.absolute_path(self._settings.data_dir)

    def _store_file(
        self,
        preparer: Preparer,
        document: Document,
        file: FileRecord,
        *,
        original: bytes,
        started: float,
        readers: Readers = _as_rules_say,
    ) -> IngestResult:
        groups = readers(file.path)
        return self._store_document(
            document, started, file, original=original, preparer=preparer, groups=groups, given_by=GivenBy.SOURCE
        )

    def _store_document(
        self,
        document: Document,
        started: float,
        file: FileRecord | None = None,
        *,
        original: bytes | None = None,
        preparer: Preparer | None = None,
        groups: Collection[str] | None = None,
        given_by: GivenBy = GivenBy.HAND,
    ) -> IngestResult:
        """Store it with the groups that somebody gave it, or without any with those of the rules."""
        given, rules = self._grouping.groups_of(document.source.location)
        return store_document(
            document,
            store=self._store,
            preparer=preparer or self._preparer(),
            started=started,
            file=file,
            keep_versions=self._settings.keep_versions,
            original=original if self._settings.keep_originals else None,
            groups=given if groups is None else groups,
            given_by=GivenBy.RULE if groups is None else given_by,
            rules=rules,
        )

    def _store_in_place_of(
        self, stored: Document, document: Document, original: bytes, started: float, preparer: Preparer
    ) -> IngestResult | None:
        """Store what was read anew; None when by now another text stands in the place of `stored`."""
        if self.get(stored.source.id, access=Access.everything()).text_sha256 != stored.text_sha256:
            return None
        return self._store_document(document, started, original=original, preparer=preparer)


def _nobody() -> None:
    """Let nobody in: nothing is being written."""
