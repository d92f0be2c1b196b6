"""Full-text search over the chunks' search texts: BM25 and word counts by FTS5, which splits and stems the words.

Functions work on an open connection inside a transaction that the caller has begun.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import apsw

from rag.store.sqlite.readable import reads_everything
from rag.store.sqlite.storable import storable

# As FTS5 has them, which `rag/index/bm25.py` explains.
_K1, _B, _LEAST = 1.2, 0.75, 1e-6
# Each word costs a walk through its list of chunks; a question has a dozen, and nobody types more than this.
MAX_WORDS = 64


def search_words(connection: apsw.Connection, words: Sequence[str], k: int) -> list[tuple[int, float]]:
    """At most `k` chunk ids with their BM25 score, best first, higher is better, ties by id.

    A chunk needs only one of the words. Words are plain: no character in them means anything to FTS5. One that is
    split by the index, like "can't", must stand in the chunk as split. The same word twice counts once, and words
    beyond the first MAX_WORDS are left out.
    """
    phrases = list(_phrases(connection, words).values())[:MAX_WORDS]
    if not phrases or k <= 0:
        return []
    if not reads_everything(connection):
        scores = _scores(connection, phrases)
        return sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))[:k]
    rows = connection.execute(
        "SELECT rowid, -bm25(words) AS score FROM words WHERE words MATCH ? ORDER BY score DESC, rowid LIMIT ?",
        (" OR ".join(phrases), k),
    )
    return [(chunk_id, score) for chunk_id, score in rows]


def _scores(connection: apsw.Connection, phrases: Sequence[str]) -> dict[int, float]:
    """What FTS5's `bm25` would give for any of the phrases if only the chunks that may be read were stored."""
    sizes = [
        _varint(size)
        for (size,) in connection.execute("SELECT sz FROM words_docsize WHERE id IN (SELECT id FROM readable_chunks)")
    ]
    mean = sum(sizes) / max(len(sizes), 1)
    scores: dict[int, float] = {}
    for phrase in phrases:
        held = _held(connection, phrase)
        weight = math.log((len(sizes) - len(held) + 0.5) / (len(held) + 0.5))
        weight = weight if weight > 0 else _LEAST
        for chunk_id, (count, size) in held.items():
            score = weight * ((count * (_K1 + 1.0)) / (count + _K1 * (1 - _B + _B * size / mean)))
            scores[chunk_id] = scores.get(chunk_id, 0.0) + score
    return scores


def chunk_frequencies(connection: apsw.Connection, words: Sequence[str]) -> dict[str, int]:
    """For each of the words, the number of chunks that hold it in any of its forms.

    Counted by the same match as `search_words`, so stemming and splitting cannot differ: 0.04 ms for a word in 800
    chunks, 1.2 ms for one in 50,000. FTS5's own vocabulary table is twice as fast and knows single stems only.
    """
    query = "SELECT count(*) FROM words WHERE words MATCH ?"
    if not reads_everything(connection):
        query += " AND rowid IN (SELECT id FROM readable_chunks)"
    frequencies: dict[str, int] = {}
    for word in words:
        phrases = list(_phrases(connection, [word]).values())
        frequencies[word] = connection.execute(query, (phrases[0],)).get if phrases else 0
    return frequencies


def phrase_counts(connection: apsw.Connection, word: str) -> dict[int, int]:
    """For each chunk that holds the word, as it is split by the index, how often."""
    phrases = list(_phrases(connection, [word]).values())
    return {chunk_id: count for chunk_id, (count, _) in _held(connection, phrases[0]).items()} if phrases else {}


def _held(connection: apsw.Connection, phrase: str) -> dict[int, tuple[int, int]]:
    """For each chunk that may be read and holds the phrase: how often, and how many stems the chunk has."""
    rows = connection.execute(
        "SELECT w.rowid, occurrences(words), length_in_stems(words) FROM words w"
        " JOIN readable_chunks c ON c.id = w.rowid WHERE words MATCH ?",
        (phrase,),
    )
    return {chunk_id: (count, size) for chunk_id, count, size in rows}


def count_occurrences(connection: apsw.Connection) -> None:
    """Give the connection what `phrase_counts` asks FTS5 of a chunk that it has found."""
    connection.register_fts5_function("occurrences", lambda api, *_: len(api.phrase_locations(0)[0]))
    connection.register_fts5_function("length_in_stems", lambda api, *_: api.column_size(-1))


def _varint(data: bytes) -> int:
    """The first number in a record of FTS5: seven bits a byte, the highest first."""
    value = 0
    for byte in data:
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            break
    return value


def word_stems(connection: apsw.Connection, words: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """For each of the words the stems that it comes down to, as `search_words` takes it: none, one, or a phrase."""
    return {word: next(iter(_phrases(connection, [word])), ()) for word in words}


def _phrases(connection: apsw.Connection, words: Iterable[str]) -> dict[tuple[str, ...], str]:
    """The words as FTS5 strings, by the stems they come down to; those without a letter or digit are dropped."""
    tokenize = connection.fts5_tokenizer("porter", ["unicode61", "remove_diacritics", "2"])
    phrases: dict[tuple[str, ...], str] = {}
    for word in words:
        # FTS5 reads a query up to the first NUL, and half of a surrogate pair has no UTF-8: neither is part of a word.
        plain = storable(word.replace("\0", " "))
        tokens = tokenize(plain.encode(), apsw.FTS5_TOKENIZE_QUERY, None, include_offsets=False)
        stems = tuple(str(token[0]) for token in tokens)
        if stems:
            phrases.setdefault(stems, '"' + plain.replace('"', '""') + '"')
    return phrases


def rebuild(connection: apsw.Connection) -> None:
    """Make the word index again from the chunks, whatever is in its tables now.

    FTS5's own 'rebuild' command gives up when its settings are damaged, so the tables are made anew first. Dropping
    them needs a format number that FTS5 knows, so that is mended before.
    """
    connection.execute("REPLACE INTO words_config (k, v) VALUES ('version', 4)")
    definition: str = connection.execute("SELECT sql FROM sqlite_schema WHERE name = 'words'").get
    connection.execute("DROP TABLE words")
    connection.execute(definition)
    connection.execute("INSERT INTO words (words, rank) VALUES ('secure-delete', 1)")
    connection.execute("INSERT INTO words (words) VALUES ('rebuild')")
