"""Documents, sentences and chunks as rows: the SQL that writes them and the records that come back.

Every function works on an open connection inside a transaction that the caller has begun.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import apsw
import numpy as np
import numpy.typing as npt

from rag.errors import DocumentNotFound
from rag.records import (
    Block,
    BlockKind,
    Chunk,
    Document,
    DocumentInfo,
    Passage,
    Sentence,
    SentenceKind,
    Source,
    Span,
    StoredSentence,
)

FloatMatrix = npt.NDArray[np.float32]
FloatVector = npt.NDArray[np.float32]
IntVector = npt.NDArray[np.int64]

# As stored: little-endian whatever the machine.
_STORED = np.dtype("<f4")
_SENTENCE = "s.id, s.position, s.span_start, s.span_end, s.kind, s.text, s.section, s.page"


def now() -> str:
    """The present moment in ISO 8601, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def storable(text: str) -> str:
    """The text with "?" for what has no UTF-8: half of a surrogate pair, which JSON lets through."""
    return text.encode("utf-8", "replace").decode("utf-8")


def is_stored(connection: apsw.Connection, document: Document) -> bool:
    """Whether exactly this document is there: the same source, and the same hashes of its bytes and its text."""
    source = document.source
    row = connection.execute(
        "SELECT title, location, media_type, content_sha256, text_sha256 FROM documents WHERE id = ?", (source.id,)
    ).fetchone()
    wanted = (source.title, source.location, source.media_type, document.content_sha256, document.text_sha256)
    return row is not None and tuple(row) == wanted


def insert_document(connection: apsw.Connection, document: Document, *, created_at: str | None) -> int:
    """Write a document and its blocks, and give back its number. `created_at` is that of the version it replaces."""
    source = document.source
    moment = now()
    number: int = connection.execute(
        "INSERT INTO documents (id, title, location, media_type, content_sha256, text_sha256, characters, warnings,"
        " created_at, updated_at, modified_at, text) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING number",
        (
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
        ),
    ).get
    connection.executemany(
        "INSERT INTO blocks VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (number, position, b.span.start, b.span.end, b.kind.value, b.level, b.section, b.page)
            for position, b in enumerate(document.blocks)
        ],
    )
    return number


def insert_sentences(
    connection: apsw.Connection, number: int, text: str, sentences: Sequence[Sentence], vectors: FloatMatrix
) -> None:
    """Write the sentences of document `number`, and `vectors`, one row for each STATEMENT in order."""
    connection.executemany(
        "INSERT INTO sentences (document, position, span_start, span_end, kind, section, page, text)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (number, position, s.span.start, s.span.end, s.kind.value, s.section, s.page, s.span.of(text))
            for position, s in enumerate(sentences)
        ],
    )
    ids = connection.execute(
        "SELECT id FROM sentences WHERE document = ? AND kind = ? ORDER BY position",
        (number, SentenceKind.STATEMENT.value),
    ).fetchall()
    connection.executemany("INSERT INTO sentence_vectors VALUES (?, ?)", _vector_rows(ids, vectors))


def insert_chunks(
    connection: apsw.Connection, number: int, text: str, passages: Sequence[Passage], vectors: FloatMatrix
) -> None:
    """Write the passages of document `number` as chunks with new ids, and `vectors`, one row for each."""
    connection.executemany(
        "INSERT INTO chunks (document, position, first_sentence, last_sentence, span_start, span_end, section, page,"
        " text, search_text) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                number,
                position,
                p.first,
                p.last,
                p.span.start,
                p.span.end,
                p.section,
                p.page,
                p.span.of(text),
                p.search_text,
            )
            for position, p in enumerate(passages)
        ],
    )
    ids = connection.execute("SELECT id FROM chunks WHERE document = ? ORDER BY position", (number,)).fetchall()
    connection.executemany("INSERT INTO chunk_vectors VALUES (?, ?)", _vector_rows(ids, vectors))


def _vector_rows(ids: Iterable[tuple[Any, ...]], vectors: FloatMatrix) -> list[tuple[int, bytes]]:
    """Rows of id and vector, as stored."""
    return [(row[0], vector.astype(_STORED).tobytes()) for row, vector in zip(ids, vectors, strict=True)]


def remove_document(connection: apsw.Connection, document_id: str) -> str | None:
    """Delete a document and all that belongs to it; when it was first stored, or None where there was none."""
    created_at: str | None = connection.execute(
        "DELETE FROM documents WHERE id = ? RETURNING created_at", (storable(document_id),)
    ).get
    return created_at


