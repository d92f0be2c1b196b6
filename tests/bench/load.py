"""How many questions a second, and how long each takes, under load: `python -m tests.bench.load --help`.

Any server can be measured that answers `POST PATH {"question": ...}`. *Closed loop*: so many users, each asks when the
last answer has come; one that is refused waits as long as it was told to. *Open loop*: questions come at a constant
rate, whatever becomes of them, and the time of each counts from when it was due: what a slow server holds up is not
left out. After more than it can do, single questions show how soon it is itself again.

A question comes again only when all others were asked, long after a server that remembers its last answers forgot it;
answers that it says it remembered are counted apart.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import math
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rag.app import Citewell
from rag.evaluate.cases import read_cases, read_squad
from rag.records import Document
from rag.settings import Settings
from tests.bench.post import BrokenReply, Poster
from tests.bench.served import memory_of, server

USERS = (1, 4, 16, 64)
# Of the rate that the closed loop reached.
RATES = (0.5, 0.9, 2.0)
# Seconds. An answer that comes later is an answer, but no good one.
GOOD_SECONDS = 1.5
_TIMEOUT_SECONDS = 60.0
_WARM_UP = 8
_SEED = 6
# The server is itself again when so many questions in a row take no more than so many times what one alone takes.
_CALM_ROW, _CALM_TIMES = 3, 2.0
_RECOVERY_SECONDS = 60.0
_REMEMBERED = b'"cache":'


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: seconds since the start of the phase; status 0 for one without a whole reply."""

    due: float
    ended: float
    status: int
    remembered: bool = False

    @property
    def seconds(self) -> float:
        """From when it was due."""
        return self.ended - self.due


@dataclass(frozen=True, slots=True)
class Figures:
    """One phase. Milliseconds are those of answers; `good_per_second` counts those within GOOD_SECONDS."""

    load: str
    asked: int
    answered: int
    refused: int  # 429
    failed: int
    remembered: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    answers_per_second: float
    good_per_second: float


