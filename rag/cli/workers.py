"""Several processes that answer at one address, over one data directory and one copy of the weights.

The weights are loaded before the processes part, so that they share the memory; the index is mapped from its file,
which they share too. Each has a store of its own over the same database, and who writes waits for the others. Rates and
queues are counted in each process by itself. One that ends without being told to is started again.
"""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from types import FrameType

from rag.cli.console import say
from rag.errors import InvalidSetting, RagError
from rag.pipeline import Pipeline
from rag.pipeline.loading import Models, load_models
from rag.settings import Settings, cores

# What answers: given a pipeline, the socket to listen on, and whether it is the first of the processes.
Answer = Callable[[Pipeline, socket.socket, bool], None]
# Seconds between the end of a process and the start of the next in its place.
_PAUSE = 0.5
# Seconds after a start within which an end is no accident, and how many of these are borne in a row.
_SOON, _MOST_QUICK_ENDS = 5.0, 3


def serve_with_workers(settings: Settings, answer: Answer) -> None:
    """Answer in `settings.workers` processes until SIGTERM or Ctrl-C. Raises what opening a pipeline raises."""
    if not hasattr(os, "fork"):
        raise InvalidSetting("workers is more than 1, which this system has no way to do; expected 1.")
    listening = _listen(settings)
    _prepare(settings)
    models = load_models(settings)
    own = replace(settings, max_concurrent_questions=_share(settings))
    workers = {_start(own, models, listening, answer, number): number for number in range(settings.workers)}
    started, quick_ends, stopping = time.monotonic(), 0, False

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True
        for process in workers:
            os.kill(process, signal.SIGTERM)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    while workers:
        process, _ = os.wait()
        number_of = workers.pop(process, None)
        if number_of is None or stopping:
            continue
        quick_ends = quick_ends + 1 if time.monotonic() - started < _SOON else 0
        if quick_ends > _MOST_QUICK_ENDS:
            stop(signal.SIGTERM, None)
            raise InvalidSetting("The processes that answer end as soon as they are started; see what they said.")
        say(f"A process that answered has ended (worker {number_of + 1}); another one takes its place.")
        time.sleep(_PAUSE)
        started = time.monotonic()
        workers[_start(own, models, listening, answer, number_of)] = number_of


def _listen(settings: Settings) -> socket.socket:
    """The socket that all share. Raises InvalidSetting when the address cannot be had."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
    except OSError as error:
        listening.close()
        raise InvalidSetting(f"{settings.host}:{settings.port} cannot be listened on: {error.strerror}.") from error
    listening.listen(128)
    listening.set_inheritable(True)
    return listening


def _prepare(settings: Settings) -> None:
    """Open the pipeline once, in a process that ends: the database is made ready and the model exported only once.

    Nothing of it may stay in this process: neither connections nor the threads of numerical libraries outlive a fork.
    """
    process = os.fork()
    if process == 0:
        try:
            Pipeline.open(settings, create=True, progress=say).close()
        except RagError:
            os._exit(1)  # the workers' parent meets the same error, and tells of it
        os._exit(0)
    _, status = os.waitpid(process, 0)
    if status:
        Pipeline.open(settings, create=True, progress=say).close()


def _share(settings: Settings) -> int:
    """The questions that each process works on at once."""
    return max(1, (settings.max_concurrent_questions or cores()) // settings.workers)


def _start(settings: Settings, models: Models, listening: socket.socket, answer: Answer, number: int) -> int:
    """Start one process; its id."""
    process = os.fork()
    if process:
        return process
    code = 1
    try:
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, signal.SIG_DFL)
        with Pipeline.open(settings, embedder=models.embedder, reader=models.reader, create=True) as pipeline:
            answer(pipeline, listening, number == 0)
        code = 0
    except RagError as error:
        say(f"Error: {error}")
    finally:
        os._exit(code)
