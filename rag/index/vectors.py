"""The vectors of one part of the index, searched by FAISS: exactly while they are few, else in the nearest clusters.

Rows are counted from 0 in the order they were given; which passage a row stands for is not known here. Nothing here is
ever changed, so threads search without locks.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import faiss
import numpy as np
import numpy.typing as npt

from rag.records.arrays import FloatMatrix, FloatVector, IntVector

_untyped: Any = faiss  # some of its names are unknown to its types

# Vectors up to which all are compared. At this size that takes some 10 ms and 77 MB; `python -m tests.bench.scale`.
EXACT_UP_TO = 50_000
# Of a clustered index: clusters for each square root of vectors, vectors a cluster is learned from, and the clusters
# looked into for a question: over 300 questions to a hundred thousand and to a million passages these find .998 and
# .992 of the ten nearest; `python -m tests.bench.scale`.
_CLUSTERS = 4
_SAMPLED = 48
_ROUNDS = 8
_PROBED = 320
# Bytes. The largest vector FAISS may set memory aside for while it reads a file: some ten million chunks.
_LARGEST_BLOCK = 1 << 34


@dataclass(frozen=True, slots=True)
class ChosenRows:
    """Some of the rows, for FAISS as a bit for each."""

    count: int
    selector: Any  # an IDSelectorBitmap, over `bits`, which it does not keep alive
    bits: npt.NDArray[np.uint8]


def chosen_rows(mask: npt.NDArray[np.bool_]) -> ChosenRows:
    """The rows that `mask`, of shape (n,), marks."""
    bits = np.packbits(mask, bitorder="little")
    return ChosenRows(int(mask.sum()), _untyped.IDSelectorBitmap(len(bits), faiss.swig_ptr(bits)), bits)


@dataclass(frozen=True, slots=True)
class Vectors:
    """Unit rows, float32 and exact, or a byte a number and by clusters."""

    faiss_index: Any  # an IndexFlatIP, or an IndexIVFScalarQuantizer: FAISS has no useful types

    @property
    def size(self) -> int:
        """The number of rows."""
        return int(self.faiss_index.ntotal)

    @property
    def dimension(self) -> int:
        """The length of each row."""
        return int(self.faiss_index.d)

    @property
    def is_exact(self) -> bool:
        """Whether a search compares every row, and each is kept as it was given."""
        return isinstance(self.faiss_index, faiss.IndexFlatIP)

    def search(
        self, vector: FloatVector, k: int, among: ChosenRows | None = None, *, everywhere: bool = False
    ) -> tuple[IntVector, FloatVector]:
        """At most `k` rows and their inner products with `vector`, best first, ties by row; all when there are fewer.

        `among` says which rows there are, None: all. Unless `is_exact`, some of the best may be missing, and the
        products are near the true ones; `everywhere` looks into all clusters, so that none is.
        """
        query = np.ascontiguousarray(vector, dtype=np.float32).reshape(1, -1)
        size = self.size if among is None else among.count
        wanted = min(k, size)
        if wanted <= 0:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        # FAISS keeps any of those that tie for the last place, so ask on until the tie ends.
        asked = wanted
        while True:
            asked = min(asked + 8, size)
            scores, rows = self._search(query, asked, among, everywhere=everywhere)
            if len(rows) < asked or asked == size or scores[-1] < scores[wanted - 1]:
                break
            asked *= 2
        order = np.lexsort((rows, -scores))[:wanted]
        return rows[order], scores[order]

    def rows(self) -> FloatMatrix:
        """All rows as they were given, shape (n, dimension); a view, not a copy. ValueError unless `is_exact`."""
        if not self.is_exact:
            raise ValueError("the vectors are kept a byte a number; expected exact ones")
        if self.size == 0:
            return np.empty((0, self.dimension), dtype=np.float32)
        view: FloatMatrix = faiss.rev_swig_ptr(self.faiss_index.get_xb(), self.size * self.dimension)
        return view.reshape(self.size, self.dimension)

    def decoded(self) -> FloatMatrix:
        """All rows, those of a clustered index as near as it keeps them; shape (n, dimension)."""
        if self.is_exact:
            return self.rows()
        found = np.empty((self.size, self.dimension), dtype=np.float32)
        lists = self.faiss_index.invlists
        for number in range(self.faiss_index.nlist):
            count = lists.list_size(number)
            if count:
                ids = faiss.rev_swig_ptr(lists.get_ids(number), count)
                codes = faiss.rev_swig_ptr(lists.get_codes(number), count * self.faiss_index.code_size)
                residues = self.faiss_index.sq.decode(codes.reshape(count, -1))
                found[ids] = residues + self.faiss_index.quantizer.reconstruct(number)
        return found

    def write(self, file: BinaryIO) -> None:
        """Write what `read_vectors` reads. Raises OSError."""
        faiss.write_index(self.faiss_index, _untyped.PyCallbackIOWriter(file.write, 1 << 20))

    def can_grow_to(self, count: int) -> bool:
        """Whether with `count` rows it would be searched about as well as one that is made anew of them."""
        return count <= EXACT_UP_TO if self.is_exact else _clusters(count) <= 2 * int(self.faiss_index.nlist)

    def grown(self, rows: FloatMatrix) -> Vectors:
        """These vectors and `rows` after them, shape (n, dimension); clusters stay as they were learned."""
        if self.is_exact:
            return exact_vectors(np.concatenate([self.rows(), rows]))
        copy = faiss.deserialize_index(faiss.serialize_index(self.faiss_index))
        copy.add(np.ascontiguousarray(rows, dtype=np.float32))
        return Vectors(copy)

    def _search(
        self, query: FloatMatrix, k: int, among: ChosenRows | None, *, everywhere: bool
    ) -> tuple[FloatVector, IntVector]:
        """FAISS's scores and rows, without the places that it left empty."""
        chosen = {} if among is None else {"sel": among.selector}
        if self.is_exact:
            params = _untyped.SearchParameters(**chosen)
        else:
            clusters = int(self.faiss_index.nlist)
            params = _untyped.SearchParametersIVF(nprobe=clusters if everywhere else min(_PROBED, clusters), **chosen)
        scores, rows = self.faiss_index.search(query, k, params=params)
        there = rows[0] >= 0
        return scores[0][there], rows[0][there]


