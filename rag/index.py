"""The vectors of the chunks, searched by FAISS.

An index is never changed, so threads search it without locks: a new one takes its place. One that grew by a little
shares with the one before what has not changed, so that a store that is being filled can be asked meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt

FloatMatrix = npt.NDArray[np.float32]
FloatVector = npt.NDArray[np.float32]
IntVector = npt.NDArray[np.int64]

# Bytes. The largest vector FAISS may set memory aside for while it reads a file: some ten million chunks.
_LARGEST_BLOCK = 1 << 34
# Chunks that come and go before an index is made anew: this many, or this share of what it holds. Every question
# looks at each of them, and making it anew copies all.
_FEW = 1_000
_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class VectorIndex:
    """Chunk vectors, ready to be searched. `change_number` is that of the store they were read from."""

    base: Any  # an IndexIDMap2: FAISS has no useful types
    change_number: int
    added: Any = None  # another, of the chunks that came since `base` was made
    gone: frozenset[int] = frozenset()  # the chunks in the two that are there no longer

    @property
    def size(self) -> int:
        """The number of vectors."""
        return sum(int(part.ntotal) for part in self._parts) - len(self.gone)

    @property
    def dimension(self) -> int:
        """The length of each vector."""
        return int(self.base.d)

    @property
    def is_one_piece(self) -> bool:
        """Whether it was made at once, as one that is saved is."""
        return self.added is None and not self.gone

    def search(self, vector: FloatVector, k: int) -> list[tuple[int, float]]:
        """At most `k` pairs of chunk id and cosine with `vector`, best first, ties by id; all when there are fewer.

        `vector` is one unit row of shape (dimension,). Raises ValueError for another shape.
        """
        if vector.shape != (self.dimension,):
            raise ValueError(f"the vector has shape {vector.shape}; expected ({self.dimension},)")
        query = np.ascontiguousarray(vector, dtype=np.float32).reshape(1, -1)
        found = [pair for part in self._parts for pair in _search(part, query, k + len(self.gone))]
        there = [pair for pair in found if pair[0] not in self.gone]
        return sorted(there, key=lambda pair: (-pair[1], pair[0]))[: max(k, 0)]

    def scores(self, vector: FloatVector, ids: Sequence[int]) -> dict[int, float]:
        """The cosine of `vector` with each of these chunks; an id that the index does not hold is left out."""
        rows = {i: self._row(i) for i in ids}
        return {i: float(row @ vector) for i, row in rows.items() if row is not None}

    def holds(self, i: int, vector: FloatVector) -> bool:
        """Whether exactly `vector`, to the last bit, stands under the id `i`."""
        row = self._row(i)
        return row is not None and row.tobytes() == vector.tobytes()

    def newest(self) -> int:
        """The highest id that it holds or, since it was last made anew, held; 0 when there is none."""
        return max(int(_ids(part).max(initial=0)) for part in self._parts)

    def to_bytes(self) -> bytes:
        """The index as `from_bytes` reads it. Raises ValueError for one that is not in one piece."""
        if not self.is_one_piece:
            raise ValueError("the index has parts; expected one that `build_index` made")
        data: bytes = faiss.serialize_index(self.base).tobytes()
        return data

    @property
    def _parts(self) -> list[Any]:
        return [self.base] if self.added is None else [self.base, self.added]

    def _row(self, i: int) -> FloatVector | None:
        """The vector under an id."""
        for part in self._parts if i not in self.gone else ():
            try:
                row: FloatVector = part.reconstruct(i)
            except RuntimeError:  # FAISS's word for an id it does not know
                continue
            return row
        return None


def build_index(ids: IntVector, vectors: FloatMatrix, *, change_number: int) -> VectorIndex:
    """The index of `vectors`, unit rows of shape (n, dimension), under `ids` of shape (n,); n may be 0.

    Raises ValueError when they do not fit together, an id is there twice, or a value is not finite.
    """
    rows = np.ascontiguousarray(vectors, dtype=np.float32)
    if rows.ndim != 2 or ids.shape != (len(rows),):
        raise ValueError(f"ids have shape {ids.shape} and vectors {rows.shape}; expected (n,) and (n, dimension)")
    if len(np.unique(ids)) != len(ids):
        raise ValueError("an id is there twice; expected each once")
    if not np.isfinite(rows).all():
        raise ValueError("a vector has a value that is not a finite number")
    return VectorIndex(_part(ids, rows), change_number)


def changed_index(
    index: VectorIndex, live: IntVector, ids: IntVector, vectors: FloatMatrix, *, change_number: int
) -> VectorIndex:
    """`index` with `vectors` under `ids` besides, and without what is not in `live`, the ids of all chunks there are.

    Searching it is searching one that `build_index` makes of the same chunks. Until much has changed, the vectors that
    stay are not copied. Raises ValueError when `ids` and `vectors` do not fit together, or not to the index.
    """
    new = build_index(ids, vectors, change_number=change_number)
    changed = [part for part in (index.added, new.base) if part is not None]
    if np.isin(ids, np.concatenate([_ids(part) for part in index._parts])).any():
        raise ValueError("an id is there twice; expected only new ones")
    gone = np.setdiff1d(_ids(index.base), live)
    if len(gone) + sum(int(part.ntotal) for part in changed) > max(_FEW, _SHARE * int(index.base.ntotal)):
        return VectorIndex(_joined([index.base, *changed], live), change_number)
    return VectorIndex(index.base, change_number, _joined(changed, live), frozenset(gone.tolist()))


def from_bytes(data: bytes, *, count: int, dimension: int, change_number: int) -> VectorIndex:
    """The index in `data`, whose origin has been checked. Raises ValueError when it is not one of `count` vectors."""
    faiss.set_deserialization_vector_byte_limit(_LARGEST_BLOCK)
    try:
        index = faiss.deserialize_index(np.frombuffer(data, dtype=np.uint8))
    except RuntimeError as error:
        raise ValueError("cannot be read by this version of FAISS") from error
    if not isinstance(index, faiss.IndexIDMap2) or (index.ntotal, index.d) != (count, dimension):
        raise ValueError(f"does not hold {count} vectors of {dimension} with ids")
    return VectorIndex(index, change_number)


def _part(ids: IntVector, rows: FloatMatrix) -> Any:
    """FAISS's index of `rows`, shape (n, dimension), under `ids`, shape (n,)."""
    # Exact. At some hundred thousand chunks an approximate index takes its place here; search and files stay the same.
    index = faiss.IndexIDMap2(faiss.IndexFlatIP(rows.shape[1]))
    if len(rows):
        index.add_with_ids(np.ascontiguousarray(rows), np.ascontiguousarray(ids, dtype=np.int64))
    return index


