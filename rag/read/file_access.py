"""Bytes from files: only regular ones, never more than the limit."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

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
    with open_regular(path) as file:
        return read_open(file, path, max_bytes)


@contextmanager
def open_regular(path: Path, *, follow: bool = True) -> Iterator[IO[bytes]]:
    """A regular file, open for reading; without `follow` a link in its place is refused. Raises UnreadableDocument."""
    try:
        check_regular(path)
        # O_NONBLOCK: should a pipe have taken the file's place by now, opening it would wait for a writer.
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
        file = os.fdopen(os.open(path, flags), "rb")
    except OSError as error:
        raise unreadable(path, error) from error
    with file:
        _check_mode(path, os.fstat(file.fileno()).st_mode)
        yield file


def read_open(file: IO[bytes], path: Path, max_bytes: int) -> bytes:
    """The bytes of an open file of at most `max_bytes`.

    Raises DocumentTooLarge for a larger one, also when it grows meanwhile, and UnreadableDocument.
    """
    found = os.fstat(file.fileno()).st_size
    if found > max_bytes:
        raise too_large(printable(path), found, max_bytes)
    try:
        data = file.read(max_bytes + 1)
    except OSError as error:
        raise unreadable(path, error) from error
    if len(data) > max_bytes:
        raise too_large(printable(path), len(data), max_bytes)
    return data


def modified_at(path: Path) -> str:
    """When the file was last changed, in ISO 8601, UTC, to the second; "" when that is not known, or no date at all."""
    with suppress(OSError):
        return as_date(path.stat().st_mtime)
    return ""


def as_date(seconds: float) -> str:
    """Seconds since 1970 in ISO 8601, UTC, to the second; "" when that is no date at all."""
    with suppress(OSError, ValueError, OverflowError):
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
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
