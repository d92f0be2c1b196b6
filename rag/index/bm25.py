"""BM25 over the parts of the index: what FTS5's own `bm25()` gives, to the last bit, in a fraction of the time.

FTS5 walks through every passage that holds any of the words, and once more to count them. Here a first pass adds up in
single precision over whole arrays which passages may be among the best; only those are then scored exactly.

Formula and constants: https://sqlite.org/fts5.html#the_bm25_function; Robertson and Zaragoza, 2009,
doi:10.1561/1500000019.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rag.index.postings import Counts, Postings, Rows
from rag.records.arrays import FloatVector, IntVector

_K1 = 1.2
_B = 0.75
# The weight that FTS5 gives to a word that more than half of the passages hold.
_LEAST = 1e-6
# Rows whose best score stands for theirs while the best are looked for.
_BLOCK = 256
# Single precision adds up to this share wrongly, at most.
_ROUNDING = 1e-4

Scores = npt.NDArray[np.float64]
# The rows that hold a word, and how often.
Held = tuple[Rows, Counts | IntVector]


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long passages are: of one part, in relation to the mean of all."""

    mean: float  # of all parts, those that are gone left out
    penalty: FloatVector  # (n,): what is added to a count below the line; infinite for a row that is gone


# A word is given as its stem, or as how often each passage that holds it does, where that is known already.
QueryWord = str | Mapping[int, int]


def lengths(words: Postings, mean: float, gone: npt.NDArray[np.bool_] | None) -> Lengths:
    """`Lengths` of one part, with `mean` stems a passage overall."""
    penalty = (_K1 * (1 - _B + _B * words.lengths / max(mean, 1e-9))).astype(np.float32)
    if gone is not None:
        penalty[gone] = np.inf
    return Lengths(mean, penalty)


def weight(passages: int, holding: int) -> float:
    """How much a word tells that `holding` of `passages` hold."""
    value = math.log((passages - holding + 0.5) / (holding + 0.5))
    return value if value > 0 else _LEAST


def best_rows(
    words: Postings,
    length: Lengths,
    postings: Sequence[Held],
    weights: Sequence[float],
    k: int,
) -> tuple[IntVector, Scores]:
    """The rows of one part that may be among the best `k`, ascending, and their exact scores.

    For each word `postings` has its rows and counts and `weights` its weight. All rows with one of the words when there
    are no more than `k`.
    """
    total = np.zeros(words.size, dtype=np.float32)
    for (rows, values), word_weight in zip(postings, weights, strict=True):
        count = values.astype(np.float32)
        total[rows] += np.float32(word_weight * (_K1 + 1)) * count / (count + length.penalty[rows])
    best = _promising(total, k)
    return best, _exact(best, words, length, postings, weights)


def _promising(total: FloatVector, k: int) -> IntVector:
    """The rows with the `k` highest totals, ascending, and those that rounding may have put behind them."""
    whole = len(total) - len(total) % _BLOCK
    tops = total[:whole].reshape(-1, _BLOCK).max(axis=1)
    # The k-th best of the blocks' best cannot be better than the k-th best of all.
    least = float(np.partition(tops, -k)[-k]) if len(tops) >= k else 0.0
    rows = np.flatnonzero(total >= least * (1 - _ROUNDING) if least > 0 else total > 0)
    if len(rows) > k:
        least = float(np.partition(total[rows], -k)[-k])
        rows = rows[total[rows] >= least * (1 - _ROUNDING)]
    return rows


def _exact(
    rows: IntVector,
    words: Postings,
    length: Lengths,
    postings: Sequence[Held],
    weights: Sequence[float],
) -> Scores:
    """The scores of `rows` in double precision, the words added up in their order, as FTS5 does."""
    scores = np.zeros(len(rows), dtype=np.float64)
    size = words.lengths[rows].astype(np.float64)
    for (held, values), word_weight in zip(postings, weights, strict=True):
        place = np.minimum(np.searchsorted(held, rows), max(len(held) - 1, 0))
        is_held = held[place] == rows if len(held) else np.zeros(len(rows), dtype=bool)
        found = np.where(is_held, values[place] if len(held) else 0, 0).astype(np.float64)
        scores += word_weight * ((found * (_K1 + 1.0)) / (found + _K1 * (1 - _B + _B * size / length.mean)))
    return scores
