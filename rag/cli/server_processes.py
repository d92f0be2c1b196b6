"""Several processes that answer at one address, over one data directory and one copy of the weights.

The weights are loaded before the processes part, so that they share the memory; the index is mapped from its file,
which they share too. Each has a store of its own over the same database, and who writes waits for the others. Rates and
queues are counted in each process by itself, metrics in memory that all share. One that ends without being told to is
started again; none outlives the process that started it, so the address is free again whatever happened.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from types import FrameType

from rag.app import Citewell
from rag.cli.console import say
from rag.errors import InvalidSetting, RagError
from rag.metrics import Metrics
from rag.models.loading import LoadedModels, load_models
from rag.settings import cores
from web.settings import WebSettings

# What answers: given its settings, Citewell, the socket to listen on, and whether it is the first of the processes.
Serve = Callable[[WebSettings, Citewell, socket.socket, bool], None]
# Seconds between the end of a process and the start of the next in its place.
_PAUSE = 0.5
# Seconds after a start within which an end is no accident, and how many of these are borne in a row.
_SOON, _MOST_QUICK_ENDS = 5.0, 3
_STOPS = (signal.SIGTERM, signal.SIGINT)
_WAITING_CONNECTIONS = 128


def serve_with_workers(settings: WebSettings, answer: Serve) -> None:
    """Answer in `settings.workers` processes until SIGTERM or Ctrl-C. Raises what opening Citewell raises."""
    if not hasattr(os, "fork"):
        raise InvalidSetting("workers is more than 1, which this system has no way to do; expected 1.")
    listening = listen(settings)
    _prepare(settings)
    own = replace(settings, max_concurrent_questions=_share(settings))
    _ServerProcesses(own, load_models(settings), listening, answer).run()


class _ServerProcesses:
    """The processes, and who looks after them."""

    def __init__(
        self, settings: WebSettings, models: LoadedModels, listening: list[socket.socket], answer: Serve
    ) -> None:
        self._settings = settings
        self._models = models
        self._listening = listening
        self._answer = answer
        self._metrics = Metrics(processes=settings.workers)
        self._running: dict[int, int] = {}  # process id to the number of the worker, from 0
        self._stopping = False
        # Nobody writes into it: it ends for the workers when this process ends, however that is.
        self._alive, self._keeps_alive = os.pipe()

    def run(self) -> None:
        """Until told to stop, and all have stopped."""
        for stop in _STOPS:
            signal.signal(stop, self._stop)
        for number in range(self._settings.workers):
            self._start(number)
        started, quick_ends = time.monotonic(), 0
        while self._running:
            process, _ = os.wait()
            number = self._running.pop(process, -1)
            if number < 0 or self._stopping:
                continue
            quick_ends = quick_ends + 1 if time.monotonic() - started < _SOON else 0
            if quick_ends > _MOST_QUICK_ENDS:
                self._stop(signal.SIGTERM, None)
                raise InvalidSetting("The processes that answer end as soon as they are started; see what they said.")
            say(f"A process that answered has ended (worker {number + 1}); another one takes its place.")
            time.sleep(_PAUSE)
            started = time.monotonic()
            self._start(number)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True
        for process in list(self._running):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGTERM)

    def _start(self, number: int) -> None:
        """Start one process, unless they are to stop: a signal comes before all of this, or after it."""
        with _without_signals():
            if self._stopping:
                return
            process = os.fork()
            if process:
                self._running[process] = number
                return
            for name in _STOPS:
                signal.signal(name, signal.default_int_handler)
        self._work(number)

    def _work(self, number: int) -> None:
        """Answer, in a process of its own, to its end."""
        code = 1
        try:
            os.close(self._keeps_alive)
            threading.Thread(target=self._end_with_parent, name="end-with-parent", daemon=True).start()
            models, shared = self._models, self._listening
            metrics = self._metrics.of_process(number)
            with Citewell.open(
                self._settings, embedder=models.embedder, reader=models.reader, metrics=metrics
            ) as citewell:
                self._answer(self._settings, citewell, shared[number % len(shared)], number == 0)
            code = 0
        except KeyboardInterrupt:  # what SIGTERM raises too: it was told to stop, and has closed everything
            code = 0
        except RagError as error:
            say(f"Error: {error}")
        except BaseException:  # noqa: BLE001 - nothing is above this that would show it
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)

    def _end_with_parent(self) -> None:
        os.read(self._alive, 1)
        os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def _without_signals() -> Iterator[None]:
    """Signals to stop wait until the end of the block."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def listen(settings: WebSettings) -> list[socket.socket]:
    """The sockets to listen on: one for each process on Linux, which deals connections out among them, else one.

    They stay open here, so that those who come while a process is started again wait for it. Raises InvalidSetting when
    the address cannot be had.
    """
    with _bound(settings.host, settings.port, shares=False):  # else two servers could share a port by mistake
        pass
    if not sys.platform.startswith("linux"):
        listening = [_bound(settings.host, settings.port, shares=False)]
    else:
        listening = [_bound(settings.host, settings.port, shares=True)]
        port = listening[0].getsockname()[1]
        listening += [_bound(settings.host, port, shares=True) for _ in range(settings.workers - 1)]
    for each in listening:
        each.listen(_WAITING_CONNECTIONS)
    return listening


def _bound(host: str, port: int, *, shares: bool) -> socket.socket:
    """A socket at an address; with `shares` others may have one there too. Raises InvalidSetting."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # TCP by name: only then does asyncio switch off the delay of small packets, which costs 40 ms an answer.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shares:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise InvalidSetting(f"{host}:{port} cannot be listened on: {error.strerror}.") from error
    return bound


def _prepare(settings: WebSettings) -> None:
    """Open the data directory once, in a process that ends: the database is made ready, the model exported once.

    Nothing of it may stay in this process: neither connections nor the threads of numerical libraries outlive a fork.
    """
    process = os.fork()
    if process == 0:
        try:
            Citewell.open(settings, create=True, progress=say).close()
        except RagError:
            os._exit(1)  # the workers' parent meets the same error, and tells of it
        os._exit(0)
    _, status = os.waitpid(process, 0)
    if status:
        Citewell.open(settings, create=True, progress=say).close()


def _share(settings: WebSettings) -> int:
    """The questions that each process works on at once."""
    return max(1, (settings.max_concurrent_questions or cores()) // settings.workers)