def read_document(connection: apsw.Connection, document_id: str) -> Document:
    """The document as it was read. Raises DocumentNotFound."""
    row = connection.execute(
        "SELECT number, id, title, location, media_type, content_sha256, text_sha256, warnings, modified_at,"
        " text FROM documents WHERE id = ?",
        (storable(document_id),),
    ).fetchone()
    if row is None:
        raise not_found(document_id)
    number, *source, content_sha256, text_sha256, warnings, modified_at, text = row
    blocks = connection.execute(
        "SELECT span_start, span_end, kind, level, section, page FROM blocks WHERE document = ? ORDER BY position",
        (number,),
    )
    return Document(
        source=Source(*source),
        text=text,
        blocks=tuple(Block(Span(start, end), BlockKind(kind), *rest) for start, end, kind, *rest in blocks),
        content_sha256=content_sha256,
        text_sha256=text_sha256,
        warnings=tuple(json.loads(warnings)),
        modified_at=modified_at,
    )


def list_documents(connection: apsw.Connection) -> list[DocumentInfo]:
    """All documents without their text, by title, then id."""
    rows = connection.execute(
        "SELECT id, title, location, media_type, content_sha256, text_sha256, characters,"
        " (SELECT count(*) FROM sentences s WHERE s.document = d.number),"
        " (SELECT count(*) FROM chunks c WHERE c.document = d.number), created_at, updated_at, warnings,"
        " (SELECT max(page) FROM sentences s WHERE s.document = d.number)"
        " FROM documents d ORDER BY title, id"
    )
    return [_document_info(*row) for row in rows]


