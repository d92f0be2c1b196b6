"""Questions a second beside the rivals, over HTTP: `python -m tests.bench.throughput --squad FILE --out FOLDER`.

Ours is `rag serve` as anybody runs it. A rival has no server of its own for this: it is put behind FastAPI and uvicorn
with one pipeline and their pool of threads, as its users do. The same client asks all of them, and they have their
turns in each phase: so many users, each of whom asks when the last answer has come. The client shares the cores.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rag.evaluate.cases import read_squad
from tests.bench.beside.__main__ import prepare as prepare_programs
from tests.bench.beside.corpus import squad_corpus
from tests.bench.beside.driver import Program, serving
from tests.bench.beside.figures import OURS
from tests.bench.beside.measure import build
from tests.bench.load import Load, Questions, figures
from tests.bench.load import prepare as prepare_data
from tests.bench.post import Poster
from tests.bench.rivals.environments import RIVALS
from tests.bench.served import memory_of, server
from tests.support.ports import free_port

USERS = (1, 4, 16, 64)


def main() -> None:
    """Measure, print, and write JSON."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.throughput", description=__doc__)
    parser.add_argument("--squad", type=Path, required=True, metavar="FILE")
    parser.add_argument("--users", type=int, nargs="+", default=USERS)
    parser.add_argument("--seconds", type=float, default=15.0, help="of each phase")
    parser.add_argument("--passages", type=int, default=646)
    parser.add_argument("--without", action="append", default=[], choices=RIVALS)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    given = parser.parse_args()
    names = [name for name in RIVALS if name not in given.without]
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        found = measure(_start_all(given.squad, names, given.passages, Path(folder), running), given)
    for row in found["phases"]:
        sys.stdout.write(
            f"{row['program']:<10} {row['load']:<9} {row['answers_per_second']:>8.2f}/s"
            f" {row['p50_ms']:>9.0f} {row['p95_ms']:>9.0f} ms  refused {row['refused']}, failed {row['failed']}\n"
        )
    if given.json:
        given.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def measure(addresses: dict[str, tuple[str, int]], given: argparse.Namespace) -> dict[str, Any]:
    """The phases of all programs, and the memory of each at the end."""
    questions = [case.question for case in read_squad(given.squad)[1]]
    share = len(questions) // len(addresses)
    # Each program has questions of its own, many more than ours remembers.
    parts = [Questions(questions[n * share : (n + 1) * share]) for n in range(len(addresses))]
    phases = asyncio.run(_phases(addresses, parts, given.users, given.seconds))
    memory = {name: asdict(memory_of(pid)) for name, (_, pid) in addresses.items()}
    return {"seconds": given.seconds, "phases": phases, "memory_mb": memory}


async def _phases(
    addresses: dict[str, tuple[str, int]], parts: Sequence[Questions], users: Sequence[int], seconds: float
) -> list[dict[str, Any]]:
    found = []
    async with AsyncExitStack() as posters:
        loads = []
        for (url, _), questions in zip(addresses.values(), parts, strict=True):
            loads.append(Load(await posters.enter_async_context(Poster(url)), questions))
            await loads[-1].warm_up()
        for number in users:
            for name, load in zip(addresses, loads, strict=True):
                row = figures(f"{number} users", await load.closed(number, seconds))
                found.append({"program": name, "users": number, **asdict(row)})
    return found


def _start_all(
    squad: Path, names: Sequence[str], passages: int, home: Path, running: ExitStack
) -> dict[str, tuple[str, int]]:
    """The address that each program answers at, and its process id."""
    corpus = squad_corpus(squad, passages=passages, questions=1, seed=1)
    listed = home / "passages.json"
    listed.write_text(json.dumps([{"id": name, "text": text} for name, text in corpus.passages.items()]))
    addresses = {OURS: running.enter_context(_ours(squad, home / "data"))}
    for program in prepare_programs(names, Path(sys.executable)):
        if program.name != OURS:
            addresses[program.name] = running.enter_context(_rival(program, listed, home / program.name))
    return addresses


@contextmanager
def _ours(squad: Path, data: Path) -> Iterator[tuple[str, int]]:
    prepare_data(data, read_squad(squad)[0])
    with server(data) as (address, pid):
        yield f"{address}/api/v1/ask", pid


@contextmanager
def _rival(program: Program, passages: Path, index: Path) -> Iterator[tuple[str, int]]:
    build(program, passages, index)
    port = free_port()
    with serving(program, index, port) as pid:
        yield f"http://127.0.0.1:{port}/ask", pid


if __name__ == "__main__":
    main()
