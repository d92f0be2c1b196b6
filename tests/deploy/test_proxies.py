"""nginx and Caddy with our files: what a visitor claims does not get through, and what is too large stops there."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from rag.app import Citewell
from tests.support.fakes import HashEmbedder
from tests.support.places import DATA
from tests.support.proxies import NAME, Proxy, Told, program, proxy_before, telling
from tests.support.servers import serving
from web.settings import WebSettings

PACKAGES = {"nginx": "nginx-light", "caddy": "caddy"}
CLAIMED = {
    "X-Forwarded-For": "198.51.100.7",
    "X-Forwarded-Proto": "gopher",
    "X-Forwarded-Host": "evil.example",
    "X-Real-IP": "198.51.100.7",
    "Forwarded": "for=198.51.100.7",
    "Remote-User": "ida",
    "Remote-Groups": "hr",
    "Remote-Email": "ida@citewell.example",
}
_BROKEN_OFF = (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError)


@pytest.fixture(scope="module", params=PACKAGES)
def kind(request: pytest.FixtureRequest) -> str:
    name = str(request.param)
    if program(name) is None:
        pytest.skip(f"no {name} to ask through: apt-get install {PACKAGES[name]}")
    return name


@dataclass(frozen=True)
class Running:
    told: Told
    proxy: Proxy


@pytest.fixture(scope="module")
def running(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with telling() as told, proxy_before(kind, told.port, tmp_path_factory.mktemp(kind)) as proxy:
        yield Running(told, proxy)


def ask(proxy: Proxy, *lines: str, until: bytes = b"\r\n\r\n") -> bytes:
    """What comes back for a request of these lines, until it holds `until` or the other side closes.

    A side that answers before it took all and closes may take its answer with it: then what comes back is empty.
    """
    context = ssl.create_default_context(cafile=str(proxy.authority))
    with (
        socket.create_connection(("127.0.0.1", proxy.port), timeout=60) as plain,
        context.wrap_socket(plain, server_hostname=NAME) as connection,
    ):
        with suppress(*_BROKEN_OFF):
            connection.sendall("\r\n".join([*lines, "", ""]).encode())
        received = b""
        with suppress(*_BROKEN_OFF):
            while until not in received and (part := connection.recv(65_536)):
                received += part
    return received


def test_what_a_visitor_claims_is_replaced_or_left_out(running: Running) -> None:
    claims = [f"{name}: {value}" for name, value in CLAIMED.items()]
    assert ask(running.proxy, "GET /claims HTTP/1.1", f"Host: {NAME}", *claims).startswith(b"HTTP/1.1 200")
    passed_on = running.told.requests[-1]
    assert {name: passed_on.get(name.lower()) for name in CLAIMED if name.lower() in passed_on} == {
        "X-Forwarded-For": "127.0.0.1",
        "X-Forwarded-Proto": "https",
    }
    assert passed_on["host"] == NAME


def test_browsers_are_told_to_come_by_tls_and_nobody_what_runs_here(running: Running) -> None:
    head = ask(running.proxy, "GET / HTTP/1.1", f"Host: {NAME}").lower()
    assert b"strict-transport-security: max-age=31536000\r\n" in head
    assert b"nginx/" not in head
    assert b"server: caddy" not in head


def put(running: Running, size: int) -> tuple[bytes, int]:
    """The status that comes back for a body of so many bytes, and how many such requests the service had whole."""
    before = len(running.told.requests)
    head = ("PUT / HTTP/1.1", f"Host: {NAME}", f"Content-Length: {size}", "Connection: close")
    status = ask(running.proxy, *head, "", "x" * size)[9:12]
    return status, len(running.told.requests) - before


def test_a_body_that_fits_arrives(running: Running) -> None:
    assert put(running, 90_000) == (b"200", 1)


def test_a_body_that_is_too_large_does_not_arrive_whole(running: Running) -> None:
    """The limit is 100 kB here. nginx asks the service nothing, Caddy breaks off."""
    status, arrived = put(running, 300_000)
    assert arrived == 0
    assert status in (b"413", b"502", b"")


def test_headers_that_are_too_large_stop_there(running: Running) -> None:
    before = len(running.told.requests)
    head = ask(running.proxy, "GET / HTTP/1.1", f"Host: {NAME}", f"X-Long: {'x' * 300_000}")
    assert head[:12] in (b"HTTP/1.1 400", b"HTTP/1.1 431", b"")
    assert len(running.told.requests) == before


def test_figures_are_not_for_visitors(running: Running) -> None:
    before = len(running.told.requests)
    assert ask(running.proxy, "GET /metrics HTTP/1.1", f"Host: {NAME}").startswith(b"HTTP/1.1 404")
    assert len(running.told.requests) == before


def test_a_question_is_answered_through_it(kind: str, tmp_path: Path) -> None:
    settings = WebSettings(data_dir=tmp_path / "data", reader=False, uploads=False, allowed_hosts=(NAME,))
    question = json.dumps({"question": "When was the harbour opened?"})
    head = ("POST /api/v1/ask HTTP/1.1", f"Host: {NAME}", "Content-Type: application/json", "Connection: close")
    with (
        Citewell.open(settings, embedder=HashEmbedder(), create=True) as citewell,
        serving(citewell) as port,
        proxy_before(kind, port, tmp_path) as proxy,
    ):
        citewell.documents.ingest([DATA / "library"])
        answer = ask(proxy, *head, f"Content-Length: {len(question)}", "", question, until=b"timings_ms")
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"The harbour at Westerholm was opened in 1887" in answer
