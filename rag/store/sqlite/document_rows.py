"""Documents, sentences and chunks as rows: the SQL that writes them and the records that come back.

Every function works on an open connection inside a transaction that the caller has begun.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import apsw
import numpy as np

from rag.records import BlockKind, Chunk, Document, Passage, Sentence, SentenceKind, Span, StoredSentence
from rag.records.arrays import FloatMatrix, IntVector
from rag.store.base import DocumentInfo, document_not_found
from rag.store.rows import document_columns as columns
from rag.store.sqlite import access_rows
from rag.store.sqlite.meta_rows import dimension
from rag.store.sqlite.readable import readable_number
from rag.store.sqlite.storable import storable

# As stored: little-endian whatever the machine.
_STORED = np.dtype("<f4")


def stored_hash(connection: apsw.Connection, document_id: str) -> str | None:
    """The SHA-256 of the bytes that this document was read from, or None when it is not there."""
    found: str | None = connection.execute(
        "SELECT content_sha256 FROM documents WHERE id = ?", (storable(document_id),)
    ).get
    return found


def is_stored(connection: apsw.Connection, document: Document) -> bool:
    """Whether exactly this document is there: the same source, and the same hashes of its bytes and its text."""
    row = connection.execute(
        f"SELECT {columns.SAME} FROM documents WHERE id = ?",  # noqa: S608 - constant columns
        (document.source.id,),
    ).fetchone()
    return columns.is_same(row, document)


def insert_document(connection: apsw.Connection, document: Document, *, created_at: str | None) -> int:
    """Write a document and its blocks, and give back its number. `created_at` is that of the version it replaces."""
    number: int = connection.execute(
        f"INSERT INTO documents ({columns.NEW_DOCUMENT}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING number",  # noqa: S608 - as above
        columns.document_values(document, created_at=created_at),
    ).get
    connection.executemany(
        "INSERT INTO blocks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", columns.block_values(number, document)
    )
    return number


def insert_sentences(
    connection: apsw.Connection, number: int, text: str, sentences: Sequence[Sentence], vectors: FloatMatrix
) -> None:
    """Write the sentences of document `number`, and `vectors`, one row for each STATEMENT in order."""
    connection.executemany(
        f"INSERT INTO sentences ({columns.NEW_SENTENCE}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - as above
        columns.sentence_values(number, text, sentences),
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
        f"INSERT INTO chunks ({columns.NEW_CHUNK}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - as above
        columns.chunk_values(number, text, passages),
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


def number_of(connection: apsw.Connection, document_id: str) -> int:
    """The number of a document that may be read. Raises DocumentNotFound."""
    number = readable_number(connection, document_id)
    if number is None:
        raise document_not_found(document_id)
    return number


def read_document(connection: apsw.Connection, document_id: str) -> Document:
    """The document as it was read. Raises DocumentNotFound."""
    row = connection.execute(
        f"SELECT {columns.DOCUMENT} FROM readable_documents WHERE number = ?",  # noqa: S608 - constant columns
        (number_of(connection, document_id),),
    ).fetchone()
    if row is None:
        raise document_not_found(document_id)
    blocks = connection.execute(
        f"SELECT {columns.BLOCK} FROM readable_blocks WHERE document = ? ORDER BY position",  # noqa: S608 - constant columns
        (row[0],),
    )
    return columns.document_of(row, blocks)


def list_documents(connection: apsw.Connection) -> list[DocumentInfo]:
    """All documents without their text, by title, then id."""
    return [columns.info_of(row) for row in connection.execute(f"{columns.DOCUMENT_INFO} ORDER BY title, id")]


def read_document_info(connection: apsw.Connection, document_id: str) -> DocumentInfo:
    """One document without its text. Raises DocumentNotFound."""
    number = number_of(connection, document_id)
    row = connection.execute(f"{columns.DOCUMENT_INFO} WHERE number = ?", (number,)).fetchone()
    if row is None:
        raise document_not_found(document_id)
    return columns.info_of(row)


def read_sentences(
    connection: apsw.Connection, document_id: str, *, at_most: int | None = None
) -> list[StoredSentence]:
    """The sentences of a document in text order, or the first of them. Raises DocumentNotFound."""
    number = number_of(connection, document_id)
    query = f"SELECT {columns.SENTENCE} FROM readable_sentences s WHERE document = ? ORDER BY position LIMIT ?"  # noqa: S608 - constant columns
    return [columns.sentence_of(row) for row in connection.execute(query, (number, -1 if at_most is None else at_most))]


def page_at(connection: apsw.Connection, document_id: str, offset: int) -> int | None:
    """The page on which the sentence begins that has the character at `offset`; None where none is known."""
    page: int | None = connection.execute(
        "SELECT page FROM readable_sentences WHERE document = (SELECT number FROM readable_documents WHERE id = ?1)"
        " AND span_start <= ?2 AND span_end > ?2",
        (storable(document_id), offset),
    ).get
    return page


def read_lead_in(connection: apsw.Connection, document_id: str, text_sha256: str, offset: int) -> Span | None:
    """As `rag.store.base.DocumentStore.lead_in`."""
    item = connection.execute(
        "SELECT d.number, b.position, b.level FROM readable_documents d JOIN readable_blocks b ON b.document = d.number"
        " WHERE d.id = ?1 AND d.text_sha256 = ?2 AND b.kind = ?3 AND b.span_start <= ?4 AND b.span_end > ?4",
        (storable(document_id), text_sha256, BlockKind.LIST_ITEM.value, offset),
    ).fetchone()
    if item is None:
        return None
    number, position, level = item
    above = connection.execute(
        "SELECT span_start, span_end, kind FROM readable_blocks WHERE document = ?1 AND position < ?2"
        " AND (kind <> ?3 OR level < ?4) ORDER BY position DESC LIMIT 1",
        (number, position, BlockKind.LIST_ITEM.value, level),
    ).fetchone()
    if above is None or above[2] == BlockKind.HEADING.value:
        return None
    last = connection.execute(
        "SELECT span_start, span_end, text, kind FROM readable_sentences"
        " WHERE document = ?1 AND span_start >= ?2 AND span_end <= ?3 ORDER BY position DESC LIMIT 1",
        (number, above[0], above[1]),
    ).fetchone()
    if last is None or last[3] == SentenceKind.UNSURE.value or not last[2].rstrip().endswith(":"):
        return None
    return Span(last[0], last[1])


def read_list_items(connection: apsw.Connection, document_id: str, text_sha256: str, offset: int) -> tuple[Span, ...]:
    """As `rag.store.base.DocumentStore.list_items`."""
    item = connection.execute(
        # The item itself, or the first one behind what is none.
        "SELECT d.number, i.position, i.level FROM readable_documents d JOIN readable_blocks b ON b.document = d.number"
        " JOIN readable_blocks i ON i.document = d.number AND i.position = b.position + (b.kind <> ?3)"
        " WHERE d.id = ?1 AND d.text_sha256 = ?2 AND i.kind = ?3 AND b.span_start <= ?4 AND b.span_end > ?4",
        (storable(document_id), text_sha256, BlockKind.LIST_ITEM.value, offset),
    ).fetchone()
    if item is None:
        return ()
    number, position, level = item
    rows = connection.execute(
        "SELECT span_start, span_end FROM readable_blocks WHERE document = ?1 AND level = ?3"
        " AND position > coalesce((SELECT max(position) FROM readable_blocks WHERE document = ?1 AND position < ?2"
        " AND (kind <> ?4 OR level < ?3)), -1)"
        " AND position < coalesce((SELECT min(position) FROM readable_blocks WHERE document = ?1 AND position > ?2"
        " AND (kind <> ?4 OR level < ?3)), ?5) ORDER BY position",
        (number, position, level, BlockKind.LIST_ITEM.value, 2**62),
    )
    return tuple(Span(start, end) for start, end in rows)


def read_chunks(connection: apsw.Connection, ids: Sequence[int]) -> dict[int, Chunk]:
    """The chunks with these ids by id, those that are there."""
    wanted = _listed(ids)
    sentence_rows = connection.execute(
        f"SELECT c.id, {columns.SENTENCE} FROM readable_chunks c JOIN readable_sentences s ON s.document = c.document"  # noqa: S608 - as above
        " AND s.position >= c.first_sentence AND s.position < c.last_sentence"
        " WHERE c.id IN (SELECT value FROM json_each(?)) ORDER BY c.id, s.position",
        (wanted,),
    )
    rows = connection.execute(
        f"SELECT {columns.CHUNK} FROM readable_chunks c JOIN readable_documents d ON d.number = c.document"  # noqa: S608 - as above
        " WHERE c.id IN (SELECT value FROM json_each(?)) ORDER BY c.id",
        (wanted,),
    )
    return columns.chunks_of(rows, sentence_rows)


def read_sentence_vectors(
    connection: apsw.Connection, chunk_ids: Sequence[int]
) -> tuple[IntVector, IntVector, FloatMatrix]:
    """The quotable sentences of these chunks, by chunk, then in order.

    Chunk ids and sentence ids, each of shape (n,), and vectors, shape (n, dimension). One whose vector has another
    length is left out.
    """
    numbers = dimension(connection)
    found: list[Any] = connection.execute(
        "SELECT c.id, s.id, v.vector FROM readable_chunks c JOIN readable_sentences s ON s.document = c.document"
        " AND s.position >= c.first_sentence AND s.position < c.last_sentence"
        " JOIN readable_sentence_vectors v ON v.sentence = s.id"
        " WHERE c.id IN (SELECT value FROM json_each(?)) ORDER BY c.id, s.position",
        (_listed(chunk_ids),),
    ).fetchall()
    kept = [row for row in found if len(row[2]) == numbers * _STORED.itemsize]
    chunks = np.array([row[0] for row in kept], dtype=np.int64)
    sentences = np.array([row[1] for row in kept], dtype=np.int64)
    return chunks, sentences, _matrix([row[2] for row in kept], numbers)


def read_chunk_vectors(connection: apsw.Connection, chunk_ids: Sequence[int]) -> tuple[IntVector, FloatMatrix]:
    """The ids of those of these chunks that are there, ascending, shape (n,), and their vectors (n, dimension).

    One whose vector has another length is left out.
    """
    numbers = dimension(connection)
    found: list[Any] = connection.execute(
        "SELECT chunk, vector FROM readable_chunk_vectors WHERE chunk IN (SELECT value FROM json_each(?))"
        " ORDER BY chunk",
        (_listed(chunk_ids),),
    ).fetchall()
    kept = [row for row in found if len(row[1]) == numbers * _STORED.itemsize]
    return np.array([row[0] for row in kept], dtype=np.int64), _matrix([row[1] for row in kept], numbers)


def read_some_chunk_vectors(connection: apsw.Connection, count: int) -> FloatMatrix:
    """About `count` vectors, those of the chunks whose ids are divided by one number, shape (n, dimension)."""
    numbers = dimension(connection)
    every = max(counts(connection)[2] // max(count, 1), 1)
    found: Any = connection.execute("SELECT vector FROM chunk_vectors WHERE chunk % ? = 0 ORDER BY chunk", (every,))
    return _matrix([row[0] for row in found if len(row[0]) == numbers * _STORED.itemsize], numbers)


def read_chunk_blocks(
    connection: apsw.Connection, *, above: int, size: int
) -> Iterator[tuple[IntVector, FloatMatrix, list[str]]]:
    """The chunks with ids above a number, ascending, `size` at a time: ids, vectors, texts that are searched."""
    numbers = dimension(connection)
    rows = connection.execute(
        "SELECT c.id, v.vector, c.search_text FROM chunk_vectors v JOIN chunks c ON c.id = v.chunk"
        " WHERE v.chunk > ? ORDER BY v.chunk",
        (above,),
    )
    while read := list(islice(rows, size)):
        block = [row for row in read if len(row[1]) == numbers * _STORED.itemsize]
        ids = np.array([row[0] for row in block], dtype=np.int64)
        yield ids, _matrix([row[1] for row in block], numbers), [row[2] for row in block]


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
        "SELECT id FROM readable_chunks WHERE document = (SELECT number FROM readable_documents WHERE id = ?)"
        " ORDER BY id",
        (storable(document_id),),
    )
    return [row[0] for row in found]


def counts(connection: apsw.Connection) -> tuple[int, int, int]:
    """The numbers of all documents, sentences and chunks."""
    rows: list[Any] = connection.execute("SELECT name, count FROM totals").fetchall()
    found: dict[str, int] = dict(rows)
    return found["documents"], found["sentences"], found["chunks"]


def count_again(connection: apsw.Connection) -> None:
    """Count anew what `counts` gives."""
    for table in ("documents", "sentences", "chunks"):
        connection.execute(f"UPDATE totals SET count = (SELECT count(*) FROM {table}) WHERE name = ?", (table,))  # noqa: S608 - constant names
    access_rows.count_again(connection)


def read_texts(connection: apsw.Connection, document_ids: Sequence[str]) -> dict[str, str]:
    """The texts of these documents by id, of those that are there."""
    wanted = json.dumps([storable(document_id) for document_id in document_ids])
    return dict(
        connection.execute(
            "SELECT id, text FROM readable_documents WHERE id IN (SELECT value FROM json_each(?))", (wanted,)
        )
    )
