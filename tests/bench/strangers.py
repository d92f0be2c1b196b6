"""What one stranger can do to everybody: `python -m tests.bench.strangers [questions] [slow] [readers]`.

*questions*: bodies of 64 kB, made to be expensive, and the processor time that the server spends on each; its wall time
says more about what else the machine does. *slow*: connections that send a byte now and then, and how long an honest
user waits meanwhile and without them. *readers*: clients that ask for a file of 20 MB and do not read it, and what the
server holds in memory then. Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from tests.bench.served import command, environment, memory_of, urlopen, wait_until_ready
from tests.support.ports import free_port

ROOT = Path(__file__).parents[2]
_PARTS = ("questions", "slow", "readers")
_BODY_BYTES = 64_000
_FILE_BYTES = 20_000_000
_TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure the parts that are named, all of them without a name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(_PARTS)}; without any: all")
    parser.add_argument("--seconds", type=float, default=60, help="that slow connections are kept")
    parser.add_argument("--connections", type=int, default=500)
    parser.add_argument("--readers", type=int, default=200)
    arguments = parser.parse_args()
    parts = arguments.parts or _PARTS
    with tempfile.TemporaryDirectory() as folder, _server(Path(folder)) as (address, pid, log):
        if "questions" in parts:
            _questions(address, pid)
        if "slow" in parts:
            _slow(address, log, arguments.connections, arguments.seconds)
        if "readers" in parts:
            _readers(address, pid, arguments.readers)


@contextmanager
def _server(folder: Path) -> Iterator[tuple[str, int, Path]]:
    """A server over the article, which takes uploads and writes a log."""
    port, log = free_port(), folder / "log"
    address = f"http://127.0.0.1:{port}"
    limits = environment(questions_per_minute=1_000_000, reads_per_minute=1_000_000)
    data = ["--data-dir", str(folder / "data")]
    subprocess.run(command("ingest", str(ROOT / "seeds"), *data), env=limits, check=True, capture_output=True)
    with log.open("wb") as errors:
        process = subprocess.Popen(command("serve", *data, "--port", str(port)), env=limits, stderr=errors)
        try:
            wait_until_ready(address, process)
            yield address, process.pid, log
        finally:
            process.terminate()
            process.wait()


# -- questions ---------------------------------------------------------------------------------------------------------


def _bodies() -> Mapping[str, dict[str, object]]:
    """Questions with histories, each as large as a body may be, and each expensive in another way."""
    chance = random.Random(3)  # noqa: S311 - the same bodies each time
    words = ("the", "European Union", "and Japan", "Rapidus", "JSR", "it", "they", "this", "that", "2nm chips", "of")
    prose = " ".join(chance.choice(words) for _ in range(1_200))[:3_900]
    names = " ".join(f"Anna Maria van der Berg-{number} Company" for number in range(200))[:3_900]
    marks = ("((((" * 1_000)[:3_900]
    ask = "What about it, and they, and this, and that, and those, and " * 20
    return {
        "prose": _body(ask[:990] + "?", prose),
        "names": _body(f"And what did {names[:900]} do then?", names),
        "marks": _body("?" * 500 + "(" * 490, marks),
        "numbers": _body(" ".join(str(n) for n in range(250))[:990] + "?", " ".join(map(str, range(1_000)))[:3_900]),
        "one word": _body("a" * 990 + "?", "a" * 3_900),
        "pronouns": _body(("it they he she them that " * 50)[:990] + "?", ("He saw her. She saw it. " * 200)[:3_900]),
        "umlauts": _body("ä" * 490 + "?", "ǅ ß ı " * 600),
        "no history": {"question": ask[:990] + "?"},
    }


def _body(question: str, quote: str) -> dict[str, object]:
    body: dict[str, object] = {"question": question, "history": []}
    history: list[dict[str, object]] = []
    for number in range(10):
        exchange: dict[str, object] = {"question": f"{question[:-4]}{number}?", "quotes": [quote]}
        if len(json.dumps({**body, "history": [*history, exchange]}, ensure_ascii=False).encode()) > _BODY_BYTES:
            break
        history.append(exchange)
    return {**body, "history": history}


def _questions(address: str, pid: int) -> None:
    _ask(address, {"question": "What did JSR receive?"})
    for name, body in _bodies().items():
        spent, waited, statuses, size = [], [], set(), 0
        for number in range(5):
            asked = {**body, "question": f"{str(body['question'])[:-3]} {number}?"}  # none is remembered
            size = len(json.dumps(asked, ensure_ascii=False).encode())
            before, started = _processor_seconds(pid), time.perf_counter()
            statuses.add(_ask(address, asked))
            waited.append(time.perf_counter() - started)
            spent.append(_processor_seconds(pid) - before)
        _say(
            f"questions: {name}: {size:,} bytes, status {sorted(statuses)}, processor {statistics.median(spent):.2f} s"
            f" at the median, {max(spent):.2f} at most; waited {statistics.median(waited):.2f},"
            f" {max(waited):.2f} at most"
        )


def _ask(address: str, body: Mapping[str, object]) -> int:
    data = json.dumps(body, ensure_ascii=False).encode()
    request = urllib.request.Request(  # noqa: S310 - http, and ours
        f"{address}/api/v1/ask", data, {"Content-Type": "application/json"}
    )
    try:
        with urlopen(request) as response:
            response.read()
            return int(response.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def _processor_seconds(pid: int) -> float:
    """What a process has spent of the processor."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


