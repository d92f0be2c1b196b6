"""Full-text search over the stems of the chunks: BM25 and word counts as SQLite's FTS5 has them, to the last bit.

PostgreSQL's own full-text search splits and stems otherwise, has no BM25, and keeps 256 places of a word at most. Every
function works on an open connection inside a transaction that the caller has begun.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence

from rag.store.postgres.postgres_connections import PgConnection
from rag.store.postgres.row_values import first, one, rows, run, run_each
from rag.store.stems import phrase_of, phrases_of, text_stems

# As FTS5 has them, which `rag/index/bm25.py` explains.
_K1, _B, _LEAST = 1.2, 0.75, 1e-6
# Each word costs a walk through its chunks; a question has a dozen, and nobody types more than this.
_MAX_WORDS = 64
# Bytes; an index of PostgreSQL takes no entry of more than some 2,700.
_LONGEST_STEM = 200
_REBUILT_AT_ONCE = 1_000


def pg_insert_words(connection: PgConnection, ids: Sequence[int], texts: Sequence[str]) -> None:
    """Write the stems of new chunks, given by their ids and the texts that are searched."""
    run_each(
        connection,
        "INSERT INTO chunk_words (chunk, size, stems) VALUES (%s, %s, %s::text[])",
        [
            (chunk, len(stems), [_kept(stem) for stem in stems])
            for chunk, stems in zip(ids, text_stems(texts), strict=True)
        ],
    )


def pg_search_words(connection: PgConnection, words: Sequence[str], k: int) -> list[tuple[int, float]]:
    """At most `k` chunk ids with their BM25 score, best first, higher is better, ties by id.

    As `rag.store.base.PassageStore.search_words`; numbers are those of what may be read.
    """
    phrases = phrases_of(words)[:_MAX_WORDS]
    if not phrases or k <= 0:
        return []
    row = first(connection, "SELECT count(*), coalesce(sum(size), 0)::bigint FROM readable_chunk_words")
    count, total = row or (0, 0)
    mean = total / max(count, 1)
    scores: dict[int, float] = {}
    for phrase in phrases:
        held = _held(connection, phrase)
        weight = math.log((count - len(held) + 0.5) / (len(held) + 0.5))
        weight = weight if weight > 0 else _LEAST
        for chunk, (times, size) in held.items():
            score = weight * ((times * (_K1 + 1.0)) / (times + _K1 * (1 - _B + _B * size / mean)))
            scores[chunk] = scores.get(chunk, 0.0) + score
    return sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))[:k]


def pg_chunk_frequencies(connection: PgConnection, words: Sequence[str]) -> dict[str, int]:
    """For each of the words, the number of chunks that hold it in any of its forms."""
    frequencies: dict[str, int] = {}
    for word in words:
        phrase = phrase_of(word)
        if len(phrase) == 1:
            asked = "SELECT count(*) FROM readable_chunk_words WHERE stems @> %s::text[]"
            frequencies[word] = one(connection, asked, ([_kept(phrase[0])],))
        else:
            frequencies[word] = len(_held(connection, phrase)) if phrase else 0
    return frequencies


def pg_phrase_counts(connection: PgConnection, word: str) -> dict[int, int]:
    """For each chunk that holds the word, as it is split by the index, how often."""
    phrase = phrase_of(word)
    return {chunk: times for chunk, (times, _) in _held(connection, phrase).items()} if phrase else {}


def _held(connection: PgConnection, phrase: Sequence[str]) -> dict[int, tuple[int, int]]:
    """For each chunk that may be read and holds the phrase: how often, and how many stems the chunk has."""
    stems = [_kept(stem) for stem in phrase]
    times = "cardinality(array_positions(stems, %(first)s))"
    if len(stems) > 1:
        times = (
            "(SELECT count(*)::int FROM unnest(array_positions(stems, %(first)s)) AS place"
            " WHERE stems[place : place + %(more)s] = %(stems)s::text[])"
        )
    found = rows(
        connection,
        f"SELECT chunk, times, size FROM (SELECT chunk, {times} AS times, size FROM readable_chunk_words"  # noqa: S608 - constant text
        " WHERE stems @> %(stems)s::text[]) AS held WHERE times > 0",
        {"first": stems[0], "more": len(stems) - 1, "stems": stems},
    )
    return {chunk: (count, size) for chunk, count, size in found}


def _kept(stem: str) -> str:
    """A stem as it is stored: a long one, which an index could not take, by its hash."""
    data = stem.encode()
    return stem if len(data) <= _LONGEST_STEM else f"\x01{hashlib.sha256(data).hexdigest()}"


def pg_rebuild_words(connection: PgConnection) -> None:
    """Make the word index again from the chunks, whatever is in it now."""
    run(connection, "DELETE FROM chunk_words")
    above = 0
    while found := rows(
        connection,
        "SELECT id, search_text FROM chunks WHERE id > %s ORDER BY id LIMIT %s",
        (above, _REBUILT_AT_ONCE),
    ):
        pg_insert_words(connection, [row[0] for row in found], [row[1] for row in found])
        above = found[-1][0]


def pg_wrong_words(connection: PgConnection) -> int:
    """How many chunks have other stems in the word index than their text has, or none."""
    wrong, above = 0, 0
    while found := rows(
        connection,
        "SELECT c.id, c.search_text, w.size, w.stems FROM chunks c LEFT JOIN chunk_words w ON w.chunk = c.id"
        " WHERE c.id > %s ORDER BY c.id LIMIT %s",
        (above, _REBUILT_AT_ONCE),
    ):
        for (_, _, size, kept), stems in zip(found, text_stems(row[1] for row in found), strict=True):
            wrong += (size, kept) != (len(stems), [_kept(stem) for stem in stems])
        above = found[-1][0]
    return wrong
