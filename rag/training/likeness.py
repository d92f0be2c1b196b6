"""How alike a question and a text are, as far as wrong passages and sentences are chosen by it."""

from __future__ import annotations

import re

_LONG_WORD = re.compile(r"\w{4,}")


def long_words(text: str) -> frozenset[str]:
    """The words of four letters and more, folded: the shorter ones say little of what a text is about."""
    return frozenset(_LONG_WORD.findall(text.lower()))
