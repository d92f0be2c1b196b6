"""Nobody holds a connection for nothing, and many who do keep nobody out."""

from __future__ import annotations

import asyncio
import re
import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import apsw
import pytest

from rag.app import Citewell
from tests.support.scripted import ScriptedCitewell
from tests.support.servers import read_until, serving
from web.server.connections import ConnectionLimits, WatchedConnection, watching
from web.server.open_files import room_for_connections

# So long that no test waits for them by accident.
LONG = 600.0
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
HALF_HEAD = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
HALF_BODY = (
    b"POST /api/v1/ask HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 40\r\n\r\n{"
)

# A client that sends its body when it is told to, and then the first letter alone.
HALF_BODY_ASKING = HALF_BODY.removesuffix(b"\r\n{") + b"Expect: 100-continue\r\n\r\n"


def limits(**given: float) -> ConnectionLimits:
    patient = {"head_seconds": LONG, "body_seconds": LONG, "reading_seconds": LONG, "closing_seconds": LONG}
    return ConnectionLimits(**{**patient, "look_seconds": 0.05, **given})  # type: ignore[arg-type] # connections is an int


@pytest.fixture
def open_files() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def connected(port: int, stack: ExitStack, *, sends: bytes = b"") -> socket.socket:
    connection = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60))
    connection.sendall(sends)
    return connection


def is_closed(connection: socket.socket) -> bool:
    """Wait for the end of the connection."""
    try:
        while connection.recv(65_536):
            pass
    except ConnectionResetError:
        return True
    return True


class TestAConnectionIsEnded:
    @pytest.mark.parametrize(
        "sent", [b"", b"GET", HALF_HEAD, HEALTH + HALF_HEAD], ids=["nothing", "word", "head", "2nd"]
    )
    def test_when_the_head_of_a_request_does_not_come(
        self, scripted: ScriptedCitewell, open_files: ExitStack, sent: bytes
    ) -> None:
        with serving(scripted, limits(head_seconds=0.3)) as port:
            assert is_closed(connected(port, open_files, sends=sent))

    def test_when_a_body_does_not_come(self, scripted: ScriptedCitewell, open_files: ExitStack) -> None:
        with serving(scripted, limits(body_seconds=0.3)) as port:
            assert is_closed(connected(port, open_files, sends=HALF_BODY))

    def test_when_it_is_closing_and_the_rest_is_not_taken(self) -> None:
        now = 100.0
        closing = _Waiting(is_closing=True)
        assert not closing.is_over(now)
        assert not closing.is_over(now + LONG)
        assert closing.is_over(now + LONG + 1)


class _Transport(asyncio.Transport):
    def __init__(self, *, closing: bool) -> None:
        super().__init__()
        self._closing = closing

    def is_closing(self) -> bool:
        return self._closing


class _Waiting(WatchedConnection):
    """A connection without a server around it."""

    watch = watching(limits()).watch

    def __init__(self, *, is_closing: bool) -> None:
        self.transport = _Transport(closing=is_closing)
        self._closing_since = None


def test_a_client_that_does_not_read_is_let_go(empty_citewell: Citewell, open_files: ExitStack) -> None:
    """It asks for more than all buffers on the way hold."""
    empty_citewell.documents.put("pier", b"The pier closes at six.", media_type="text/plain")
    database = apsw.Connection(str(empty_citewell.settings.data_dir / "citewell.sqlite"))
    database.execute("UPDATE originals SET data = zeroblob(50000000)")
    database.close()
    request = b"GET /api/v1/documents/pier/original HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with serving(empty_citewell, limits(reading_seconds=0.3)) as port:
        connection = connected(port, open_files, sends=request)
        ended = select.poll()
        ended.register(connection, 0)  # nothing but that it is over
        assert ended.poll(60_000)


class TestThereAreSoMany:
    def test_and_whoever_waits_longest_makes_room(self, scripted: ScriptedCitewell, open_files: ExitStack) -> None:
        with serving(scripted, limits(connections=20)) as port:
            slow = [connected(port, open_files, sends=HALF_HEAD) for _ in range(60)]
            for _ in range(5):
                honest = connected(port, open_files, sends=HEALTH)
                assert read_until(honest, b"\r\n\r\n").startswith(b"HTTP/1.1 200")
            assert all(is_closed(each) for each in slow[:40])

    def test_and_half_a_body_goes_before_a_request_in_work(
        self, scripted: ScriptedCitewell, open_files: ExitStack
    ) -> None:
        with serving(scripted, limits(connections=4)) as port:
            slow = [connected(port, open_files, sends=HALF_BODY_ASKING) for _ in range(4)]
            for each in slow:  # until the server has taken the head of every one, and waits for the rest of its body
                assert read_until(each, b"\r\n\r\n").startswith(b"HTTP/1.1 100")
                each.sendall(b"{")
            honest = connected(port, open_files, sends=HEALTH)
            assert read_until(honest, b"\r\n\r\n").startswith(b"HTTP/1.1 200")
            assert is_closed(slow[0])

    @pytest.mark.parametrize(
        ("wanted", "files", "expected"), [(1_000, 65_536, 1_000), (1_000, 1_024, 768), (1_000, 200, 16)]
    )
    def test_as_there_may_be_files(self, wanted: int, files: int, expected: int) -> None:
        assert room_for_connections(wanted, files) == expected


def test_an_honest_client_is_served_beside_many_slow_ones(scripted: ScriptedCitewell, open_files: ExitStack) -> None:
    with serving(scripted, limits()) as port:
        for _ in range(200):
            connected(port, open_files, sends=HALF_HEAD)
        answer = read_until(connected(port, open_files, sends=HEALTH), b"}")
        assert re.match(rb"HTTP/1.1 200 .*\{\"alive\":true\}", answer, re.DOTALL)
