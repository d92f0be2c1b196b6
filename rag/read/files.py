"""Bytes from files: only regular ones, never more than the limit."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from rag.errors import DocumentTooLarge, UnreadableDocument

_KINDS = (
    (stat.S_ISDIR, "a folder that cannot be listed"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def read_file(path: Path, max_bytes: int) -> bytes:
    """The bytes of a regular file of at most `max_bytes`; never waits for a pipe and never reads past the limit.

    Raises UnreadableDocument for anything else, DocumentTooLarge for a larger file, also when it grows meanwhile.
    """
    try:
        check_regular(path)
        # O_NONBLOCK: should a pipe have taken the file's place by now, opening it would wait for a writer.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            found = os.fstat(file.fileno())
            _check_mode(path, found.st_mode)
            if found.st_size > max_bytes:
                raise too_large(printable(path), found.st_size, max_bytes)
            data = file.read(max_bytes + 1)
    except OSError as error:
        raise unreadable(path, error) from error
    if len(data) > max_bytes:
        raise too_large(printable(path), len(data), max_bytes)
    return data


def modified_at(path: Path) -> str:
    """When the file was last changed, in ISO 8601, UTC, to the second; "" when that is not known, or no date at all."""
    with suppress(OSError, ValueError, OverflowError):
        return datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="seconds")
    return ""


def check_regular(path: Path) -> None:
    """Raise UnreadableDocument for a path that is not there or is no regular file."""
    try:
        _check_mode(path, path.stat().st_mode)
    except OSError as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: OSError) -> UnreadableDocument:
    """The error for a path that the system would not give, with what can be done about it."""
    if isinstance(error, FileNotFoundError):
        advice = "there is no such file; check the path"
    elif isinstance(error, PermissionError):
        advice = "permission denied; give the user who runs this the right to read it"
    else:
        advice = f"the system says: {error.strerror}; a regular file was expected"
    return UnreadableDocument(f"{printable(path)}: {advice}")


def too_large(location: str, found_bytes: int, max_bytes: int) -> DocumentTooLarge:
    """The error for a document over the limit: what was found, what is allowed, what to do.

    Of a file that grows while it is read no more than `max_bytes` + 1 are found.
    """
    found = f"more than {max_bytes:,} bytes" if found_bytes == max_bytes + 1 else f"{found_bytes:,} bytes"
    return DocumentTooLarge(
        f"{location}: {found}, but {max_bytes:,} are allowed; split the document or raise CITEWELL_MAX_DOCUMENT_BYTES"
    )


def printable(path: Path) -> str:
    """The path as text that can be shown and stored: bytes of a name that are not UTF-8 are written as hex escapes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _check_mode(path: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        kind = next((name for is_kind, name in _KINDS if is_kind(mode)), "no file")
        raise UnreadableDocument(f"{printable(path)}: this is {kind}; a regular file was expected")
