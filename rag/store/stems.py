"""The stems of words as FTS5 has them, by its own tokenizer, so that every store and every index splits words alike."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import apsw

# A tokenizer belongs to a connection, and a connection to one thread at a time.
_own = threading.local()


def text_stems(texts: Iterable[str]) -> Iterator[list[str]]:
    """The stems of each text in order, repeats included."""
    tokenize = _tokenizer()
    for text in texts:
        tokens: Any = tokenize(
            text.encode(), apsw.FTS5_TOKENIZE_DOCUMENT, None, include_offsets=False, include_colocated=False
        )
        yield tokens


def phrase_of(word: str) -> tuple[str, ...]:
    """The stems that a word of a question comes down to: none, one, or several in a row.

    A NUL separates, as half of a surrogate pair does, which has no UTF-8.
    """
    plain = word.replace("\0", " ").encode("utf-8", "replace")
    return tuple(str(token[0]) for token in _tokenizer()(plain, apsw.FTS5_TOKENIZE_QUERY, None, include_offsets=False))


def phrases_of(words: Sequence[str]) -> list[tuple[str, ...]]:
    """What the words come down to, each once, in order; those without a letter or digit are dropped."""
    return list(dict.fromkeys(phrase for word in words if (phrase := phrase_of(word))))


def _tokenizer() -> apsw.FTS5Tokenizer:
    found: apsw.FTS5Tokenizer | None = getattr(_own, "tokenizer", None)
    if found is None:
        _own.connection = apsw.Connection(":memory:")
        found = _own.tokenizer = _own.connection.fts5_tokenizer("porter", ["unicode61", "remove_diacritics", "2"])
    return found
