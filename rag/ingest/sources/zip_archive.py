"""The files in a ZIP archive, read one by one under limits. Nothing is ever written to the disk.

An archive is what somebody sends: its sizes may lie, its names may point elsewhere, and a small one may unpack to
terabytes. What is over a limit is refused, and so is each entry whose name is not a plain path below the archive.
"""

from __future__ import annotations

import os
import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import IO

from rag import read
from rag.errors import DocumentTooLarge, UnreadableDocument

MAX_ENTRIES = 10_000
# Bytes of the list of entries, which is read in one piece: ten thousand entries with long names.
MAX_LIST_BYTES = 8_000_000
# Bytes of all entries together. A library that is larger is better kept in a folder.
MAX_TOTAL_BYTES = 2_000_000_000
# Text shrinks to a fifth or a tenth, a log of like lines to a hundredth, a bomb to a thousandth.
MAX_RATIO = 200
# A small entry may shrink more: a page of the same character is no bomb.
_SMALL = 1_000_000
_SMALL_TOTAL = 10_000_000
_MAX_NAME_CHARS = 1_000
_UNSHOWN = ("Cc", "Cs")
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1 | 0x40 | 0x2000
# What reading a damaged archive raises.
_DAMAGED = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class ArchiveEntry:
    """A file in an archive that may become a document, or why it may not."""

    name: str  # its path inside, "inner/a.md"
    modified_at: str = ""  # ISO 8601; archives keep local times without saying of where, taken for UTC here
    error: str = ""


class Archive:
    """An open archive. Use `open_archive`."""

    def __init__(
        self, opened: zipfile.ZipFile, location: str, size: int, max_bytes: int, known: Collection[str]
    ) -> None:
        self._opened = opened
        self._location = location
        self._size = size
        self._max_bytes = max_bytes
        self._known = known
        self._left = MAX_TOTAL_BYTES
        self._infos: dict[str, zipfile.ZipInfo] = {}

    def entries(self) -> list[ArchiveEntry]:
        """The files in it by name, those with an error among them.

        Like the files of a folder, hidden ones and those without a reader are passed over. Raises UnreadableDocument
        when there are too many.
        """
        infos = self._opened.infolist()
        if len(infos) > MAX_ENTRIES:
            raise UnreadableDocument(
                f"{self._location}: {len(infos):,} entries, but {MAX_ENTRIES:,} are allowed; split the archive"
            )
        # Entries may share their bytes, so that each by itself shrinks little and all together unpack to very much.
        total = sum(info.file_size for info in infos)
        if total > max(MAX_RATIO * self._size, _SMALL_TOTAL):
            raise UnreadableDocument(
                f"{self._location}: {self._size:,} bytes unpack to {total:,}, more than {MAX_RATIO} times as many;"
                " unpack it yourself if you trust it"
            )
        counted = Counter(info.filename for info in infos)
        found: dict[str, ArchiveEntry] = {}
        for info in infos:
            error = _name_error(info)
            if not error and (info.is_dir() or _is_passed_over(info.filename, self._known)):
                continue
            error = error or _kind_error(info)
            if not error and counted[info.filename] > 1:
                error = "several entries have this name, and which one is meant cannot be told"
            if not error:
                self._infos[info.filename] = info
            name = shown(info.orig_filename)
            found[name] = ArchiveEntry(name, _date(info), f"{self._location}!/{name}: {error}" if error else "")
        return [found[name] for name in sorted(found)]

    def read(self, name: str) -> bytes:
        """The bytes of an entry. Raises DocumentTooLarge, UnreadableDocument."""
        info = self._infos[name]
        location = f"{self._location}!/{name}"
        if info.file_size > self._max_bytes:
            raise read.too_large(location, info.file_size, self._max_bytes)
        if info.file_size > _SMALL and info.file_size > MAX_RATIO * info.compress_size:
            raise DocumentTooLarge(
                f"{location}: {info.compress_size:,} bytes unpack to {info.file_size:,}, more than {MAX_RATIO} times as"
                " many; unpack it yourself if you trust it"
            )
        if info.file_size > self._left:
            raise DocumentTooLarge(
                f"{location}: the archive unpacks to more than {MAX_TOTAL_BYTES:,} bytes; split the archive"
            )
        try:
            with self._opened.open(info) as file:
                # Never more than the size that the archive tells: that is where the reading ends.
                data = file.read(info.file_size + 1)
        except OSError:  # not the disk, which `_Bounded` speaks for
            raise UnreadableDocument(f"{location}: the archive is damaged: this is not where it says") from None
        except _DAMAGED as error:
            raise UnreadableDocument(f"{location}: the archive is damaged here ({error}); pack it again") from error
        self._left -= len(data)
        return data


