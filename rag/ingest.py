"""A document that was read, into the store: sentences, passages and their vectors, in one commit."""

from __future__ import annotations

import time

from rag.chunk import chunk_sentences
from rag.embed import Embedder
from rag.records import Document, FileRecord, IngestResult, IngestStatus, SentenceKind
from rag.split import split_document
from rag.store import Store


def store_document(
    document: Document,
    *,
    store: Store,
    embedder: Embedder,
    language: str,
    started: float,
    file: FileRecord | None = None,
    keep_versions: int = 0,
    original: bytes | None = None,
) -> IngestResult:
    """Split, chunk, embed and commit one document, unless exactly it is stored already, and with it `file`.

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
    sentences = split_document(document, language=language)
    passages = chunk_sentences(
        document,
        sentences,
        count_tokens=embedder.count_tokens,
        max_tokens=embedder.max_tokens,
    )
    quotable = [s.span.of(document.text) for s in sentences if s.kind is SentenceKind.STATEMENT]
    status = store.put_document(
        document,
        sentences,
        embedder.embed(quotable),
        passages,
        embedder.embed([passage.search_text for passage in passages]),
        file=file,
        keep_versions=keep_versions,
        original=original,
    )
    warnings = document.warnings if passages else (*document.warnings, "nothing in it can be quoted")
    return IngestResult(
        source.location,
        status,
        source.id,
        sentences=len(sentences),
        chunks=len(passages),
        pages=max((sentence.page for sentence in sentences if sentence.page is not None), default=None),
        warnings=warnings,
        seconds=time.perf_counter() - started,
    )
