"""A document that was read, into the store, in one commit."""

from __future__ import annotations

import time
from collections.abc import Collection

from rag.ingest.prepare import Preparer
from rag.ingest.results import IngestResult
from rag.records import Access, Document, GivenBy, SentenceKind
from rag.store.base import DocumentGroups, FileRecord, IngestStatus, SourceStore


def store_document(
    document: Document,
    *,
    store: SourceStore,
    preparer: Preparer,
    started: float,
    file: FileRecord | None = None,
    keep_versions: int = 0,
    original: bytes | None = None,
    groups: Collection[str],
    given_by: GivenBy = GivenBy.RULE,
    rules: str = "",
) -> IngestResult:
    """Commit what `preparer` makes of one document, unless exactly it is stored already, and with it `file`.

    Of the texts that it had before, the last `keep_versions` are kept. `original` is the bytes that it was read from,
    to be kept with it: also with one that is stored without them. `groups` may read it, which
    are those of `rules`, unless somebody else gave them: then also one that is stored already.
    `started` is the `time.perf_counter()` at which work on the document began. The writer's lock is held.
    """
    source = document.source
    if store.is_stored(document):
        if original is not None and store.original_sha256(Access.everything(), source.id) is None:
            store.add_original(document, original)
        if given_by is not GivenBy.RULE:
            store.set_groups([DocumentGroups(source.id, frozenset(groups), given_by)])
        seconds = time.perf_counter() - started
        return IngestResult(source.location, IngestStatus.UNCHANGED, source.id, seconds=seconds)
    prepared = preparer.prepare(document)
    status = store.put_document(
        document,
        prepared.sentences,
        prepared.sentence_rows,
        prepared.passages,
        prepared.passage_rows,
        file=file,
        keep_versions=keep_versions,
        original=original,
        groups=groups,
        given_by=given_by,
        rules=rules,
    )
    warnings = document.warnings if prepared.passages else (*document.warnings, "nothing in it can be quoted")
    if unsure := sum(sentence.kind is SentenceKind.UNSURE for sentence in prepared.sentences):
        are = "1 sentence was" if unsure == 1 else f"{unsure:,} sentences were"
        warnings += (f"{are} recognised too poorly to be quoted",)
    return IngestResult(
        source.location,
        status,
        source.id,
        sentences=len(prepared.sentences),
        chunks=len(prepared.passages),
        pages=max((sentence.page for sentence in prepared.sentences if sentence.page is not None), default=None),
        warnings=warnings,
        seconds=time.perf_counter() - started,
    )
