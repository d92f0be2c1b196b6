"""The copies of the vector index on disk.

Each save is a generation, a directory of its own that nothing touches once it has its name:

    gen-3/vectors.faiss     the vectors of the passages
    gen-3/words.bin         their words
    gen-3/ids.bin           their chunk ids
    gen-3/gone.bin          which of them were there no longer
    gen-3/manifest.json     what they were made from, and the size and SHA-256 of each file beside it
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
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from rag.disk import flush_directory, make_private_directory, storage_error
from rag.index import SearchIndex
from rag.index.part_files import NAMES, read_part, writers
from rag.records import ModelIdentity

_FORMAT = 3  # 3: passages of other languages than English have the stems of theirs
_METRIC = "inner product of unit vectors"
_MANIFEST = "manifest.json"
_CURRENT = "CURRENT"
_GENERATION = re.compile(r"gen-([0-9]{1,9})")
# Bytes. Ours are 80 and 600; a pointer or manifest beyond this is not one of ours, and is not read to the end.
_LONGEST_SMALL_FILE = 10_000


@dataclass(frozen=True, slots=True)
class Generation:
    """An index as it was saved, and the token that the store gave to the change it was made after."""

    index: SearchIndex
    token: int


class IndexDamaged(ValueError):
    """The saved index cannot be used: damaged, or made from another database or with another model."""


def save_generation(
    directory: Path,
    index: SearchIndex,
    *,
    database_id: str,
    model: ModelIdentity,
    token: int = 0,
    confirm: Callable[[], None] = lambda: None,
) -> None:
    """Write `index` under `directory` as the current generation, and keep the one before it for those still reading.

    `index` is in one piece, as `build_index` makes it; `token` is what the store says of its change. One process at a
    time may save: hold the store's write lock; `confirm` raises where that turns out to be lost. Cut short at any
    moment, it leaves the old or the new generation current. Raises StorageFull, StorageReadOnly or StorageError; the
    old one is current then.
    """
    make_private_directory(directory)
    with _translated(directory):
        for leftover in directory.glob("*.tmp"):
            _remove(leftover)
        previous = _read_current_name(directory)
        name = f"gen-{_highest_number(directory) + 1}"
        unfinished = directory / f"{name}.tmp"
        unfinished.mkdir(mode=0o700)
        files = {}
        for file, write in _writers(index).items():
            files[file] = _write_hashed(unfinished / file, write)
        manifest = _manifest(index, files, database_id=database_id, model=model, token=token)
        _write(unfinished / _MANIFEST, manifest)
        flush_directory(unfinished)
        unfinished.rename(directory / name)
        flush_directory(directory)
        pointer = directory / f"{_CURRENT}.tmp"
        _write(pointer, f"{name} {hashlib.sha256(manifest).hexdigest()}\n".encode())
        confirm()
        pointer.replace(directory / _CURRENT)
        flush_directory(directory)
        for old in directory.iterdir():
            if _GENERATION.fullmatch(old.name) and old.name not in (name, previous):
                _remove(old)


def load_current(directory: Path, *, database_id: str, model: ModelIdentity) -> Generation | None:
    """The current generation, memory-mapped, or None where none was ever saved, or the last by an older program.

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


def _load(generation: Path, manifest_sha256: str, *, database_id: str, model: ModelIdentity) -> Generation | None:
    """The index in one generation. Raises IndexDamaged when anything in it is not as expected."""
    raw = _read_small(generation / _MANIFEST)
    if hashlib.sha256(raw).hexdigest() != manifest_sha256:
        raise IndexDamaged(f"{generation / _MANIFEST} is not the file that was saved")
    manifest = json.loads(raw)
    if isinstance(manifest.get("format"), int) and manifest["format"] < _FORMAT:
        return None
    expected = {"format": _FORMAT, "metric": _METRIC, "database_id": database_id, "model": asdict(model)}
    for field, value in expected.items():
        if manifest.get(field) != value:
            raise IndexDamaged(f"{generation} has {field} {manifest.get(field)!r}; expected {value!r}")
    for name in NAMES:
        _check_file(generation / name, **manifest["files"][name])
    try:
        part = read_part(generation, count=manifest["rows"], dimension=manifest["dimension"])
    except ValueError as error:
        raise IndexDamaged(str(error)) from error
    return Generation(SearchIndex((part,), manifest["change_number"]), manifest["change_token"])


def _check_file(path: Path, *, size: int, sha256: str) -> None:
    """Raise IndexDamaged unless the file at `path` is the one that was saved."""
    try:
        found = path.stat().st_size
        if found != size:
            raise IndexDamaged(f"{path} has {found} bytes; expected {size}")
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                raise IndexDamaged(f"{path} is not the file that was saved: its SHA-256 differs")
    except FileNotFoundError as error:
        raise IndexDamaged(f"{path} is not there") from error


def _writers(index: SearchIndex) -> Mapping[str, Callable[[BinaryIO], object]]:
    """What writes each file of an index. Raises ValueError for one that is not in one piece."""
    if not index.is_one_piece:
        raise ValueError("the index has parts; expected one that `build_index` made")
    return writers(index.parts[0])


def _manifest(
    index: SearchIndex, files: Mapping[str, Mapping[str, object]], *, database_id: str, model: ModelIdentity, token: int
) -> bytes:
    """The manifest of a generation with these files."""
    manifest = {
        "format": _FORMAT,
        "database_id": database_id,
        "change_number": index.change_number,
        "change_token": token,
        "rows": len(index.parts[0].ids),
        "dimension": index.dimension,
        "metric": _METRIC,
        "model": asdict(model),
        "files": files,
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


def _write_hashed(path: Path, write: Callable[[BinaryIO], object]) -> dict[str, object]:
    """Have a new file written and return, when it is on the disk, its size and SHA-256."""
    with path.open("xb") as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())
    with path.open("rb") as file:
        return {"size": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


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
