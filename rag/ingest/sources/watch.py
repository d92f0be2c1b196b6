"""Folders that are kept in step while this runs: each batch of changes is one sync of the folders they lie in.

The operating system tells of changes where it can; on network file systems, and where it has no watches left, the
folders are looked through every few seconds. While nothing changes nothing is held: no lock, no transaction.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path

import watchfiles

from rag import read
from rag.disk import network_file_system
from rag.errors import InputError, StorageBusy, StorageFull, StorageReadOnly, StorageUnreachable
from rag.ingest.results import SyncReport
from rag.ingest.sources.patterns import IGNORE_FILE

Sync = Callable[[Sequence[Path]], SyncReport]
Say = Callable[[str], None]

# Milliseconds. A batch ends when nothing has changed for as long as _QUIET, or after _LONGEST at the latest.
_QUIET = 500
_LONGEST = 5_000
# How often the folders are looked through where the system does not tell of changes.
_POLL = 3_000
# How long to wait for the system before looking whether there is something else to do.
_TURN = 500
# Seconds between two looks whether the folders are still there, and between two tries of what was put off.
_PAUSE = 5.0
# What may be over after a while. Anything else is wrong with the data directory and ends the watch.
_PASSING = (StorageBusy, StorageFull, StorageReadOnly, StorageUnreachable)


class _NoWatch(Exception):
    """The system cannot tell of changes in these folders."""


def watch_folders(
    folders: Sequence[Path],
    sync: Sync,
    *,
    say: Say,
    leave_out: Path,
    poll: bool = False,
    pause: float = _PAUSE,
    stop: threading.Event | None = None,
) -> Iterator[SyncReport]:
    """Sync `folders`, then those in which something changes, until `stop` is set; each report as it comes.

    `say` is told in a line why something was put off. With `poll` the folders are looked through even where the
    system would tell of changes. Those of hidden files and those in `leave_out` do not count. `pause` is in seconds.
    Raises InputError for a folder that is not there at the start, and the errors of `sync` that waiting does not mend.
    """
    tops = [read.absolute_path(folder) for folder in folders]
    for top in tops:
        if not top.is_dir():
            raise InputError(f"{read.printable(top)} is no folder that can be watched; check the path.")
        kind = None if poll else network_file_system(top)
        if kind is not None:
            say(f"{read.printable(top)} is on a network file system ({kind}): it is looked through every few seconds.")
            poll = True
    stop = stop or threading.Event()
    while not stop.is_set():
        try:
            yield from _watch_until_replaced(tops, sync, say, leave_out, poll=poll, pause=pause, stop=stop)
        except _NoWatch as error:
            if poll:
                raise InputError(f"The folders cannot be watched: {error}.") from error
            say(f"The system does not tell of changes ({error}): the folders are looked through every few seconds.")
            poll = True
        else:
            if stop.is_set():
                return
            say("A folder is gone, or another one is in its place: looking at all of them.")


def _watch_until_replaced(
    tops: Sequence[Path],
    sync: Sync,
    say: Say,
    leave_out: Path,
    *,
    poll: bool,
    pause: float,
    stop: threading.Event,
) -> Iterator[SyncReport]:
    """Sync all folders, then as they change, until one of them is another than it was, as after mounting a share."""
    identities = [_identity(top) for top in tops]
    there = [top for top, identity in zip(tops, identities, strict=True) if identity is not None]
    pending = list(tops)
    due = 0.0
    # The watch begins before the first sync, so that no change falls between them.
    for changed in _changes(there, leave_out, poll=poll, stop=stop):
        news = [top for top in tops if top not in pending and any(path.is_relative_to(top) for path in changed)]
        pending += news
        now = time.monotonic()
        if pending and (news or now >= due):
            pending = yield from _try(sync, pending, say)
            due = time.monotonic() + pause
        elif now >= due:
            due = now + pause
            if [_identity(top) for top in tops] != identities:
                return


def _try(sync: Sync, folders: list[Path], say: Say) -> Generator[SyncReport, None, list[Path]]:
    """Sync the folders, and give back those that have to be tried again."""
    try:
        report = sync(folders)
    except _PASSING as error:
        say(f"Put off: {error}")
        return folders
    yield report
    return []


def _changes(folders: Sequence[Path], leave_out: Path, *, poll: bool, stop: threading.Event) -> Iterator[list[Path]]:
    """Batches of paths that have changed, and an empty one every now and then, until `stop`. Raises _NoWatch."""
    if not folders:
        while not stop.is_set():
            yield []
            stop.wait(_TURN / 1_000)
        return

    def counts(_: watchfiles.Change, path: str) -> bool:
        return _counts(Path(path), folders, leave_out)

    batches = watchfiles.watch(
        *folders,
        watch_filter=counts,
        debounce=_LONGEST,
        step=_QUIET,
        rust_timeout=_TURN,
        yield_on_timeout=True,
        force_polling=poll or None,
        poll_delay_ms=_POLL,
        ignore_permission_denied=True,
        stop_event=stop,
    )
    while not stop.is_set():
        try:
            batch = next(batches, None)
        except (OSError, RuntimeError) as error:  # no watches left, or a file system that knows none
            raise _NoWatch(str(error)) from error
        if batch is None:
            return
        yield [Path(path) for _, path in batch]


def _counts(path: Path, folders: Sequence[Path], leave_out: Path) -> bool:
    """Whether a change of this path may be one of the documents."""
    if path.is_relative_to(leave_out):
        return False
    for top in folders:
        if path.is_relative_to(top):
            parts = path.relative_to(top).parts
            return all(not part.startswith(".") for part in parts[:-1]) and (
                not parts or not parts[-1].startswith(".") or parts[-1] == IGNORE_FILE
            )
    return False


def _identity(folder: Path) -> tuple[int, int] | None:
    """What tells a folder from another one in its place; None when there is none."""
    try:
        found = folder.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
