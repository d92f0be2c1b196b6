"""A secret of this installation that signs what browsers bring back: made once, kept in the data directory."""

from __future__ import annotations

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from rag.errors import StorageError

_BYTES = 32


class KeptSecret:
    """32 random bytes in a file that only its owner can read. All processes over one data directory share them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._secret: bytes | None = None

    def kept(self) -> bytes | None:
        """The secret, or None where none was ever made, and so nothing signed either. Raises StorageError."""
        if self._secret is None:
            try:
                kept = self._path.read_bytes()
            except FileNotFoundError:
                return None
            except OSError as error:
                raise StorageError(f"{self._path} cannot be read: {error.strerror}.") from error
            if len(kept) != _BYTES:
                raise StorageError(
                    f"{self._path} has {len(kept)} bytes; expected {_BYTES}. Delete it, and a new one is made."
                )
            self._secret = kept
        return self._secret

    def made(self) -> bytes:
        """The secret, made now where there is none. Raises StorageError."""
        kept = self.kept()
        if kept is None:
            try:
                _write_once(self._path, secrets.token_bytes(_BYTES))
            except OSError as error:
                raise StorageError(f"{self._path} cannot be written: {error.strerror}.") from error
            kept = self.kept()
        if kept is None:
            raise StorageError(f"{self._path} was deleted while it was written.")
        return kept


def _write_once(path: Path, content: bytes) -> None:
    """Make a file that only its owner can read, whole at once; one that is there by then stays."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            path.hardlink_to(name)
    finally:
        Path(name).unlink()
