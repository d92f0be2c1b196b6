"""One connection to addresses that were checked before, with an end to all patience.

The name of the host is used for the Host header and for its certificate only. It is not resolved again: another answer
of its name server cannot lead the connection elsewhere.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable, Sequence
from typing import Any

import httpcore2

from rag.errors import DocumentTooLarge, FetchFailed
from rag.hosts import IPAddress


class Budget:
    """How long may be waited, and how many bytes may come, for all of a page together."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until = time.monotonic() + seconds
        self._bytes_left = 0
        self._too_much: FetchFailed | DocumentTooLarge = FetchFailed("more was sent than was asked for")

    def renew(self, seconds: float) -> None:
        """Begin anew, for the next answer on the same connection."""
        self._seconds = seconds
        self._until = time.monotonic() + seconds

    def left(self, at_most: float | None = None) -> float:
        """Seconds, more than 0 and no more than `at_most`. Raises FetchFailed when there are none."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise FetchFailed(f"it was not there in whole after {self._seconds:g} seconds; try again later")
        return left if at_most is None else min(left, at_most)

    def expect(self, max_bytes: int, too_much: FetchFailed | DocumentTooLarge) -> None:
        """From here on take `max_bytes` from the network; `too_much` is raised for more."""
        self._bytes_left, self._too_much = max_bytes, too_much

    def room(self) -> int:
        """How many bytes may still come, more than 0. Raises what `expect` was told to."""
        if self._bytes_left <= 0:
            raise self._too_much
        return self._bytes_left

    def need(self, count: int) -> None:
        """Raise what `expect` was told to where so many bytes more are too many, before any of them is taken."""
        if count > self._bytes_left:
            raise self._too_much

    def spend(self, count: int) -> None:
        """Note that bytes came."""
        self._bytes_left -= count


class PinnedBackend(httpcore2.NetworkBackend):
    """Connects to the first of some addresses that answers, whatever host it is asked for."""

    def __init__(self, addresses: Sequence[IPAddress], patience: Budget) -> None:
        self._addresses = addresses
        self._patience = patience

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        """A connection to one of the addresses, whatever `host` is. Raises httpcore2's errors, and FetchFailed."""
        failure: Exception = httpcore2.ConnectError(f"{host} has no address")
        for address in self._addresses:
            seconds = self._patience.left(timeout)
            try:
                stream = httpcore2.SyncBackend().connect_tcp(
                    str(address), port, seconds, local_address, socket_options or ()
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
            else:
                return _BudgetedStream(stream, self._patience)
        raise failure


class _BudgetedStream(httpcore2.NetworkStream):
    """A connection that waits no longer, and reads no more, than there is patience for."""

    def __init__(self, stream: httpcore2.NetworkStream, patience: Budget) -> None:
        self._stream = stream
        self._patience = patience

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """The next bytes; b"" at the end."""
        data = self._stream.read(min(max_bytes, self._patience.room()), self._patience.left(timeout))
        self._patience.spend(len(data))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of `buffer`."""
        self._stream.write(buffer, self._patience.left(timeout))

    def close(self) -> None:
        """Let go of the connection."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        """The same connection, encrypted, its other end known by a certificate for `server_hostname`."""
        stream = self._stream.start_tls(ssl_context, server_hostname, self._patience.left(timeout))
        return _BudgetedStream(stream, self._patience)

    def get_extra_info(self, info: str) -> Any:
        """What httpcore2 asks about the connection."""
        return self._stream.get_extra_info(info)
