"""Folders that the server keeps in step while it answers."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rag.app import Citewell
from rag.cli.console import say
from rag.errors import InputError, RagError
from rag.ingest.results import IngestResult, SyncReport
from rag.store.base import IngestStatus


class _Stopping(Exception):
    """The server ends; what was synchronised so far stays."""


@contextmanager
def following(citewell: Citewell, folders: Sequence[Path]) -> Iterator[None]:
    """While this is open, `folders` are synchronised in a thread: now, and after each batch of changes.

    Raises InputError for a folder that is not there.
    """
    if not folders:
        yield
        return
    for folder in folders:
        if not folder.is_dir():
            raise InputError(f"{folder} is no folder that can be watched; check the path.")
    stop = threading.Event()
    thread = threading.Thread(target=_follow, args=(citewell, folders, stop), name="watch")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _follow(citewell: Citewell, folders: Sequence[Path], stop: threading.Event) -> None:
    from rag.ingest.sources.watch import watch_folders  # here: only who watches needs the library behind it

    def on_result(_result: IngestResult, _number: int, _total: int) -> None:
        if stop.is_set():
            raise _Stopping

    reports = watch_folders(
        folders,
        lambda changed: citewell.documents.sync(changed, on_result=on_result),
        say=say,
        leave_out=citewell.settings.data_dir.absolute(),
        stop=stop,
    )
    try:
        for report in reports:
            for line in _lines(report):
                say(line)
    except _Stopping:
        pass
    except RagError as error:
        say(f"The folders are not watched any more: {error} Questions are answered all the same.")


def _lines(report: SyncReport) -> Iterator[str]:
    """What a log is told of one synchronisation: failures by name, the rest as numbers."""
    for result in report.results:
        if result.status is IngestStatus.FAILED:
            yield f"failed: {result.error}"
    yield from report.problems
    statuses = [result.status for result in report.results]
    counts = ((status.value, statuses.count(status)) for status in IngestStatus)
    summary = ", ".join(f"{count} {name}" for name, count in counts if count)
    if summary:
        yield f"{summary} ({report.unchanged} unchanged)"
