"""The whole application behind a client or a real server, and what comes from it over the wire."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from fastapi.testclient import TestClient

from rag.app import Citewell
from rag.records import Answer, Hit
from tests.support.scripted import Library, ScriptedCitewell, ScriptedQuestions
from web.app import create_app
from web.server.connections import ConnectionLimits
from web.server.http_server import server_of
from web.settings import WebSettings

EVENTS = {"Accept": "text/event-stream"}


class SlowQuestions(ScriptedQuestions):
    """Waits between the passages and the answer until it is told to go on."""

    def __init__(self, settings: WebSettings, library: Library) -> None:
        super().__init__(settings, library)
        self.started = threading.Event()
        self.go_on = threading.Event()

    def reply(self, question: str, max_sentences: int | None, hits: tuple[Hit, ...]) -> Answer:
        self.started.set()
        assert self.go_on.wait(200)
        return super().reply(question, max_sentences, hits)


class SlowCitewell(ScriptedCitewell):
    """Its answers wait until they are told to go on."""

    def __init__(self, settings: WebSettings) -> None:
        super().__init__(settings, questions=SlowQuestions)
        assert isinstance(self.questions, SlowQuestions)
        self.started, self.go_on = self.questions.started, self.questions.go_on


def client_of(settings: WebSettings, citewell: Citewell | ScriptedCitewell, **options: Any) -> TestClient:
    """A client of the whole application; its requests name the host that the service answers to."""
    return TestClient(create_app(settings, cast(Citewell, citewell)), base_url="http://localhost", **options)


def web_settings(citewell: Citewell) -> WebSettings:
    """The settings that it was opened with, those of the server among them."""
    assert isinstance(citewell.settings, WebSettings)
    return citewell.settings


@contextmanager
def serving(
    citewell: Citewell | ScriptedCitewell, limits: ConnectionLimits | None = None, *, port: int = 0
) -> Iterator[int]:
    """The port of a real server over `citewell`: a free one, unless one is given."""
    # Said to be TCP, as `rag serve` does: asyncio sends nothing at once on others, and each answer waits 40 ms.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen()
        settings = cast(WebSettings, citewell.settings)
        server = server_of(create_app(settings, cast(Citewell, citewell)), settings, limits=limits)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


def read_until(connection: socket.socket, wanted: bytes) -> bytes:
    received = b""
    while wanted not in received:
        part = connection.recv(65_536)
        if not part:
            break
        received += part
    return received


def ask_until(port: int, request: bytes, wanted: bytes) -> bytes:
    """The head of the first response that has `wanted` in it, tried for a while; else of the last one."""
    until = time.monotonic() + 100
    received = b""
    while wanted not in received and time.monotonic() < until:
        with socket.create_connection(("127.0.0.1", port), timeout=100) as connection:
            connection.sendall(request)
            received = read_until(connection, b"\r\n\r\n")
        time.sleep(0.1)
    return received


def read_events(text: str) -> list[tuple[str, Any]]:
    events: list[tuple[str, Any]] = []
    for block in text.strip().split("\n\n"):
        name, data, number = block.split("\n")
        assert number == f"id: {len(events) + 1}"
        events.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return events


def without_timings(body: dict) -> dict:
    return {name: value for name, value in body.items() if name != "timings_ms"}
