"""The server comes to an end when it is told to, whatever its clients do."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from tests.support.hash_cli import COMMAND
from tests.support.places import ROOT
from tests.support.ports import free_port
from tests.support.processes import environment
from tests.support.servers import read_until

HALF_BODY = (
    b"POST /api/v1/ask HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 40\r\n\r\n{"
)


def patiently_connected(port: int, process: subprocess.Popen[bytes]) -> socket.socket:
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=60)
        except ConnectionRefusedError:
            assert process.poll() is None
            time.sleep(0.05)


@pytest.mark.parametrize("sent", [b"GET / HTTP/1.1\r\n", HALF_BODY], ids=["head", "body"])
def test_sigterm_ends_it_with_half_a_request_open(tmp_path: Path, sent: bytes) -> None:
    port = free_port()
    command = [*COMMAND, "serve", "--data-dir", str(tmp_path / "data"), "--port", str(port)]
    with (
        subprocess.Popen(command, cwd=ROOT, env=environment(), stderr=subprocess.PIPE) as process,
        patiently_connected(port, process) as whole,
        patiently_connected(port, process) as half,
    ):
        whole.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert read_until(whole, b"\r\n\r\n").startswith(b"HTTP/1.1 200")
        half.sendall(sent)
        time.sleep(0.3)  # so that it is read, as far as it goes
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) in (0, -signal.SIGTERM)
        assert process.stderr is not None
        assert b"Traceback" not in process.stderr.read()
