"""Several processes at one address: they answer, take each other's place, see each other's documents, and stop."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from tests.bench.served import environment, urlopen, wait_until_ready
from tests.support.ports import free_port
from tests.support.processes import wait_for

pytestmark = pytest.mark.model
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    data, port = tmp_path_factory.mktemp("workers") / "data", free_port()
    command = [sys.executable, "-c", "from rag.cli import main; main()", "serve", "--data-dir", str(data)]
    process = subprocess.Popen([*command, "--port", str(port), "--workers", "2"], env=environment(), cwd=ROOT)
    wait_until_ready(f"http://127.0.0.1:{port}", process)
    yield f"http://127.0.0.1:{port}", process
    process.terminate()
    assert process.wait(200) == 0


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
    return [str(citation["quote"]) for citation in answer["citations"]]  # type: ignore[attr-defined]


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
    killed = min(before)
    os.kill(killed, signal.SIGKILL)
    assert quotes(address, "What colour is the gate of Tarn?") == ["The gate of Tarn is green."]
    # A killed process stays a child until the supervisor has asked how it ended.
    assert wait_for(lambda: killed not in (now := children(process)) and len(now) == 2)
    assert len(before & children(process)) == 1


def test_connections_are_dealt_out_among_them(server: tuple[str, subprocess.Popen[bytes]]) -> None:
    """One process that takes all who come at once would leave the other without work."""
    address, process = server
    port = int(address.rpartition(":")[2])
    with ExitStack() as opened:
        clients = [
            opened.enter_context(socket.create_connection(("127.0.0.1", port), timeout=200)).getsockname()[1]
            for _ in range(40)
        ]
        assert wait_for(lambda: sum(dealt_out(process, port, clients)) == 40)
        assert min(dealt_out(process, port, clients)) >= 5


def dealt_out(process: subprocess.Popen[bytes], port: int, clients: list[int]) -> list[int]:
    """How many of the connections from these ports each of its processes has taken."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    taken = {f"socket:[{row[9]}]" for row in rows if _port(row[1]) == port and _port(row[2]) in clients}
    return [len(taken & sockets(one)) for one in children(process)]


def _port(address: str) -> int:
    return int(address.rpartition(":")[2], 16)


def sockets(process: int) -> set[str]:
    """The sockets that a process has open, by the names that the system gives them."""
    found = set[str]()
    for link in Path(f"/proc/{process}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed since
            found.add(link.readlink().name)
    return found


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
        assert process.wait(200) == 0
        assert not any(is_alive(one) for one in workers)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5)


def test_none_outlives_the_process_that_started_it(tmp_path: Path) -> None:
    with started(tmp_path) as (process, port):
        workers = children(process)
        process.kill()
        process.wait()
        assert wait_for(lambda: not any(is_alive(one) for one in workers))
        # With tests beside this one, one of them may hold the port for a moment.
        assert wait_for(lambda: is_free(port))


def test_a_port_that_another_server_has_is_told_of(server: tuple[str, subprocess.Popen[bytes]], tmp_path: Path) -> None:
    port = server[0].rpartition(":")[2]
    command = [sys.executable, "-c", "from rag.cli import main; main()", "serve", "--data-dir", str(tmp_path / "data")]
    ended = subprocess.run(
        [*command, "--port", port, "--workers", "2"], env=environment(), cwd=ROOT, capture_output=True, text=True
    )
    assert ended.returncode == 2
    assert f"127.0.0.1:{port} cannot be listened on: Address already in use." in ended.stderr


def is_free(port: int) -> bool:
    """Whether the port can be listened on."""
    try:
        with socket.create_server(("127.0.0.1", port)):
            return True
    except OSError:
        return False


def is_alive(process: int) -> bool:
    """Whether a process runs; one that has ended and waits to be looked at does not."""
    try:
        return ") Z " not in Path(f"/proc/{process}/stat").read_text()
    except FileNotFoundError:
        return False


def test_whichever_process_is_asked_for_metrics_it_has_those_of_all(
    server: tuple[str, subprocess.Popen[bytes]],
) -> None:
    address, process = server

    def counted(name: str) -> float:
        with urlopen(f"{address}/metrics") as response:
            lines = response.read().decode().splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{name}{{"))

    def starts() -> float:
        with urlopen(f"{address}/metrics") as response:
            lines = response.read().decode().splitlines()
        return next(float(line.split()[1]) for line in lines if line.startswith("citewell_process_starts_total "))

    before = counted("citewell_questions_total")
    for _ in range(10):  # each on a connection of its own, so both processes answer some
        quotes(address, "What colour is the gate of Tarn?")
    assert [counted("citewell_questions_total") - before for _ in range(10)] == [10] * 10
    started = starts()
    killed = min(children(process))
    os.kill(killed, signal.SIGKILL)
    assert wait_for(lambda: starts() == started + 1)
    assert counted("citewell_questions_total") - before == 10, "what the killed one had counted is not lost"
