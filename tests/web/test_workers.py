"""Several processes at one address: they answer, take each other's place, see each other's documents, and stop."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.bench.served import environment, free_port, urlopen, wait_until_ready

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    data, port = tmp_path_factory.mktemp("workers") / "data", free_port()
    command = [sys.executable, "-c", "from rag.cli import main; main()", "serve", "--data-dir", str(data)]
    process = subprocess.Popen([*command, "--port", str(port), "--workers", "2"], env=environment(), cwd=ROOT)
    wait_until_ready(f"http://127.0.0.1:{port}", process)
    yield f"http://127.0.0.1:{port}", process
    process.terminate()
    assert process.wait(30) == 0


def children(process: subprocess.Popen[bytes]) -> set[int]:
    """The processes that it started and that live."""
    listed = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return {int(one) for one in listed}


def call(request: urllib.request.Request | str) -> dict[str, object]:
    with urlopen(request) as response:
        found: dict[str, object] = json.loads(response.read())
        return found


def put(address: str, name: str, text: str) -> dict[str, object]:
    request = urllib.request.Request(  # noqa: S310 - http, and our own server
        f"{address}/api/v1/documents/{name}", text.encode(), {"Content-Type": "text/plain"}, method="PUT"
    )
    return call(request)


def quotes(address: str, question: str) -> list[str]:
    body = json.dumps({"question": question}).encode()
    request = urllib.request.Request(  # noqa: S310 - as above
        f"{address}/api/v1/ask", body, {"Content-Type": "application/json"}
    )
    answer = call(request)
    return [str(citation["quote"]) for citation in answer["citations"]]  # type: ignore[attr-defined, index]


def test_a_document_that_one_has_taken_is_quoted_by_all(server: tuple[str, subprocess.Popen[bytes]]) -> None:
    """Each connection is new, so the processes take turns as they like."""
    address, process = server
    assert len(children(process)) == 2
    for hour in ("six", "seven", "eight"):
        sentence = f"The harbour of Tarn opens at {hour} in the morning."
        put(address, "hours", sentence)
        assert [quotes(address, "When does the harbour of Tarn open?") for _ in range(8)] == [[sentence]] * 8


def test_one_that_was_killed_is_replaced_and_the_others_answer_meanwhile(
    server: tuple[str, subprocess.Popen[bytes]],
) -> None:
    address, process = server
    before = children(process)
    put(address, "gate", "The gate of Tarn is green.")
    os.kill(min(before), signal.SIGKILL)
    assert quotes(address, "What colour is the gate of Tarn?") == ["The gate of Tarn is green."]
    assert wait_for(lambda: len(children(process)) == 2)
    after = children(process)
    assert (len(after), len(before & after)) == (2, 1)


def test_connections_are_dealt_out_among_them(server: tuple[str, subprocess.Popen[bytes]]) -> None:
    """One process that takes all who come at once would leave the other without work."""
    address, process = server
    port = int(address.rpartition(":")[2])
    before = {one: sockets(one) for one in children(process)}
    with ExitStack() as opened:
        for _ in range(40):
            opened.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
        time.sleep(0.5)
        assert min(sockets(one) - before[one] for one in before) >= 5


def sockets(process: int) -> int:
    """How many sockets a process has open."""
    links = Path(f"/proc/{process}/fd").iterdir()
    return sum(link.readlink().name.startswith("socket:") for link in links)


def test_an_answer_is_not_held_back_until_it_is_acknowledged(server: tuple[str, subprocess.Popen[bytes]]) -> None:
    """On a connection that stays open, head and body in two packets take 40 ms where small ones are delayed."""
    connection = http.client.HTTPConnection(server[0].removeprefix("http://"))
    took = []
    for _ in range(20):
        started = time.perf_counter()
        connection.request("GET", "/healthz")
        connection.getresponse().read()
        took.append(time.perf_counter() - started)
    connection.close()
    assert sorted(took)[10] < 0.03


def test_the_weights_are_one_copy(server: tuple[str, subprocess.Popen[bytes]]) -> None:
    """Memory that is shared counts in part for each: both together hold less than twice what one holds."""
    address, process = server
    quotes(address, "What colour is the gate of Tarn?")

    def sizes(kind: str) -> list[int]:
        lines = [Path(f"/proc/{one}/smaps_rollup").read_text() for one in children(process)]
        return [int(line.split(f"\n{kind}:")[1].split()[0]) for line in lines]

    assert sum(sizes("Pss")) < 0.8 * sum(sizes("Rss"))


@contextmanager
def started(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A server of two processes of its own, and its port."""
    port = free_port()
    command = [sys.executable, "-c", "from rag.cli import main; main()", "serve", "--data-dir", str(tmp_path / "data")]
    process = subprocess.Popen([*command, "--port", str(port), "--workers", "2"], env=environment(), cwd=ROOT)
    try:
        wait_until_ready(f"http://127.0.0.1:{port}", process)
        yield process, port
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_all_of_them_do(tmp_path: Path, number: signal.Signals) -> None:
    with started(tmp_path) as (process, port):
        workers = children(process)
        process.send_signal(number)
        assert process.wait(30) == 0
        assert not any(is_alive(one) for one in workers)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5)


def test_none_outlives_the_process_that_started_it(tmp_path: Path) -> None:
    with started(tmp_path) as (process, port):
        workers = children(process)
        process.kill()
        process.wait()
        assert wait_for(lambda: not any(is_alive(one) for one in workers))
        with socket.create_server(("127.0.0.1", port)):
            pass


def test_a_port_that_another_server_has_is_told_of(server: tuple[str, subprocess.Popen[bytes]], tmp_path: Path) -> None:
    port = server[0].rpartition(":")[2]
    command = [sys.executable, "-c", "from rag.cli import main; main()", "serve", "--data-dir", str(tmp_path / "data")]
    ended = subprocess.run(
        [*command, "--port", port, "--workers", "2"], env=environment(), cwd=ROOT, capture_output=True, text=True
    )
    assert ended.returncode == 2
    assert f"127.0.0.1:{port} cannot be listened on: Address already in use." in ended.stderr


def is_alive(process: int) -> bool:
    """Whether a process runs; one that has ended and waits to be looked at does not."""
    try:
        return ") Z " not in Path(f"/proc/{process}/stat").read_text()
    except FileNotFoundError:
        return False


def wait_for(is_so: Callable[[], bool]) -> bool:
    """Whether it becomes so within twenty seconds."""
    until = time.monotonic() + 20
    while not is_so():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True
