"""A receiver of webhooks on this machine, which answers as it is told to."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast

PATIENCE_SECONDS = 200.0


@dataclass(frozen=True, slots=True)
class Received:
    """One request, as it came."""

    path: str
    headers: dict[str, str]  # by their names in small letters
    body: bytes


@dataclass
class Receiver:
    """What came, and the statuses that the next requests are answered with; 204 when there are no more."""

    port: int = 0
    statuses: queue.SimpleQueue[int] = field(default_factory=queue.SimpleQueue)
    came: queue.SimpleQueue[Received] = field(default_factory=queue.SimpleQueue)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?of=a-team"

    def next(self) -> Received:
        """The next request, for which a slow machine is waited."""
        return self.came.get(timeout=PATIENCE_SECONDS)


@contextmanager
def receiving(*statuses: int) -> Iterator[Receiver]:
    """A receiver that answers with these statuses first."""
    receiver = Receiver()
    for status in statuses:
        receiver.statuses.put(status)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.came.put(Received(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            try:
                status = receiver.statuses.get_nowait()
            except queue.Empty:
                status = 204
            self.send_response(status)
            if status in range(300, 400):
                self.send_header("Location", receiver.url.replace("/hook", "/elsewhere"))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.port = cast(tuple[str, int], server.server_address)[1]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
