"""What one receiver is still to be told: a folder of files, which outlives the process and a power cut.

Several processes may add; one takes away. Each file is one message, and its name says when it was added.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from rag.disk import flush_directory, make_private_directory, storage_error
from rag.hooks.hook_event import HookEvent

# Messages that may wait; beyond it the new ones are left out. Some 300 bytes each without texts.
MOST_WAITING = 10_000
_NANOSECONDS = 1_000_000_000


class HookQueue:
    """The messages for one receiver, oldest first."""

    def __init__(self, folder: Path, now: Callable[[], int] = time.time_ns) -> None:
        self._folder = folder
        self._now = now

    def add(self, event: HookEvent) -> bool:
        """Keep a message, on the disk; False where too many wait already. Raises StorageError."""
        make_private_directory(self._folder)
        try:
            if len(self.waiting()) >= MOST_WAITING:
                return False
            new = self._folder / f".{uuid.uuid4().hex}"
            with open(new, "wb", opener=_private) as file:
                file.write(event.id.encode() + b"\n" + event.body)
                file.flush()
                os.fsync(file.fileno())
            new.rename(self._folder / f"{self._now():020d}-{uuid.uuid4().hex[:8]}")
            flush_directory(self._folder)
        except OSError as error:
            raise storage_error(error, self._folder) from error
        return True

    def waiting(self) -> list[Path]:
        """The messages, oldest first. Raises StorageError."""
        try:
            return sorted(path for path in self._folder.iterdir() if not path.name.startswith("."))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise storage_error(error, self._folder) from error

    def read(self, path: Path) -> HookEvent:
        """One of them. Raises StorageError."""
        try:
            event_id, _, body = path.read_bytes().partition(b"\n")
        except OSError as error:
            raise storage_error(error, path) from error
        return HookEvent(event_id.decode("ascii", errors="replace"), body)

    def seconds_since(self, path: Path) -> float:
        """How long ago one was added."""
        added = path.name.partition("-")[0]
        return (self._now() - int(added)) / _NANOSECONDS if added.isdecimal() else float("inf")

    def done(self, path: Path) -> None:
        """Take one away. Raises StorageError."""
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise storage_error(error, path) from error


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
