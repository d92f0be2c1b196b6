"""Small indexes for tests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rag.index import Block, SearchIndex, build_index

IntVector = npt.NDArray[np.int64]
FloatMatrix = npt.NDArray[np.float32]


def a_block(ids: IntVector, vectors: FloatMatrix, stems: Sequence[Sequence[str]] | None = None) -> Block:
    """Passages in the order of their ids; each has the stem "all" and one of its own, unless others are given."""
    stems = [["all", f"word{i}"] for i in ids.tolist()] if stems is None else stems
    order = np.argsort(ids, kind="stable")
    return Block(ids[order], vectors[order], [stems[i] for i in order.tolist()])


def an_index_of(
    ids: IntVector, vectors: FloatMatrix, stems: Sequence[Sequence[str]] | None = None, *, change_number: int = 0
) -> SearchIndex:
    """The index of passages in any order, as `a_block` has them."""
    block = a_block(ids, vectors, stems)
    return build_index(len(ids), vectors.shape[1], [block], lambda count: vectors[:count], change_number=change_number)
