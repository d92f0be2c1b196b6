import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import pytest
import uvicorn
from fastapi.testclient import TestClient

from rag.records import Answer, Hit
from rag.settings import Settings
from tests.web.conftest import client_of
from tests.web.scripted import ScriptedPipeline
from web.app import create_app

QUESTION = {"question": "How big is the mirror?"}


class TestRate:
    @pytest.fixture
    def hurried(self, settings: Settings, scripted: ScriptedPipeline) -> Iterator[TestClient]:
        with client_of(replace(settings, questions_per_minute=2), scripted) as client:
            yield client

    @pytest.mark.parametrize(
        "send",
        [
            lambda client: client.post("/api/v1/ask", json=QUESTION),
            lambda client: client.post("/api/v1/ask", json=QUESTION, headers={"Accept": "text/event-stream"}),
            lambda client: client.get("/api/v1/search", params={"q": "mirror"}),
            lambda client: client.get("/", params={"q": "mirror"}),
            lambda client: client.post("/api/v1/feedback", json={"id": "a", "relevance": "relevant"}),
        ],
        ids=["ask", "stream", "search", "page", "feedback"],
    )
    def test_the_third_in_a_minute_waits(self, hurried: TestClient, send: Callable) -> None:
        assert [send(hurried).status_code < 300 for _ in range(2)] == [True, True]
        refused = send(hurried)
        assert (refused.status_code, refused.headers["content-type"]) == (429, "application/problem+json")
        assert 1 <= int(refused.headers["retry-after"]) <= 60

    def test_pages_without_a_question_and_health_are_not_counted(self, hurried: TestClient) -> None:
        for path in ("/", "/documents", "/documents/observatory", "/healthz", "/readyz", "/static/page.css"):
            assert [hurried.get(path).status_code for _ in range(4)] == [200] * 4

    def test_each_address_has_its_own_minute(self, settings: Settings, scripted: ScriptedPipeline) -> None:
        app = create_app(replace(settings, questions_per_minute=1), scripted)
        for address in ("192.0.2.1", "192.0.2.2"):
            client = TestClient(app, base_url="http://localhost", client=(address, 5000))
            assert client.post("/api/v1/ask", json=QUESTION).status_code == 200
            assert client.post("/api/v1/ask", json=QUESTION).status_code == 429


class SlowPipeline(ScriptedPipeline):
    """Waits between the passages and the answer until it is told to go on."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.started = threading.Event()
        self.go_on = threading.Event()

    def ask_in_steps(
        self, question: str, *, max_sentences: int | None = None, **more: object
    ) -> Iterator[str | tuple[Hit, ...] | Answer]:
        steps = super().ask_in_steps(question, max_sentences=max_sentences, **more)
        yield next(steps)  # what is searched for
        yield next(steps)  # the passages
        self.started.set()
        assert self.go_on.wait(20)
        yield from steps


class TestConcurrency:
    @pytest.fixture
    def slow(self, settings: Settings) -> SlowPipeline:
        return SlowPipeline(replace(settings, max_concurrent_questions=1, max_waiting_questions=0))

    def test_a_question_too_many_is_429_and_the_place_comes_back(self, slow: SlowPipeline) -> None:
        with client_of(slow.settings, slow) as client:
            first = threading.Thread(target=client.post, args=("/api/v1/ask",), kwargs={"json": QUESTION})
            first.start()
            assert slow.started.wait(10)
            refused = client.post("/api/v1/ask", json=QUESTION)
            assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
            slow.go_on.set()
            first.join()
            assert client.post("/api/v1/ask", json=QUESTION).status_code == 200

    def test_the_place_comes_back_after_errors(self, slow: SlowPipeline) -> None:
        slow.go_on.set()
        with client_of(slow.settings, slow) as client:
            for failure in (RuntimeError("broken"), None):
                slow.failure = failure
                status = client.post("/api/v1/ask", json=QUESTION).status_code
                assert status == (500 if failure else 200)
            assert client.post("/api/v1/ask", json={"question": ""}).status_code == 422
            assert client.post("/api/v1/ask", json=QUESTION).status_code == 200

    def test_questions_wait_in_line_and_hold_up_nothing_else(self, settings: Settings) -> None:
        slow = SlowPipeline(replace(settings, max_concurrent_questions=1, max_waiting_questions=45))
        with client_of(slow.settings, slow) as client, ThreadPoolExecutor(45) as askers:
            # More than the framework has threads for routes: who waits must hold none.
            asked = [askers.submit(client.post, "/api/v1/ask", json=QUESTION) for _ in range(45)]
            assert slow.started.wait(10)
            for path in ("/healthz", "/readyz", "/", "/documents", "/api/v1/documents"):
                assert client.get(path).status_code == 200
            slow.go_on.set()
            assert {future.result(20).status_code for future in asked} == {200}

    @pytest.mark.slow
    def test_who_hangs_up_while_waiting_makes_room_in_the_line(self, settings: Settings) -> None:
        slow = SlowPipeline(replace(settings, max_concurrent_questions=1, max_waiting_questions=1))
        request = request_of(b"Connection: close\r\n")
        with serving(slow) as port, socket.create_connection(("127.0.0.1", port), timeout=10) as first:
            first.sendall(request)
            assert slow.started.wait(10)
            with socket.create_connection(("127.0.0.1", port), timeout=10) as waiting:
                waiting.sendall(request)
                assert b"429" in ask_until(port, request, b"429")
            with socket.create_connection(("127.0.0.1", port), timeout=10) as next_one:
                time.sleep(1)  # who hung up is noticed within a fraction of this
                next_one.sendall(request)
                slow.go_on.set()
                assert b"200 OK" in read_until(next_one, b"\r\n\r\n")

    @pytest.mark.slow
    def test_the_place_comes_back_when_the_client_of_a_stream_hangs_up(self, slow: SlowPipeline) -> None:
        request = request_of(b"Accept: text/event-stream\r\n")
        with serving(slow) as port:
            with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
                connection.sendall(request)
                assert b"event: passages" in read_until(connection, b"event: passages")
                assert slow.started.wait(10)
            slow.go_on.set()
            assert b"200 OK" in ask_until(port, request, b"200 OK")


@contextmanager
def serving(pipeline: ScriptedPipeline) -> Iterator[int]:
    """The port of a real server over `pipeline`."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(create_app(pipeline.settings, pipeline), log_level="critical")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


def request_of(header: bytes) -> bytes:
    """A question as it goes over the wire, with a header of one's own."""
    body = b'{"question": "How big is the mirror?"}'
    head = b"POST /api/v1/ask HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return head + header + b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


def read_until(connection: socket.socket, wanted: bytes) -> bytes:
    received = b""
    while wanted not in received:
        part = connection.recv(65_536)
        if not part:
            break
        received += part
    return received


def ask_until(port: int, request: bytes, wanted: bytes) -> bytes:
    """The head of the first response that has `wanted` in it, tried for ten seconds; else of the last one."""
    until = time.monotonic() + 10
    received = b""
    while wanted not in received and time.monotonic() < until:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(request)
            received = read_until(connection, b"\r\n\r\n")
        time.sleep(0.1)
    return received
