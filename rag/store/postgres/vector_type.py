"""Vectors as pgvector sends and takes them in binary: the length and a zero, then the numbers, all big-endian."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import psycopg
from psycopg.adapt import Buffer, Dumper, Loader
from psycopg.pq import Format

from rag.records.arrays import FloatMatrix

_SENT = np.dtype(">f4")


@dataclass(frozen=True, slots=True)
class SentVector:
    """A vector on its way into the database."""

    data: bytes


def sent(vectors: FloatMatrix) -> list[SentVector]:
    """Each row of a matrix, ready to be written."""
    head = vectors.shape[1].to_bytes(2) + b"\0\0" if vectors.size else b""
    return [SentVector(head + row.tobytes()) for row in vectors.astype(_SENT)]


def matrix_of(blobs: Sequence[bytes], dimension: int) -> FloatMatrix:
    """Vectors that were read, each of `dimension` numbers, as float32 rows, shape (n, dimension)."""
    joined = b"".join(blob[4:] for blob in blobs)
    return np.frombuffer(joined, _SENT).astype(np.float32).reshape(len(blobs), dimension)


def is_of(blob: bytes, dimension: int) -> bool:
    """Whether a vector that was read has this length."""
    return len(blob) == 4 + _SENT.itemsize * dimension


def adapt_vectors(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Let the connection send and take vectors in binary. The extension must be there."""
    found = connection.execute("SELECT 'vector'::regtype::oid::int8").fetchone()
    own = int(str(found[0])) if found else 0

    class VectorDumper(Dumper):
        format = Format.BINARY
        oid = own

        def dump(self, obj: SentVector) -> Buffer | None:
            return obj.data

    class VectorLoader(Loader):
        format = Format.BINARY

        def load(self, data: Buffer) -> bytes:
            return bytes(data)

    connection.adapters.register_dumper(SentVector, VectorDumper)
    connection.adapters.register_loader(own, VectorLoader)


def ids_of(rows: Iterable[tuple[int, ...]]) -> list[int]:
    """The first column of each row."""
    return [row[0] for row in rows]
