"""Who may write: one thread at a time, and a long task lets short ones in between its steps.

A folder that is read for the first time takes minutes; whoever removes a document from the page meanwhile should not
wait for it. The short task is run by the thread of the long one, which holds the lock against other processes.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(eq=False, slots=True)
class _WaitingTask:
    """A short task that waits for its turn."""

    task: Callable[[], Any]
    result: Future[Any] = field(default_factory=Future)
    is_taken: bool = False  # somebody runs it, or has run it

    def run(self) -> None:
        """Run it here, and give whoever waits what it gave or raised."""
        try:
            self.result.set_result(self.task())
        except Exception as error:  # noqa: BLE001 - raised again where it is waited for
            self.result.set_exception(error)
        except BaseException as error:  # Ctrl-C is for this thread too
            self.result.set_exception(error)
            raise


class WriteQueue:
    """The turns of the threads of one process."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._writer: int | None = None  # the thread whose turn it is
        self._errands: deque[_WaitingTask] = deque()

    def run(self, task: Callable[[], T]) -> T:
        """What `task` gives, run in its turn: at once, after another short one, or between two steps of a long one."""
        if self._writer == threading.get_ident():
            return task()
        errand = _WaitingTask(task)
        with self._changed:
            self._errands.append(errand)
            self._changed.wait_for(lambda: errand.is_taken or self._writer is None)
            if not errand.is_taken:
                self._take(errand)
                self._writer = threading.get_ident()
        if self._writer == threading.get_ident():
            try:
                errand.run()
            finally:
                self._end()
        result: T = errand.result.result()
        return result

    @contextmanager
    def long(self) -> Iterator[Callable[[], None]]:
        """A long turn. What it gives is to be called between steps, when others may write: it runs what waits."""
        me = threading.get_ident()
        if self._writer == me:
            raise RuntimeError("a long task inside another one")
        with self._changed:
            self._changed.wait_for(lambda: self._writer is None)
            self._writer = me
        try:
            yield self._run_errands
        finally:
            self._end()

    def _run_errands(self) -> None:
        """Run the short tasks that wait now, and none that come meanwhile: those have the next step."""
        with self._changed:
            waiting = list(self._errands)
            for errand in waiting:
                self._take(errand)
        for errand in waiting:
            errand.run()
        if waiting:
            with self._changed:
                self._changed.notify_all()

    def _take(self, errand: _WaitingTask) -> None:
        errand.is_taken = True
        self._errands.remove(errand)

    def _end(self) -> None:
        with self._changed:
            self._writer = None
            self._changed.notify_all()
