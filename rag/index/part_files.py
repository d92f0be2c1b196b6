"""A part of the index as files: written one by one, and memory-mapped when they are read."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from rag.index.part import Part
from rag.index.postings import read_postings
from rag.index.vectors import read_vectors

VECTORS = "vectors.faiss"
WORDS = "words.bin"
IDS = "ids.bin"  # little-endian int64, ascending: the id of each row
GONE = "gone.bin"  # likewise: the numbers of the rows whose passages are gone
NAMES = (VECTORS, WORDS, IDS, GONE)


def writers(part: Part) -> Mapping[str, Callable[[BinaryIO], object]]:
    """By the name of each file, what writes it."""
    gone = np.flatnonzero(part.gone) if part.gone is not None else np.empty(0, np.int64)
    return {
        VECTORS: part.vectors.write,
        WORDS: part.words.write,
        IDS: lambda file: file.write(part.ids.astype("<i8", copy=False).tobytes()),
        GONE: lambda file: file.write(gone.astype("<i8", copy=False).tobytes()),
    }


def read_part(folder: Path, *, count: int, dimension: int) -> Part:
    """The part in the files in `folder`, whose origin has been checked; vectors and words are not copied to memory.

    Raises ValueError, which begins with a file's path, when they do not hold `count` rows; OSError.
    """
    ids, rows = _integers(folder / IDS), _integers(folder / GONE)
    with _named(folder / WORDS):
        words = read_postings(_mapped(folder / WORDS))
    with _named(folder / VECTORS):
        vectors = read_vectors(folder / VECTORS, count=count, dimension=dimension)
    if (len(ids), words.size) != (count, count):
        raise ValueError(f"{folder / IDS} and {WORDS} hold {len(ids)} and {words.size} rows; expected {count}")
    if len(rows) and not 0 <= rows[0] <= rows[-1] < count:
        raise ValueError(f"{folder / GONE} names rows that are not there")
    gone = np.zeros(count, dtype=np.bool_)
    gone[rows] = True
    return Part(ids, vectors, words, gone if len(rows) else None)


def _integers(path: Path) -> npt.NDArray[np.int64]:
    """The numbers in a file. Raises ValueError, which begins with the path."""
    with _named(path):
        return np.frombuffer(path.read_bytes(), dtype="<i8").astype(np.int64)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Put the path of a file in front of what is wrong with it."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{path} {error}") from error


def _mapped(path: Path) -> memoryview:
    """The bytes of a file, which are read when they are looked at. The mapping lasts as long as its use."""
    with path.open("rb") as file:
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
