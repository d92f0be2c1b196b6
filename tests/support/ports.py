"""Ports for the servers that tests start."""

from __future__ import annotations

import secrets
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

# Below those that the system hands out: between here and the start of a server no connection gets one by chance.
_LOWEST, _HIGHEST = 10_000, 32_000


def free_ports(count: int) -> list[int]:
    """Different ports that nobody listens on."""
    listeners = list[socket.socket]()
    while len(listeners) < count:
        with suppress(OSError):  # somebody does
            listeners.append(socket.create_server(("127.0.0.1", _LOWEST + secrets.randbelow(_HIGHEST - _LOWEST))))
    ports: list[int] = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


def free_port() -> int:
    """A port that nobody listens on."""
    (port,) = free_ports(1)
    return port


def wait_until_taken(port: int, process: subprocess.Popen[bytes], log: Path, *, seconds: float = 60) -> None:
    """Return when the process takes connections; fail with its log when it ended, or after so long."""
    until = time.monotonic() + seconds
    while True:
        assert process.poll() is None and time.monotonic() < until, log.read_text()
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
            return
        except OSError:
            time.sleep(0.05)
