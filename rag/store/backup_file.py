"""Files that lie beside the database and belong into a backup, as they are handed to the store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class BackupFile:
    """One of them, at one moment."""

    name: str  # below the data directory, with "/" between folders
    content: bytes | Path  # itself, or where it lies
    size: int  # bytes from its beginning: what was added since does not belong to the moment


# Looks which there are; asked again where one has gone before it was read.
FilesBeside = Callable[[], Sequence[BackupFile]]


def nothing_beside() -> Sequence[BackupFile]:
    """No files."""
    return ()
