"""The vectors of the chunks, searched by FAISS, and their copies on disk.

An index is made from the store and thrown away for a new one; it is never changed, so threads search it without locks.
On disk each save is a generation, a directory of its own that nothing touches once it has its name:

    gen-3/vectors.faiss     the vectors and their chunk ids
    gen-3/manifest.json     what they were made from, and the size and SHA-256 of the file beside it
    CURRENT                 "gen-3" and the SHA-256 of that manifest

Whoever loads gets the whole generation or an error, at whatever moment a save was cut short. Does not know the store:
whether an index is up to date is for the caller to say, who compares change numbers.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt

from rag.disk import flush_directory, make_private_directory, storage_error
from rag.records import ModelIdentity

FloatMatrix = npt.NDArray[np.float32]
FloatVector = npt.NDArray[np.float32]
IntVector = npt.NDArray[np.int64]

_FORMAT = 1
_METRIC = "inner product of unit vectors"
_VECTORS = "vectors.faiss"
_MANIFEST = "manifest.json"
_CURRENT = "CURRENT"
_GENERATION = re.compile(r"gen-([0-9]{1,9})")
# Bytes. Ours are 80 and 600; a pointer or manifest beyond this is not one of ours, and is not read to the end.
_LONGEST_SMALL_FILE = 10_000
# Bytes. The largest vector FAISS may set memory aside for while it reads a file: some ten million chunks.
_LARGEST_BLOCK = 1 << 34


class IndexDamaged(ValueError):
    """The saved index cannot be used: damaged, or made from another database or with another model."""


@dataclass(frozen=True, slots=True)
class VectorIndex:
    """Chunk vectors, ready to be searched. `change_number` is that of the store they were read from."""

    faiss_index: Any  # an IndexIDMap2: FAISS has no useful types
    change_number: int

    @property
    def size(self) -> int:
        """The number of vectors."""
        return int(self.faiss_index.ntotal)

    @property
    def dimension(self) -> int:
        """The length of each vector."""
        return int(self.faiss_index.d)

    def search(self, vector: FloatVector, k: int) -> list[tuple[int, float]]:
        """At most `k` pairs of chunk id and cosine with `vector`, best first, ties by id; all when there are fewer.

        `vector` is one unit row of shape (dimension,). Raises ValueError for another shape.
        """
        if vector.shape != (self.dimension,):
            raise ValueError(f"the vector has shape {vector.shape}; expected ({self.dimension},)")
        wanted = min(k, self.size)
        if wanted <= 0:
            return []
        query = np.ascontiguousarray(vector, dtype=np.float32).reshape(1, -1)
        # FAISS keeps any of those that tie for the last place, so ask on until the tie ends.
        asked = wanted
        while True:
            asked = min(asked + 8, self.size)
            scores, ids = self.faiss_index.search(query, asked)
            if asked == self.size or scores[0, asked - 1] < scores[0, wanted - 1]:
                break
            asked *= 2
        order = np.lexsort((ids[0], -scores[0]))[:wanted]
        return [(int(ids[0, place]), float(scores[0, place])) for place in order]

    def scores(self, vector: FloatVector, ids: Sequence[int]) -> dict[int, float]:
        """The cosine of `vector` with each of these chunks; an id that the index does not hold is left out."""
        found = {}
        for i in ids:
            try:
                found[i] = float(self.faiss_index.reconstruct(i) @ vector)
            except RuntimeError:  # FAISS's word for an id it does not know
                continue
        return found

    def holds(self, i: int, vector: FloatVector) -> bool:
        """Whether exactly `vector`, to the last bit, stands under the id `i`."""
        try:
            same: bool = self.faiss_index.reconstruct(i).tobytes() == vector.tobytes()
        except RuntimeError:  # FAISS's word for an id it does not know
            return False
        return same


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
    # Exact. At some hundred thousand chunks an approximate index takes its place here; search and files stay the same.
    index = faiss.IndexIDMap2(faiss.IndexFlatIP(rows.shape[1]))
    if len(rows):
        index.add_with_ids(rows, np.ascontiguousarray(ids, dtype=np.int64))
    return VectorIndex(index, change_number)


def save_generation(directory: Path, index: VectorIndex, *, database_id: str, model: ModelIdentity) -> None:
    """Write `index` under `directory` as the current generation, and keep the one before it for those still reading.

    One process at a time may save: hold the store's write lock. Cut short at any moment, it leaves the old or the new
    generation current. Raises StorageFull, StorageReadOnly or StorageError; the old one is current then.
    """
    make_private_directory(directory)
    with _translated(directory):
        for leftover in directory.glob("*.tmp"):
            _remove(leftover)
        previous = _read_current_name(directory)
        name = f"gen-{_highest_number(directory) + 1}"
        unfinished = directory / f"{name}.tmp"
        unfinished.mkdir(mode=0o700)
        _step("directory made")
        data = faiss.serialize_index(index.faiss_index).tobytes()
        _write(unfinished / _VECTORS, data)
        _step("vectors written")
        manifest = _manifest(index, data, database_id=database_id, model=model)
        _write(unfinished / _MANIFEST, manifest)
        _step("manifest written")
        flush_directory(unfinished)
        unfinished.rename(directory / name)
        _step("generation named")
        flush_directory(directory)
        pointer = directory / f"{_CURRENT}.tmp"
        _write(pointer, f"{name} {hashlib.sha256(manifest).hexdigest()}\n".encode())
        _step("pointer written")
        pointer.replace(directory / _CURRENT)
        _step("pointer swapped")
        flush_directory(directory)
        for old in directory.iterdir():
            if _GENERATION.fullmatch(old.name) and old.name not in (name, previous):
                _remove(old)
                _step("old generation removed")


def load_current(directory: Path, *, database_id: str, model: ModelIdentity) -> VectorIndex | None:
    """The current generation, or None where none was ever saved.

    Everything is compared before FAISS sees a byte. Raises IndexDamaged when anything is not as the manifest says or
    the manifest is of another database or model; the generation is set aside then, renamed and never deleted, and the
    next call finds none. Raises StorageError when a file cannot be read.
    """
    for _ in range(2):
        pointer = _read_pointer(directory)
        if pointer is None:
            return None
        name, manifest_sha256 = pointer
        try:
            with _translated(directory):
                return _load(directory / name, manifest_sha256, database_id=database_id, model=model)
        except IndexDamaged as error:
            # Between our two looks, a writer may have moved on and removed what we were about to read.
            if _read_pointer(directory) == pointer:
                raise IndexDamaged(f"{error}. {_set_aside(directory, name)}") from error
    raise IndexDamaged(f"{directory} keeps changing while it is read")


def _load(generation: Path, manifest_sha256: str, *, database_id: str, model: ModelIdentity) -> VectorIndex:
    """The index in one generation. Raises IndexDamaged when anything in it is not as expected."""
    raw = _read_small(generation / _MANIFEST)
    if hashlib.sha256(raw).hexdigest() != manifest_sha256:
        raise IndexDamaged(f"{generation / _MANIFEST} is not the file that was saved")
    manifest = json.loads(raw)
    expected = {"format": _FORMAT, "metric": _METRIC, "database_id": database_id, "model": asdict(model)}
    for field, value in expected.items():
        if manifest.get(field) != value:
            raise IndexDamaged(f"{generation} has {field} {manifest.get(field)!r}; expected {value!r}")
    path = generation / _VECTORS
    try:
        size = path.stat().st_size
        data = path.read_bytes() if size == manifest["size"] else b""
    except FileNotFoundError as error:
        raise IndexDamaged(f"{path} is not there") from error
    if size != manifest["size"]:
        raise IndexDamaged(f"{path} has {size} bytes; expected {manifest['size']}")
    if hashlib.sha256(data).hexdigest() != manifest["sha256"]:
        raise IndexDamaged(f"{path} is not the file that was saved: its SHA-256 differs")
    return VectorIndex(_deserialized(path, data, manifest), manifest["change_number"])


def _deserialized(path: Path, data: bytes, manifest: dict[str, Any]) -> Any:
    """The FAISS index in `data`, whose hash has been checked."""
    faiss.set_deserialization_vector_byte_limit(_LARGEST_BLOCK)
    try:
        index = faiss.deserialize_index(np.frombuffer(data, dtype=np.uint8))
    except RuntimeError as error:
        raise IndexDamaged(f"{path} cannot be read by this version of FAISS") from error
    if not isinstance(index, faiss.IndexIDMap2) or (index.ntotal, index.d) != (
        manifest["count"],
        manifest["dimension"],
    ):
        raise IndexDamaged(f"{path} does not hold {manifest['count']} vectors of {manifest['dimension']} with ids")
    return index


def _manifest(index: VectorIndex, data: bytes, *, database_id: str, model: ModelIdentity) -> bytes:
    """The manifest of a generation whose file holds `data`."""
    manifest = {
        "format": _FORMAT,
        "database_id": database_id,
        "change_number": index.change_number,
        "count": index.size,
        "dimension": index.dimension,
        "metric": _METRIC,
        "model": asdict(model),
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    return (json.dumps(manifest, indent=2) + "\n").encode()


def _read_pointer(directory: Path) -> tuple[str, str] | None:
    """The name of the current generation and its manifest's SHA-256; None where there is none.

    Raises IndexDamaged, after setting the pointer aside, when it does not read as one.
    """
    path = directory / _CURRENT
    with _translated(directory):
        try:
            raw = _read_small(path).decode("ascii", "replace")
        except IndexDamaged:
            return None
    match = re.fullmatch(r"(gen-[0-9]{1,9}) ([0-9a-f]{64})\n", raw)
    if match is None:
        raise IndexDamaged(f"{path} does not name a generation. {_set_aside(directory, None)}")
    return match[1], match[2]


def _read_current_name(directory: Path) -> str | None:
    """The name of the current generation, or None when there is none that can be used."""
    try:
        pointer = _read_pointer(directory)
    except IndexDamaged:
        return None
    return pointer[0] if pointer else None


def _read_small(path: Path) -> bytes:
    """The bytes of a pointer or manifest. Raises IndexDamaged when it is not there."""
    try:
        with path.open("rb") as file:
            return file.read(_LONGEST_SMALL_FILE)
    except FileNotFoundError as error:
        raise IndexDamaged(f"{path} is not there") from error


def _set_aside(directory: Path, name: str | None) -> str:
    """Rename generation `name` and the pointer to it so that nothing loads them again; what to tell about it."""
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    aside = f"{name or _CURRENT}.corrupt-{moment}"
    try:
        if name is not None:
            with suppress(FileNotFoundError):
                (directory / name).rename(directory / aside)
        (directory / _CURRENT).rename(directory / f"{_CURRENT}.corrupt-{moment}")
    except OSError as error:
        return f"It could not be set aside ({error.strerror})."
    return f"It was set aside as {aside}."


def _highest_number(directory: Path) -> int:
    """The highest number that a generation here has or had, 0 without any."""
    matches = (_GENERATION.match(path.name) for path in directory.iterdir())
    return max((int(match[1]) for match in matches if match), default=0)


def _write(path: Path, data: bytes) -> None:
    """Write a new file and return when it is on the disk."""
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _remove(path: Path) -> None:
    """Delete a file, or a directory with what is in it."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


@contextmanager
def _translated(directory: Path) -> Iterator[None]:
    """Turn the system's errors into StorageErrors that say what to do."""
    try:
        yield
    except OSError as error:
        raise storage_error(error, Path(error.filename or directory)) from error


def _step(name: str) -> None:
    """Do nothing: tests put a killer here, to stop a save at each step."""
