"""Checks of the database: each looks at one promise and says what it saw."""

from __future__ import annotations

import hashlib

from rag.records import SentenceKind
from rag.store.base import Check
from rag.store.postgres.postgres_connections import PgConnection
from rag.store.postgres.row_values import first, in_binary, one, rows
from rag.store.postgres.word_tables import pg_wrong_words

# More would hide the first ones.
_SHOWN = 5
# Rounding alone changes the square of a length by some millionths.
_UNIT_TOLERANCE = 1e-3
_AT_ONCE = 100


def pg_check_rows(connection: PgConnection) -> Check:
    """Whether rows are counted right, and each document has its rights. Whether pages read back is PostgreSQL's own."""
    problems = [
        f"{told} {table} are counted, and {there} are there; `rag rebuild` counts again"
        for table, told in rows(connection, "SELECT name, count FROM totals ORDER BY name")
        if told != (there := one(connection, f"SELECT count(*) FROM {table}"))  # noqa: S608 - names of ours
    ]
    problems += [
        f"nobody may read document {row[0]}: nothing is written down of it"
        for row in rows(
            connection,
            "SELECT id FROM documents WHERE number NOT IN (SELECT document FROM document_access) ORDER BY id LIMIT %s",
            (_SHOWN,),
        )
    ]
    return Check("database", not problems, "; ".join(problems) or "all rows are counted, and each has its rights")


def pg_check_texts(connection: PgConnection) -> Check:
    """Whether each text has its hash, and each sentence and chunk is what stands at its place in the text."""
    problems, above = [], 0
    while found := rows(
        connection,
        "SELECT number, id, text_sha256, text FROM documents WHERE number > %s ORDER BY number LIMIT %s",
        (above, _AT_ONCE),
    ):
        for number, document_id, text_sha256, text in found:
            if hashlib.sha256(text.encode()).hexdigest() != text_sha256:
                problems.append(f"the text of document {document_id} is not the one that was hashed")
            wrong = sum(
                text[start:end] != copy
                for start, end, copy in rows(
                    connection,
                    "SELECT span_start, span_end, text FROM sentences WHERE document = %s"
                    " UNION ALL SELECT span_start, span_end, text FROM chunks WHERE document = %s",
                    (number, number),
                )
            )
            if wrong:
                problems.append(
                    f"{wrong} sentences or chunks of document {document_id} are not what stands in its text"
                )
        above = found[-1][0]
    problems += [
        f"an earlier text of document {document_id} is not the one that was hashed"
        for document_id, text_sha256, text in rows(
            connection, "SELECT document_id, text_sha256, text FROM versions ORDER BY id"
        )
        if hashlib.sha256(text.encode()).hexdigest() != text_sha256
    ]
    return Check("texts", not problems, "; ".join(problems[:_SHOWN]) or "every quote stands in its text")


def pg_check_originals(connection: PgConnection) -> Check:
    """Whether each original that is kept is the bytes that its document was read from. One is in memory at a time."""
    problems, kept, above = [], 0, 0
    while found := in_binary(
        connection,
        "SELECT number, id, content_sha256, data FROM originals JOIN documents ON document = number"
        " WHERE number > %s ORDER BY number LIMIT 1",
        (above,),
    ):
        above, document_id, sha256, data = found[0]
        kept += 1
        if hashlib.sha256(data).hexdigest() != sha256:
            problems.append(f"the original of document {document_id} is not the one that was hashed")
    return Check("originals", not problems, "; ".join(problems[:_SHOWN]) or f"{kept} are the bytes that were read")


def pg_check_vectors(connection: PgConnection, dimension: int) -> Check:
    """Whether each chunk and each sentence that may be quoted has a vector of `dimension` numbers, of length 1."""
    chunks, chunk_vectors, quotable, sentence_vectors, wrong, odd = first(
        connection,
        "SELECT (SELECT count(*) FROM chunks), (SELECT count(*) FROM chunk_vectors),"
        " (SELECT count(*) FROM sentences WHERE kind = %(kind)s), (SELECT count(*) FROM sentence_vectors),"
        " (SELECT count(*) FROM chunk_vectors WHERE vector_dims(vector) <> %(dimension)s)"
        " + (SELECT count(*) FROM sentence_vectors WHERE vector_dims(vector) <> %(dimension)s),"
        " (SELECT count(*) FROM chunk_vectors WHERE abs(vector_norm(vector) ^ 2 - 1) >= %(most)s)"
        " + (SELECT count(*) FROM sentence_vectors WHERE abs(vector_norm(vector) ^ 2 - 1) >= %(most)s)",
        {"kind": SentenceKind.STATEMENT.value, "dimension": dimension, "most": _UNIT_TOLERANCE},
    )
    return Check(
        "vectors",
        chunks == chunk_vectors and quotable == sentence_vectors and not wrong and not odd,
        f"{chunks} chunks have {chunk_vectors} vectors, {quotable} quotable sentences have {sentence_vectors};"
        f" {wrong} have the wrong dimension, {odd} are not of length 1",
    )


def pg_check_words(connection: PgConnection) -> Check:
    """Whether the word index holds the words of the chunks and no others."""
    wrong = pg_wrong_words(connection)
    if wrong:
        detail = f"it does not match the words of {wrong} chunks; `rag rebuild` makes it again"
        return Check("word index", False, detail)
    chunks = one(connection, "SELECT count(*) FROM chunks")
    return Check("word index", True, f"it holds the words of {chunks} chunks")
