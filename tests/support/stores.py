"""Small documents for the tests of the store and the index."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rag.records import (
    Block,
    BlockKind,
    Document,
    GivenBy,
    ModelIdentity,
    Passage,
    Sentence,
    SentenceKind,
    Source,
    Span,
)
from rag.store.base import DocumentGroups, FileRecord, IngestStatus, Stamp, Store
from rag.store.sqlite.sqlite_store import SqliteStore

MODEL = ModelIdentity(name="test model", sha256="ab" * 32, dimension=4)
# SQL that takes a database of format 13 back to the tables of format 12, and on to those of formats 11, 10, 9, 8, 7, 6,
# 5 and 4. Of format 8 only the name of the column differs from 7, where there are no conversations.
WITHOUT_SOURCES = "ALTER TABLE document_access DROP COLUMN source_set"
WITHOUT_SCANS = (
    f"{WITHOUT_SOURCES}; ALTER TABLE blocks DROP COLUMN recognised; ALTER TABLE sentences DROP COLUMN recognised"
)
WITHOUT_PERSON = f"{WITHOUT_SCANS}; ALTER TABLE feedback DROP COLUMN person"
WITHOUT_PEOPLE = (
    f"{WITHOUT_PERSON}; DROP INDEX conversations_by_owner; ALTER TABLE conversations DROP COLUMN owner;"
    " ALTER TABLE conversations DROP COLUMN shared_with; DROP TABLE keys; DROP TABLE sessions;"
    " DROP TABLE invitations; DROP TABLE belongings; DROP TABLE people"
)
WITHOUT_ACCESS = f"{WITHOUT_PEOPLE}; DROP TABLE document_access; DROP TABLE access_names; DROP TABLE access_sets"
AS_REST = f"{WITHOUT_ACCESS}; ALTER TABLE turns RENAME COLUMN answer TO shown"
WITHOUT_TURNS = f"{AS_REST}; ALTER TABLE blocks DROP COLUMN turns"
WITHOUT_LOG = (
    f"{WITHOUT_TURNS}; DROP TABLE changes; DROP TABLE removed_chunks; DROP TABLE totals;"
    " DROP TRIGGER chunk_removal_noted; DROP TRIGGER document_counted; DROP TRIGGER document_discounted;"
    " DROP TRIGGER sentence_counted; DROP TRIGGER sentence_discounted; DROP TRIGGER chunk_counted;"
    " DROP TRIGGER chunk_discounted"
)
WITHOUT_TALK = (
    f"{WITHOUT_LOG}; DROP TABLE turn_documents; DROP TABLE turns; DROP TABLE conversations;"
    " DROP TABLE questions; DROP TABLE outcomes"
)


class Parts(NamedTuple):
    """The arguments of SqliteStore.put_document."""

    document: Document
    sentences: list[Sentence]
    sentence_vectors: npt.NDArray[np.float32]
    passages: list[Passage]
    passage_vectors: npt.NDArray[np.float32]


def unit_rows(count: int, dimension: int = MODEL.dimension, *, seed: int = 0) -> npt.NDArray[np.float32]:
    """Random unit rows, the same for the same seed."""
    rows = np.random.default_rng(seed).normal(size=(count, dimension)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def parts(document_id: str, *lines: str, title: str = "", seed: int = 0) -> Parts:
    """A document with a heading (its id) and one sentence a line; every two sentences are a passage."""
    text = "\n".join((document_id, *lines))
    spans, start = [], 0
    for line in text.split("\n"):
        spans.append(Span(start, start + len(line)))
        start += len(line) + 1
    kinds = [SentenceKind.HEADING] + [SentenceKind.STATEMENT] * len(lines)
    sentences = [Sentence(span, kind, document_id, 1) for span, kind in zip(spans, kinds, strict=True)]
    passages = []
    for first in range(1, len(sentences), 2):
        last = min(first + 2, len(sentences))
        span = Span(spans[first].start, spans[last - 1].end)
        passages.append(Passage(first, last, span, document_id, 1, f"{document_id} {span.of(text)}"))
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    return Parts(
        Document(
            source=Source(document_id, title or f"Title of {document_id}", f"/documents/{document_id}.txt"),
            text=text,
            blocks=tuple(
                Block(span, BlockKind.PARAGRAPH if place else BlockKind.HEADING, 0 if place else 1, document_id)
                for place, span in enumerate(spans)
            ),
            content_sha256=sha256,
            text_sha256=sha256,
            warnings=("a warning",),
        ),
        sentences,
        unit_rows(len(lines), seed=seed),
        passages,
        unit_rows(len(passages), seed=seed + 1),
    )


def open_store(data_dir: Path) -> SqliteStore:
    """A store that is bound to MODEL."""
    store = SqliteStore.open(data_dir)
    store.bind_model(MODEL)
    return store


def put(store: Store, document_id: str, *lines: str) -> IngestStatus:
    """Put the document of `parts`."""
    return store.put_document(*parts(document_id, *lines))


# Documents of each kind of giver, two of them of a source, whose rules say nothing of the second one.
GIVEN = [
    DocumentGroups("by-hand", frozenset({"board"}), GivenBy.HAND),
    DocumentGroups("by-rule", frozenset({"staff"})),
    DocumentGroups("by-source", frozenset({"board"}), GivenBy.SOURCE, source_groups=frozenset({"board"})),
    DocumentGroups("unsaid", frozenset({"staff"})),
]


def put_given(store: Store) -> None:
    """Put the documents of GIVEN."""
    for given in GIVEN:
        top = "source:wiki/" if given.document_id in ("by-source", "unsaid") else "/"
        place = f"{top}{given.document_id}.md"
        document = parts(given.document_id, "A text.")
        file = FileRecord(place.encode(), place, Stamp(1, 2, 3), "ab" * 32, given.document_id, "", "2026-11-01", "1")
        store.put_document(*document, groups=given.groups, given_by=given.given_by, file=file)
