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

T = TypeVar("T")
R = TypeVar("R")


class Workers:
    """Threads that run models. Work begins in the order in which it was handed in, whoever did."""

    def __init__(self, threads: int = 0) -> None:
        """`threads` 0 means one for each core that this process may use."""
        self.threads = threads or _cores()
        self._pool = ThreadPoolExecutor(self.threads, thread_name_prefix="model")

    def run(self, task: Callable[[T], R], items: Iterable[T]) -> list[R]:
        """What `task` gives for each of `items`, in order; all of them are handed in at once."""
        futures = [self._pool.submit(task, item) for item in items]
        try:
            return [future.result() for future in futures]
        finally:
            for future in futures:
                future.cancel()

    def stream(self, task: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """The same one after the other, for long work: only as many wait as keep the threads busy, so others get in."""
        rest = iter(items)
        waiting: deque[Future[R]] = deque(self._pool.submit(task, item) for item in islice(rest, 2 * self.threads))
        try:
            while waiting:
                result = waiting.popleft().result()
                waiting.extend(self._pool.submit(task, item) for item in islice(rest, 1))
                yield result
        finally:
            for future in waiting:
                future.cancel()


@lru_cache(maxsize=1)
def shared_workers() -> Workers:
    """The threads of this process: there are no more cores when there are more models."""
    return Workers()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=shared_workers.cache_clear)  # threads do not survive a fork


def open_session(graph: Path) -> Any:
    """A session over `graph` as it is written, optimised already. Safe to run from several threads at once."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.enable_mem_pattern = False  # every length is another pattern, and each would be kept
    options.log_severity_level = 3  # errors only: its warnings say nothing a user can act on
    return onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])


def _cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
