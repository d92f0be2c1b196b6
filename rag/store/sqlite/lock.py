"""The lock that lets one process at a time change the documents."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from rag.disk import storage_error
from rag.errors import StorageBusy


class WriteLock:
    """A lock on the file `path`, which is made when needed and never removed, because others may wait on it.

    Not on the database file, whose locks are SQLite's. The system drops it with the process, so one that was killed
    leaves nothing to clean up. Its holder's process id stands in the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._turn = threading.RLock()
        self._depth = 0
        self._file: IO[bytes] | None = None  # while it is held

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes from writing while the block runs; reentrant. Threads of this process take turns.

        Raises StorageBusy at once when another process has it.
        """
        with self._turn:
            if self._depth == 0:
                self._file = self._lock_file()
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if self._depth == 0 and self._file is not None:
                    file, self._file = self._file, None
                    file.truncate(0)
                    file.close()

    def confirm(self) -> None:
        """Raise StorageBusy when the lock is held here and its file was removed meanwhile.

        Then another process may have got a lock too, on a new file of that name, and this one has to stop: someone
        took it for dead.
        """
        file = self._file
        if file is not None and not self._is_at_path(file):
            raise StorageBusy(
                f"{self._path} was removed or replaced while process {os.getpid()} was writing, so another may be"
                " writing too. Nothing more is written here; let one finish and try again."
            )

    def _is_at_path(self, file: IO[bytes]) -> bool:
        try:
            return os.path.samestat(os.fstat(file.fileno()), self._path.stat())
        except OSError:
            return False

    def _lock_file(self) -> IO[bytes]:
        """The open file, locked, with this process's id in it."""
        try:
            file = os.fdopen(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+b", buffering=0)
        except OSError as error:
            raise storage_error(error, self._path) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            file.truncate(0)
            file.write(b"%d\n" % os.getpid())
        except BlockingIOError as error:
            holder = file.read(20).decode("ascii", "replace").strip()
            file.close()
            who = f"process {holder}" if holder.isdecimal() else "another process"
            raise StorageBusy(f"{who} is writing to {self._path.parent}. Try again when it has finished.") from error
        except OSError as error:
            file.close()
            raise storage_error(error, self._path) from error
        return file
