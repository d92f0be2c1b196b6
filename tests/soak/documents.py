"""Many small documents with the real model: how fast, how much memory, and what questions cost meanwhile."""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from rag.app import Citewell
from rag.settings import Settings
from tests.support.access import EVERYTHING

_ROOT = Path(__file__).parents[2]
_QUESTIONS = 30
_PAUSE = 0.5  # seconds between two questions, so that asking is not the load that it measures
_SAMPLE = 1_000  # documents between two looks at the memory
_AGAIN_SHARE = 0.02
_SLOWER = 2.0
# Brings a folder into the store, by "ingest", which opens each file, or by "sync", which opens those that look
# changed; tells after every so many documents how long it took and what memory is used.
_INGEST = """
import json, sys, time
from pathlib import Path
from rag.app import Citewell
from rag.settings import Settings
data, folder, every, how = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
started = time.perf_counter()
sentences = 0
def tell(number):
    memory = int(Path("/proc/self/status").read_text().partition("VmRSS:")[2].split()[0]) / 1_000
    seconds = time.perf_counter() - started
    print(json.dumps({"documents": number, "sentences": sentences, "seconds": seconds, "mb": memory}), flush=True)
def on_result(result, number, total):
    global sentences
    sentences += result.sentences
    if number % every == 0:
        tell(number)
with Citewell.open(Settings(data_dir=data), create=True) as citewell:
    started = time.perf_counter()
    getattr(citewell, how)([folder], on_result=on_result)
tell(-1)
"""


def run(folder: Path, count: int, say: Callable[[str], None]) -> list[str]:
    """Ingest `count` documents, ask meanwhile, and bring them in again two ways; gives what was wrong."""
    files, data = folder / "files", folder / "data"
    _write(files, count)
    _write(folder / "first", 50)
    settings = Settings(data_dir=data)
    problems: list[str] = []
    with Citewell.open(settings, create=True) as citewell:
        citewell.documents.ingest([folder / "first"])
        ask(citewell, 5)
        idle = statistics.median(ask(citewell, _QUESTIONS))
        say(f"a question when nothing else is done: {idle * 1e3:.0f} ms at the median")
        meanwhile: list[float] = []
        ended = threading.Event()
        asking = threading.Thread(target=lambda: _ask_until(citewell, ended, meanwhile))
        asking.start()
        try:
            first = _ingest("ingest", data, files, say)
        finally:
            ended.set()
            asking.join()
        # The same store, grown, with nothing else being done.
        grown = statistics.median(ask(citewell, _QUESTIONS))
        again = _ingest("sync", data, files, say)
        opened = _ingest("ingest", data, files, say)
    busy = statistics.median(meanwhile)
    memory, seconds = [sample["mb"] for sample in first], first[-1]["seconds"]
    share, share_opened = again[-1]["seconds"] / seconds, opened[-1]["seconds"] / seconds
    say(
        f"documents: {count} in {seconds:.0f} s, {count / seconds:.1f} documents and "
        f"{first[-1]['sentences'] / seconds:.1f} sentences a second; memory {memory[0]:.0f} MB after the first "
        f"{_SAMPLE}, {max(memory):.0f} MB at most; again with nothing changed {share:.2%} of the time by sync, "
        f"{share_opened:.2%} by ingest, which opens each file"
    )
    say(
        f"a question: {idle * 1e3:.0f} ms idle, {busy * 1e3:.0f} ms meanwhile ({len(meanwhile)} of them), "
        f"{grown * 1e3:.0f} ms idle with all documents, at the median"
    )
    if max(share, share_opened) > _AGAIN_SHARE:
        problems.append(f"again with nothing changed took {share:.1%} and {share_opened:.1%} of the first time")
    if busy > _SLOWER * max(idle, grown):
        problems.append(f"questions took {busy / max(idle, grown):.1f} times as long meanwhile")
    return problems


def ask(citewell: Citewell, count: int) -> list[float]:
    """Seconds that each of `count` questions took."""
    chance = random.Random(count)
    taken = []
    for _ in range(count):
        started = time.perf_counter()
        citewell.questions.ask(
            f"How many barrels does shed {chance.randrange(1_000)} hold in spring?", access=EVERYTHING
        )
        taken.append(time.perf_counter() - started)
    return taken


def _ask_until(citewell: Citewell, ended: threading.Event, taken: list[float]) -> None:
    while not ended.wait(_PAUSE):
        taken += ask(citewell, 1)


def _ingest(how: str, data: Path, files: Path, say: Callable[[str], None]) -> list[dict[str, float]]:
    """Ingest or sync in a process of its own; the samples it told, the last one at its end."""
    environment = os.environ | {"PYTHONPATH": str(_ROOT)}
    command = [sys.executable, "-c", _INGEST, str(data), str(files), str(_SAMPLE), how]
    samples = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        for line in process.stdout:
            samples.append(json.loads(line))
            say(f"  {line.strip()}")
    if process.returncode:
        raise RuntimeError(f"ingest ended with {process.returncode}")
    return samples


def _write(folder: Path, count: int) -> None:
    """Small documents that say different things."""
    chance = random.Random(count)
    goods = ("tar", "rope", "salt", "lamp oil", "sailcloth", "nails", "herring", "timber")
    seasons = ("spring", "summer", "autumn", "winter")
    for number in range(count):
        lines = [f"# Shed {number}\n"]
        lines += [
            f"In {season} shed {number} holds {chance.randrange(5, 900)} barrels of {chance.choice(goods)}. "
            f"Its keeper counts them every {chance.randrange(2, 30)} days and writes to the harbour office.\n"
            for season in seasons
        ]
        path = folder / f"{number // 500:03}" / f"{number:05}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines), encoding="utf-8")
