"""Tells two sentences that say the same from two that do not."""

from __future__ import annotations

from itertools import pairwise

from rag.text.values import find_values
from rag.text.words import content_stems, plain_words

# Two sentences that share this much of the shorter one's content words say the same, if their numbers agree and
# neither is much longer than the other.
_SHARED = 0.8
_LENGTHS = 0.5
_DENIALS = frozenset({"not", "no", "never", "without", "cannot", "nor", "neither", "except", "unless"})


def same_statement(one: str, other: str) -> bool:
    """Whether two sentences say the same: nearly all content words of the shorter one, and the same values.

    "The fund offered 9 billion yen." and "A fund offered 9 billion yen on Monday." do; with "8 billion" they do not,
    nor when one of them says "not".
    """
    if one == other:
        return True
    first, second = set(content_stems(one)), set(content_stems(other))
    shorter, longer = sorted((len(first), len(second)))
    if not shorter or shorter / longer < _LENGTHS or len(first & second) / shorter < _SHARED:
        return False
    return _have_same_values(one, other)  # last: few pairs get here, and it takes the longest


def _have_same_values(one: str, other: str) -> bool:
    """Whether each number, date and denial of either sentence stands in the other: "four weeks" is not "six weeks"."""
    if _denials(one) != _denials(other):
        return False
    first, second = find_values(one), find_values(other)
    return all(any(a.equals(b) for b in second) for a in first) and all(any(b.equals(a) for a in first) for b in second)


def _denials(text: str) -> set[str]:
    words = plain_words(text)
    denials = {word for word in words if word in _DENIALS}
    if any(a.endswith("n") and b == "t" for a, b in pairwise(words)):  # isn't
        denials.add("not")
    return denials