def _document_info(
    document_id: str, title: str, location: str, media_type: str, content_sha256: str, text_sha256: str, *rest: Any
) -> DocumentInfo:
    """The record of a row of `list_documents`."""
    characters, sentences, chunks, created_at, updated_at, warnings, pages = rest
    source = Source(document_id, title, location, media_type)
    return DocumentInfo(
        source,
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


def read_sentences(connection: apsw.Connection, document_id: str, at_most: int | None = None) -> list[StoredSentence]:
    """The sentences of a document in text order, or the first of them. Raises DocumentNotFound."""
    number = connection.execute("SELECT number FROM documents WHERE id = ?", (storable(document_id),)).get
    if number is None:
        raise not_found(document_id)
    query = f"SELECT {_SENTENCE} FROM sentences s WHERE document = ? ORDER BY position LIMIT ?"  # noqa: S608 - constant columns
    return [_sentence(row) for row in connection.execute(query, (number, -1 if at_most is None else at_most))]


def page_at(connection: apsw.Connection, document_id: str, offset: int) -> int | None:
    """The page on which the sentence begins that has the character at `offset`; None where none is known."""
    page: int | None = connection.execute(
        "SELECT page FROM sentences WHERE document = (SELECT number FROM documents WHERE id = ?1)"
        " AND span_start <= ?2 AND span_end > ?2",
        (storable(document_id), offset),
    ).get
    return page


def read_chunks(connection: apsw.Connection, ids: Sequence[int]) -> dict[int, Chunk]:
    """The chunks with these ids by id, those that are there."""
    wanted = _listed(ids)
    sentences: dict[int, list[StoredSentence]] = {}
    for chunk_id, *row in connection.execute(
        f"SELECT c.id, {_SENTENCE} FROM chunks c JOIN sentences s ON s.document = c.document"  # noqa: S608 - as above
        " AND s.position >= c.first_sentence AND s.position < c.last_sentence"
        " WHERE c.id IN (SELECT value FROM json_each(?)) ORDER BY c.id, s.position",
        (wanted,),
    ):
        sentences.setdefault(chunk_id, []).append(_sentence(row))
    rows = connection.execute(
        "SELECT c.id, d.id, d.title, d.location, d.media_type, d.text_sha256, c.span_start, c.span_end, c.text,"
        " c.section, c.page, d.updated_at, d.modified_at FROM chunks c JOIN documents d ON d.number = c.document"
        " WHERE c.id IN (SELECT value FROM json_each(?)) ORDER BY c.id",
        (wanted,),
    )
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


def _sentence(row: Sequence[Any]) -> StoredSentence:
    """The record of a row with the columns of _SENTENCE."""
    number, position, start, end, kind, text, section, page = row
    return StoredSentence(number, position, Span(start, end), SentenceKind(kind), text, section, page)


def read_sentence_vectors(
    connection: apsw.Connection, chunk_ids: Sequence[int], dimension: int
) -> tuple[IntVector, IntVector, FloatMatrix]:
    """The quotable sentences of these chunks, by chunk, then in order.

    Chunk ids and sentence ids, each of shape (n,), and vectors, shape (n, dimension). One whose vector has another
    length is left out.
    """
    found: list[Any] = connection.execute(
        "SELECT c.id, s.id, v.vector FROM chunks c JOIN sentences s ON s.document = c.document"
        " AND s.position >= c.first_sentence AND s.position < c.last_sentence"
        " JOIN sentence_vectors v ON v.sentence = s.id"
        " WHERE c.id IN (SELECT value FROM json_each(?)) ORDER BY c.id, s.position",
        (_listed(chunk_ids),),
    ).fetchall()
    kept = [row for row in found if len(row[2]) == dimension * _STORED.itemsize]
    chunks = np.array([row[0] for row in kept], dtype=np.int64)
    sentences = np.array([row[1] for row in kept], dtype=np.int64)
    return chunks, sentences, _matrix([row[2] for row in kept], dimension)


def read_chunk_vectors(
    connection: apsw.Connection, chunk_ids: Sequence[int], dimension: int
) -> tuple[IntVector, FloatMatrix]:
    """The ids of those of these chunks that are there, ascending, shape (n,), and their vectors (n, dimension).

    One whose vector has another length is left out.
    """
    found: list[Any] = connection.execute(
        "SELECT chunk, vector FROM chunk_vectors WHERE chunk IN (SELECT value FROM json_each(?)) ORDER BY chunk",
        (_listed(chunk_ids),),
    ).fetchall()
    kept = [row for row in found if len(row[1]) == dimension * _STORED.itemsize]
    return np.array([row[0] for row in kept], dtype=np.int64), _matrix([row[1] for row in kept], dimension)


def read_some_chunk_vectors(connection: apsw.Connection, every: int, dimension: int) -> FloatMatrix:
    """The vectors of the chunks whose ids `every` divides, shape (n, dimension)."""
    found: Any = connection.execute("SELECT vector FROM chunk_vectors WHERE chunk % ? = 0 ORDER BY chunk", (every,))
    return _matrix([row[0] for row in found if len(row[0]) == dimension * _STORED.itemsize], dimension)


def read_chunk_blocks(
    connection: apsw.Connection, dimension: int, *, above: int, size: int
) -> Iterator[tuple[IntVector, FloatMatrix, list[str]]]:
    """The chunks with ids above a number, ascending, `size` at a time: ids, vectors, texts that are searched."""
    rows = connection.execute(
        "SELECT c.id, v.vector, c.search_text FROM chunk_vectors v JOIN chunks c ON c.id = v.chunk"
        " WHERE v.chunk > ? ORDER BY v.chunk",
        (above,),
    )
    while read := list(islice(rows, size)):
        block = [row for row in read if len(row[1]) == dimension * _STORED.itemsize]
        ids = np.array([row[0] for row in block], dtype=np.int64)
        yield ids, _matrix([row[1] for row in block], dimension), [row[2] for row in block]


def _matrix(blobs: Sequence[bytes], dimension: int) -> FloatMatrix:
    """Stored vectors as float32 rows, shape (n, dimension)."""
    return np.frombuffer(b"".join(blobs), _STORED).astype(np.float32, copy=False).reshape(len(blobs), dimension)


def _listed(ids: Iterable[int]) -> str:
    """Ids as a JSON array, which SQL takes as one parameter."""
    return json.dumps([int(one) for one in ids])


def read_all_chunk_ids(connection: apsw.Connection) -> IntVector:
    """The ids of all chunks, shape (n,), in no order. SQLite reads them from an index, without the texts."""
    return np.fromiter((row[0] for row in connection.execute("SELECT id FROM chunks")), dtype=np.int64)


def read_chunk_ids(connection: apsw.Connection, document_id: str) -> list[int]:
    """The ids of a document's chunks, ascending."""
    found = connection.execute(
        "SELECT id FROM chunks WHERE document = (SELECT number FROM documents WHERE id = ?) ORDER BY id", (document_id,)
    )
    return [row[0] for row in found]


def counts(connection: apsw.Connection) -> tuple[int, int, int]:
    """The numbers of documents, sentences and chunks."""
    rows: list[Any] = connection.execute("SELECT name, count FROM totals").fetchall()
    found: dict[str, int] = dict(rows)
    return found["documents"], found["sentences"], found["chunks"]


def count_again(connection: apsw.Connection) -> None:
    """Count anew what `counts` gives."""
    for table in ("documents", "sentences", "chunks"):
        connection.execute(f"UPDATE totals SET count = (SELECT count(*) FROM {table}) WHERE name = ?", (table,))  # noqa: S608 - constant names


def read_texts(connection: apsw.Connection, document_ids: Iterable[str]) -> dict[str, str]:
    """The texts of these documents by id, of those that are there."""
    wanted = json.dumps([storable(document_id) for document_id in document_ids])
    return dict(
        connection.execute("SELECT id, text FROM documents WHERE id IN (SELECT value FROM json_each(?))", (wanted,))
    )


def not_found(document_id: str) -> DocumentNotFound:
    """The error for an id that no document has."""
    return DocumentNotFound(f"no document has the id {document_id!r}; `rag documents` lists those there are.")
