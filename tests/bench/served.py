"""A server of this program as a process of its own, and what it takes of memory."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.ports import free_port

ROOT = Path(__file__).parents[2]
_READY_SECONDS = 120
_COMMAND = [sys.executable, "-c", "from rag.cli import main; main()"]


@dataclass(frozen=True, slots=True)
class Memory:
    """What a process and its children hold, in MB of 10^6 bytes. What they share counts once in PSS, often in RSS."""

    rss: float
    pss: float
    processes: int


def environment(**settings: object) -> dict[str, str]:
    """The environment of this process, with these settings of Citewell and no others."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("CITEWELL_")}
    ours = {f"CITEWELL_{name.upper()}": str(value) for name, value in settings.items()}
    return {**others, **ours, "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT)}


def command(*arguments: str) -> list[str]:
    """How `rag` with these arguments is started from this checkout."""
    return [*_COMMAND, *arguments]


@contextmanager
def server(data: Path, *options: str, **settings: object) -> Iterator[tuple[str, int]]:
    """The address, like "http://127.0.0.1:8000", and process id of `rag serve` over `data`, which answers by then."""
    port = free_port()
    process = subprocess.Popen(
        command("serve", "--data-dir", str(data), "--port", str(port), *options),
        env=environment(questions_per_minute=10_000_000, **settings),
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until_ready(address, process)
        yield address, process.pid
    finally:
        process.terminate()
        process.wait()


def wait_until_ready(address: str, process: subprocess.Popen[bytes], *, pause: float = 0.02) -> None:
    """Wait until `address` answers questions. Raises RuntimeError when the process ends, or after two minutes."""
    until = time.monotonic() + _READY_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            with urlopen(f"{address}/readyz"):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(pause)
    raise RuntimeError(
        f"{address} did not become ready; its process {'ended' if process.poll() is not None else 'runs'}"
    )


def urlopen(request: str | urllib.request.Request) -> AbstractContextManager[Any]:
    """The response of a server that was started here. Raises URLError."""
    response: AbstractContextManager[Any] = urllib.request.urlopen(request, timeout=30)  # noqa: S310 - http, and ours
    return response


def memory_of(pid: int) -> Memory:
    """What process `pid` and all below it hold now. Linux only."""
    found = [_rollup(process) for process in _with_children(pid)]
    return Memory(sum(f["Rss"] for f in found) / 1e6, sum(f["Pss"] for f in found) / 1e6, len(found))


def _with_children(pid: int) -> Sequence[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    children = [int(child) for task in tasks for child in task.read_text().split()]
    return [pid, *(below for child in children for below in _with_children(child))]


def _rollup(pid: int) -> Mapping[str, int]:
    """The sums over all mappings of a process, in bytes."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    fields = (line.replace(":", "").split() for line in lines)
    return {name: int(kilobytes) * 1024 for name, kilobytes, *_ in fields}
