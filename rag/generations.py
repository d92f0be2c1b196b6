"""The copies of the vector index on disk.

Each save is a generation, a directory of its own that nothing touches once it has its name:

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
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from rag.disk import flush_directory, make_private_directory, storage_error
from rag.index import VectorIndex, from_bytes
from rag.records import ModelIdentity

_FORMAT = 1
_METRIC = "inner product of unit vectors"
_VECTORS = "vectors.faiss"
_MANIFEST = "manifest.json"
_CURRENT = "CURRENT"
_GENERATION = re.compile(r"gen-([0-9]{1,9})")
# Bytes. Ours are 80 and 600; a pointer or manifest beyond this is not one of ours, and is not read to the end.
_LONGEST_SMALL_FILE = 10_000


class IndexDamaged(ValueError):
    """The saved index cannot be used: damaged, or made from another database or with another model."""


def save_generation(
    directory: Path,
    index: VectorIndex,
    *,
    database_id: str,
    model: ModelIdentity,
    confirm: Callable[[], None] = lambda: None,
) -> None:
    """Write `index` under `directory` as the current generation, and keep the one before it for those still reading.

    `index` is in one piece, as `build_index` makes it. One process at a time may save: hold the store's write lock;
    `confirm` raises where that turns out to be lost. Cut short at any moment, it leaves the old or the new generation
    current. Raises StorageFull, StorageReadOnly or StorageError; the old one is current then.
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
        data = index.to_bytes()
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
        confirm()
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
    try:
        return from_bytes(
            data,
            count=manifest["count"],
            dimension=manifest["dimension"],
            change_number=manifest["change_number"],
        )
    except ValueError as error:
        raise IndexDamaged(f"{path} {error}") from error


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
