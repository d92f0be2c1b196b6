"""The models' share of the processor: a few threads, one for each core, that all models and all who ask have in common.

A session works in the thread that calls it, and in that one alone. So two passages are read side by side on two cores,
sixteen users are served in the order in which they came, and no thread spins while it waits for another.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import onnxruntime

from rag.models.exact import exact_graph
from rag.settings import cores

T = TypeVar("T")
R = TypeVar("R")


class Workers:
    """Threads that run models. Work begins in the order in which it was handed in, whoever did."""

    def __init__(self, threads: int = 0) -> None:
        """`threads` 0 means one for each core that this process may use."""
        self.threads = threads or cores()
        self._started = self._start()

    def _pool(self) -> ThreadPoolExecutor:
        """The threads. None of them survives a fork, so a process that was forked gets its own."""
        process, pool = self._started
        if process != os.getpid():
            _, pool = self._started = self._start()
        return pool

    def _start(self) -> tuple[int, ThreadPoolExecutor]:
        """The id of this process, and threads for it; each begins when there is work for it."""
        return os.getpid(), ThreadPoolExecutor(self.threads, thread_name_prefix="model")

    def run(self, task: Callable[[T], R], items: Iterable[T]) -> list[R]:
        """What `task` gives for each of `items`, in order; all of them are handed in at once."""
        futures = [self._pool().submit(task, item) for item in items]
        try:
            return [future.result() for future in futures]
        finally:
            for future in futures:
                future.cancel()

    def stream(self, task: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """The same one after the other, for long work: only as many wait as keep the threads busy, so others get in."""
        rest = iter(items)
        waiting: deque[Future[R]] = deque(self._pool().submit(task, item) for item in islice(rest, 2 * self.threads))
        try:
            while waiting:
                result = waiting.popleft().result()
                waiting.extend(self._pool().submit(task, item) for item in islice(rest, 1))
                yield result
        finally:
            for future in waiting:
                future.cancel()


@lru_cache(maxsize=1)
def shared_workers() -> Workers:
    """The threads of this process: there are no more cores when there are more models."""
    return Workers()


def open_session(graph: Path) -> Any:
    """A session over `graph` as it is written, optimised already. Safe to run from several threads at once."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.enable_mem_pattern = False  # every length is another pattern, and each would be kept
    options.log_severity_level = 3  # errors only: its warnings say nothing a user can act on
    with exact_graph(graph) as given:
        model = given if isinstance(given, bytes) else str(given)
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
