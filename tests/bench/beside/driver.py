"""A program that is measured, in a process of its own, spoken to in lines of JSON (tests/bench/rivals/driving.py)."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rag.errors import RagError
from tests.bench.beside.judge import Place

ROOT = Path(__file__).parents[3]
RIVALS = ROOT / "tests" / "bench" / "rivals"


class DriverFailed(RagError):
    """A driver ended, or said what is not of the protocol; what it printed last is in the message."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program to be measured: the Python that runs its driver, the folders of the models, the files it loads."""

    name: str
    python: Path
    encoder: Path
    reader: Path
    weights: tuple[Path, ...]

    @property
    def environment(self) -> Path:
        """The folder of the virtual environment of its Python."""
        return self.python.parent.parent

    def command(self, index: Path, *more: str) -> list[str]:
        """What starts its driver over the index in a folder."""
        script = RIVALS / f"drive_{self.name}.py"
        models = ["--encoder", str(self.encoder), "--reader", str(self.reader)]
        return [str(self.python), str(script), "--index", str(index), *models, *more]


@dataclass(frozen=True, slots=True)
class Said:
    """One answer: where it stands, the seconds it took, by stage where that is known; `error` if there is none."""

    seconds: float
    places: tuple[Place, ...] = ()
    text: str = ""
    stages: dict[str, float] = field(default_factory=dict)
    error: str = ""


class Driver:
    """A running driver. `ready` is its first line; `ready_seconds` is how long after the start of the process."""

    def __init__(self, program: Program, index: Path, *, passages: Path | None = None) -> None:
        """Starts the process and waits until it is ready; with `passages` it builds the index first."""
        self.name = program.name
        self.started = time.perf_counter()
        self._log = index.parent / f"{program.name}.log"
        more = ("--passages", str(passages)) if passages else ()
        with self._log.open("w", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                program.command(index, *more),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                encoding="utf-8",
                env=_environment(),
            )
        self.ready = self._next_line()
        self.ready_seconds = time.perf_counter() - self.started

    def ask(self, question: str, read: int | None = None) -> Said:
        """Its answer, timed by the driver itself: the pipe is not counted."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"ask": question, "read": read}) + "\n")
        self._process.stdin.flush()
        return parse_answer(self._next_line())

    def seconds_since_start(self) -> float:
        """Since the process was started."""
        return time.perf_counter() - self.started

    def memory(self) -> int | None:
        """Bytes that the process and those it started hold, shared pages shared out; None where that is not told."""
        return memory_of(self._process.pid)

    def close(self) -> None:
        """End the process."""
        self._process.communicate(timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._process.kill()
        self.close()

    def _next_line(self) -> dict[str, Any]:
        """The next line as an object. Raises DriverFailed when there is none."""
        assert self._process.stdout
        line = self._process.stdout.readline()
        try:
            said = json.loads(line)
        except ValueError:
            said = None
        if not isinstance(said, dict):
            last = "\n".join(self._log.read_text(encoding="utf-8").splitlines()[-5:])
            raise DriverFailed(f"The driver of {self.name} said {line!r}; expected an object in JSON.\n{last}")
        return said


@contextmanager
def serving(program: Program, index: Path, port: int) -> Iterator[int]:
    """The program behind `POST /ask` at a port of this machine, over an index that is there; gives its process id."""
    command = program.command(index, "--port", str(port))
    with (index.parent / f"{program.name}-http.log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, env=_environment())
    try:
        assert process.stdout
        process.stdout.readline()  # the models are loaded; the socket follows
        _wait_for(port)
        yield process.pid
    finally:
        process.terminate()
        process.wait(timeout=60)


def _wait_for(port: int, seconds: float = 30.0) -> None:
    """Return when something listens at the port. Raises OSError when nothing does in time."""
    until = time.perf_counter() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.perf_counter() > until:
                raise
            time.sleep(0.1)


def parse_answer(line: dict[str, Any]) -> Said:
    """What one line of a driver says."""
    if "error" in line:
        return Said(line["seconds"], error=line["error"])
    places = tuple((str(passage), int(start), int(end)) for passage, start, end in line["places"])
    return Said(line["seconds"], places, line["text"], line["stages"])


def memory_of(pid: int) -> int | None:
    """Bytes of a process and its children (PSS, Linux); None where the system does not tell."""
    total = 0
    for process in (pid, *_descendants(pid)):
        try:
            lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii").splitlines()
        except OSError:
            if process == pid:
                return None
            continue
        total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    return total


def _descendants(pid: int) -> Iterator[int]:
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):  # a thread may end meanwhile
            for child in map(int, thread.read_text(encoding="ascii").split()):
                yield child
                yield from _descendants(child)


def _environment() -> dict[str, str]:
    """This one's, with everything offline; PYTHONPATH lets Citewell's own driver find this checkout."""
    quiet = {"HF_HUB_OFFLINE": "1", "HAYSTACK_TELEMETRY_ENABLED": "False"}
    return dict(os.environ) | quiet | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
