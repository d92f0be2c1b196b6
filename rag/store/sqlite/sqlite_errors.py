"""The one place that turns SQLite's errors into ours, and says what each means to a user."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from rag.disk import storage_error
from rag.errors import StorageBusy, StorageDamaged, StorageError

RESTORE = (
    "Put the data directory back from a backup, or move it away and ingest the documents again; keep the damaged file"
    " until that has worked."
)


@contextmanager
def translated(path: Path, connection: apsw.Connection | None = None) -> Iterator[None]:
    """Raise a StorageError in place of an apsw error about the database at `path`.

    `connection` is the one in use, None while it is being opened.
    """
    try:
        yield
    except UnicodeDecodeError as error:  # a page that is damaged, and still a page to SQLite
        raise StorageDamaged(f"{path} is damaged: a text in it is not UTF-8. {RESTORE}") from error
    except apsw.Error as error:
        raise _meaning(error, path, connection.system_errno if connection else _open_errno(path.parent)) from error


def _meaning(error: apsw.Error, path: Path, system_errno: int) -> StorageError:
    """The StorageError for an error of SQLite. `system_errno` is the cause behind an I/O error, or 0."""
    if isinstance(error, apsw.BusyError | apsw.LockedError):
        return StorageBusy(f"another process has kept {path} locked for too long. Try again.")
    if isinstance(error, apsw.FullError):
        return storage_error(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), path)
    # apsw gives every error its extended code; its type stubs do not know.
    damaged_words = getattr(error, "extendedresult", 0) == apsw.SQLITE_CORRUPT_VTAB
    # FTS5 reports damaged settings of its own as an error in the SQL.
    if damaged_words or (isinstance(error, apsw.SQLError) and "fts5" in str(error)):
        return StorageDamaged(
            f"the word index in {path} is damaged; the documents are not. Run `rag rebuild` to make it again."
        )
    if isinstance(error, apsw.CorruptError | apsw.NotADBError):
        said = " ".join(str(error).split())  # of a damaged schema SQLite shows a piece, line breaks and all
        return StorageDamaged(f"{path} is damaged: {said}. {RESTORE}")
    if isinstance(error, apsw.ReadOnlyError):
        return storage_error(OSError(errno.EROFS, "it is read-only"), path)
    if isinstance(error, apsw.IOError | apsw.CantOpenError) and system_errno:
        return storage_error(OSError(system_errno, os.strerror(system_errno)), path)
    return StorageError(f"{path} could not be used: {error}.")


def _open_errno(directory: Path) -> int:
    """Why no file can be opened in `directory` right now, or 0: a connection that failed to open does not tell."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        return error.errno or 0
    return 0 if os.access(directory, os.W_OK) else errno.EACCES
