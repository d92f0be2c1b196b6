"""One data directory, written to by processes that are killed again and again; what was acknowledged is checked."""

from __future__ import annotations

import json
import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from rag.app import Citewell
from rag.settings import Settings
from tests.support.access import EVERYTHING
from tests.support.barrels import CHANGE, text_of
from tests.support.fakes import HashEmbedder
from tests.support.processes import python_process

_MOST_SECONDS = 0.5  # until a process is killed
_WRITING = 0.8
_REOPEN_SECONDS = 5.0
_DOCUMENTS = 40
_STEPS = 400

Steps = list[tuple[str, str | None]]


def run(folder: Path, cycles: int, seed: int, say: Callable[[str], None]) -> list[str]:
    """Kill a writer `cycles` times; gives what was wrong."""
    chance = random.Random(seed)
    data = folder / "data"
    known: dict[str, str] = {}
    seconds: list[float] = []
    problems: list[str] = []
    acknowledged = 0
    for cycle in range(cycles):
        steps = _steps(chance, known, cycle)
        process = python_process(CHANGE, data, json.dumps(steps))
        assert process.stdout is not None
        process.stdout.readline()  # "ready": all is imported
        # Mostly while it writes; sometimes while it opens what the one before left.
        first = process.stdout.readline() if chance.random() < _WRITING else ""
        time.sleep(chance.uniform(0, _MOST_SECONDS))
        process.kill()
        out, errors = process.communicate()
        done = (first + out).count("\n")
        acknowledged += done
        if errors:
            problems.append(f"cycle {cycle}: {errors.strip().splitlines()[-1]}")
        started = time.perf_counter()
        with Citewell.open(Settings(data_dir=data), embedder=HashEmbedder(), create=True) as citewell:
            citewell.questions.search("Which shed holds tar?", access=EVERYTHING)
            seconds.append(time.perf_counter() - started)
            stored = {
                info.source.id: citewell.documents.get(info.source.id, access=EVERYTHING).text
                for info in citewell.documents.all(access=EVERYTHING)
            }
            candidates = [_after(known, steps[:count]) for count in (done, done + 1)]
            if stored not in candidates:
                problems.append(f"cycle {cycle}: what is stored is neither with {done} nor with {done + 1} steps")
            problems += [
                f"cycle {cycle}: {check.name}: {check.detail}"
                for check in citewell.maintenance.check()
                if not check.ok and check.name != "vector index"  # of a process that was killed
            ]
            problems += [f"cycle {cycle}: {lost} is not found" for lost in _not_found(citewell, stored)]
        known = stored
        if seconds[-1] > _REOPEN_SECONDS:
            problems.append(f"cycle {cycle}: opening took {seconds[-1]:.1f} s")
        if (cycle + 1) % 20 == 0:
            say(f"{cycle + 1} kills, {acknowledged} steps acknowledged, {len(problems)} problems")
    say(
        f"kills: {cycles}, steps acknowledged {acknowledged}, opening {statistics.median(seconds):.2f} s at the "
        f"median, {max(seconds):.2f} s at most"
    )
    return problems


def _steps(chance: random.Random, known: dict[str, str], cycle: int) -> Steps:
    """Puts, replacements and removals, from what is stored on."""
    there = set(known)
    steps: Steps = []
    for number in range(_STEPS):
        document = chance.randrange(_DOCUMENTS)
        name = f"d{document}"
        if name in there and chance.random() < 0.4:
            there.remove(name)
            steps.append((name, None))
        else:
            there.add(name)
            steps.append((name, text_of(document, cycle * _STEPS + number)))
    return steps


def _after(known: dict[str, str], steps: Steps) -> dict[str, str]:
    documents = dict(known)
    for name, text in steps:
        if text is None:
            del documents[name]
        else:
            documents[name] = text
    return documents


def _not_found(citewell: Citewell, stored: dict[str, str]) -> list[str]:
    """The documents that a search for their own word does not give. Which is first is no matter of what survives."""
    lost = []
    for name, text in stored.items():
        word = text.rpartition("calls the place ")[2].split()[0]
        hits = citewell.questions.search(f"Which place is called {word}?", access=EVERYTHING)
        if not any(hit.chunk.source.id == name and word in hit.chunk.text for hit in hits):
            lost.append(name)
    return lost
