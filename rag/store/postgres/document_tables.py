"""Documents, sentences and chunks as rows: the SQL that writes them and the records that come back.

Every function works on an open connection inside a transaction that the caller has begun.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from rag.records import BlockKind, Chunk, Document, Passage, Sentence, SentenceKind, Span, StoredSentence
from rag.records.arrays import FloatMatrix, IntVector
from rag.store.base import DocumentInfo, document_not_found
from rag.store.postgres.meta_tables import pg_dimension, pg_note_removed
from rag.store.postgres.postgres_connections import PgConnection
from rag.store.postgres.row_values import ResultRows, first, holdable, in_binary, one, rows, run, run_each
from rag.store.postgres.vector_type import ids_of, is_of, matrix_of, sent
from rag.store.rows import document_columns as columns


def pg_stored_hash(connection: PgConnection, document_id: str) -> str | None:
    """The SHA-256 of the bytes that this document was read from, or None when it is not there."""
    found: str | None = one(connection, "SELECT content_sha256 FROM documents WHERE id = %s", (holdable(document_id),))
    return found


def pg_is_stored(connection: PgConnection, document: Document) -> bool:
    """Whether exactly this document is there: the same source, and the same hashes of its bytes and its text."""
    row = first(
        connection,
        f"SELECT {columns.SAME} FROM documents WHERE id = %s",  # noqa: S608 - constant columns
        (holdable(document.source.id),),
    )
    return columns.is_same(row, document)


def pg_insert_document(connection: PgConnection, document: Document, *, created_at: str | None) -> int:
    """Write a document and its blocks, and give back its number. `created_at` is that of the version it replaces."""
    number: int = one(
        connection,
        f"INSERT INTO documents ({columns.NEW_DOCUMENT})"  # noqa: S608 - as above
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING number",
        columns.document_values(document, created_at=created_at),
    )
    run_each(
        connection,
        "INSERT INTO blocks VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        columns.block_values(number, document),
    )
    _count(connection, documents=1)
    return number


def pg_insert_sentences(
    connection: PgConnection, number: int, text: str, sentences: Sequence[Sentence], vectors: FloatMatrix
) -> None:
    """Write the sentences of document `number`, and `vectors`, one row for each STATEMENT in order."""
    run_each(
        connection,
        f"INSERT INTO sentences ({columns.NEW_SENTENCE}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",  # noqa: S608 - as above
        columns.sentence_values(number, text, sentences),
    )
    ids = rows(
        connection,
        "SELECT id FROM sentences WHERE document = %s AND kind = %s ORDER BY position",
        (number, SentenceKind.STATEMENT.value),
    )
    given = list(zip(ids_of(ids), sent(vectors), strict=True))
    run_each(connection, "INSERT INTO sentence_vectors VALUES (%s, %s)", given)
    _count(connection, sentences=len(sentences))


def pg_insert_chunks(
    connection: PgConnection, number: int, text: str, passages: Sequence[Passage], vectors: FloatMatrix
) -> list[int]:
    """Write the passages of document `number` as chunks, and `vectors`, one row for each; the new ids in order."""
    run_each(
        connection,
        f"INSERT INTO chunks ({columns.NEW_CHUNK}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",  # noqa: S608 - as above
        columns.chunk_values(number, text, passages),
    )
    ids = ids_of(rows(connection, "SELECT id FROM chunks WHERE document = %s ORDER BY position", (number,)))
    run_each(connection, "INSERT INTO chunk_vectors VALUES (%s, %s)", list(zip(ids, sent(vectors), strict=True)))
    _count(connection, chunks=len(passages))
    return ids


def pg_remove_document(connection: PgConnection, document_id: str) -> str | None:
    """Delete a document and all that belongs to it; when it was first stored, or None where there was none."""
    row = first(
        connection,
        "SELECT number, created_at, (SELECT count(*) FROM sentences WHERE document = number),"
        " (SELECT count(*) FROM chunks WHERE document = number) FROM documents WHERE id = %s",
        (holdable(document_id),),
    )
    if row is None:
        return None
    number, created_at, sentences, chunks = row
    pg_note_removed(connection, number)
    run(connection, "DELETE FROM documents WHERE number = %s", (number,))
    _count(connection, documents=-1, sentences=-sentences, chunks=-chunks)
    return str(created_at)


def _count(connection: PgConnection, **changes: int) -> None:
    """Note how many more documents, sentences or chunks there are."""
    for name, by in changes.items():
        run(connection, "UPDATE totals SET count = count + %s WHERE name = %s", (by, name))


def pg_document(connection: PgConnection, document_id: str) -> Document:
    """The document as it was read. Raises DocumentNotFound."""
    row = first(
        connection,
        f"SELECT {columns.DOCUMENT} FROM readable_documents WHERE id = %s",  # noqa: S608 - constant columns
        (holdable(document_id),),
    )
    if row is None:
        raise document_not_found(document_id)
    blocks = rows(
        connection,
        f"SELECT {columns.BLOCK} FROM readable_blocks WHERE document = %s ORDER BY position",  # noqa: S608 - constant columns
        (row[0],),
    )
    return columns.document_of(row, blocks)


def pg_documents(connection: PgConnection) -> list[DocumentInfo]:
    """All documents without their text, by title, then id."""
    return [columns.info_of(row) for row in rows(connection, f"{columns.DOCUMENT_INFO} ORDER BY title, id")]


def pg_document_info(connection: PgConnection, document_id: str) -> DocumentInfo:
    """One document without its text. Raises DocumentNotFound."""
    row = first(connection, f"{columns.DOCUMENT_INFO} WHERE id = %s", (holdable(document_id),))
    if row is None:
        raise document_not_found(document_id)
    return columns.info_of(row)


def pg_sentences(connection: PgConnection, document_id: str, *, at_most: int | None = None) -> list[StoredSentence]:
    """The sentences of a document in text order, or the first of them. Raises DocumentNotFound."""
    number = one(connection, "SELECT number FROM readable_documents WHERE id = %s", (holdable(document_id),))
    if number is None:
        raise document_not_found(document_id)
    statement = f"SELECT {columns.SENTENCE} FROM readable_sentences s WHERE document = %s ORDER BY position LIMIT %s"  # noqa: S608 - constant columns
    return [columns.sentence_of(row) for row in rows(connection, statement, (number, at_most))]


def pg_page_at(connection: PgConnection, document_id: str, offset: int) -> int | None:
    """The page on which the sentence begins that has the character at `offset`; None where none is known."""
    page: int | None = one(
        connection,
        "SELECT page FROM readable_sentences WHERE document = (SELECT number FROM readable_documents WHERE id = %s)"
        " AND span_start <= %s AND span_end > %s",
        (holdable(document_id), offset, offset),
    )
    return page


def pg_lead_in(connection: PgConnection, document_id: str, text_sha256: str, offset: int) -> Span | None:
    """As `rag.store.base.DocumentStore.lead_in`."""
    item = BlockKind.LIST_ITEM.value
    found = first(
        connection,
        "SELECT d.number, b.position, b.level FROM readable_documents d JOIN readable_blocks b ON b.document = d.number"
        " WHERE d.id = %s AND d.text_sha256 = %s AND b.kind = %s AND b.span_start <= %s AND b.span_end > %s",
        (holdable(document_id), holdable(text_sha256), item, offset, offset),
    )
    if found is None:
        return None
    number, position, level = found
    above = first(
        connection,
        "SELECT span_start, span_end, kind FROM readable_blocks WHERE document = %s AND position < %s"
        " AND (kind <> %s OR level < %s) ORDER BY position DESC LIMIT 1",
        (number, position, item, level),
    )
    if above is None or above[2] == BlockKind.HEADING.value:
        return None
    last = first(
        connection,
        "SELECT span_start, span_end, text, kind FROM readable_sentences"
        " WHERE document = %s AND span_start >= %s AND span_end <= %s ORDER BY position DESC LIMIT 1",
        (number, above[0], above[1]),
    )
    if last is None or last[3] == SentenceKind.UNSURE.value or not last[2].rstrip().endswith(":"):
        return None
    return Span(last[0], last[1])


def pg_list_items(connection: PgConnection, document_id: str, text_sha256: str, offset: int) -> tuple[Span, ...]:
    """As `rag.store.base.DocumentStore.list_items`."""
    item = BlockKind.LIST_ITEM.value
    found = first(
        connection,
        # The item itself, or the first one behind what is none.
        "SELECT d.number, i.position, i.level FROM readable_documents d JOIN readable_blocks b ON b.document = d.number"
        " JOIN readable_blocks i ON i.document = d.number"
        " AND i.position = b.position + (b.kind <> %(item)s)::int"
        " WHERE d.id = %(id)s AND d.text_sha256 = %(sha256)s AND i.kind = %(item)s"
        " AND b.span_start <= %(offset)s AND b.span_end > %(offset)s",
        {"item": item, "id": holdable(document_id), "sha256": holdable(text_sha256), "offset": offset},
    )
    if found is None:
        return ()
    number, position, level = found
    spans = rows(
        connection,
        "SELECT span_start, span_end FROM readable_blocks WHERE document = %(number)s AND level = %(level)s"
        " AND position > coalesce((SELECT max(position) FROM readable_blocks WHERE document = %(number)s"
        " AND position < %(position)s AND (kind <> %(item)s OR level < %(level)s)), -1)"
        " AND position < coalesce((SELECT min(position) FROM readable_blocks WHERE document = %(number)s"
        " AND position > %(position)s AND (kind <> %(item)s OR level < %(level)s)), %(end)s) ORDER BY position",
        {"number": number, "position": position, "level": level, "item": item, "end": 2**62},
    )
    return tuple(Span(start, end) for start, end in spans)


def pg_chunks(connection: PgConnection, ids: Sequence[int]) -> dict[int, Chunk]:
    """The chunks with these ids by id, those that are there."""
    wanted = (_listed(ids),)
    sentence_rows = rows(
        connection,
        f"SELECT c.id, {columns.SENTENCE} FROM readable_chunks c JOIN readable_sentences s ON s.document = c.document"  # noqa: S608 - as above
        " AND s.position >= c.first_sentence AND s.position < c.last_sentence"
        " WHERE c.id = ANY (%s::bigint[]) ORDER BY c.id, s.position",
        wanted,
    )
    found = rows(
        connection,
        f"SELECT {columns.CHUNK} FROM readable_chunks c JOIN readable_documents d ON d.number = c.document"  # noqa: S608 - as above
        " WHERE c.id = ANY (%s::bigint[]) ORDER BY c.id",
        wanted,
    )
    return columns.chunks_of(found, sentence_rows)


def pg_sentence_vectors(connection: PgConnection, chunk_ids: Sequence[int]) -> tuple[IntVector, IntVector, FloatMatrix]:
    """The quotable sentences of these chunks, by chunk, then in order.

    Chunk ids and sentence ids, each of shape (n,), and vectors, shape (n, dimension). One whose vector has another
    length is left out.
    """
    numbers = pg_dimension(connection)
    found = in_binary(
        connection,
        "SELECT c.id, s.id, v.vector FROM readable_chunks c JOIN readable_sentences s ON s.document = c.document"
        " AND s.position >= c.first_sentence AND s.position < c.last_sentence"
        " JOIN readable_sentence_vectors v ON v.sentence = s.id"
        " WHERE c.id = ANY (%s::bigint[]) ORDER BY c.id, s.position",
        (_listed(chunk_ids),),
    )
    kept = [row for row in found if is_of(row[2], numbers)]
    chunks = np.array([row[0] for row in kept], dtype=np.int64)
    sentences = np.array([row[1] for row in kept], dtype=np.int64)
    return chunks, sentences, matrix_of([row[2] for row in kept], numbers)


def pg_chunk_vectors(connection: PgConnection, chunk_ids: Sequence[int]) -> tuple[IntVector, FloatMatrix]:
    """The ids of those of these chunks that are there, ascending, shape (n,), and their vectors (n, dimension).

    One whose vector has another length is left out.
    """
    numbers = pg_dimension(connection)
    found = in_binary(
        connection,
        "SELECT chunk, vector FROM readable_chunk_vectors WHERE chunk = ANY (%s::bigint[]) ORDER BY chunk",
        (_listed(chunk_ids),),
    )
    return _with_ids(found, numbers)


def pg_some_chunk_vectors(connection: PgConnection, count: int) -> FloatMatrix:
    """About `count` vectors, those of the chunks whose ids are divided by one number, shape (n, dimension)."""
    numbers = pg_dimension(connection)
    every = max(pg_counts(connection)[2] // max(count, 1), 1)
    found = in_binary(
        connection, "SELECT chunk, vector FROM chunk_vectors WHERE chunk %% %s = 0 ORDER BY chunk", (every,)
    )
    return _with_ids(found, numbers)[1]


def pg_chunk_blocks(
    connection: PgConnection, *, above: int, size: int
) -> Iterator[tuple[IntVector, FloatMatrix, list[str]]]:
    """The chunks with ids above a number, ascending, `size` at a time: ids, vectors, texts that are searched."""
    numbers = pg_dimension(connection)
    while True:
        found = in_binary(
            connection,
            "SELECT c.id, v.vector, c.search_text FROM chunk_vectors v JOIN chunks c ON c.id = v.chunk"
            " WHERE v.chunk > %s ORDER BY v.chunk LIMIT %s",
            (above, size),
        )
        if not found:
            return
        above = found[-1][0]
        ids, vectors = _with_ids(found, numbers)
        yield ids, vectors, [row[2] for row in found if is_of(row[1], numbers)]


def _with_ids(found: ResultRows, dimension: int) -> tuple[IntVector, FloatMatrix]:
    """The first two columns of rows, ids and vectors, without the vectors of another length."""
    kept = [row for row in found if is_of(row[1], dimension)]
    return np.array([row[0] for row in kept], dtype=np.int64), matrix_of([row[1] for row in kept], dimension)


def _listed(ids: Sequence[int]) -> list[int]:
    return [int(one_id) for one_id in ids]


def pg_all_chunk_ids(connection: PgConnection) -> IntVector:
    """The ids of all chunks, shape (n,), in no order."""
    return np.array(ids_of(in_binary(connection, "SELECT id FROM chunks")), dtype=np.int64)


def pg_chunk_ids(connection: PgConnection, document_id: str) -> list[int]:
    """The ids of a document's chunks, ascending."""
    return ids_of(
        rows(
            connection,
            "SELECT id FROM readable_chunks WHERE document = (SELECT number FROM readable_documents WHERE id = %s)"
            " ORDER BY id",
            (holdable(document_id),),
        )
    )


def pg_counts(connection: PgConnection) -> tuple[int, int, int]:
    """The numbers of all documents, sentences and chunks."""
    found: dict[str, int] = dict(rows(connection, "SELECT name, count FROM totals"))
    return found["documents"], found["sentences"], found["chunks"]


def pg_count_again(connection: PgConnection) -> None:
    """Count anew what `pg_counts` gives, and what is added up of what somebody may read."""
    for table in ("documents", "sentences", "chunks"):
        run(connection, f"UPDATE totals SET count = (SELECT count(*) FROM {table}) WHERE name = %s", (table,))  # noqa: S608 - constant names
    run(
        connection,
        "UPDATE document_access a SET sentences = (SELECT count(*) FROM sentences s WHERE s.document = a.document),"
        " chunks = (SELECT count(*) FROM chunks c WHERE c.document = a.document)",
    )


def pg_texts(connection: PgConnection, document_ids: Sequence[str]) -> dict[str, str]:
    """The texts of these documents by id, of those that are there."""
    wanted = [holdable(document_id) for document_id in document_ids]
    return dict(rows(connection, "SELECT id, text FROM readable_documents WHERE id = ANY (%s::text[])", (wanted,)))
