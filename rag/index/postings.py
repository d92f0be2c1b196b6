"""The words of one part of the index: for each stem, the rows that hold it and how often.

Rows are counted from 0; which passage a row stands for is not known here. The arrays may lie in memory or in a file
that is memory-mapped; nothing here is ever changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.generic]
Rows = npt.NDArray[np.uint32]
Counts = npt.NDArray[np.uint16]

_MAGIC = b"CWWORDS1"
# Bytes. Every array in a file begins at a multiple of this.
_ALIGNED = 64
# Postings that are moved at once: their places take eight bytes each.
_AT_ONCE = 4_000_000
_MOST = 65_535  # what a count can say


@dataclass(frozen=True, slots=True)
class Postings:
    """The stems of n rows in six arrays. Stems are UTF-8, in the order of their bytes."""

    text: npt.NDArray[np.uint8]  # all t stems, one after the other
    text_ends: npt.NDArray[np.int64]  # (t,): where each stem ends in `text`
    ends: npt.NDArray[np.int64]  # (t,): where the postings of each stem end in the next two
    rows: Rows  # ascending for each stem
    counts: Counts  # how often the stem stands in that row
    lengths: npt.NDArray[np.uint32]  # (n,): stems in each row, repeats included

    @property
    def size(self) -> int:
        """The number of rows."""
        return len(self.lengths)

    def of(self, stem: str) -> tuple[Rows, Counts]:
        """The rows that hold `stem`, ascending, and how often each does; empty arrays for an unknown one."""
        wanted = stem.encode("utf-8", "replace")
        low, high = 0, len(self.ends)
        while low < high:
            middle = (low + high) // 2
            if self._stem(middle) < wanted:
                low = middle + 1
            else:
                high = middle
        if low == len(self.ends) or self._stem(low) != wanted:
            return self.rows[:0], self.counts[:0]
        start = int(self.ends[low - 1]) if low else 0
        end = int(self.ends[low])
        return self.rows[start:end], self.counts[start:end]

    def write(self, file: BinaryIO) -> None:
        """Write what `read_postings` reads. Raises OSError."""
        arrays = [np.ascontiguousarray(getattr(self, field.name)) for field in fields(self)]
        sizes = np.array([len(array) for array in arrays], dtype="<i8")
        file.write((_MAGIC + sizes.tobytes()).ljust(_ALIGNED, b"\0"))
        for array, kind in zip(arrays, _KINDS, strict=True):
            data = array.astype(kind, copy=False)
            file.write(data.data.cast("B") if data.size else b"")
            file.write(b"\0" * (-data.nbytes % _ALIGNED))

    def _stem(self, number: int) -> bytes:
        """The bytes of one stem."""
        start = int(self.text_ends[number - 1]) if number else 0
        return self.text[start : int(self.text_ends[number])].tobytes()


# As in a file: little-endian whatever the machine.
_KINDS = tuple(np.dtype(kind) for kind in ("u1", "<i8", "<i8", "<u4", "<u2", "<u4"))


def read_postings(data: memoryview) -> Postings:
    """The postings in `data`, as `write` wrote them; they are not copied. Raises ValueError for anything else."""
    head = bytes(data[:_ALIGNED])
    if len(head) < _ALIGNED or not head.startswith(_MAGIC):
        raise ValueError("is not a file of words of this version")
    sizes = np.frombuffer(head, dtype="<i8", count=len(_KINDS), offset=len(_MAGIC)).tolist()
    arrays: list[Array] = []
    place = _ALIGNED
    for size, kind in zip(sizes, _KINDS, strict=True):
        end = place + size * kind.itemsize
        if size < 0 or end > len(data):
            raise ValueError("ends before what it announces")
        arrays.append(np.frombuffer(data[place:end], dtype=kind))
        place = end + -end % _ALIGNED
    postings = Postings(*arrays)  # type: ignore[arg-type] # the kinds of the arrays are those of the fields, in order
    if len(postings.text_ends) != len(postings.ends) or len(postings.rows) != len(postings.counts):
        raise ValueError("has arrays that do not fit together")
    return postings


def count_words(stems: Iterable[Sequence[str]]) -> Postings:
    """The postings of rows given as their stems, repeats included.

    [["tide", "wall", "tide"], ["wall"]]: tide -> rows [0], counts [2]; wall -> rows [0, 1], counts [1, 1]
    """
    numbers: dict[str, int] = {}
    tokens: list[int] = []
    lengths: list[int] = []
    for row in stems:
        tokens += [numbers.setdefault(stem, len(numbers)) for stem in row]
        lengths.append(len(row))
    rows = np.repeat(np.arange(len(lengths), dtype=np.int64), lengths)
    words, order = _sorted_words(list(numbers))
    keys = order[np.array(tokens, dtype=np.int64)] * max(len(lengths), 1) + rows
    distinct, counts = np.unique(keys, return_counts=True)
    postings = np.bincount(distinct // max(len(lengths), 1), minlength=len(words))
    return _postings(words, postings, distinct % max(len(lengths), 1), counts, np.array(lengths, dtype=np.uint32))


def join_postings(parts: Sequence[Postings], kept: Sequence[npt.NDArray[np.bool_] | None]) -> Postings:
    """The postings of the rows of several parts, one after the other; of each part those that `kept` marks, None: all.

    Stems that no kept row holds are left out.
    """
    numbers: dict[bytes, int] = {}
    names = [
        np.array([numbers.setdefault(stem, len(numbers)) for stem in _stems(part)], dtype=np.int64) for part in parts
    ]
    taken = [_taken(part, mask) for part, mask in zip(parts, kept, strict=True)]
    words, order = _sorted_words(list(numbers))
    sizes = np.zeros(len(words), dtype=np.int64)
    for name, (_, _, found, _) in zip(names, taken, strict=True):
        sizes[order[name]] += found
    places = np.concatenate([[0], np.cumsum(sizes)[:-1]]) if len(sizes) else sizes
    rows = np.empty(int(sizes.sum()), dtype=np.uint32)
    counts = np.empty(len(rows), dtype=np.uint16)
    before = 0
    for name, (part_rows, part_counts, found, part_lengths) in zip(names, taken, strict=True):
        place = places[order[name]]
        ends = np.cumsum(found)
        for some, start, end in _slices(ends):
            target = np.repeat(place[some] - (ends[some] - found[some]), found[some]) + np.arange(start, end)
            rows[target] = part_rows[start:end] + np.uint32(before)
            counts[target] = part_counts[start:end]
        places[order[name]] += found
        before += len(part_lengths)
    there = sizes > 0
    held = [word for word, is_there in zip(words, there.tolist(), strict=True) if is_there]
    return _postings(held, sizes[there], rows, counts, np.concatenate([lengths for _, _, _, lengths in taken]))


def _slices(ends: npt.NDArray[np.int64]) -> Iterator[tuple[slice, int, int]]:
    """Neighbouring stems with some millions of postings together, and where those begin and end."""
    first = 0
    while first < len(ends):
        start = int(ends[first - 1]) if first else 0
        last = max(int(np.searchsorted(ends, start + _AT_ONCE, side="right")), first + 1)
        yield slice(first, last), start, int(ends[last - 1])
        first = last


def _taken(
    part: Postings, mask: npt.NDArray[np.bool_] | None
) -> tuple[Rows, Counts, npt.NDArray[np.int64], npt.NDArray[np.uint32]]:
    """Rows (numbered anew), counts, postings of each stem, and lengths, of the rows that `mask` marks."""
    if mask is None:
        return part.rows, part.counts, np.diff(part.ends, prepend=0), part.lengths
    there = mask[part.rows]
    anew = np.cumsum(mask, dtype=np.int64) - 1
    before = np.concatenate([[0], np.cumsum(there, dtype=np.int64)])
    found = np.diff(before[part.ends], prepend=0)
    return anew[part.rows[there]].astype(np.uint32), part.counts[there], found, part.lengths[mask]


def _sorted_words(words: Sequence[str | bytes]) -> tuple[list[bytes], npt.NDArray[np.int64]]:
    """The words as bytes in order, and for each given one its place in that order."""
    plain = [word if isinstance(word, bytes) else word.encode("utf-8", "replace") for word in words]
    order = sorted(range(len(plain)), key=plain.__getitem__)
    places = np.empty(len(plain), dtype=np.int64)
    places[order] = np.arange(len(plain))
    return [plain[i] for i in order], places


def _stems(part: Postings) -> Iterable[bytes]:
    """The stems of a part in their order."""
    data, start = part.text.tobytes(), 0
    for end in part.text_ends.tolist():
        yield data[start:end]
        start = end


def _postings(
    words: Sequence[bytes],
    sizes: npt.NDArray[np.int64],
    rows: npt.NDArray[np.generic],
    counts: npt.NDArray[np.generic],
    lengths: npt.NDArray[np.uint32],
) -> Postings:
    """The arrays put together; `sizes` has the number of postings of each word."""
    return Postings(
        text=np.frombuffer(b"".join(words), dtype=np.uint8),
        text_ends=np.cumsum([len(word) for word in words], dtype=np.int64),
        ends=np.cumsum(sizes, dtype=np.int64),
        rows=rows.astype(np.uint32, copy=False),
        counts=np.minimum(counts, _MOST).astype(np.uint16, copy=False),
        lengths=lengths,
    )
