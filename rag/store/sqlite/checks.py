"""Checks of the database: each looks at one promise and says what it saw."""

from __future__ import annotations

import hashlib
from contextlib import suppress

import apsw
import numpy as np
import numpy.typing as npt

from rag.records import SentenceKind
from rag.store.base import Check
from rag.store.sqlite.access_rows import documents_without
from rag.store.sqlite.original_rows import damaged_originals
from rag.store.sqlite.version_rows import damaged_versions

# More would hide the first ones.
_SHOWN = 5
# Rounding alone changes the square of a length by some millionths.
_UNIT_TOLERANCE = 1e-3


def check_pages(connection: apsw.Connection) -> Check:
    """Whether every page reads back and every row belongs to another that is there."""
    # A search makes this connection read anew how the word index is built. SQLite's check alone trusts what was so
    # when the connection last looked, and calls it corrupt when another one has written since (seen with 3.54.1).
    with suppress(apsw.Error):
        connection.execute("SELECT 1 FROM words WHERE words MATCH 'a' LIMIT 1").fetchall()
    problems = [row[0] for row in connection.execute(f"PRAGMA quick_check({_SHOWN})") if row[0] != "ok"]
    problems += [
        f"a row of {table} belongs to no row of {parent}"
        for table, _, parent, _ in connection.execute("PRAGMA foreign_key_check").fetchall()[:_SHOWN]
    ]
    problems += _wrong_totals(connection)
    problems += _without_access(connection)
    return Check("database", not problems, "; ".join(problems) or "all pages read back")


def _wrong_totals(connection: apsw.Connection) -> list[str]:
    """What is said of how many rows there are, and is not so; databases of older formats say nothing."""
    if not connection.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'totals'").get:
        return []
    return [
        f"{said} {table} are counted, and {there} are there; `rag rebuild` counts again"
        for table, said in connection.execute("SELECT name, count FROM totals").fetchall()
        if said != (there := connection.execute(f"SELECT count(*) FROM {table}").get)  # noqa: S608 - names of ours
    ]


def _without_access(connection: apsw.Connection) -> list[str]:
    """The documents of which it is not written down who may read them; databases of older formats never say it."""
    if not connection.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'document_access'").get:
        return []
    return [
        f"nobody may read document {i}: nothing is written down of it" for i in documents_without(connection)[:_SHOWN]
    ]


def check_texts(connection: apsw.Connection) -> Check:
    """Whether each text has its hash, and each sentence and chunk is what stands at its place in the text."""
    problems = []
    for number, document_id, text_sha256, text in connection.execute(
        "SELECT number, id, text_sha256, text FROM documents ORDER BY number"
    ):
        if hashlib.sha256(text.encode()).hexdigest() != text_sha256:
            problems.append(f"the text of document {document_id} is not the one that was hashed")
        wrong = sum(
            text[start:end] != copy
            for start, end, copy in connection.execute(
                "SELECT span_start, span_end, text FROM sentences WHERE document = ?1"
                " UNION ALL SELECT span_start, span_end, text FROM chunks WHERE document = ?1",
                (number,),
            )
        )
        if wrong:
            problems.append(f"{wrong} sentences or chunks of document {document_id} are not what stands in its text")
    problems += damaged_versions(connection)
    return Check("texts", not problems, "; ".join(problems[:_SHOWN]) or "every quote stands in its text")


def check_originals(connection: apsw.Connection) -> Check:
    """Whether each original that is kept is the bytes that its document was read from."""
    kept, problems = damaged_originals(connection)
    return Check("originals", not problems, "; ".join(problems[:_SHOWN]) or f"{kept} are the bytes that were read")


def check_vectors(connection: apsw.Connection, dimension: int) -> Check:
    """Whether each chunk and each sentence that may be quoted has a vector of `dimension` numbers."""
    chunks, chunk_vectors, quotable, sentence_vectors, wrong = connection.execute(
        "SELECT (SELECT count(*) FROM chunks), (SELECT count(*) FROM chunk_vectors),"
        " (SELECT count(*) FROM sentences WHERE kind = ?1), (SELECT count(*) FROM sentence_vectors),"
        " (SELECT count(*) FROM chunk_vectors WHERE length(vector) != ?2)"
        " + (SELECT count(*) FROM sentence_vectors WHERE length(vector) != ?2)",
        (SentenceKind.STATEMENT.value, 4 * dimension),
    ).fetchall()[0]
    odd = 0
    if not wrong:
        for table in ("chunk_vectors", "sentence_vectors"):
            for (blob,) in connection.execute(f"SELECT vector FROM {table}"):  # noqa: S608 - the two names above
                odd += not _is_unit(np.frombuffer(blob, dtype="<f4"))
    return Check(
        "vectors",
        chunks == chunk_vectors and quotable == sentence_vectors and not wrong and not odd,
        f"{chunks} chunks have {chunk_vectors} vectors, {quotable} quotable sentences have {sentence_vectors};"
        f" {wrong} have the wrong dimension, {odd} are not of length 1",
    )


def _is_unit(vector: npt.NDArray[np.float32]) -> bool:
    """Whether the vector is as long as all that are stored: most damage to its bytes makes it much longer."""
    with np.errstate(over="ignore", invalid="ignore"):
        return abs(float(vector @ vector) - 1.0) < _UNIT_TOLERANCE


def check_words(connection: apsw.Connection) -> Check:
    """Whether the word index holds the words of the chunks and no others. Needs a transaction for writing.

    FTS5 compares itself with the chunks only when asked so (rank 1); `PRAGMA integrity_check` does not.
    """
    try:
        connection.execute("INSERT INTO words (words, rank) VALUES ('integrity-check', 1)")
    except (apsw.CorruptError, apsw.SQLError) as error:
        return Check("word index", False, f"it does not match the documents ({error}); `rag rebuild` makes it again")
    chunks = connection.execute("SELECT count(*) FROM chunks").get
    return Check("word index", True, f"it holds the words of {chunks} chunks")
