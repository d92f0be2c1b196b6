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

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes from writing while the block runs; reentrant. Threads of this process take turns.

        Raises StorageBusy at once when another process has it.
        """
        with self._turn:
            file = self._lock_file() if self._depth == 0 else None
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if file is not None:
                    file.truncate(0)
                    file.close()

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