@contextmanager
def open_archive(
    file: IO[bytes], location: str, *, max_bytes: int, known: Collection[str] = read.MEDIA_TYPES
) -> Iterator[Archive]:
    """The archive in an open file; each entry of it may have `max_bytes`, and a suffix that is `known`.

    Raises UnreadableDocument.
    """
    try:
        # The list of entries is read while this opens, in one piece as long as the archive says.
        opened = zipfile.ZipFile(_Bounded(file, location))
    except OSError:  # as above
        raise UnreadableDocument(f"{location}: this is a damaged ZIP archive; pack it again") from None
    except _DAMAGED as error:
        raise UnreadableDocument(f"{location}: this is no ZIP archive, or a damaged one ({error})") from error
    with opened:
        yield Archive(opened, location, os.fstat(file.fileno()).st_size, max_bytes, known)


class _Bounded:
    """A file that reads at most MAX_LIST_BYTES at a time."""

    def __init__(self, file: IO[bytes], location: str) -> None:
        self._file = file
        self._location = location
        self.seek = file.seek
        self.tell = file.tell
        self.seekable = file.seekable

    def read(self, size: int = -1) -> bytes:
        if size > MAX_LIST_BYTES:
            raise UnreadableDocument(
                f"{self._location}: its list of entries has {size:,} bytes, but {MAX_LIST_BYTES:,} are allowed;"
                " split the archive"
            )
        try:
            return self._file.read(MAX_LIST_BYTES if size < 0 else size)
        except OSError as error:
            raise UnreadableDocument(f"{self._location}: the system says: {error.strerror}") from error

    def close(self) -> None:
        """Leave the file to whoever opened it."""


def shown(name: str) -> str:
    """The name as text that can be shown and stored: control characters are written as escapes."""
    letters = (c.encode("unicode_escape").decode("ascii") if unicodedata.category(c) in _UNSHOWN else c for c in name)
    return "".join(letters)[:_MAX_NAME_CHARS]


def _name_error(info: zipfile.ZipInfo) -> str:
    """What is wrong with the name of an entry: anything but a plain path below the archive; "" when it is one."""
    name = info.orig_filename  # as it stands in the archive; `filename` ends at a zero byte
    parts = name.removesuffix("/").split("/")
    if len(name) > _MAX_NAME_CHARS:
        return f"its name has {len(name):,} characters; at most {_MAX_NAME_CHARS:,} are allowed"
    if name.startswith("/") or re.match(r"[A-Za-z]:", name):
        return "its name is an absolute path; one below the archive was expected"
    if "\\" in name:
        return "its name has a backslash, which some systems take for a folder; expected slashes alone"
    if ".." in parts or "." in parts or "" in parts:
        return 'its name has a part that is "..", "." or empty; a plain path below the archive was expected'
    if any(unicodedata.category(c) in _UNSHOWN for c in name):
        return "its name has a control character; a plain path below the archive was expected"
    return ""


def _kind_error(info: zipfile.ZipInfo) -> str:
    """Why an entry with a good name is not read; "" when it is."""
    mode = info.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        kind = "a link" if stat.S_ISLNK(mode) else "a device or a pipe"
        return f"this is {kind}; a regular file was expected"
    if info.flag_bits & _ENCRYPTED:
        return "it is encrypted; expected one that opens without a password"
    if _suffix(info.filename) == ".zip":
        return "an archive inside an archive is not read; unpack the outer one"
    if info.compress_type not in _METHODS:
        return "it is packed in a way that is not read; expected the ordinary one (deflate)"
    return ""


def _is_passed_over(name: str, known: Collection[str]) -> bool:
    """Whether a file of this name is hidden or has no reader."""
    path = PurePosixPath(name)
    hidden = any(part.startswith(".") for part in path.parts) or path.parts[0] == "__MACOSX"
    return hidden or (_suffix(name) not in known and _suffix(name) != ".zip")


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _date(info: zipfile.ZipInfo) -> str:
    """When the entry was last changed; "" for no date, which is written as the first one that can be."""
    try:
        found = datetime(*info.date_time, tzinfo=UTC)
    except ValueError:
        return ""
    return "" if info.date_time == (1980, 1, 1, 0, 0, 0) else found.isoformat(timespec="seconds")