class Questions:
    """Questions to be asked one after the other, without end."""

    def __init__(self, questions: Sequence[str]) -> None:
        distinct = list(dict.fromkeys(questions))
        random.Random(_SEED).shuffle(distinct)  # noqa: S311 - an order, not a secret
        self._left = itertools.cycle(distinct)

    def __iter__(self) -> Iterator[str]:
        return self._left


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of `values` do not exceed; 0 of none. ([1, 2, 3, 4], 0.5) -> 2"""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)] if values else 0.0


def figures(load: str, asked: Sequence[Asked]) -> Figures:
    """What a phase was like. Its length is that until the last reply."""
    took = [one.seconds for one in asked if one.status == 200]
    length = max((one.ended for one in asked), default=0.0) or 1.0
    refused = sum(one.status == 429 for one in asked)
    p50, p95, p99 = (round(percentile(took, share) * 1000, 1) for share in (0.50, 0.95, 0.99))
    return Figures(
        load=load,
        asked=len(asked),
        answered=len(took),
        refused=refused,
        failed=len(asked) - len(took) - refused,
        remembered=sum(one.remembered for one in asked),
        p50_ms=p50,
        p95_ms=p95,
        p99_ms=p99,
        answers_per_second=round(len(took) / length, 2),
        good_per_second=round(sum(seconds <= GOOD_SECONDS for seconds in took) / length, 2),
    )


def arrivals(rate: float, seconds: float) -> list[float]:
    """When questions are due at a constant rate. (2.0, 2.0) -> [0.0, 0.5, 1.0, 1.5]"""
    return [number / rate for number in range(round(rate * seconds))]


def calm_since(asked: Sequence[Asked], alone_seconds: float) -> float | None:
    """When the first of _CALM_ROW questions in a row was due that were answered about as fast as alone, or None."""
    row: list[Asked] = []
    for one in asked:
        row = [*row, one] if one.status == 200 and one.seconds <= _CALM_TIMES * alone_seconds else []
        if len(row) == _CALM_ROW:
            return row[0].due
    return None


class Load:
    """A server under load."""

    def __init__(self, poster: Poster, questions: Questions) -> None:
        self._poster = poster
        self._questions = iter(questions)

    async def warm_up(self) -> None:
        """Ask a few that are not counted."""
        for question in _first(self._questions, _WARM_UP):
            await self._ask(question, 0.0, time.perf_counter())

    async def closed(self, users: int, seconds: float) -> list[Asked]:
        """So many users who ask for so many seconds, one question after the other."""
        started = time.perf_counter()
        asked: list[Asked] = []

        async def user() -> None:
            for question in self._questions:
                due = time.perf_counter() - started
                if due >= seconds:
                    return
                one, wait = await self._ask(question, due, started)
                asked.append(one)
                await asyncio.sleep(min(wait, max(0.0, seconds - one.ended)))

        await asyncio.gather(*(user() for _ in range(users)))
        return asked

    async def open(self, rate: float, seconds: float) -> list[Asked]:
        """Questions at a constant rate; gives back when each has its reply."""
        started = time.perf_counter()
        tasks = []
        for due, question in zip(arrivals(rate, seconds), self._questions, strict=False):
            await asyncio.sleep(max(0.0, due - (time.perf_counter() - started)))
            tasks.append(asyncio.create_task(self._ask(question, due, started)))
        return [one for one, _ in await asyncio.gather(*tasks)]

    async def overload(self, rate: float, seconds: float, alone_seconds: float) -> tuple[list[Asked], float | None]:
        """The same, and how many seconds after the last one was due the server was as fast as before; None: never."""
        flood = asyncio.create_task(self.open(rate, seconds))
        await asyncio.sleep(seconds)
        started = time.perf_counter()
        probes: list[Asked] = []
        calm = None
        while calm is None and (due := time.perf_counter() - started) < _RECOVERY_SECONDS:
            question = next(self._questions)
            one, _ = await self._ask(question, due, started)
            probes.append(one)
            calm = calm_since(probes, alone_seconds)
            await asyncio.sleep(0.05)
        return await flood, calm

    async def _ask(self, question: str, due: float, started: float) -> tuple[Asked, float]:
        """One question, and how many seconds to wait before the next, as the server says."""
        status, remembered, wait = 0, False, 0.0
        try:
            reply = await self._poster.ask(question, timeout_seconds=_TIMEOUT_SECONDS)
            status, remembered = reply.status, _REMEMBERED in reply.body
            wait = float(reply.headers.get("retry-after", 0)) if status == 429 else 0.0
        except (TimeoutError, OSError, BrokenReply):
            wait = 0.1
        return Asked(due, time.perf_counter() - started, status, remembered), wait


async def measure(
    url: str,
    questions: Questions,
    *,
    seconds: float,
    users: Sequence[int] = USERS,
    rates: Sequence[float] = RATES,
    capacity: float | None = None,
) -> dict[str, Any]:
    """All phases, one after the other. `capacity` is taken for the open loop instead of the measured one."""
    async with Poster(url) as poster:
        load = Load(poster, questions)
        await load.warm_up()
        closed = [(number, await load.closed(number, seconds)) for number in users]
        found = [figures(f"{number} users", asked) for number, asked in closed]
        capacity = capacity or max((one.answers_per_second for one in found), default=0.0)
        alone = [one.seconds for _, asked in closed[:1] for one in asked if one.status == 200]
        recovery: dict[str, float | None] = {}
        for share in rates:
            name = f"{share:g} x {capacity:.1f}/s"
            if share > 1:
                asked, recovery[name] = await load.overload(share * capacity, seconds, percentile(alone, 0.5))
            else:
                asked = await load.open(share * capacity, seconds)
            found.append(figures(name, asked))
    return {"capacity": capacity, "phases": [asdict(one) for one in found], "recovery_seconds": recovery}


def table(result: dict[str, Any]) -> Iterator[str]:
    """The figures for people."""
    names = ("asked", "answered", "refused", "failed", "remembered", "p50_ms", "p95_ms", "p99_ms")
    rates = ("answers_per_second", "good_per_second")
    heads = [name.removesuffix("_per_second") + ("/s" if name in rates else "") for name in (*names, *rates)]
    yield f"{'load':<16}" + "".join(f"{head:>11}" for head in heads)
    for phase in result["phases"]:
        yield f"{phase['load']:<16}" + "".join(f"{phase[name]:>11,}" for name in (*names, *rates))
    for name, seconds in result["recovery_seconds"].items():
        after = "not within a minute" if seconds is None else f"{seconds:.1f} s after it"
        yield f"{name}: as fast as before {after}"


def prepare(data: Path, documents: Sequence[Document]) -> None:
    """Make a data directory with these documents, unless there is one."""
    if not (data / "citewell.sqlite").exists():
        with Citewell.open(Settings(data_dir=data), create=True) as citewell:
            citewell.documents.add(documents)


def main() -> None:
    """Measure, print a table, and write JSON if asked to."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.load", description=__doc__)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--squad", type=Path, metavar="FILE", help="its questions; and its paragraphs, with --data-dir")
    source.add_argument("--questions", type=Path, metavar="FILE", help="JSON Lines with question and answers")
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--url", help="of a server that runs: http://host:port/api/v1/ask")
    target.add_argument("--data-dir", type=Path, help="serve this one; made of the paragraphs of --squad if missing")
    parser.add_argument("--seconds", type=float, default=20.0, help="that each phase takes")
    parser.add_argument("--users", type=_numbers, default=USERS, help="of the closed loop: 1,4,16,64")
    parser.add_argument("--rates", type=_numbers, default=RATES, help="of the open loop, of the capacity: 0.5,0.9,2")
    parser.add_argument("--capacity", type=float, help="questions a second, instead of what the closed loop reached")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the server")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    given = parser.parse_args()
    documents, cases = read_squad(given.squad) if given.squad else ([], read_cases(given.questions))
    questions = Questions([case.question for case in cases])

    def run(url: str) -> dict[str, Any]:
        phases = {"seconds": given.seconds, "users": [int(n) for n in given.users], "rates": given.rates}
        return asyncio.run(measure(url, questions, capacity=given.capacity, **phases))

    if given.url:
        result = run(given.url)
    else:
        prepare(given.data_dir, documents)
        with server(given.data_dir, **dict(item.split("=", 1) for item in given.set)) as (address, pid):
            result = run(f"{address}/api/v1/ask")
            result["memory_mb"] = asdict(memory_of(pid))
    if given.json:
        given.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write("".join(f"{line}\n" for line in table(result)))
    if "memory_mb" in result:
        sys.stdout.write(f"memory of the server, MB: {result['memory_mb']}\n")


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(",") if part)


def _first(items: Iterator[str], count: int) -> Iterator[str]:
    for _, item in zip(range(count), items, strict=False):
        yield item


if __name__ == "__main__":
    main()