def _joined(parts: Sequence[Any], live: IntVector) -> Any:
    """One FAISS index of what of several is in `live`."""
    ids = np.concatenate([_ids(part) for part in parts])
    there = np.isin(ids, live)
    return _part(ids[there], np.concatenate([_rows(part) for part in parts])[there])


def _ids(part: Any) -> IntVector:
    """The ids in FAISS's index, shape (n,), a copy."""
    found: IntVector = faiss.vector_to_array(part.id_map)
    return found


def _rows(part: Any) -> FloatMatrix:
    """The vectors in FAISS's index, shape (n, dimension), in the order of `_ids`; a view of it, not a copy."""
    flat: Any = faiss.downcast_index(part.index)
    if part.ntotal == 0:
        return np.empty((0, part.d), dtype=np.float32)
    rows: FloatMatrix = faiss.rev_swig_ptr(flat.get_xb(), int(part.ntotal) * part.d).reshape(-1, part.d)
    return rows


def _search(part: Any, query: FloatMatrix, k: int) -> list[tuple[int, float]]:
    """The best `k` of one part with their scores, of those that tie the ones with the lowest ids."""
    wanted = min(k, int(part.ntotal))
    if wanted <= 0:
        return []
    # FAISS keeps any of those that tie for the last place, so ask on until the tie ends.
    asked = wanted
    while True:
        asked = min(asked + 8, int(part.ntotal))
        scores, ids = part.search(query, asked)
        if asked == part.ntotal or scores[0, asked - 1] < scores[0, wanted - 1]:
            break
        asked *= 2
    order = np.lexsort((ids[0], -scores[0]))[:wanted]
    return [(int(ids[0, place]), float(scores[0, place])) for place in order]
