"""Processes that ask while another changes the documents and publishes an index each time."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from pathlib import Path

from rag.app import Citewell
from rag.settings import Settings
from tests.support.access import EVERYTHING
from tests.support.barrels import text_of
from tests.support.fakes import HashEmbedder
from tests.support.processes import python_process

DOCUMENTS = 12
_MOST_NEW_FILES = 8  # open ones, at the end against the first fifth of the time
_MOST_NEW_MB = 30

# Asks until its time is over. Every other time Citewell stays open, so that the index in memory has to follow; else
# it is opened anew, while the generation that it loads may be replaced.
READ = """
import json, os, sys, time
from pathlib import Path
from tests.support.access import EVERYTHING
from tests.support.fakes import HashEmbedder
from rag.app import Citewell
from rag.settings import Settings
from tests.support.barrels import text_of
data, seconds, documents = Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
def used():
    memory = int(Path("/proc/self/status").read_text().partition("VmRSS:")[2].split()[0]) / 1_000
    return {"files": len(os.listdir("/proc/self/fd")), "mb": memory}
def look(citewell, number):
    asked = citewell.questions.ask(f"What does the keeper call shed {number} in his letters?", access=EVERYTHING)
    for citation in asked.citations:
        place = citation.place
        checked = citewell.questions.verify(place.source.id, sha256=place.text_sha256, start=place.span.start,
                                  end=place.span.end, quote=citation.quote, access=EVERYTHING)
        seen["citations"] += 1
        if checked.status.value == "mismatch":
            seen["wrong"].append([place.source.id, citation.quote, checked.found])
        found = int(place.source.id)
        version = citation.quote.partition(f"zq{found}v")[2].partition("xk")[0]
        if citation.quote not in text_of(found, int(version or 0)):
            seen["wrong"].append([place.source.id, citation.quote, "never written"])
    seen["questions"] += 1
    seen["states"].add(citewell.maintenance.health().index_version)
seen = {"questions": 0, "citations": 0, "opened": 0, "wrong": [], "states": set()}
print("ready", flush=True)
started, early = time.perf_counter(), None
while time.perf_counter() - started < seconds:
    with Citewell.open(Settings(data_dir=data, reader=False), embedder=HashEmbedder()) as citewell:
        seen["opened"] += 1
        for number in range(documents if seen["opened"] % 2 else 1):
            look(citewell, number)
    if early is None and time.perf_counter() - started > seconds / 5:
        early = used()
print(json.dumps({**seen, "states": len(seen["states"]), "early": early, "late": used()}), flush=True)
"""


def run(
    folder: Path, seconds: float, every: float, say: Callable[[str], None], *, readers: int = 4, seed: int = 1
) -> list[str]:
    """Ask from `readers` processes for so long, with a change every so often; gives what was wrong."""
    data = folder / "data"
    chance = random.Random(seed)
    problems: list[str] = []
    swaps = 0
    with Citewell.open(Settings(data_dir=data, reader=False), embedder=HashEmbedder(), create=True) as citewell:
        for number in range(DOCUMENTS):
            _put(citewell, number, 0)
        processes = [python_process(READ, data, seconds, DOCUMENTS) for _ in range(readers)]
        for process in processes:
            assert process.stdout is not None
            process.stdout.readline()  # "ready": all is imported
        while any(process.poll() is None for process in processes):
            swaps += 1
            number = chance.randrange(DOCUMENTS)
            if chance.random() < 0.2 and any(
                info.source.id == str(number) for info in citewell.documents.all(access=EVERYTHING)
            ):
                citewell.documents.remove(str(number))
            else:
                _put(citewell, number, swaps)
            time.sleep(every)
        told = [process.communicate(timeout=60) for process in processes]
        problems += [f"{check.name}: {check.detail}" for check in citewell.maintenance.check() if not check.ok]
    for out, errors in told:
        if errors or not out.strip():
            problems.append(f"a reader failed: {(errors.strip().splitlines() or ['it said nothing'])[-1]}")
            continue
        seen = json.loads(out)
        say(f"  {swaps} changes; a reader: {json.dumps(seen)}")
        problems += [f"a citation is not what was written: {wrong}" for wrong in seen["wrong"]]
        if seen["late"]["files"] > seen["early"]["files"] + _MOST_NEW_FILES:
            problems.append(f"open files grew: {seen['early']} to {seen['late']}")
        if seen["late"]["mb"] > seen["early"]["mb"] + _MOST_NEW_MB:
            problems.append(f"memory grew: {seen['early']} to {seen['late']}")
        if not seen["citations"] or seen["states"] < min(swaps, 3):
            problems.append("a reader saw nothing of what was to be seen")
    return problems


def _put(citewell: Citewell, number: int, version: int) -> None:
    citewell.documents.put(str(number), text_of(number, version).encode(), media_type="text/plain")
