"""A port on this machine behind which each connection is led in a thread of its own."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def answering(
    lead: Callable[[socket.socket], None], *, host: str = "127.0.0.1", port: int = 0, patience: float
) -> Iterator[int]:
    """The port, 0 being any free one. At the end each thread is waited for, for `patience` seconds."""
    listening = socket.create_server((host, port))
    threads: list[threading.Thread] = []

    def accept() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=lead, args=(connection,), daemon=True))
            threads[-1].start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield listening.getsockname()[1]
    finally:
        with contextlib.suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        accepting.join(patience)
        for thread in threads:
            thread.join(patience)
