"""The files of a folder that may become documents. Opens none of them but the ignore files.

Links are not followed, hidden names are passed over, and so are formats without a reader. A `.citewellignore` file
takes out what its lines match from its own folder downwards, as .gitignore does; a line deeper down wins.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rag import read
from rag.errors import InputError, UnreadableDocument
from rag.ingest.sources.patterns import IGNORE_FILE, Lines, Patterns, parse, verdict
from rag.store.base import UNTRUSTED, Stamp

ARCHIVE_SUFFIX = ".zip"
MAX_DEPTH = 200
MAX_FILES = 1_000_000
_MAX_IGNORE_BYTES = 256_000
# Nanoseconds. A file that is changed again within one tick of its file system's clock keeps its time of change. That
# tick is a few milliseconds on a Linux disk, and a second or two where times are whole seconds (FAT, some servers).
_FINE_TICK = 50_000_000
_COARSE_TICK = 2_000_000_000
_SECOND = 1_000_000_000
_LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file that is there: its absolute path and by what it is known again."""

    path: Path
    stamp: Stamp
    follow: bool = False  # whether it may be a link, as only a file that was named can be

    @property
    def key(self) -> bytes:
        """The path as the store has it."""
        return os.fsencode(self.path)

    @property
    def is_archive(self) -> bool:
        """Whether documents are looked for inside."""
        return self.path.suffix.lower() == ARCHIVE_SUFFIX


@dataclass(slots=True)
class FolderListing:
    """What a folder holds, in sorted order."""

    files: list[FoundFile] = field(default_factory=list)
    unlisted: dict[Path, str] = field(default_factory=dict)  # folders in it that could not be looked into, and why
    is_empty: bool = True  # not even a file of another kind


def stamp_of(found: os.stat_result) -> Stamp:
    """What tells this file from a changed one, cut to the 63 bits that the store holds."""
    return Stamp(found.st_size & _LARGEST, found.st_mtime_ns & _LARGEST, found.st_ino & _LARGEST)


def trusted(found: os.stat_result, now_ns: int | None = None) -> Stamp:
    """The stamp to remember of a file as it is opened; UNTRUSTED when it was changed only just now.

    A change that follows within the same tick of the clock would not show in the stamp.
    """
    now_ns = time.time_ns() if now_ns is None else now_ns
    tick = _FINE_TICK if found.st_mtime_ns % _SECOND else _COARSE_TICK
    return UNTRUSTED if abs(now_ns - found.st_mtime_ns) < tick else stamp_of(found)


def named(path: Path) -> FoundFile:
    """A file that was named, whatever it is called. Raises UnreadableDocument when it is not there."""
    try:
        found = path.stat()
    except OSError as error:
        raise read.unreadable(path, error) from error
    return FoundFile(read.absolute_path(path), stamp_of(found), follow=True)


def list_folder(
    folder: Path, patterns: Patterns, *, leave_out: Path | None = None, known: Collection[str] = read.MEDIA_TYPES
) -> FolderListing:
    """The files under `folder` whose suffixes are `known`, without what lies in `leave_out`.

    Raises UnreadableDocument when the folder itself cannot be listed, InputError for one with too many files.
    """
    root = read.absolute_path(folder)
    listing = FolderListing()
    entries, rules = _look_into(root, ())
    listing.is_empty = not entries
    pending = [_Level("", rules, iter(entries))]
    while pending:
        level = pending[-1]
        entry = next(level.entries, None)
        if entry is None:
            pending.pop()
            continue
        path = f"{level.path}{entry.name}"
        if _is_passed_over(entry, path, level.rules, patterns, known):
            continue
        place = root / path
        if not entry.is_dir(follow_symlinks=False):
            _add(listing, place, entry)
        elif place != leave_out:
            try:
                if len(pending) >= MAX_DEPTH:
                    raise UnreadableDocument(f"{read.printable(place)}: it lies {MAX_DEPTH} folders deep; move it up")
                entries, rules = _look_into(place, level.rules, f"{path}/")
                pending.append(_Level(f"{path}/", rules, iter(entries)))
            except InputError as error:
                listing.unlisted[place] = str(error)
    return listing


_Rules = tuple[tuple[str, Lines], ...]


@dataclass(slots=True)
class _Level:
    """A folder that is being walked: its path from the top, with a slash at the end, and what its files go by."""

    path: str
    rules: _Rules  # of each ignore file on the way down, the folder it lies in and its lines
    entries: Iterator[os.DirEntry[str]]


def _look_into(folder: Path, rules: _Rules, path: str = "") -> tuple[Sequence[os.DirEntry[str]], _Rules]:
    """The entries of a folder by name, and the rules that hold in it. Raises InputError when either is not to be had.

    Without its ignore file a folder is not looked into: what was to be left out must not get in.
    """
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        reason = "permission denied" if isinstance(error, PermissionError) else error.strerror
        raise UnreadableDocument(f"{read.printable(folder)}: this folder cannot be listed: {reason}") from error
    if any(entry.name == IGNORE_FILE for entry in entries):
        file = folder / IGNORE_FILE
        if file.is_symlink():
            raise UnreadableDocument(f"{read.printable(file)}: this is a link; a regular file was expected")
        lines = read.read_file(file, _MAX_IGNORE_BYTES).decode("utf-8-sig", "replace").splitlines()
        rules = (*rules, (path, parse(lines, read.printable(file))))
    return entries, rules


def _is_passed_over(
    entry: os.DirEntry[str], path: str, rules: _Rules, patterns: Patterns, known: Collection[str]
) -> bool:
    """Whether an entry is hidden, a link, of a kind without a reader, ignored, or not asked for."""
    if entry.name.startswith(".") or entry.is_symlink():
        return True
    is_folder = entry.is_dir(follow_symlinks=False)
    suffix = os.path.splitext(entry.name)[1].lower()  # noqa: PTH122 - a Path for each name doubles the time of a walk
    if not is_folder and suffix != ARCHIVE_SUFFIX and suffix not in known:
        return True
    for top, lines in reversed(rules):
        found = verdict(lines, path.removeprefix(top), is_folder=is_folder)
        if found is not None:
            if found:
                return True
            break
    return patterns.leaves_out(path, is_folder=is_folder)


def _add(listing: FolderListing, place: Path, entry: os.DirEntry[str]) -> None:
    """Take a file into the listing. One that vanished since is left out; so it is taken for gone."""
    try:
        found = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return
    except OSError as error:
        listing.unlisted[place] = str(read.unreadable(place, error))
        return
    if len(listing.files) >= MAX_FILES:
        raise InputError(f"The folder has more than {MAX_FILES:,} files; sync the folders in it one by one.")
    listing.files.append(FoundFile(place, stamp_of(found) if stat.S_ISREG(found.st_mode) else UNTRUSTED))
