"""What the folders of a source held when it was listed last, for servers that say which folders are unchanged."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from pathlib import Path

from rag.disk import make_private_directory, storage_error
from rag.sources.multistatus import DavEntry

# Bytes: what 100,000 documents need, and ten times that.
_LONGEST = 300_000_000


@dataclass(frozen=True, slots=True)
class RememberedFolder:
    """What was listed in a folder, and the version of the folder that it was listed of, or an older one."""

    etag: str
    entries: tuple[DavEntry, ...]


def load_folders(path: Path) -> Mapping[str, RememberedFolder]:
    """The folders by their paths; none where there is no such file that can be read."""
    try:
        if path.stat().st_size > _LONGEST:
            return {}
        found = json.loads(path.read_bytes())
        return {
            folder: RememberedFolder(str(etag), tuple(_entry(*entry) for entry in entries))
            for folder, (etag, entries) in found.items()
        }
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def save_folders(path: Path, folders: Mapping[str, RememberedFolder]) -> None:
    """Keep the folders in place of those before; one of both is there at any moment. Raises StorageError."""
    make_private_directory(path.parent)
    new = path.with_suffix(".tmp")
    body = {folder: [known.etag, [astuple(entry) for entry in known.entries]] for folder, known in folders.items()}
    try:
        with open(new, "w", encoding="ascii", opener=_private) as file:
            json.dump(body, file)
        new.replace(path)
    except OSError as error:
        raise storage_error(error, path) from error


def _entry(name: str, is_folder: bool, etag: str, size: int | None, modified_at: str, file_id: str) -> DavEntry:
    """An entry as it was kept. Raises TypeError for what is none."""
    words = (name, etag, modified_at, file_id)
    if not all(isinstance(word, str) for word in words) or not isinstance(is_folder, bool):
        raise TypeError("no entry")
    if size is not None and not isinstance(size, int):
        raise TypeError("no size")
    return DavEntry(name, is_folder, etag, size, modified_at, file_id)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
