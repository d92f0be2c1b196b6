"""A document that was read, into the store: sentences, passages and their vectors, in one commit.

What is stored of a document can be made ahead, by another thread, while the documents before it are stored.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from threading import Lock

from rag.chunk import chunk_sentences
from rag.embed import Embedder, FloatMatrix
from rag.records import Document, FileRecord, IngestResult, IngestStatus, Passage, Sentence, SentenceKind
from rag.split import split_document
from rag.store import Store

# Documents made ahead that are kept until their turn comes.
_KEPT_AHEAD = 4


@dataclass(frozen=True, slots=True)
class Made:
    """What is stored of a document: a row of `sentence_rows` for each statement, of `passage_rows` for each passage."""

    sentences: list[Sentence]
    sentence_rows: FloatMatrix
    passages: list[Passage]
    passage_rows: FloatMatrix


class Maker:
    """Splits, chunks and embeds documents. Safe to use from several threads."""

    def __init__(self, embedder: Embedder, language: str) -> None:
        """`language` is that of the documents, for sentence boundaries."""
        self._embedder = embedder
        self._language = language
        self._ahead: dict[str, tuple[Document, Made]] = {}
        self._lock = Lock()

    def make_ahead(self, document: Document) -> None:
        """Make it now for a `make` that comes later; when it was last modified may not be known yet."""
        made = self._make(document)
        with self._lock:
            while len(self._ahead) >= _KEPT_AHEAD:
                del self._ahead[next(iter(self._ahead))]
            self._ahead[document.source.id] = document, made

    def make(self, document: Document) -> Made:
        """What is stored of the document, made now unless it was made ahead of exactly this one."""
        with self._lock:
            known, made = self._ahead.pop(document.source.id, (None, None))
        if known is not None and made is not None and replace(known, modified_at=document.modified_at) == document:
            return made
        return self._make(document)

    def _make(self, document: Document) -> Made:
        sentences = split_document(document, language=self._language)
        passages = chunk_sentences(
            document,
            sentences,
            count_tokens=self._embedder.count_tokens,
            max_tokens=self._embedder.max_tokens,
        )
        quotable = [s.span.of(document.text) for s in sentences if s.kind is SentenceKind.STATEMENT]
        # Together, so that the cores are idle at the end of one list and not of two.
        rows = self._embedder.embed([*quotable, *(passage.search_text for passage in passages)])
        return Made(sentences, rows[: len(quotable)], passages, rows[len(quotable) :])


def store_document(
    document: Document,
    *,
    store: Store,
    maker: Maker,
    started: float,
    file: FileRecord | None = None,
    keep_versions: int = 0,
    original: bytes | None = None,
) -> IngestResult:
    """Commit what `maker` makes of one document, unless exactly it is stored already, and with it `file`.

    Of the texts that it had before, the last `keep_versions` are kept. `original` is the bytes that it was read from,
    to be kept with it: also with one that is stored without them.
    `started` is the `time.perf_counter()` at which work on the document began. The writer's lock is held.
    """
    source = document.source
    if store.is_stored(document):
        if original is not None and store.original_sha256(source.id) is None:
            store.add_original(document, original)
        seconds = time.perf_counter() - started
        return IngestResult(source.location, IngestStatus.UNCHANGED, source.id, seconds=seconds)
    made = maker.make(document)
    status = store.put_document(
        document,
        made.sentences,
        made.sentence_rows,
        made.passages,
        made.passage_rows,
        file=file,
        keep_versions=keep_versions,
        original=original,
    )
    warnings = document.warnings if made.passages else (*document.warnings, "nothing in it can be quoted")
    return IngestResult(
        source.location,
        status,
        source.id,
        sentences=len(made.sentences),
        chunks=len(made.passages),
        pages=max((sentence.page for sentence in made.sentences if sentence.page is not None), default=None),
        warnings=warnings,
        seconds=time.perf_counter() - started,
    )
