"""Full-text search over the stems of the chunks: BM25 and word counts as SQLite's FTS5 has them, to the last bit.

PostgreSQL's own full-text search splits and stems otherwise, has no BM25, and keeps 256 places of a word at most. Every
function works on an open connection inside a transaction that the caller has begun.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence

from rag.store.postgres.best_chunks import HeldChunks, StemsInARow, best_chunks, phrase_weight
from rag.store.postgres.postgres_connections import PgConnection
from rag.store.postgres.row_values import first, rows, run, run_each
from rag.store.stems import phrase_of, phrases_of, text_stems

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
    # How many chunks hold several stems in a row is only known by looking at each of them.
    known = {phrase: _held(connection, phrase) for phrase in phrases if len(phrase) > 1}
    holding = _stem_frequencies(connection, [phrase[0] for phrase in phrases if len(phrase) == 1])
    weights = {
        phrase: phrase_weight(count, len(known[phrase]) if phrase in known else holding[phrase[0]])
        for phrase in phrases
    }

    def held(phrase: StemsInARow, among: Collection[int] | None) -> HeldChunks:
        return known[phrase] if phrase in known else _held(connection, phrase, among)

    return best_chunks(weights, total / max(count, 1), k, held)


def pg_chunk_frequencies(connection: PgConnection, words: Sequence[str]) -> dict[str, int]:
    """For each of the words, the number of chunks that hold it in any of its forms."""
    phrases = {word: phrase_of(word) for word in words}
    holding = _stem_frequencies(connection, [phrase[0] for phrase in phrases.values() if len(phrase) == 1])
    return {
        word: holding[phrase[0]] if len(phrase) == 1 else len(_held(connection, phrase)) if phrase else 0
        for word, phrase in phrases.items()
    }


def pg_phrase_counts(connection: PgConnection, word: str) -> dict[int, int]:
    """For each chunk that holds the word, as it is split by the index, how often."""
    phrase = phrase_of(word)
    return {chunk: times for chunk, (times, _) in _held(connection, phrase).items()} if phrase else {}


def _stem_frequencies(connection: PgConnection, stems: Sequence[str]) -> dict[str, int]:
    """For each of the stems, how many chunks that may be read hold it. Their stems are not looked at."""
    if not stems:
        return {}
    found = rows(
        connection,
        'SELECT (SELECT count(*) FROM readable_chunk_words WHERE stems @> ARRAY[stem COLLATE "C"])'
        " FROM unnest(%s::text[]) WITH ORDINALITY AS asked (stem, place) ORDER BY place",
        ([_kept(stem) for stem in stems],),
    )
    return {stem: row[0] for stem, row in zip(stems, found, strict=True)}


def _held(
    connection: PgConnection, phrase: StemsInARow, among: Collection[int] | None = None
) -> dict[int, tuple[int, int]]:
    """For each chunk that may be read and holds the phrase: how often, and how many stems the chunk has.

    Where chunks are given, only those among them.
    """
    stems = [_kept(stem) for stem in phrase]
    # To count the places of a stem in a chunk takes several times as long as to find the chunk, so it is done once.
    counted = (
        "SELECT chunk, cardinality(array_positions(stems, %(first)s)) AS times, size FROM readable_chunk_words"
        " WHERE stems @> %(stems)s::text[]"
    )
    if len(stems) > 1:
        counted = (
            "SELECT chunk, times, size FROM (SELECT chunk, size,"
            " (SELECT count(*)::int FROM unnest(array_positions(stems, %(first)s)) AS place"
            " WHERE stems[place : place + %(more)s] = %(stems)s::text[]) AS times"
            " FROM readable_chunk_words WHERE stems @> %(stems)s::text[] OFFSET 0) AS held WHERE times > 0"
        )
    values: dict[str, object] = {"first": stems[0], "more": len(stems) - 1, "stems": stems}
    if among is not None:
        counted += " AND chunk = ANY(%(among)s::bigint[])"
        values["among"] = list(among)
    return {chunk: (times, size) for chunk, times, size in rows(connection, counted, values)}


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
