"""Documents: brought in, looked at, read again and removed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rag import read
from rag.errors import DocumentNotFound
from rag.hosts import parse_permit
from rag.ingest import Maker, store_document
from rag.pipeline.parts import Parts
from rag.records import (
    Document,
    DocumentInfo,
    FileRecord,
    IngestResult,
    Original,
    PagePicture,
    PageView,
    Source,
    Span,
    StoredSentence,
    SyncReport,
    Version,
)
from rag.sources import SyncOptions, Tools, ingest_paths, sync_folders

if TYPE_CHECKING:
    from rag.sources.web import FetchOptions

OnResult = Callable[[IngestResult, int, int], None]


class Documents(Parts):
    """The documents of one data directory."""

    def ingest(self, paths: Sequence[Path], *, on_result: OnResult | None = None) -> list[IngestResult]:
        """What became of each file under `paths`, in order. A file that cannot be read never stops the rest.

        The entries of a ZIP archive are files too. Whatever was reported before an interruption stays. Raises
        UnreadableDocument when a path does not exist, and StorageError when nothing more can be written.
        """
        with self._writing_long() as let_others_in:
            return ingest_paths(
                paths, self._tools(), leave_out=self._own_folder(), on_result=_between(on_result, let_others_in)
            )

    def sync(
        self, folders: Sequence[Path], options: SyncOptions | None = None, *, on_result: OnResult | None = None
    ) -> SyncReport:
        """Bring the documents from under `folders` to what is there now: new, changed, moved and deleted files.

        Files that did not change since they were last read are not opened. Whatever was reported before an
        interruption stays. Raises InvalidSetting for options that make no sense, StorageBusy while another process
        writes, and StorageError when nothing more can be written.
        """
        options = options or SyncOptions()
        with nullcontext(_nobody) if options.dry_run else self._writing_long() as let_others_in:
            return sync_folders(
                folders,
                self._tools(),
                options,
                leave_out=self._own_folder(),
                on_result=_between(on_result, let_others_in),
            )

    def fetch(
        self, addresses: Sequence[str], options: FetchOptions | None = None, *, on_result: OnResult | None = None
    ) -> SyncReport:
        """Bring the documents to what the pages at `addresses`, or in the sitemaps there, are now.

        The only thing here that uses the network; what may be connected to is in the settings. A page that fails, or
        is gone, leaves its document as it is, and never stops the rest. Other writers get their turn between pages.
        Raises StorageBusy while another process writes, and StorageError when nothing more can be written.
        """
        from rag.sources.web import Fetcher, FetchLimits, FetchOptions, fetch_pages  # here: no server needs a client

        options = options or FetchOptions()
        allow = tuple(parse_permit(entry) for entry in self.settings.fetch_allow)
        fetcher = Fetcher(FetchLimits(self.settings.max_document_bytes), allow)
        writing = nullcontext if options.dry_run else self._writing_long
        return fetch_pages(addresses, self._tools(), fetcher, options, writing=writing, on_result=on_result)

    def failed_files(self) -> list[FileRecord]:
        """The files that did not become documents when they were last read, by path."""
        return self._store.failed_files()

    def add_documents(
        self, documents: Sequence[Document], *, on_done: Callable[[int, int], None] | None = None
    ) -> None:
        """Store documents that were read elsewhere, each committed by itself."""
        with self._writing_long() as let_others_in:
            for number, document in enumerate(documents, start=1):
                self._store_document(document, time.perf_counter())
                let_others_in()
                if on_done:
                    on_done(number, len(documents))

    def put_document(
        self, document_id: str, data: bytes, *, media_type: str, title: str = "", location: str = ""
    ) -> IngestResult:
        """Store one document given as bytes under an id of the caller's choice.

        Raises InputError when it cannot be read or is too large, StorageError when it cannot be written.
        """
        source = Source(document_id, title, location or f"api:{document_id}", media_type)
        started = time.perf_counter()
        if len(data) > self.settings.max_document_bytes:
            raise read.too_large(source.location, len(data), self.settings.max_document_bytes)
        document = read.read_bytes(data, source, parse=self._parse)
        return self._write(lambda: self._store_document(document, started, original=data))

    def read_again(self, document_id: str) -> IngestResult:
        """Read a document anew from its original, as after an update of the program. Its id and title stay.

        Raises DocumentNotFound, OriginalNotFound, and what `put_document` raises; then the document is as it was.
        """
        started = time.perf_counter()
        result = None
        while result is None:
            stored, original = self.document(document_id), self.original(document_id)
            document = read.read_bytes(original.data, stored.source, parse=self._parse)
            document = replace(document, modified_at=stored.modified_at)
            result = self._write(partial(self._store_in_place_of, stored, document, original.data, started))
        return result

    @staticmethod
    def suffixes() -> tuple[str, ...]:
        """What the names of files that can be read end with, each with its dot."""
        return tuple(read.MEDIA_TYPES)

    def put_file(self, name: str, data: bytes) -> IngestResult:
        """Store a file given as bytes with its name, in place of the one that was sent under this name before.

        The suffix of the name says how it is read. Raises what `put_document` raises.
        """
        source = read.uploaded(name)
        return self.put_document(source.id, data, media_type=source.media_type, location=source.location)

    def remove(self, document_id: str) -> None:
        """Delete a document: once this returns nothing of it can be found or quoted. Raises DocumentNotFound."""
        self._write(lambda: self._store.delete_document(document_id))

    def documents(self) -> list[DocumentInfo]:
        """All documents, by title."""
        return self._store.documents()

    def document(self, document_id: str, *, sha256: str = "") -> Document:
        """One document with its text of today, or with the one that has this SHA-256. Raises DocumentNotFound."""
        document = self._store.document(document_id)
        if not sha256 or document.text_sha256 == sha256:
            return document
        earlier = self._store.version(document_id, sha256)
        if earlier is None:
            raise DocumentNotFound(f"the document {document_id!r} has no text with the SHA-256 {sha256} that is kept.")
        return earlier[1]

    def document_info(self, document_id: str) -> DocumentInfo:
        """One document without its text. Raises DocumentNotFound."""
        for info in self._store.documents():
            if info.source.id == document_id:
                return info
        raise DocumentNotFound(f"No document has the id {document_id!r}.")

    def versions(self, document_id: str) -> list[Version]:
        """The earlier versions of a document that are kept, newest first. Raises DocumentNotFound."""
        self._store.document(document_id)
        return self._store.versions(document_id)

    def version(self, document_id: str, sha256: str) -> tuple[Version, Document] | None:
        """The newest earlier version whose text's SHA-256 begins with `sha256`, if it is kept."""
        return self._store.version(document_id, sha256)

    def original(self, document_id: str) -> Original:
        """The file that a document was read from, byte for byte. Raises DocumentNotFound, OriginalNotFound."""
        return self._originals.get(document_id)

    def has_original(self, document_id: str) -> bool:
        """Whether the file that a document was read from is kept. Raises DocumentNotFound."""
        return self._store.original_sha256(document_id) is not None

    def page_picture(self, document_id: str, number: int) -> PagePicture:
        """Page `number`, from 1, of the PDF that a document was read from.

        Raises DocumentNotFound, OriginalNotFound, PageNotFound, and UnreadableDocument when it cannot be drawn.
        """
        return self._originals.picture(document_id, number)

    def picture_name(self, document_id: str, number: int) -> str:
        """What names the picture of a page: another one never has it. Raises DocumentNotFound, OriginalNotFound."""
        return self._originals.picture_name(document_id, number)

    def page_view(self, document: Document, span: Span) -> PageView | None:
        """The page of the PDF on which these characters of its text stand, and where; None without one to show."""
        return self._originals.view(document, span)

    def sentences(self, document_id: str) -> list[StoredSentence]:
        """The sentences of one document, in order. Raises DocumentNotFound."""
        return self._store.sentences(document_id)

    def _tools(self) -> Tools:
        """What a file passes through on its way into the store."""
        read_apart = partial(read.read_bytes, parse=self._parse)
        limit, keeps = self.settings.max_document_bytes, self.settings.keep_originals
        maker = self._maker()
        return Tools(self._store, read_apart, maker.make_ahead, partial(self._store_file, maker), limit, keeps)

    def _maker(self) -> Maker:
        return Maker(self._embedder, self.settings.language)

    def _own_folder(self) -> Path:
        """The data directory, in which no documents are looked for."""
        return read.absolute_path(self.settings.data_dir)

    def _store_file(
        self, maker: Maker, document: Document, file: FileRecord, started: float, data: bytes
    ) -> IngestResult:
        return self._store_document(document, started, file, original=data, maker=maker)

    def _store_document(
        self,
        document: Document,
        started: float,
        file: FileRecord | None = None,
        *,
        original: bytes | None = None,
        maker: Maker | None = None,
    ) -> IngestResult:
        return store_document(
            document,
            store=self._store,
            maker=maker or self._maker(),
            started=started,
            file=file,
            keep_versions=self.settings.keep_versions,
            original=original if self.settings.keep_originals else None,
        )

    def _store_in_place_of(
        self, stored: Document, document: Document, original: bytes, started: float
    ) -> IngestResult | None:
        """Store what was read anew; None when by now another text stands in the place of `stored`."""
        if self.document(stored.source.id).text_sha256 != stored.text_sha256:
            return None
        return self._store_document(document, started, original=original)


def _between(on_result: OnResult | None, let_others_in: Callable[[], None]) -> OnResult:
    """Tells of each result, and lets others write then."""

    def told(result: IngestResult, number: int, total: int) -> None:
        if on_result is not None:
            on_result(result, number, total)
        let_others_in()

    return told


def _nobody() -> None:
    """Let nobody in: nothing is being written."""