def exact_vectors(rows: FloatMatrix) -> Vectors:
    """`rows`, unit rows of shape (n, dimension), n may be 0. Raises ValueError for a value that is not finite."""
    rows = np.ascontiguousarray(rows, dtype=np.float32)
    _check_finite(rows)
    index = faiss.IndexFlatIP(rows.shape[1])
    if len(rows):
        index.add(rows)
    return Vectors(index)


def build_vectors(
    count: int, dimension: int, blocks: Iterable[FloatMatrix], sample: Callable[[int], FloatMatrix]
) -> Vectors:
    """The vectors of about `count` unit rows that come in `blocks`: exact, or clustered where they are many.

    `sample` gives about as many rows as it is asked for, evenly from all. Raises ValueError for a value that is not
    finite.
    """
    index = faiss.IndexFlatIP(dimension) if count <= EXACT_UP_TO else _clustered(count, dimension, sample)
    for block in blocks:
        _check_finite(block)
        if len(block):
            index.add(np.ascontiguousarray(block, dtype=np.float32))
    return Vectors(index)


def read_vectors(path: Path, *, count: int, dimension: int) -> Vectors:
    """The vectors in the file at `path`, memory-mapped, whose origin has been checked.

    Raises ValueError when they are not `count` rows of `dimension`.
    """
    faiss.set_deserialization_vector_byte_limit(_LARGEST_BLOCK)
    try:
        index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
    except RuntimeError as error:
        raise ValueError("cannot be read by this version of FAISS") from error
    if not isinstance(index, faiss.IndexFlatIP | faiss.IndexIVFScalarQuantizer):
        raise ValueError("is not a kind of index that is used here")
    if (index.ntotal, index.d) != (count, dimension):
        raise ValueError(f"does not hold {count} vectors of {dimension}")
    return Vectors(index)


def _clustered(count: int, dimension: int, sample: Callable[[int], FloatMatrix]) -> Any:
    """FAISS's index of clusters, trained and still empty. The same sample gives the same clusters."""
    clusters = _clusters(count)
    rows = np.ascontiguousarray(sample(_SAMPLED * clusters), dtype=np.float32)
    _check_finite(rows)
    if not len(rows):  # all vectors in the store are damaged
        return faiss.IndexFlatIP(dimension)
    clusters = min(clusters, 1 << (len(rows).bit_length() - 1))  # FAISS wants a vector for each
    index = faiss.IndexIVFScalarQuantizer(
        faiss.IndexFlatIP(dimension), dimension, clusters, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
    )
    index.cp.spherical = True
    index.cp.niter = _ROUNDS
    index.cp.max_points_per_centroid = _SAMPLED
    index.cp.min_points_per_centroid = 1  # only silences FAISS, which would write to the terminal
    index.train(rows)
    return index


def _clusters(count: int) -> int:
    """How many clusters `count` vectors are divided into: a power of two."""
    return 1 << round(math.log2(_CLUSTERS * math.sqrt(count)))


def _check_finite(rows: FloatMatrix) -> None:
    if not np.isfinite(rows).all():
        raise ValueError("a vector has a value that is not a finite number")
