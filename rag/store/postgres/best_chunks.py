"""The best chunks for the words of a question, without reading every chunk that holds a common one.

A word that most chunks hold tells next to nothing, so once enough chunks with rarer words are found, no chunk that
holds only the commoner ones can be among the best, and these are counted in the found ones alone. Scores are BM25 as
FTS5 has it, to the last bit. Knows nothing of the database.

Source: Turtle and Flood, 1995, doi:10.1016/0306-4573(95)00020-H (MaxScore).
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Collection, Mapping

# As FTS5 has them, which `rag/index/bm25.py` explains.
_K1, _B, _LEAST = 1.2, 0.75, 1e-6
# More than adding up in another order can change of a score, as a share.
_ROUNDING = 1e-9

StemsInARow = tuple[str, ...]
# For each chunk that holds a phrase: how often, and how many stems the chunk has.
HeldChunks = Mapping[int, tuple[int, int]]
# The chunks that hold a phrase, and where chunks are given, only those among them.
HeldChunksAmong = Callable[[StemsInARow, Collection[int] | None], HeldChunks]


def phrase_weight(chunks: int, holding: int) -> float:
    """How much a phrase tells that `holding` of `chunks` hold."""
    value = math.log((chunks - holding + 0.5) / (holding + 0.5))
    return value if value > 0 else _LEAST


def best_chunks(
    weights: Mapping[StemsInARow, float], mean: float, k: int, held: HeldChunksAmong
) -> list[tuple[int, float]]:
    """At most `k` chunks that hold any of the phrases, with their score, best first, ties by id; `k` is 1 or more.

    `mean` is that of the stems of all chunks. The scores of a chunk are added up in the order of `weights`.
    """
    found: dict[StemsInARow, HeldChunks] = {}
    reached: dict[int, float] = {}
    among: Collection[int] | None = None
    ahead = sorted(weights, key=lambda phrase: -weights[phrase])
    while ahead:
        # A chunk gets less than this of all phrases ahead, however often it holds them.
        most = (_K1 + 1.0) * sum(weights[phrase] for phrase in ahead)
        least = heapq.nlargest(k, reached.values())[-1] * (1 - _ROUNDING) if len(reached) >= k else 0.0
        if least > most:
            among = reached = {chunk: score for chunk, score in reached.items() if score + most >= least}
        phrase = ahead.pop(0)
        found[phrase] = held(phrase, among)
        for chunk, (times, size) in found[phrase].items():
            if among is None or chunk in among:
                reached[chunk] = reached.get(chunk, 0.0) + _score(weights[phrase], times, size, mean)
    scores = dict.fromkeys(reached, 0.0)
    for phrase, weight in weights.items():
        for chunk, (times, size) in found[phrase].items():
            if chunk in scores:
                scores[chunk] += _score(weight, times, size, mean)
    return sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))[:k]


def _score(weight: float, times: int, size: int, mean: float) -> float:
    return weight * ((times * (_K1 + 1.0)) / (times + _K1 * (1 - _B + _B * size / mean)))
