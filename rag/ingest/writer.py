"""Writing to a data directory: in turn, apart from other processes, with an index published at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import TypeVar

from rag.errors import StorageBusy, StorageUnreachable
from rag.index.live import LiveIndex
from rag.ingest.write_queue import WriteQueue
from rag.records import ModelIdentity
from rag.store.base import Store

T = TypeVar("T")

# Seconds between two looks whether another process has written.
_PAUSE = 0.05


class Writer:
    """Runs what changes the documents of one data directory. Safe to use from several threads."""

    def __init__(self, store: Store, index: LiveIndex, model: ModelIdentity, *, patience_seconds: float) -> None:
        """`model` makes the vectors that are written; `patience_seconds` is how long to wait for another process."""
        self._store = store
        self._index = index
        self._model = model
        self._patience_seconds = patience_seconds
        self._queue = WriteQueue()

    def run(self, task: Callable[[], T]) -> T:
        """Run a short task that changes documents, in its turn, and give its result.

        Raises StorageBusy while another process writes.
        """

        def write() -> T:
            with self._writing():
                return task()

        return self._queue.run(write)

    def run_aside(self, task: Callable[[], T]) -> T:
        """Run a short task that writes but changes no document, in its turn, and give its result."""
        return self._queue.run(task)

    def publish_if_free(self) -> None:
        """Publish an index where the next start would have much to do, unless somebody is writing just now.

        Whoever writes publishes in any case; this is for a process that only answers. Raises StorageError.
        """

        def publish() -> None:
            with suppress(StorageBusy), self._store.write_lock():
                if self._index.is_unpublished():
                    self._index.publish()

        self._queue.run(publish)

    @contextmanager
    def long(self) -> Iterator[Callable[[], None]]:
        """A long task is the block; it calls what this yields between its steps, so that short tasks are run then.

        Raises StorageBusy while another process writes.
        """
        with self._queue.long() as let_others_in, self._writing():
            yield let_others_in

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Keep other processes from writing, and publish an index of what was written at the end.

        That is done after an error too: what was committed before it stays.
        """
        with self._write_lock():
            self._store.bind_model(self._model)
            try:
                yield
            finally:
                # What was committed is told of as it is, also where the database went away since: the next change
                # publishes, or the next start catches up.
                with suppress(StorageUnreachable):
                    if self._index.is_unpublished():
                        self._index.publish()

    @contextmanager
    def _write_lock(self) -> Iterator[None]:
        """Keep other processes from writing. Raises StorageBusy when another one does so for too long."""
        until = time.monotonic() + self._patience_seconds
        with ExitStack() as held:
            while True:
                try:
                    held.enter_context(self._store.write_lock())
                    break
                except StorageBusy:
                    if time.monotonic() >= until:
                        raise
                    time.sleep(_PAUSE)
            yield
