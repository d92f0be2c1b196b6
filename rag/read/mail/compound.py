"""Compound files ([MS-CFB]): the folders and streams that Outlook's mails are kept in.

Written here because a file of 50 MB can keep the usual library busy for hours: every table of such a file may point
into itself. Here each sector of a table and each entry of the directory is visited once, and what is read is bounded.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rag.errors import UnreadableDocument

_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SECTOR_SHIFTS, _MINI_SHIFT = (9, 12), 6
_HEADER_BYTES = 512
_FIRST_TABLE, _FIRST_TABLE_BYTES = 76, 436
_MAX_SECTOR = 0xFFFFFFF9  # those above mean "free", "end" and the like
_NO_ENTRY = 0xFFFFFFFF
_ENTRY_BYTES = 128
_FOLDER, _STREAM, _ROOT = 1, 2, 5
_SMALL_BYTES = 4_096  # smaller streams share sectors
_MAX_ENTRIES = 200_000
# Streams that share their sectors could be read again and again; in a sound file all together are smaller than it.
_MAX_READS = 3


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder: its streams by name, as (first sector, size in bytes), and its folders by name."""

    streams: dict[str, tuple[int, int]] = field(default_factory=dict)
    folders: dict[str, Folder] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    kind: int
    left: int
    right: int
    child: int
    start: int
    size: int


class Compound:
    """A compound file in memory. `root` is its outermost folder.

    Raises UnreadableDocument for what is none, and for one that is damaged, here or when a stream is read.
    """

    def __init__(self, data: bytes) -> None:
        if len(data) < _HEADER_BYTES or not data.startswith(_MAGIC):
            raise UnreadableDocument("it is no compound file; a mail as Outlook saves it was expected")
        shift, mini_shift = struct.unpack_from("<2H", data, 30)
        directory, _, _, mini_table, _, more_tables = struct.unpack_from("<6I", data, 48)
        if shift not in _SECTOR_SHIFTS or mini_shift != _MINI_SHIFT:
            raise _damaged()
        self._data = data
        self._sector_bytes = 1 << shift
        self._left = _MAX_READS * len(data)
        self._table = self._read_table(more_tables)
        entries = _entries(self._chain(directory))
        self._small = self._chain(entries[0].start)[: entries[0].size]
        self._small_table = _numbers(self._chain(mini_table)[: (len(self._small) >> _MINI_SHIFT) * 4 + 4])
        self.root = _tree(entries)

    def read(self, folder: Folder, name: str, *, max_bytes: int) -> bytes:
        """The bytes of a stream; b"" when the folder has none of this name, or a larger one."""
        start, size = folder.streams.get(name, (0, 0))
        if not size or size > max_bytes:
            return b""
        self._left -= size
        if self._left < 0:
            raise _damaged()
        data = self._small_stream(start, size) if size < _SMALL_BYTES else self._chain(start)[:size]
        if len(data) < size:
            raise _damaged()
        return data

    def _read_table(self, more: int) -> Sequence[int]:
        """The table that says which sector follows which."""
        numbers = list(_numbers(self._data[_FIRST_TABLE : _FIRST_TABLE + _FIRST_TABLE_BYTES]))
        seen: set[int] = set()
        while more < _MAX_SECTOR:
            if more in seen:
                raise _damaged()
            seen.add(more)
            found = _numbers(self._sector(more))
            if not found:
                raise _damaged()
            numbers += found[:-1]
            more = found[-1]
        used = [number for number in numbers if number < _MAX_SECTOR]
        if len(set(used)) < len(used):
            raise _damaged()
        sectors = len(self._data) // self._sector_bytes + 1
        needed = sectors * 4 // self._sector_bytes + 1
        return _numbers(b"".join(map(self._sector, used[:needed])))

    def _sector(self, number: int) -> bytes:
        start = (number + 1) * self._sector_bytes
        if start >= len(self._data):
            raise _damaged()
        return self._data[start : start + self._sector_bytes]

    def _chain(self, start: int) -> bytes:
        return b"".join(map(self._sector, _follow(self._table, start)))

    def _small_stream(self, start: int, size: int) -> bytes:
        places = (number << _MINI_SHIFT for number in _follow(self._small_table, start))
        return b"".join(self._small[place : place + (1 << _MINI_SHIFT)] for place in places)[:size]


def _follow(table: Sequence[int], start: int) -> Iterator[int]:
    """The sectors of a chain in order."""
    count = 0
    while start < _MAX_SECTOR:
        count += 1
        if start >= len(table) or count > len(table):
            raise _damaged()
        yield start
        start = table[start]


def _entries(directory: bytes) -> list[_Entry]:
    count = min(len(directory) // _ENTRY_BYTES, _MAX_ENTRIES)
    entries = []
    for fields in struct.iter_unpack("<64sHBx3I36xIQ", directory[: count * _ENTRY_BYTES]):
        name, name_bytes, kind, left, right, child, start, size = fields
        words = name[: max(0, min(name_bytes, 64) - 2)].decode("utf-16-le", "replace")
        # In files of small sectors the upper half of the size may hold anything.
        entries.append(_Entry(words, kind, left, right, child, start, size & 0xFFFFFFFF))
    if not entries or entries[0].kind != _ROOT:
        raise _damaged()
    return entries


def _tree(entries: Sequence[_Entry]) -> Folder:
    """The folders from the root on. An entry that stands in two of them, or twice in one, is damage."""
    root = Folder()
    seen = {0}
    waiting = [(entries[0].child, root)]
    while waiting:
        number, folder = waiting.pop()
        if number == _NO_ENTRY:
            continue
        if number >= len(entries) or number in seen:
            raise _damaged()
        seen.add(number)
        entry = entries[number]
        waiting += [(entry.left, folder), (entry.right, folder)]
        if entry.kind == _STREAM:
            folder.streams[entry.name] = (entry.start, entry.size)
        elif entry.kind == _FOLDER:
            folder.folders[entry.name] = Folder()
            waiting.append((entry.child, folder.folders[entry.name]))
    return root


def in_order(folders: Mapping[str, Folder], prefix: str) -> list[Folder]:
    """The folders whose names begin with `prefix`, in the order of their names."""
    return [folders[name] for name in sorted(folders) if name.startswith(prefix)]


def _numbers(data: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(data) // 4}I", data[: len(data) // 4 * 4])


def _damaged() -> UnreadableDocument:
    return UnreadableDocument("it is damaged: its parts do not fit together; save the mail from Outlook again")
