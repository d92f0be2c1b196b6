"""Documents with their blocks, sentences and chunks, and earlier texts: columns, records of rows, values of new rows.

Columns that are written have names that begin with NEW; the values of a new row are in their order.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any

from rag.records import (
    Block,
    BlockKind,
    Chunk,
    Document,
    Passage,
    RecognisedWord,
    Sentence,
    SentenceKind,
    Source,
    Span,
    StoredSentence,
)
from rag.store.base import DocumentInfo, Version
from rag.store.fitting import now

SAME = "title, location, media_type, content_sha256, text_sha256"
DOCUMENT = "number, id, title, location, media_type, content_sha256, text_sha256, warnings, modified_at, text"
DOCUMENT_INFO = (
    "SELECT id, title, location, media_type, content_sha256, text_sha256, characters,"
    " (SELECT sentences FROM readable_access WHERE document = d.number),"
    " (SELECT chunks FROM readable_access WHERE document = d.number), created_at, updated_at, warnings,"
    " (SELECT max(page) FROM readable_sentences s WHERE s.document = d.number)"
    " FROM readable_documents d"
)
NEW_DOCUMENT = (
    "id, title, location, media_type, content_sha256, text_sha256, characters, warnings, created_at, updated_at,"
    " modified_at, text"
)
BLOCK = "span_start, span_end, kind, level, section, page, turns, recognised"
SENTENCE = "s.id, s.position, s.span_start, s.span_end, s.kind, s.text, s.section, s.page, s.recognised"
NEW_SENTENCE = "document, position, span_start, span_end, kind, section, page, text, recognised"
CHUNK = (
    "c.id, d.id, d.title, d.location, d.media_type, d.text_sha256, c.span_start, c.span_end, c.text, c.section, c.page,"
    " d.updated_at, d.modified_at"
)
NEW_CHUNK = "document, position, first_sentence, last_sentence, span_start, span_end, section, page, text, search_text"
VERSION = "text_sha256, title, length(text), stored_at, superseded_at"
VERSION_DOCUMENT = "location, media_type, content_sha256, modified_at, text, blocks"


def is_same(row: Sequence[Any] | None, document: Document) -> bool:
    """Whether a row with the columns of SAME, if there is one, is of exactly this document."""
    source = document.source
    wanted = (source.title, source.location, source.media_type, document.content_sha256, document.text_sha256)
    return row is not None and tuple(row) == wanted


def document_of(row: Sequence[Any], blocks: Iterable[Sequence[Any]]) -> Document:
    """The document of a row with the columns of DOCUMENT and of its blocks, in order, with those of BLOCK."""
    _, *source, content_sha256, text_sha256, warnings, modified_at, text = row
    return Document(
        source=Source(*source),
        text=text,
        blocks=tuple(block_of(*block) for block in blocks),
        content_sha256=content_sha256,
        text_sha256=text_sha256,
        warnings=tuple(json.loads(warnings)),
        modified_at=modified_at,
    )


def block_of(
    start: int,
    end: int,
    kind: str,
    level: int,
    section: str,
    page: int | None,
    turns: str = "[]",
    recognised: str = "[]",
) -> Block:
    """The block of a row with the columns of BLOCK; the last are missing in earlier texts that older formats wrote."""
    return Block(
        Span(start, end),
        BlockKind(kind),
        level,
        section,
        page,
        tuple((at, turned) for at, turned in json.loads(turns)),
        tuple(RecognisedWord.of_numbers(numbers) for numbers in json.loads(recognised)),
    )


def info_of(row: Sequence[Any]) -> DocumentInfo:
    """The record of a row that DOCUMENT_INFO gives."""
    *source, content_sha256, text_sha256, characters, sentences, chunks, created_at, updated_at, warnings, pages = row
    return DocumentInfo(
        Source(*source),
        content_sha256,
        text_sha256,
        characters,
        sentences,
        chunks,
        created_at,
        updated_at,
        tuple(json.loads(warnings)),
        pages,
    )


def sentence_of(row: Sequence[Any]) -> StoredSentence:
    """The record of a row with the columns of SENTENCE."""
    number, position, start, end, kind, text, section, page, recognised = row
    return StoredSentence(number, position, Span(start, end), SentenceKind(kind), text, section, page, recognised)


def chunks_of(rows: Iterable[Sequence[Any]], sentence_rows: Iterable[Sequence[Any]]) -> dict[int, Chunk]:
    """The chunks of rows with the columns of CHUNK, by id, in the order of the rows.

    Those of their sentences have the id of the chunk and then the columns of SENTENCE, in the order of the text.
    """
    sentences: dict[int, list[StoredSentence]] = {}
    for chunk_id, *row in sentence_rows:
        sentences.setdefault(chunk_id, []).append(sentence_of(row))
    return {
        row[0]: Chunk(
            id=row[0],
            source=Source(*row[1:5]),
            text_sha256=row[5],
            span=Span(row[6], row[7]),
            text=row[8],
            section=row[9],
            page=row[10],
            sentences=tuple(sentences.get(row[0], ())),
            updated_at=row[11],
            modified_at=row[12],
        )
        for row in rows
    }


def version_of(document_id: str, row: Sequence[Any]) -> tuple[Version, Document]:
    """An earlier text of a document, of a row with the columns of VERSION and VERSION_DOCUMENT."""
    version = Version(*row[:5])
    location, media_type, content_sha256, modified_at, text, blocks = row[5:]
    document = Document(
        source=Source(document_id, version.title, location, media_type),
        text=text,
        blocks=tuple(block_of(*block) for block in json.loads(blocks)),
        content_sha256=content_sha256,
        text_sha256=version.text_sha256,
        modified_at=modified_at,
    )
    return version, document


def document_values(document: Document, *, created_at: str | None) -> tuple[Any, ...]:
    """What is written of a document: NEW_DOCUMENT. `created_at` is that of the version it replaces."""
    source = document.source
    moment = now()
    return (
        source.id,
        source.title,
        source.location,
        source.media_type,
        document.content_sha256,
        document.text_sha256,
        len(document.text),
        json.dumps(document.warnings),
        created_at or moment,
        moment,
        document.modified_at,
        document.text,
    )


def block_values(number: int, document: Document) -> list[tuple[Any, ...]]:
    """What is written of the blocks of document `number`: the columns of their table."""
    return [
        (
            *(number, position, b.span.start, b.span.end, b.kind.value, b.level, b.section, b.page),
            json.dumps(b.turns),
            json.dumps([word.numbers for word in b.recognised], separators=(",", ":")),
        )
        for position, b in enumerate(document.blocks)
    ]


def sentence_values(number: int, text: str, sentences: Sequence[Sentence]) -> list[tuple[Any, ...]]:
    """What is written of the sentences of document `number`: NEW_SENTENCE."""
    return [
        (number, position, s.span.start, s.span.end, s.kind.value, s.section, s.page, s.span.of(text), s.recognised)
        for position, s in enumerate(sentences)
    ]


def chunk_values(number: int, text: str, passages: Sequence[Passage]) -> list[tuple[Any, ...]]:
    """What is written of the passages of document `number`: NEW_CHUNK."""
    return [
        (number, position, p.first, p.last, p.span.start, p.span.end, p.section, p.page, p.span.of(text), p.search_text)
        for position, p in enumerate(passages)
    ]


def check_original(data: bytes, content_sha256: str) -> None:
    """Raise ValueError unless these bytes have that SHA-256."""
    found = hashlib.sha256(data).hexdigest()
    if found != content_sha256:
        raise ValueError(f"the original has the SHA-256 {found}; the document was read from {content_sha256}")
