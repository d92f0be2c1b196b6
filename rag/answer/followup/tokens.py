"""A text cut into words and marks, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# A word, or what an apostrophe adds to one ("'s"), or a single mark.
_TOKEN = re.compile(
    r"['\u2019][^\W\d_]{1,2}(?!\w)|\w+(?:[-.&\u2019'](?=\w)(?!['\u2019]?(?:s|t|d|m|re|ve|ll)(?!\w))\w+)*|\S"
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word or mark of a text; `lower` compares."""

    text: str
    lower: str
    start: int
    end: int

    @property
    def is_word(self) -> bool:
        """Whether it is a word and not a mark."""
        return self.text[0].isalnum()

    @property
    def is_capital(self) -> bool:
        """Whether it is written like a name."""
        return self.text[0].isupper()


def tokenise(text: str) -> list[Token]:
    """The words and marks of `text` in order. "Berg's?" -> "Berg", "'s", "?"."""
    return list(_tokens(text))


def _tokens(text: str) -> Iterator[Token]:
    for match in _TOKEN.finditer(text):
        yield Token(match[0], match[0].casefold().replace("\u2019", "'"), match.start(), match.end())


def words_of(tokens: Sequence[Token]) -> list[str]:
    """The words among the tokens, in lower case."""
    return [token.lower for token in tokens if token.is_word]
