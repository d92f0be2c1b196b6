import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import cast

import pytest
from fastapi.testclient import TestClient

from rag.app import Citewell
from tests.support.processes import wait_for
from tests.support.scripted import ScriptedCitewell
from tests.support.servers import SlowCitewell, ask_until, client_of, read_until, serving
from web.app import create_app
from web.settings import WebSettings

QUESTION = {"question": "How big is the mirror?"}


class TestRate:
    @pytest.fixture
    def hurried(self, settings: WebSettings, scripted: ScriptedCitewell) -> Iterator[TestClient]:
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
        for path in ("/", "/documents", "/documents/observatory", "/healthz", "/readyz", "/static/pages/page.css"):
            assert [hurried.get(path).status_code for _ in range(4)] == [200] * 4

    def test_each_address_has_its_own_minute(self, settings: WebSettings, scripted: ScriptedCitewell) -> None:
        app = create_app(replace(settings, questions_per_minute=1), cast(Citewell, scripted))
        for address in ("192.0.2.1", "192.0.2.2"):
            client = TestClient(app, base_url="http://localhost", client=(address, 5000))
            assert client.post("/api/v1/ask", json=QUESTION).status_code == 200
            assert client.post("/api/v1/ask", json=QUESTION).status_code == 429


class TestReading:
    @pytest.mark.parametrize(
        "path",
        [
            "/documents",
            "/documents/observatory",
            "/documents/observatory/pages/1.png",
            "/api/v1/documents",
            "/api/v1/documents/observatory",
            "/api/v1/documents/observatory/versions",
            "/api/v1/documents/observatory/text",
            "/api/v1/documents/observatory/original",
        ],
    )
    def test_the_third_in_a_minute_waits(self, settings: WebSettings, scripted: ScriptedCitewell, path: str) -> None:
        with client_of(replace(settings, reads_per_minute=2), scripted, raise_server_exceptions=False) as client:
            assert all(client.get(path).status_code != 429 for _ in range(2))
            refused = client.get(path)
            assert (refused.status_code, 1 <= int(refused.headers["retry-after"]) <= 60) == (429, True)
            assert client.post("/api/v1/ask", json=QUESTION).status_code == 200, "questions are counted apart"


class TestConcurrency:
    @pytest.fixture
    def slow(self, settings: WebSettings) -> SlowCitewell:
        return SlowCitewell(replace(settings, max_concurrent_questions=1, max_waiting_questions=0))

    def test_a_question_too_many_is_429_and_the_place_comes_back(self, slow: SlowCitewell) -> None:
        with client_of(slow.settings, slow) as client:
            first = threading.Thread(target=client.post, args=("/api/v1/ask",), kwargs={"json": QUESTION})
            first.start()
            assert slow.started.wait(200)
            refused = client.post("/api/v1/ask", json=QUESTION)
            assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
            slow.go_on.set()
            first.join()
            assert client.post("/api/v1/ask", json=QUESTION).status_code == 200

    def test_the_place_comes_back_after_errors(self, slow: SlowCitewell) -> None:
        slow.go_on.set()
        with client_of(slow.settings, slow) as client:
            for failure in (RuntimeError("broken"), None):
                slow.questions.failure = failure
                status = client.post("/api/v1/ask", json=QUESTION).status_code
                assert status == (500 if failure else 200)
            assert client.post("/api/v1/ask", json={"question": ""}).status_code == 422
            assert client.post("/api/v1/ask", json=QUESTION).status_code == 200

    def test_questions_wait_in_line_and_hold_up_nothing_else(self, settings: WebSettings) -> None:
        slow = SlowCitewell(replace(settings, max_concurrent_questions=1, max_waiting_questions=45))
        with client_of(slow.settings, slow) as client, ThreadPoolExecutor(45) as askers:
            # More than the framework has threads for routes: who waits must hold none.
            asked = [askers.submit(client.post, "/api/v1/ask", json=QUESTION) for _ in range(45)]
            assert slow.started.wait(200)
            for path in ("/healthz", "/readyz", "/", "/documents", "/api/v1/documents"):
                assert client.get(path).status_code == 200
            slow.go_on.set()
            assert {future.result(200).status_code for future in asked} == {200}

    def test_who_hangs_up_while_waiting_makes_room_in_the_line(self, settings: WebSettings) -> None:
        slow = SlowCitewell(replace(settings, max_concurrent_questions=1, max_waiting_questions=1))
        request = request_of(b"Connection: close\r\n")
        with serving(slow) as port, socket.create_connection(("127.0.0.1", port), timeout=200) as first:
            first.sendall(request)
            assert slow.started.wait(200)
            with socket.create_connection(("127.0.0.1", port), timeout=200) as waiting:
                waiting.sendall(request)
                assert b"429" in ask_until(port, request, b"429")
            assert wait_for(lambda: stands_in_line(port, request))
            slow.go_on.set()

    def test_the_place_comes_back_when_the_client_of_a_stream_hangs_up(self, slow: SlowCitewell) -> None:
        request = request_of(b"Accept: text/event-stream\r\n")
        with serving(slow) as port:
            with socket.create_connection(("127.0.0.1", port), timeout=200) as connection:
                connection.sendall(request)
                assert b"event: passages" in read_until(connection, b"event: passages")
                assert slow.started.wait(200)
            slow.go_on.set()
            assert b"200 OK" in ask_until(port, request, b"200 OK")


def stands_in_line(port: int, request: bytes) -> bool:
    """Whether a question waits; where the line is full it is refused as soon as it has come."""
    with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
        connection.sendall(request)
        try:
            return connection.recv(12) not in (b"HTTP/1.1 429", b"")
        except TimeoutError:
            return True


def request_of(header: bytes) -> bytes:
    """A question as it goes over the wire, with a header of one's own."""
    body = b'{"question": "How big is the mirror?"}'
    head = b"POST /api/v1/ask HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return head + header + b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
