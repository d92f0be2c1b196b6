"""The power goes: of what was written since the last sync each page is there or not, and in no order.

A layer under SQLite notes what is written and what is synced. After every commit that was acknowledged, the files are
put together as a disk might hold them then, and opened again.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from rag.store.sqlite.sqlite_store import SqliteStore
from tests.support.access import EVERYTHING
from tests.support.stores import open_store, parts

pytestmark = pytest.mark.crash

_DATABASE = "citewell.sqlite"


class Disk:
    """What each file surely holds, and what was written to it since it was last synced."""

    def __init__(self) -> None:
        self.durable: dict[str, bytearray] = {}
        self.pending: dict[str, list[tuple[int, bytes | None]]] = {}

    def write(self, name: str, offset: int, data: bytes | None) -> None:
        """Note some bytes, or with None that the file ends at `offset`."""
        self.pending.setdefault(name, []).append((offset, data))

    def sync(self, name: str) -> None:
        image = self.durable.setdefault(name, bytearray())
        for change in self.pending.pop(name, []):
            _apply(image, *change)

    def after_cut(self, name: str, chance: random.Random) -> bytes:
        """The file after the power went: what was not synced is there in part."""
        image = bytearray(self.durable.get(name, b""))
        for change in self.pending.get(name, []):
            if chance.random() < 0.5:
                _apply(image, *change)
        return bytes(image)


def _apply(image: bytearray, offset: int, data: bytes | None) -> None:
    if data is None:
        del image[offset:]
        return
    image.extend(bytes(max(0, offset - len(image))))
    image[offset : offset + len(data)] = data


class WatchedVfs(apsw.VFS):
    """The system's files, with every write told to a Disk."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        super().__init__("watched", "unix")

    def xOpen(self, name: Any, flags: list[int]) -> WatchedFile:  # noqa: N802 - SQLite's name
        return WatchedFile(name, flags, self._disk)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802 - SQLite's name
        super().xDelete(filename, syncdir)
        self._disk.durable.pop(filename, None)
        self._disk.pending.pop(filename, None)


class WatchedFile(apsw.VFSFile):
    """A file of WatchedVfs."""

    def __init__(self, name: Any, flags: list[int], disk: Disk) -> None:
        super().__init__("unix", name, flags)
        self._disk = disk
        self._name = str(name.filename() if isinstance(name, apsw.URIFilename) else name)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - SQLite's name
        super().xWrite(data, offset)
        self._disk.write(self._name, offset, bytes(data))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802 - SQLite's name
        super().xTruncate(newsize)
        self._disk.write(self._name, newsize, None)

    def xSync(self, flags: int) -> None:  # noqa: N802 - SQLite's name
        super().xSync(flags)
        self._disk.sync(self._name)


@pytest.fixture
def disk() -> Iterator[Disk]:
    """Every database that is opened meanwhile lies on it."""
    watched = Disk()
    vfs = WatchedVfs(watched)
    before = apsw.vfs_names()[0]
    apsw.set_default_vfs("watched")
    yield watched
    apsw.set_default_vfs(before)
    vfs.unregister()


def cut(disk: Disk, data: Path, folder: Path, chance: random.Random) -> dict[str, str]:
    """What the store in `data` holds after a power cut, put together in `folder`: texts by id. Fails unless sound."""
    folder.mkdir()
    for name in (_DATABASE, f"{_DATABASE}-wal"):
        (folder / name).write_bytes(disk.after_cut(str(data / name), chance))
    with SqliteStore.open(folder, create=False) as store:
        assert [check for check in store.check() if not check.ok] == []
        return {info.source.id: store.document(EVERYTHING, info.source.id).text for info in store.documents(EVERYTHING)}


@pytest.mark.parametrize("seed", range(6))
def test_what_was_acknowledged_is_there_after_the_power_went(tmp_path: Path, disk: Disk, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - what a disk lost
    expected: dict[str, str] = {}
    with open_store(tmp_path / "data") as store:
        for number in range(12):
            name = f"d{chance.randrange(5)}"
            if name in expected and chance.random() < 0.3:
                store.delete_document(name)
                del expected[name]
            else:
                lines = [f"Line {line} of {number}." for line in range(chance.randrange(1, 60))]
                made = parts(name, *lines)
                store.put_document(*made)
                expected[name] = made.document.text
            # Whatever was not synced by now may be lost; all that was acknowledged is not.
            for copy in range(3):
                assert cut(disk, tmp_path / "data", tmp_path / f"after-{number}-{copy}", chance) == expected


def test_a_disk_that_loses_what_was_synced_would_be_seen(tmp_path: Path, disk: Disk) -> None:
    """The other tests of this file can fail."""
    with open_store(tmp_path / "data") as store:
        store.put_document(*parts("d1", "A line."))
        synced = {name: bytes(image) for name, image in disk.durable.items()}
        store.put_document(*parts("d2", "Another line."))
        disk.durable = {name: bytearray(image) for name, image in synced.items()}
        disk.pending = {}
        assert set(cut(disk, tmp_path / "data", tmp_path / "after", random.Random(1))) == {"d1"}  # noqa: S311 - what a disk lost