# -- slow connections --------------------------------------------------------------------------------------------------


def _slow(address: str, log: Path, connections: int, seconds: float) -> None:
    idle = _honest(address, seconds / 2)
    before = log.stat().st_size
    stop = threading.Event()
    opened = [0, 0]
    thread = threading.Thread(target=_hold, args=(address, connections, stop, opened))
    thread.start()
    held = _honest(address, seconds)
    stop.set()
    thread.join()
    _say(
        f"slow: {connections} connections for {seconds:.0f} s, {opened[0]:,} opened in all, {opened[1]:,} bytes sent;"
        f" an honest user waited {_of(idle)} without them and {_of(held)} with them; the log grew by"
        f" {(log.stat().st_size - before) / 1e3:.0f} kB"
    )


def _honest(address: str, seconds: float) -> list[float]:
    """How long one user waits for each answer, who asks a new question every half second; infinite for none."""
    waited: list[float] = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        started = time.perf_counter()
        status = 0
        with suppress(OSError):
            status = _ask(address, {"question": f"What did JSR receive in {1_000_000 * time.monotonic():.0f}?"})
        waited.append(time.perf_counter() - started if status == 200 else float("inf"))
        time.sleep(0.5)
    return waited


def _of(waited: list[float]) -> str:
    ordered = sorted(waited)
    return f"{statistics.median(ordered):.2f} s (p95 {ordered[int(len(ordered) * 0.95)]:.2f}, of {len(ordered)})"


def _hold(address: str, connections: int, stop: threading.Event, opened: list[int]) -> None:
    """Keep so many connections that send a byte of a header every two seconds; those that are closed are made anew."""
    parts = urlsplit(address)
    held: list[socket.socket] = []
    while not stop.is_set():
        while len(held) < connections and not stop.is_set():
            with suppress(OSError):
                connection = socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5)
                connection.sendall(b"POST /api/v1/ask HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
                held.append(connection)
                opened[0] += 1
        for connection in list(held):
            try:
                opened[1] += connection.send(b"a")
            except OSError:
                connection.close()
                held.remove(connection)
        stop.wait(2)
    for connection in held:
        connection.close()


# -- readers that do not read ------------------------------------------------------------------------------------------


def _readers(address: str, pid: int, readers: int) -> None:
    line = b"The harbour opens at six and shuts at ten in the evening, whatever the weather and the tide.\n\n"
    document = b"Hours.\n\n" + line
    # A picture's worth of bytes that no reader looks at, behind a text that is soon read.
    data = document + b"<!--" + os.urandom(_FILE_BYTES // 2).hex().encode()[: _FILE_BYTES - len(document) - 7] + b"-->"
    request = urllib.request.Request(  # noqa: S310 - http, and ours
        f"{address}/api/v1/files/large.html", data, {"Content-Type": "text/html"}, method="PUT"
    )
    try:
        with urllib.request.urlopen(request, timeout=280) as response:  # noqa: S310 - as above
            document_id = json.loads(response.read())["id"]
    except urllib.error.HTTPError as error:
        _say(f"readers: the file was refused: {error.code} {error.read()[:300]!r}")
        return
    parts = urlsplit(address)
    before = memory_of(pid).rss
    most, held = before, []
    for _ in range(readers):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.settimeout(30)
        connection.connect((parts.hostname, parts.port))
        path = f"/api/v1/documents/{document_id}/original"
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        held.append(connection)
        most = max(most, memory_of(pid).rss)
    until = time.monotonic() + 20
    while time.monotonic() < until:
        most = max(most, memory_of(pid).rss)
        time.sleep(0.2)
    begun = sum(1 for connection in held if connection.recv(12) == b"HTTP/1.1 200")
    _say(
        f"readers: {readers} of a file of {len(data) / 1e6:.0f} MB, of whom {begun} were being answered:"
        f" {before:.0f} MB before, {most:.0f} at most, {most - before:+.0f}"
    )
    for connection in held:
        connection.close()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
