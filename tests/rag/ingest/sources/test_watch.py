"""Folders are followed while a process runs: in this process by hand, and as a command that is interrupted."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rag.app import Citewell
from rag.errors import InputError, StorageBusy, StorageDamaged
from rag.ingest.results import SyncReport
from rag.ingest.sources.patterns import IGNORE_FILE
from rag.ingest.sources.watch import watch_folders
from rag.settings import Settings
from rag.store.sqlite.sqlite_store import SqliteStore
from tests.support.access import EVERYTHING
from tests.support.fakes import HashEmbedder
from tests.support.folders import write
from tests.support.hash_cli import COMMAND
from tests.support.processes import environment, wait_for

NOTHING = SyncReport((), 0, 0, (), (), ())


class Watched:
    """`watch_folders` in a thread, with a stand-in for the sync that notes what it was asked for."""

    def __init__(self, *folders: Path, leave_out: Path = Path("/nowhere"), poll: bool = False) -> None:
        self.synced: list[list[str]] = []
        self.said: list[str] = []
        self.errors: list[Exception] = []
        self._stopped = threading.Event()
        self._reports = watch_folders(
            folders, self.sync, say=self.said.append, leave_out=leave_out, poll=poll, pause=0.2
        )
        self._thread = threading.Thread(target=self._run, daemon=True)

    def sync(self, folders: object) -> SyncReport:
        if self._stopped.is_set():
            raise InterruptedError
        if self.errors:
            raise self.errors.pop(0)
        self.synced.append(sorted(path.name for path in folders))  # type: ignore[attr-defined] # paths
        return NOTHING

    def _run(self) -> None:
        try:
            for _ in self._reports:
                pass
        except InterruptedError:
            pass

    def __enter__(self) -> Watched:
        self._thread.start()
        assert wait_for(lambda: bool(self.synced))
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()

    def end(self, folder: Path) -> None:
        """Stop the thread by a change in a folder it watches."""
        self._stopped.set()
        write(folder / "end.txt", "x", at=None)
        self._thread.join(20)
        assert not self._thread.is_alive()


def test_first_all_folders_are_synced_and_then_those_in_which_something_changed(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    with Watched(one, two) as watched:
        assert watched.synced == [["one", "two"]]
        write(two / "a.txt", "x", at=None)
        assert wait_for(lambda: len(watched.synced) == 2)
        write(one / "sub" / "a.txt", "x", at=None)
        assert wait_for(lambda: len(watched.synced) == 3)
        assert watched.synced[1:] == [["two"], ["one"]]
        watched.end(one)


def test_changes_that_come_together_are_one_sync(tmp_path: Path) -> None:
    with Watched(tmp_path) as watched:
        for number in range(50):
            write(tmp_path / f"{number}.txt", "x", at=None)
        assert wait_for(lambda: len(watched.synced) == 2)
        watched.end(tmp_path)
        assert len(watched.synced) == 2


def test_hidden_files_and_the_data_directory_are_no_changes(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "data").mkdir()
    with Watched(tmp_path, leave_out=tmp_path / "data") as watched:
        write(tmp_path / ".git" / "a.txt", "x", at=None)
        write(tmp_path / ".b.txt.swp", "x", at=None)
        write(tmp_path / "data" / "citewell.sqlite-wal", "x", at=None)
        assert not wait_for(lambda: len(watched.synced) > 1, seconds=2)
        write(tmp_path / IGNORE_FILE, "*.md\n", at=None)
        assert wait_for(lambda: len(watched.synced) == 2)
        watched.end(tmp_path)


def test_folders_are_looked_through_where_the_system_tells_nothing(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", "x")
    with Watched(tmp_path, poll=True) as watched:
        write(tmp_path / "a.txt", "y", at=None)
        assert wait_for(lambda: len(watched.synced) == 2)
        watched.end(tmp_path)


def test_while_another_process_writes_the_sync_is_put_off_and_tried_again(tmp_path: Path) -> None:
    with Watched(tmp_path) as watched:
        watched.errors = [StorageBusy("process 7 is writing."), StorageBusy("process 7 is writing.")]
        write(tmp_path / "a.txt", "x", at=None)
        assert wait_for(lambda: len(watched.synced) == 2)
        assert watched.said == ["Put off: process 7 is writing."] * 2
        watched.end(tmp_path)


def test_what_waiting_does_not_mend_ends_the_watch(tmp_path: Path) -> None:
    def sync(_: object) -> SyncReport:
        raise StorageDamaged("a page does not read back")

    with pytest.raises(StorageDamaged):
        next(watch_folders([tmp_path], sync, say=print, leave_out=Path("/nowhere")))


def test_a_folder_that_is_replaced_is_watched_again(tmp_path: Path) -> None:
    """As when a share is unmounted, and mounted again."""
    docs = tmp_path / "docs"
    docs.mkdir()
    with Watched(docs) as watched:
        docs.rename(tmp_path / "away")
        assert wait_for(lambda: len(watched.synced) >= 2)
        count = len(watched.synced)
        docs.mkdir()
        assert wait_for(lambda: len(watched.synced) > count)
        assert any("A folder is gone" in line for line in watched.said)
        assert not wait_for(lambda: False, seconds=1)
        count = len(watched.synced)
        write(docs / "a.txt", "x", at=None)
        assert wait_for(lambda: len(watched.synced) > count)
        watched.end(docs)


def test_a_folder_that_is_not_there_at_the_start_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="missing is no folder that can be watched"):
        next(watch_folders([tmp_path / "missing"], lambda _: NOTHING, say=print, leave_out=tmp_path))


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts `rag watch` as a process, which does not outlive the test."""
    started = []

    def start(*arguments: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*COMMAND, "watch", *map(str, arguments), "--data-dir", str(tmp_path / "data")],
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def read_until(process: subprocess.Popen[str], text: str) -> list[str]:
    """The lines of the error stream up to one with `text`."""
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line)
        if text in line:
            return lines
    raise AssertionError(lines)


def test_the_command_follows_a_folder_until_it_is_interrupted(
    command: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    docs = tmp_path / "docs"
    write(docs / "gate.txt", "The gate opens at eight.\n")
    process = command(docs)
    assert read_until(process, "Watching") == [
        f"created    {docs / 'gate.txt'}\n",
        "1 created\n",
        "Watching for changes (stop with Ctrl-C).\n",
    ]
    write(docs / "bad.txt", "")
    read_until(process, "bad.txt: the file is empty")
    write(docs / "ferry.txt", "The ferry leaves at noon.\n", at=None)
    read_until(process, "ferry.txt")
    settings = Settings(data_dir=tmp_path / "data", reader=False)
    with SqliteStore.open(settings.data_dir, create=False) as store:
        assert wait_for(lambda: store.counts(EVERYTHING)[0] == 2)
        read_until(process, "1 created")
        with store.write_lock():  # idle, it does not hold it
            pass
    (docs / "ferry.txt").rename(docs / "boat.txt")
    read_until(process, f"(from {docs / 'ferry.txt'})")
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=200)
    assert (process.returncode, out) == (130, "")
    assert errors.endswith("Interrupted.\n")
    assert "Traceback" not in errors
    with Citewell.open(settings, embedder=HashEmbedder(name=settings.model), create=False) as citewell:
        assert {Path(info.source.location).name for info in citewell.documents.all(access=EVERYTHING)} == {
            "gate.txt",
            "boat.txt",
        }
        assert all(check.ok for check in citewell.maintenance.check())
