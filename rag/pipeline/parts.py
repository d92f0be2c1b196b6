"""What every part of the pipeline stands on: the parts that were built, and the turns in which is written."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TypeVar

from rag.embed import Embedder
from rag.errors import StorageBusy
from rag.originals import Originals
from rag.read.apart import Parser
from rag.reader import Reader
from rag.remembered import Remembered
from rag.serving import ServingIndex
from rag.settings import Settings
from rag.store import Store
from rag.turns import Turns

T = TypeVar("T")

# Seconds that a process waits for another of the same server to have written, and between two looks.
_PATIENCE, _PAUSE = 30.0, 0.05


class Parts:
    """The parts, which `Pipeline` makes, and how they are used for writing."""

    settings: Settings
    _store: Store
    _embedder: Embedder
    _reader: Reader | None
    _index: ServingIndex
    _confidence_of: str  # what gives the confidence: a threshold fitted for another one means nothing
    _parse: Parser
    _originals: Originals
    _turns: Turns
    _remembered: Remembered

    def _write(self, task: Callable[[], T]) -> T:
        """What a short task gives that writes, run in its turn."""

        def run() -> T:
            with self._writing():
                return task()

        return self._turns.run(run)

    @contextmanager
    def _writing_long(self) -> Iterator[Callable[[], None]]:
        """Write for long; what it gives is called between steps and lets the short tasks of other threads in."""
        with self._turns.long() as let_others_in, self._writing():
            yield let_others_in

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Keep other processes from writing, and publish an index of what was written at the end.

        That is done after an error too: what was committed before it stays.
        """
        with self._write_lock():
            self._store.bind_model(self._embedder.identity)
            try:
                yield
            finally:
                if self._index.is_unpublished():
                    self._index.publish()

    @contextmanager
    def _write_lock(self) -> Iterator[None]:
        """Keep other processes from writing. Where several answer, one waits a while until another has written."""
        until = time.monotonic() + (_PATIENCE if self.settings.workers > 1 else 0)
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
