"""Private folders, flushing, local disks, and clear errors, for every part that writes.

Knows nothing of what is written. POSIX only, like the lock that keeps writers apart.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rag.errors import StorageError, StorageFull, StorageReadOnly

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_READ_ONLY = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
_TOO_MANY_OPEN = frozenset({errno.EMFILE, errno.ENFILE})
_SCRATCH = ".scratch-"
_MOUNTS = Path("/proc/self/mountinfo")
# On these, locks and shared memory do not reach other machines, and a write-ahead log needs both.
_NETWORK_FILE_SYSTEMS = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "9p", "fuse.sshfs"})


def storage_error(error: OSError, path: Path) -> StorageError:
    """The error to raise for a failed file operation on `path`: what happened and what to do about it."""
    if error.errno in _FULL:
        return StorageFull(
            f"{path} could not be written: {error.strerror}. Free some space, or raise the limit on file size or quota,"
            " and try again; what was stored before is unharmed."
        )
    if error.errno in _READ_ONLY:
        return StorageReadOnly(
            f"{path} cannot be written: {error.strerror}. Make the data directory writable for this user, or choose"
            " another one."
        )
    if error.errno in _TOO_MANY_OPEN:
        return StorageError(
            f"{path} could not be opened: too many files are open. Raise the limit (ulimit -n), or ask less at once."
        )
    return StorageError(f"{path} could not be used: {error.strerror or error}.")


def make_private_directory(path: Path) -> None:
    """Make `path` and its parents where they are missing; a new `path` is for this user alone (mode 0700)."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=0o700, exist_ok=True)
    except FileExistsError as error:
        raise StorageError(f"{path} is a file; expected a directory. Choose another data directory.") from error
    except OSError as error:
        raise storage_error(error, path) from error


def make_private_file(path: Path) -> None:
    """Make an empty file for this user alone (mode 0600), whoever may look into its folder; one that is there stays."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise storage_error(error, path) from error


@contextmanager
def scratch_folder(parent: Path) -> Iterator[Path]:
    """A new folder for this user alone in `parent`, gone afterwards; one that a killed process left goes first.

    A folder in use is held by a lock of the system, so one that nobody holds is nobody's. Raises StorageError.
    """
    try:
        for left in parent.glob(f"{_SCRATCH}*"):
            _remove_if_left(left)
        path, lock = _new_scratch(parent)
    except OSError as error:
        raise storage_error(error, parent) from error
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(lock)


def _new_scratch(parent: Path) -> tuple[Path, int]:
    """A new folder and the lock on it."""
    while True:
        path = parent / f"{_SCRATCH}{uuid.uuid4().hex[:8]}"
        path.mkdir(mode=0o700)
        with suppress(FileNotFoundError):  # somebody took it for one that was left, before it was held
            lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            fcntl.flock(lock, fcntl.LOCK_EX)
            if path.is_dir():
                return path, lock
            os.close(lock)


def _remove_if_left(path: Path) -> None:
    """Remove a scratch folder unless somebody holds it."""
    try:
        lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(path, ignore_errors=True)
    except BlockingIOError:
        return
    finally:
        os.close(lock)


def bytes_under(folder: Path) -> int:
    """The sizes of all files under `folder` together; what vanishes meanwhile counts for nothing."""
    total = 0
    for path in folder.rglob("*"):
        with suppress(OSError):
            found = path.lstat()
            total += found.st_size if stat.S_ISREG(found.st_mode) else 0
    return total


def flush_directory(path: Path) -> None:
    """Return when the names in `path` are on the disk: a new or renamed file may be lost in a power cut before."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def network_file_system(path: Path, mounts: Path = _MOUNTS) -> str | None:
    """The type of the network file system that holds `path`, or None on a local one or where nothing tells."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # not Linux
        return None
    resolved = path.resolve()
    longest, kind = -1, ""
    for line in lines:
        before, _, after = line.partition(" - ")
        # Spaces in a mount point are written as \040.
        mount_point = before.split(" ")[4].replace("\\040", " ")
        # The last of several mounts at one place is the one that is seen.
        if resolved.is_relative_to(mount_point) and len(mount_point) >= longest:
            longest, kind = len(mount_point), after.split(" ")[0]
    return kind if kind in _NETWORK_FILE_SYSTEMS else None
