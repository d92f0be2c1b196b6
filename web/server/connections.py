"""Connections that cannot be held for nothing: time limits on what a client sends and reads, and a limit in number.

The HTTP server has a time limit between two requests and none else. Here one look a second over all connections ends
those whose client keeps them waiting. Nothing is ended while the application itself is at work.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from dataclasses import dataclass

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

_log = logging.getLogger("citewell.server")
_DROP = struct.pack("ii", 1, 0)  # struct linger: on, for no time


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """How long a client may keep a connection waiting, and how many there may be."""

    # At once, in one process.
    connections: int = 1_000
    # Seconds from the connection, or from the answer before, to the end of the headers.
    head_seconds: float = 10.0
    # Seconds that a body may take, and bytes a second that it must bring where it takes longer.
    body_seconds: float = 20.0
    body_bytes_a_second: int = 5_000
    # Seconds without room for more of the answer: some 50 kB must be taken in this time.
    reading_seconds: float = 30.0
    # Seconds for the rest of an answer to be taken, once all of it was handed over.
    closing_seconds: float = 10.0
    # Seconds between two looks.
    look_seconds: float = 1.0


class Watch:
    """The open connections of one event loop. Ends those that wait too long for their clients."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self._open: dict[WatchedConnection, None] = {}
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._open)

    def add(self, connection: WatchedConnection, loop: asyncio.AbstractEventLoop) -> bool:
        """Take a connection in. Whether there is room for it.

        Where there are as many as there may be, the one that has waited longest for its client makes room: first those
        without a whole request, then those with a body on its way or an answer that is not taken.
        """
        if len(self._open) >= self.limits.connections and not self._make_room():
            return False
        self._open[connection] = None
        if self._timer is None:
            self._timer = loop.call_later(self.limits.look_seconds, self._look, loop)
        return True

    def remove(self, connection: WatchedConnection) -> None:
        """Forget a connection that is closed."""
        self._open.pop(connection, None)

    def _make_room(self) -> bool:
        waiting = [(w[0], w[1], c) for c in self._open if (w := c.waits_since()) is not None]
        if not waiting:
            return False
        _, _, longest = min(waiting, key=lambda each: each[:2])
        self.remove(longest)
        longest.end()
        return True

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now = loop.time()
        for connection in [each for each in self._open if each.is_over(now)]:
            connection.end()
        if self._open:
            self._timer = loop.call_later(self.limits.look_seconds, self._look, loop)


class WatchedConnection(H11Protocol):
    """An HTTP/1.1 connection that knows since when it waits for its client. `watching` makes a class of it."""

    watch: Watch

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in the base
        """Take the connection, or close it at once where there are too many that are at work."""
        now = self.loop.time()
        self._head_since, self._body_since, self._received = now, now, 0
        self._unread_since: float | None = None
        self._closing_since: float | None = None
        super().connection_made(transport)
        if not self.watch.add(self, self.loop):
            _log.warning("more than %d connections are at work; another one was closed", self.watch.limits.connections)
            self.end()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self.watch.remove(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what came, and pass it on."""
        if self._has_request():
            self._received += len(data)
        super().data_received(data)

    def handle_events(self) -> None:
        """Note when a request begins whose body is still to come."""
        before = self.cycle
        super().handle_events()
        if self.cycle is not before:
            self._body_since, self._received = self.loop.time(), 0

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        self._head_since = self.loop.time()
        super().on_response_complete()

    def pause_writing(self) -> None:
        """Note since when the client does not read fast enough."""
        self._unread_since = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        """The client has read."""
        self._unread_since = None
        super().resume_writing()

    def shutdown(self) -> None:
        """Begin to stop: what the application works on is finished, what its client keeps waiting is not."""
        if self._has_request() and self.waits_since() is not None:
            self.end()
        else:
            super().shutdown()

    def end(self) -> None:
        """Close the connection now. What was not taken is dropped by the kernel too."""
        connection = self.transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _DROP)
        self.transport.abort()

    def waits_since(self) -> tuple[int, float] | None:
        """For what the client is waited for, the worst first, and since when; None while the application works."""
        if self.transport.is_closing():
            return 0, self._closing_since or 0.0
        if not self._has_request():
            return 0, self._head_since
        if self._unread_since is not None:
            return 1, self._unread_since
        return (1, self._body_since) if self._waits_for_body() else None

    def is_over(self, now: float) -> bool:
        """Whether the client has kept it waiting for too long."""
        limits = self.watch.limits
        if self.transport.is_closing():
            if self._closing_since is None:
                self._closing_since = now
            return now - self._closing_since > limits.closing_seconds
        if not self._has_request():
            return now - self._head_since > limits.head_seconds
        if self._unread_since is not None:
            return now - self._unread_since > limits.reading_seconds
        taken = now - self._body_since
        return self._waits_for_body() and taken > limits.body_seconds + self._received / limits.body_bytes_a_second

    def _has_request(self) -> bool:
        """Whether a request is in work, its body perhaps still on the way."""
        return self.cycle is not None and not self.cycle.response_complete

    def _waits_for_body(self) -> bool:
        return self.conn.their_state is h11.SEND_BODY and not self.flow.read_paused


def watching(limits: ConnectionLimits) -> type[WatchedConnection]:
    """A class of connections that share one limit in number: for one server."""

    class Connection(WatchedConnection):
        watch = Watch(limits)

    return Connection
