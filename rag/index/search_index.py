"""The index of the passages: their vectors and their words, made from the store and asked instead of it.

An index is never changed, so threads search it without locks: a new one takes its place. One that grew by a little
shares with the one before what has not changed. It is made of parts, the oldest first: the base, which is large and
memory-mapped from a file, and small ones of what came since, joined so that there are never many.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from rag.index import bm25
from rag.index.bm25 import Lengths, QueryWord
from rag.index.part import Part, PassageBatch, build_part, grown_part, join_parts, small_part
from rag.records.arrays import FloatMatrix, FloatVector, IntVector

# Passages that come and go before the index should be made anew: this many, or this share of it. Every question looks
# at each of them.
FEW = 1_000
SHARE = 0.05
# The share of a clustered base that may be gone before it is made anew.
_MOST_GONE = 0.2


@dataclass(frozen=True, slots=True)
class SearchIndex:
    """All passages, ready to be searched. `change_number` is that of the store they were read from."""

    parts: tuple[Part, ...]  # at least one, ids ascending throughout
    change_number: int
    _lengths: tuple[Lengths, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Work out what every question needs of the lengths."""
        words = sum(
            int(part.words.lengths.sum(dtype=np.int64))
            - (0 if part.gone is None else int(part.words.lengths[part.gone].sum(dtype=np.int64)))
            for part in self.parts
        )
        mean = words / max(self.size, 1)
        found = tuple(bm25.lengths(part.words, mean, part.gone) for part in self.parts)
        object.__setattr__(self, "_lengths", found)

    @property
    def size(self) -> int:
        """The number of passages."""
        return sum(part.live for part in self.parts)

    @property
    def dimension(self) -> int:
        """The length of each vector."""
        return self.parts[0].vectors.dimension

    @property
    def is_one_piece(self) -> bool:
        """Whether there is nothing beside the base, as in one that is saved."""
        return len(self.parts) == 1

    @property
    def is_exact(self) -> bool:
        """Whether `search` gives the best for certain."""
        return all(part.vectors.is_exact for part in self.parts)

    @property
    def is_outgrown(self) -> bool:
        """Whether so much has changed that it should be made anew."""
        base = self.parts[0]
        changed = sum(len(part.ids) for part in self.parts[1:]) + len(base.ids) - base.live
        return changed > max(FEW, SHARE * len(base.ids))

    def newest(self) -> int:
        """The highest id that it holds or, since it was last made anew, held; 0 when there is none."""
        return max((int(part.ids[-1]) for part in self.parts if len(part.ids)), default=0)

    def search(self, vector: FloatVector, k: int) -> list[tuple[int, float]]:
        """At most `k` pairs of passage id and cosine with `vector`, best first, ties by id; all when there are fewer.

        Unless `is_exact`, some may be missing and the cosines are near the true ones. `vector` is one unit row of shape
        (dimension,). Raises ValueError for another shape.
        """
        if vector.shape != (self.dimension,):
            raise ValueError(f"the vector has shape {vector.shape}; expected ({self.dimension},)")
        found = [pair for part in self.parts for pair in part.nearest(vector, max(k, 0))]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))[: max(k, 0)]

    def search_words(self, words: Sequence[QueryWord], k: int) -> list[tuple[int, float]]:
        """At most `k` passage ids with their BM25 score for any of `words`, best first, ties by id.

        A word is given as its stem; or as how often each passage that holds it does.
        """
        if k <= 0 or not words:
            return []
        held = [[_held(part, word) for part in self.parts] for word in words]
        weights = [bm25.weight(self.size, self._live_in(rows)) for rows in held]
        found: list[tuple[int, float]] = []
        for number, (part, length) in enumerate(zip(self.parts, self._lengths, strict=True)):
            postings = [of_word[number] for of_word in held]
            rows, scores = bm25.best_rows(part.words, length, postings, weights, k)
            found += zip(part.ids[rows].tolist(), scores.tolist(), strict=True)
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:k]

    def frequencies(self, stems: Iterable[str]) -> dict[str, int]:
        """For each of the stems, the number of passages that hold it."""
        return {stem: self._live_in([part.words.of(stem) for part in self.parts]) for stem in stems}

    def only(self, masks: Sequence[npt.NDArray[np.bool_]]) -> SearchIndex:
        """The index of those of its passages that a mask for each part marks, (n,), as if there had never been others.

        What it shares with this one is not copied.
        """
        return replace(self, parts=tuple(part.only(mask) for part, mask in zip(self.parts, masks, strict=True)))

    def _live_in(self, held: Sequence[bm25.Held]) -> int:
        """How many of the rows that each part has of a word are there."""
        return sum(
            len(rows) - (0 if part.gone is None else int(part.gone[rows].sum()))
            for part, (rows, _) in zip(self.parts, held, strict=True)
        )


def build_index(
    count: int,
    dimension: int,
    blocks: Iterable[PassageBatch],
    sample: Callable[[int], FloatMatrix],
    *,
    change_number: int,
) -> SearchIndex:
    """The index of about `count` passages that come in `blocks`, ids ascending throughout; there may be none.

    `sample` gives about as many vectors as it is asked for, evenly from all: many are searched by clusters, which are
    learned from it. Raises ValueError when they do not fit together or a value is not finite.
    """
    return SearchIndex((build_part(count, dimension, blocks, sample),), change_number)


def changed_index(index: SearchIndex, gone: IntVector, block: PassageBatch, *, change_number: int) -> SearchIndex:
    """`index` with the passages of `block` besides, whose ids are above all that it holds, and without those in `gone`.

    Searching it is searching one that `build_index` makes of the same passages; the base is not copied. Raises
    ValueError when `block` does not fit together, or not to the index.
    """
    if len(block.ids) and int(np.min(block.ids)) <= index.newest():
        raise ValueError(f"a passage has id {int(np.min(block.ids))}; expected ids above {index.newest()}")
    parts = [part.without(np.sort(gone)) for part in index.parts]
    if len(block.ids):
        parts.append(small_part(block))
    return SearchIndex(tuple(_balanced(parts)), change_number)


def compacted(index: SearchIndex) -> SearchIndex | None:
    """The same in one piece, made of its parts; None where it is better made anew by `build_index`.

    What is searched exactly is found exactly as before; clusters are those of the base.
    """
    base, *rest = index.parts
    if base.vectors.is_exact:
        is_fit = base.vectors.can_grow_to(index.size)
        whole = join_parts(index.parts) if is_fit and not (index.is_one_piece and base.gone is None) else base
    else:
        rows = sum(len(part.ids) for part in index.parts)
        is_fit = base.vectors.can_grow_to(index.size) and rows - index.size <= _MOST_GONE * rows
        whole = grown_part(base, rest) if is_fit else base
    return SearchIndex((whole,), index.change_number) if is_fit else None


def _balanced(parts: list[Part]) -> list[Part]:
    """`parts` with the newest joined while the one before is less than twice as large: so there are only a few."""
    while len(parts) > 2 and len(parts[-2].ids) < 2 * len(parts[-1].ids):
        parts[-2:] = [join_parts(parts[-2:])]
    return parts


def _held(part: Part, word: QueryWord) -> bm25.Held:
    """The rows of a part that hold a word, ascending, and how often."""
    if isinstance(word, str):
        return part.words.of(word)
    ids = np.array(sorted(word), dtype=np.int64)
    rows = np.searchsorted(part.ids, ids)
    there = rows < len(part.ids)
    there[there] = part.ids[rows[there]] == ids[there]
    values = np.array([word[i] for i in ids[there].tolist()], dtype=np.int64)
    return rows[there].astype(np.uint32), values
