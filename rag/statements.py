"""Whether two sentences say the same."""

from __future__ import annotations

from rag.words import content_stems, plain_words

# Two sentences that share this much of the shorter one's content words say the same, if their numbers agree and
# neither is much longer than the other.
_SHARED = 0.8
_LENGTHS = 0.5


def same_statement(one: str, other: str) -> bool:
    """Whether two sentences say the same: nearly all content words of the shorter one, and the same numbers.

    "The fund offered 9 billion yen." and "A fund offered 9 billion yen on Monday." do; with "8 billion" they do not.
    """
    if one == other:
        return True
    first, second = set(content_stems(one)), set(content_stems(other))
    shorter, longer = sorted((len(first), len(second)))
    if not shorter or shorter / longer < _LENGTHS or _numbers(one) != _numbers(other):
        return False
    return len(first & second) / shorter >= _SHARED


def _numbers(text: str) -> set[str]:
    return {word for word in plain_words(text) if word[0].isdigit()}
