"""One part of the index: passages with their vectors and words, and which of them are gone since."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from rag.index.postings import Postings, count_words, join_postings
from rag.index.vectors import ChosenRows, Vectors, build_vectors, chosen_rows, exact_vectors
from rag.records.arrays import FloatMatrix, FloatVector, IntVector

Stems = Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class PassageBatch:
    """Passages as they come from the store: ids ascending, shape (n,); unit rows (n, dimension); the stems of each."""

    ids: IntVector
    vectors: FloatMatrix
    stems: Stems


@dataclass(frozen=True, slots=True)
class Part:
    """Passages by row: the row that has `ids[row]` is the same in `vectors` and in `words`."""

    ids: IntVector  # ascending, shape (n,)
    vectors: Vectors
    words: Postings
    gone: npt.NDArray[np.bool_] | None = None  # (n,): rows of passages that are there no longer; None: all are there
    # Whether a search looks at every row that is there: what is found must not depend on which others there are.
    is_thorough: bool = False
    _there: ChosenRows | None = field(init=False, repr=False, compare=False)  # those not gone, for searching; None: all

    def __post_init__(self) -> None:
        """Work out what every search needs."""
        object.__setattr__(self, "_there", None if self.gone is None else chosen_rows(~self.gone))

    @property
    def live(self) -> int:
        """The number of passages that are there."""
        return len(self.ids) if self._there is None else self._there.count

    def nearest(self, vector: FloatVector, k: int) -> list[tuple[int, float]]:
        """At most `k` pairs of passage id and cosine with `vector`, best first, ties by id. See `Vectors.search`."""
        rows, scores = self.vectors.search(vector, k, self._there, everywhere=self.is_thorough)
        return list(zip(self.ids[rows].tolist(), scores.tolist(), strict=True))

    def without(self, ids: IntVector) -> Part:
        """The same but for the passages among `ids`, which are ascending."""
        rows = np.searchsorted(self.ids, ids)
        rows = rows[rows < len(self.ids)]
        rows = rows[np.isin(self.ids[rows], ids)]
        if not len(rows):
            return self
        gone = np.zeros(len(self.ids), dtype=np.bool_) if self.gone is None else self.gone.copy()
        gone[rows] = True
        return replace(self, gone=gone)

    def only(self, mask: npt.NDArray[np.bool_]) -> Part:
        """The same with those of its passages that `mask`, (n,), marks: as if there had never been others."""
        return replace(self, gone=~mask if self.gone is None else self.gone | ~mask, is_thorough=True)


def small_part(block: PassageBatch) -> Part:
    """A part of a few passages. Raises ValueError when what is in `block` does not fit together."""
    ids = checked_ids(block)
    return Part(ids, exact_vectors(block.vectors), count_words(block.stems))


def build_part(
    count: int, dimension: int, blocks: Iterable[PassageBatch], sample: Callable[[int], FloatMatrix]
) -> Part:
    """A part of about `count` passages that come in `blocks`, ids ascending throughout; `sample` as `build_vectors`.

    Raises ValueError when they do not fit together.
    """
    ids: list[IntVector] = []
    words: list[Postings] = []

    def vectors() -> Iterable[FloatMatrix]:
        for block in blocks:
            ids.append(checked_ids(block))
            words.append(count_words(block.stems))
            yield block.vectors

    found = build_vectors(count, dimension, vectors(), sample)
    words = words or [count_words([])]
    every = np.concatenate([np.empty(0, np.int64), *ids])
    if len(every) > 1 and not (np.diff(every) > 0).all():
        raise ValueError("the ids do not ascend; expected each once, in order")
    return Part(every, found, join_postings(words, [None] * len(words)) if len(words) > 1 else words[0])


def join_parts(parts: Sequence[Part]) -> Part:
    """One part of the passages of several exact ones, in their order, that are there."""
    kept = [None if part.gone is None else ~part.gone for part in parts]
    masks = [slice(None) if mask is None else mask for mask in kept]
    return Part(
        np.concatenate([part.ids[mask] for part, mask in zip(parts, masks, strict=True)]),
        exact_vectors(np.concatenate([part.vectors.rows()[mask] for part, mask in zip(parts, masks, strict=True)])),
        join_postings([part.words for part in parts], kept),
    )


def grown_part(base: Part, parts: Sequence[Part]) -> Part:
    """`base` with the rows of some exact parts after its own; rows that are gone stay marked as such."""
    every = (base, *parts)
    gone = np.concatenate([part.gone if part.gone is not None else np.zeros(len(part.ids), np.bool_) for part in every])
    return Part(
        np.concatenate([part.ids for part in every]),
        base.vectors.grown(np.concatenate([part.vectors.rows() for part in parts])) if parts else base.vectors,
        join_postings([part.words for part in every], [None] * len(every)) if parts else base.words,
        gone if gone.any() else None,
    )


def checked_ids(block: PassageBatch) -> IntVector:
    """The ids of a block. Raises ValueError when what is in it does not fit together."""
    ids = np.ascontiguousarray(block.ids, dtype=np.int64)
    shape = block.vectors.shape
    if block.vectors.ndim != 2 or ids.shape != (shape[0],) or len(block.stems) != len(ids):
        raise ValueError(
            f"ids have shape {ids.shape}, vectors {shape} and there are {len(block.stems)} texts;"
            " expected (n,), (n, dimension) and n"
        )
    if len(ids) > 1 and not (np.diff(ids) > 0).all():
        raise ValueError("the ids do not ascend; expected each once, in order")
    return ids
