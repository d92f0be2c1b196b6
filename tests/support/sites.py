"""A web server on this machine that sends exactly the bytes that a test wants, and notes what it was asked."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.support.listening import answering

Answer = Callable[[socket.socket], None]


@dataclass(frozen=True)
class Asked:
    """A request that came: its path and its headers, their names in lower case."""

    path: str
    headers: Mapping[str, str]


@dataclass
class Site:
    """Answers by path; a path without an answer is not found."""

    port: int
    host: str = "127.0.0.1"
    answers: dict[str, Answer] = field(default_factory=dict)
    before: list[Answer] = field(default_factory=list)  # what is answered first, one after the other, to any path
    asked: list[Asked] = field(default_factory=list)

    def url(self, path: str = "/") -> str:
        return f"http://{self.host}:{self.port}{path}"

    @property
    def paths(self) -> list[str]:
        return [request.path for request in self.asked]

    def page(self, path: str, body: str | bytes, *, status: str = "200 OK", **headers: str) -> str:
        """Answer `path` with a page from now on, with headers as in content_type="text/plain". Gives its address."""
        data = body.encode() if isinstance(body, str) else body
        told = {"content_type": "text/html; charset=utf-8", "content_length": str(len(data))} | headers
        lines = [f"HTTP/1.1 {status}", *(f"{name.replace('_', '-')}: {value}" for name, value in told.items() if value)]
        self.answers[path] = sending("\r\n".join([*lines, "", ""]).encode("latin-1") + data)
        return self.url(path)

    def redirect(self, path: str, location: str, status: str = "302 Found") -> str:
        return self.page(path, "", status=status, location=location)


def sending(data: bytes) -> Answer:
    return lambda connection: connection.sendall(data)


def dripping(start: bytes, drop: bytes, stop: threading.Event) -> Answer:
    """Sends `start`, then a drop every hundredth of a second until the other end has had enough."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(start)
        while not stop.wait(0.01):
            connection.sendall(drop)

    return answer


def flooding(start: bytes, wave: bytes) -> Answer:
    """Sends `start`, then the same again and again until the other end has had enough."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(start)
        while True:
            connection.sendall(wave)

    return answer


@contextmanager
def serving(host: str = "127.0.0.1", port: int = 0, *, tls: ssl.SSLContext | None = None) -> Iterator[Site]:
    """A site that answers while the block lasts."""
    site = Site(port, host)
    with answering(lambda connection: _answer(site, connection, tls), host=host, port=port, patience=5) as site.port:
        yield site


def _answer(site: Site, connection: socket.socket, tls: ssl.SSLContext | None) -> None:
    connection.settimeout(5)
    # The other end may go away at any time: that is what some tests are about.
    with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
        stack.enter_context(connection)
        if tls is not None:
            connection = stack.enter_context(tls.wrap_socket(connection, server_side=True))
        head = b""
        while b"\r\n\r\n" not in head:
            piece = connection.recv(4096)
            if not piece:
                return
            head += piece
        head, _, body = head.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").rstrip().split("\r\n")
        path = first.split(" ")[1]
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        # To its end: a connection that is closed with something unread in it takes the answer along.
        while len(body) < int(headers.get("content-length", "0")) and (piece := connection.recv(4096)):
            body += piece
        site.asked.append(Asked(path, headers))
        if site.before:
            site.before.pop(0)(connection)
            return
        site.answers.get(path, sending(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"))(connection)


NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"


def urlset(*locations: str) -> str:
    """A sitemap of these addresses."""
    inner = "".join(f"<url><loc>{location}</loc><lastmod>2026-01-05</lastmod></url>" for location in locations)
    return f'<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="{NAMESPACE}">{inner}</urlset>'
