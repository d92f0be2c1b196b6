"""The one place that builds the parts and joins them: ingest documents, answer questions.

Safe to use from several threads: questions run side by side, writers one after the other. Another process may write
to the same data directory meanwhile; the vector index in memory is replaced when the store has moved on.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from rag import read
from rag.ask import Examination, Found, compose, find
from rag.calibration import identity
from rag.embed import Embedder, OnnxEmbedder
from rag.errors import DocumentNotFound, InputError, InvalidQuestion, ModelMismatch
from rag.hosts import parse_permit
from rag.ingest import store_document
from rag.models import load_model
from rag.originals import Originals
from rag.read.apart import Limits, Parser
from rag.reader import Reader
from rag.records import (
    Answer,
    AnswerStatus,
    Check,
    Document,
    DocumentInfo,
    FileRecord,
    Health,
    Hit,
    IngestResult,
    Original,
    PagePicture,
    PageView,
    SiteThreshold,
    Source,
    Span,
    StoredSentence,
    SyncReport,
    Verification,
    Version,
)
from rag.serving import ServingIndex
from rag.settings import Settings
from rag.sources import SyncOptions, Tools, ingest_paths, sync_folders
from rag.store import Store, restore
from rag.turns import Turns
from rag.verify import verify_citation

if TYPE_CHECKING:
    from rag.sources.web import FetchOptions

T = TypeVar("T")
OnResult = Callable[[IngestResult, int, int], None]
Progress = Callable[[str], None]

_RELEVANCE = ("relevant", "not_relevant")
_MAX_COMMENT_CHARS = 2_000


class Pipeline:
    """Ingest and ask over one data directory."""

    def __init__(self, settings: Settings, store: Store, embedder: Embedder, reader: Reader | None) -> None:
        """Use `Pipeline.open`; this only takes the parts. Without `reader`, sentences are scored without one."""
        self.settings = settings
        self._store = store
        self._embedder = embedder
        self._reader = reader
        self._index = ServingIndex(store, settings.data_dir / "index", embedder.identity)
        self._confidence_of = identity(embedder.identity.sha256, reader.sha256 if reader else "")
        self._parse = Parser(Limits(settings.read_seconds, settings.read_megabytes))
        self._originals = Originals(store, self._parse)
        self._turns = Turns()
        self._suggested: tuple[tuple[int, SiteThreshold | None], list[str]] = (
            (-1, None),
            [],
        )  # for what state, and what

    @classmethod
    def open(
        cls,
        settings: Settings,
        *,
        embedder: Embedder | None = None,
        reader: Reader | None = None,
        create: bool = False,
        progress: Progress | None = None,
        models: Path | None = None,
    ) -> Pipeline:
        """A pipeline over `settings.data_dir`; with `create` an empty directory is made ready, else IndexMissing.

        Without `embedder` the model of the settings is loaded, and exported the first time; exports are kept in
        `models`, by default a folder of the data directory. `reader` reads in place of the shipped one, unless the
        settings want none. Raises ModelMismatch when
        the directory was indexed with another model, and the errors of the store and of the model.
        """
        store = Store.open(settings.data_dir, create=create)
        try:
            if embedder is None:
                embedder = OnnxEmbedder(
                    load_model(settings.model, models or settings.data_dir / "models", progress=progress)
                )
            known = store.model()
            if known is not None and known.sha256 != embedder.identity.sha256:
                raise ModelMismatch(
                    f"The index in {settings.data_dir} was made with the model {known.name} ({known.sha256[:12]}...), "
                    f"and the settings name {embedder.identity.name} ({embedder.identity.sha256[:12]}...). Vectors of "
                    f"two models do not compare: set the first one again, or ingest into a new data directory."
                )
            pipeline = cls(settings, store, embedder, (reader or Reader.load()) if settings.reader else None)
            pipeline._index.current()
        except BaseException:
            store.close()
            raise
        return pipeline

    def close(self) -> None:
        """Let go of the database. The pipeline cannot be used afterwards."""
        self._parse.close()
        self._index.close()
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @staticmethod
    def restore(backup: Path, data_dir: Path, *, replace: bool = False) -> Path | None:
        """Make a backup the content of `data_dir`; with `replace` also where there is one, which is set aside.

        Gives the path of what was set aside. Raises InputError for what is no backup, StorageError for a damaged one.
        """
        return restore(backup, data_dir, replace=replace)

    # -- documents ---------------------------------------------------------------------------------------------------

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

    # -- questions ---------------------------------------------------------------------------------------------------

    def ask(
        self, question: str, *, max_sentences: int | None = None, principals: Sequence[str] | None = None
    ) -> Answer:
        """The answer to `question`, or an abstention with its reason. Raises InvalidQuestion."""
        found = self._find(question, self.settings.passages, principals=principals)
        return self._compose(found, self._sentence_limit(max_sentences)).answer

    def ask_in_steps(
        self, question: str, *, max_sentences: int | None = None, principals: Sequence[str] | None = None
    ) -> Iterator[tuple[Hit, ...] | Answer]:
        """First the passages found, then the answer made from them. Raises InvalidQuestion."""
        limit = self._sentence_limit(max_sentences)
        found = self._find(question, self.settings.passages, principals=principals)
        yield found.hits
        yield self._compose(found, limit).answer

    def examine(self, question: str, *, depth: int, within: str | None = None) -> Examination:
        """How `question` is answered, with `depth` passages and every extract: for evaluation.

        Only the passages that an answer is made from are read for it. `within` asks one document alone.
        """
        found = self._find(question, max(depth, self.settings.passages), within=within)
        return self._compose(found, self.settings.max_sentences)

    def search(self, question: str, k: int = 10, *, principals: Sequence[str] | None = None) -> list[Hit]:
        """The `k` passages nearest to `question`, best first. Raises InvalidQuestion."""
        if not 1 <= k <= 100:
            raise InvalidQuestion(f"{k} passages were asked for; expected 1 to 100.")
        return list(self._find(question, k, principals=principals).hits)

    def suggestions(self) -> list[str]:
        """Up to three questions to offer, from the settings' file; only those that the documents answer."""
        state = (self._store.change_number(), self._store.threshold())
        if self._suggested[0] == state:
            return self._suggested[1]
        found: list[str] = []
        for line in _read_lines(self.settings.suggestions):
            if line.get("suggested") and len(found) < 3:
                question = str(line.get("question", ""))
                if self.ask(question).status is AnswerStatus.ANSWERED:
                    found.append(question)
        self._suggested = (state, found)
        return found

    def feedback(
        self, answer_id: str, *, relevance: str, citation_number: int | None = None, comment: str = ""
    ) -> None:
        """Keep what somebody thought of an answer. Raises InputError when it makes no sense."""
        if relevance not in _RELEVANCE:
            raise InputError(f"relevance is {relevance!r}; expected one of {', '.join(_RELEVANCE)}.")
        if len(comment) > _MAX_COMMENT_CHARS:
            raise InputError(f"The comment has {len(comment):,} characters; at most {_MAX_COMMENT_CHARS:,} are kept.")
        self._store.add_feedback(answer_id, None, relevance, citation_number, comment)

    def verify(self, document_id: str, *, sha256: str, start: int, end: int, quote: str) -> Verification:
        """What became of a citation: whether its quote still stands where it says, in the text it names."""
        return verify_citation(self._store, document_id, sha256=sha256, start=start, end=end, quote=quote)

    # -- the threshold -----------------------------------------------------------------------------------------------

    def threshold(self) -> SiteThreshold | None:
        """The threshold that was fitted to this site's questions, whether it is in use or not."""
        return self._store.threshold()

    def set_threshold(self, value: float, *, max_wrong: float, questions: int, answered: int, wrong: int) -> None:
        """Quote nothing under the confidence `value` from now on; the others say what it was fitted to.

        Raises StorageError when it cannot be stored.
        """
        now = datetime.now(UTC).isoformat(timespec="seconds")
        fitted = SiteThreshold(value, max_wrong, questions, answered, wrong, self._confidence_of, now)
        self._turns.run(lambda: self._store.set_threshold(fitted))

    def forget_threshold(self) -> None:
        """Go back to the threshold that comes with the program."""
        self._turns.run(lambda: self._store.set_threshold(None))

    def check_threshold(self) -> list[Check]:
        """Whether the fitted threshold, if there is one, is in use. That it is not is no damage."""
        found = self._store.threshold()
        if found is None:
            return []
        detail = f"{found.value:.4f}, fitted to {found.questions} questions on {found.fitted_at[:10]}"
        if self.settings.min_confidence >= 0:
            detail += f"; not used: min_confidence is set to {self.settings.min_confidence}"
        elif found.fitted_for != self._confidence_of:
            detail += "; not used: another model, reader or version gives the confidence now; run rag calibrate again"
        return [Check("threshold", True, detail)]

    # -- health ------------------------------------------------------------------------------------------------------

    def health(self) -> Health:
        """Whether questions can be answered, from what, and whether the vector index is missing."""
        documents, _, chunks = self._store.counts()
        degraded = self._index.current() is None
        detail = "ready" if documents else 'no documents yet; add some with "rag ingest PATH"'
        return Health(
            ready=True,
            degraded=degraded,
            detail="the vector index is being rebuilt; passages are found by words alone" if degraded else detail,
            documents=documents,
            chunks=chunks,
            index_version=self._store.change_number(),
            model=self._embedder.identity.name,
        )

    def check(self) -> list[Check]:
        """Each part of the data directory, checked: database, word index, vector index, and that they agree."""
        return [*self._store.check(), self._index.check(), *self.check_threshold()]

    def rebuild(self) -> list[Check]:
        """Make the word index and the vector index again from the database; nothing is embedded. Gives `check()`."""
        self._write(self._rebuild)
        return self.check()

    def back_up(self, target: Path) -> int:
        """Write all documents and their vectors to the one file `target`, while others go on; its size in bytes.

        Raises InputError when something is there already, StorageError when it cannot be written.
        """
        return self._store.back_up(target)

    # -- inside ------------------------------------------------------------------------------------------------------

    def _find(
        self, question: str, k: int, *, principals: Sequence[str] | None = None, within: str | None = None
    ) -> Found:
        return find(
            question,
            k,
            settings=self.settings,
            store=self._store,
            embedder=self._embedder,
            serving=self._index,
            principals=principals,
            within=within,
        )

    def _compose(self, found: Found, limit: int) -> Examination:
        return compose(found, limit, settings=self.settings, reader=self._reader, confidence_of=self._confidence_of)

    def _sentence_limit(self, max_sentences: int | None) -> int:
        """How many sentences an answer may have. Raises InvalidQuestion for less than one."""
        if max_sentences is None:
            return self.settings.max_sentences
        if max_sentences < 1:
            raise InvalidQuestion(f"max_sentences is {max_sentences}; expected 1 or more.")
        return min(max_sentences, self.settings.max_sentences)

    def _tools(self) -> Tools:
        """What a file passes through on its way into the store."""
        read_apart = partial(read.read_bytes, parse=self._parse)
        limit, keeps = self.settings.max_document_bytes, self.settings.keep_originals
        return Tools(self._store, read_apart, self._store_file, limit, keeps)

    def _own_folder(self) -> Path:
        """The data directory, in which no documents are looked for."""
        return read.absolute_path(self.settings.data_dir)

    def _store_file(self, document: Document, file: FileRecord, started: float, data: bytes) -> IngestResult:
        return self._store_document(document, started, file, original=data)

    def _store_document(
        self, document: Document, started: float, file: FileRecord | None = None, *, original: bytes | None = None
    ) -> IngestResult:
        return store_document(
            document,
            store=self._store,
            embedder=self._embedder,
            language=self.settings.language,
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

    def _rebuild(self) -> None:
        self._store.rebuild_words()
        self._index.publish()

    def _write(self, task: Callable[[], T]) -> T:
        """What a short task gives that writes, run in its turn."""

        def run() -> T:
            with self._writing():
                return task()

        return self._turns.run(run)

    @contextmanager
    def _writing_long(self) -> Iterator[Callable[[], None]]:
        """Write for long; what it gives is called between steps and lets the short tasks of other threads in."""
        with self._turns.long() as let_others_in, self._writing():
            yield let_others_in

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Keep other processes from writing, and publish an index of what was written at the end.

        That is done after an error too: what was committed before it stays.
        """
        with self._store.write_lock():
            self._store.bind_model(self._embedder.identity)
            try:
                yield
            finally:
                if self._index.is_unpublished():
                    self._index.publish()


def _between(on_result: OnResult | None, let_others_in: Callable[[], None]) -> OnResult:
    """Tells of each result, and lets others write then."""

    def told(result: IngestResult, number: int, total: int) -> None:
        if on_result is not None:
            on_result(result, number, total)
        let_others_in()

    return told


def _nobody() -> None:
    """Let nobody in: nothing is being written."""


def _read_lines(path: Path | None) -> Iterator[dict[str, object]]:
    """The objects of a JSON Lines file; none without a file. Raises InputError naming a line that is not an object."""
    if path is None:
        return
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise InputError(f"The question file {path} cannot be read: {error.strerror}.") from error
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                value = json.loads(line)
            except ValueError as error:
                raise InputError(f"{path}, line {number}: not JSON ({error}).") from error
            if not isinstance(value, dict):
                raise InputError(f"{path}, line {number}: expected an object with a question.")
            yield value
