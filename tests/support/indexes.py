"""Small indexes for tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rag.index import PassageBatch, SearchIndex, build_index
from rag.index.generations import save_generation
from rag.records.arrays import FloatMatrix, IntVector
from tests.support.stores import MODEL, unit_rows

DATABASE = "11111111-2222-3333-4444-555555555555"


def a_block(ids: IntVector, vectors: FloatMatrix, stems: Sequence[Sequence[str]] | None = None) -> PassageBatch:
    """Passages in the order of their ids; each has the stem "all" and one of its own, unless others are given."""
    stems = [["all", f"word{i}"] for i in ids.tolist()] if stems is None else stems
    order = np.argsort(ids, kind="stable")
    return PassageBatch(ids[order], vectors[order], [stems[i] for i in order.tolist()])


def an_index_of(
    ids: IntVector, vectors: FloatMatrix, stems: Sequence[Sequence[str]] | None = None, *, change_number: int = 0
) -> SearchIndex:
    """The index of passages in any order, as `a_block` has them."""
    block = a_block(ids, vectors, stems)
    return build_index(len(ids), vectors.shape[1], [block], lambda count: vectors[:count], change_number=change_number)


def an_index(change_number: int) -> SearchIndex:
    """An index that tells by its size which one it is."""
    count = 10 * change_number
    ids = np.arange(count, dtype=np.int64) + 1
    return an_index_of(ids, unit_rows(count, seed=change_number), change_number=change_number)


def save(directory: Path, change_number: int) -> SearchIndex:
    index = an_index(change_number)
    save_generation(directory, index, database_id=DATABASE, model=MODEL, token=change_number + 70)
    return index
