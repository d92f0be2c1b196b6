"""How much each word of a question tells: rare ones much, common ones little."""

from __future__ import annotations

import math
from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from rag.answer.question import Question

# Passages that every corpus is taken to have more than it has: in an index of three passages a word is not common
# because two of them hold it.
_SMOOTHING = 50


def word_weights(question: Question, frequencies: Mapping[str, int], chunks: int) -> dict[str, float]:
    """The weight of each stem of the question, above 0.

    `frequencies` has the number of passages that hold each word of the question. The weight is
    log(1 + (N - df + 0.5) / (df + 0.5)) with N = `chunks` + 50.
    """
    weights = {}
    for word, stem in zip(question.words, question.stems, strict=True):
        weights[stem] = weight_of(frequencies.get(word, 0), chunks)
    return weights


def weight_of(found: int, chunks: int) -> float:
    """The weight of a word that `found` of `chunks` passages hold, above 0."""
    total, found = chunks + _SMOOTHING, min(found, chunks)
    return math.log(1 + (total - found + 0.5) / (found + 0.5))


def cover_of(weights: Mapping[str, float], stems: AbstractSet[str]) -> float:
    """The share of the question's weight that `stems` hold, 0..1."""
    total = sum(weights.values())
    return sum(weight for stem, weight in weights.items() if stem in stems) / total if total else 0.0
