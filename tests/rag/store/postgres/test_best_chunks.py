"""The best chunks of a question: those that a full count gives, and what of common words is read for them."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

from rag.records import Access
from rag.store.base import Store
from rag.store.postgres.best_chunks import HeldChunks, StemsInARow, best_chunks, phrase_weight
from rag.store.postgres.postgres_store import PostgresStore
from rag.store.sqlite.sqlite_store import SqliteStore
from tests.support.access import EVERYTHING
from tests.support.postgres import PostgresServer
from tests.support.stores import MODEL, parts

ANN = Access("ann", frozenset({"staff"}))
# The first stand in most sentences, the last in few.
WORDS = ("the", "of", "harbour", "gate", "1.5", "tide", "can't", "walls", "ferry", "crane", "lamp", "quay", "buoy")


class CountedChunks:
    """Chunks that hold words, and what is asked of them."""

    def __init__(self, chunks: dict[int, str]) -> None:
        self.asked: list[tuple[str, int | None]] = []  # a word, and among how many chunks
        self._chunks = {chunk: text.split() for chunk, text in chunks.items()}
        self.mean = sum(map(len, self._chunks.values())) / len(chunks)

    def held(self, phrase: StemsInARow, among: Collection[int] | None) -> HeldChunks:
        self.asked.append((phrase[0], None if among is None else len(among)))
        return {
            chunk: (words.count(phrase[0]), len(words))
            for chunk, words in self._chunks.items()
            if phrase[0] in words and (among is None or chunk in among)
        }

    def weights(self, *words: str) -> dict[StemsInARow, float]:
        total = len(self._chunks)
        return {(w,): phrase_weight(total, sum(w in words for words in self._chunks.values())) for w in words}


def test_a_word_of_nearly_all_chunks_is_counted_in_the_found_ones_alone() -> None:
    """100 chunks hold "the", 5 of them "lamp" and 2 "quay": those 2 are the best two whatever else they hold."""
    chunks = CountedChunks(
        {n: "the " * (n % 3 + 1) + "lamp " * (n < 5) + "quay " * (n < 2) + "gate" for n in range(100)}
    )
    weights = chunks.weights("the", "lamp", "quay")
    best = best_chunks(weights, chunks.mean, 2, chunks.held)
    assert chunks.asked == [("quay", None), ("lamp", None), ("the", 2)]
    everything = best_chunks(weights, chunks.mean, 1_000, chunks.held)
    assert (best, len(everything)) == (everything[:2], 100)


def test_a_word_of_nearly_all_chunks_fills_up_what_rarer_words_leave_room_for() -> None:
    chunks = CountedChunks({n: "the " * (n + 1) + "lamp" * (n == 0) for n in range(6)})
    best = best_chunks(chunks.weights("the", "lamp"), chunks.mean, 3, chunks.held)
    assert [chunk for chunk, _ in best] == [0, 5, 4]
    assert chunks.asked == [("lamp", None), ("the", None)]


def test_chunks_with_equal_scores_are_given_by_their_number() -> None:
    chunks = CountedChunks({n: "lamp gate" if n < 6 else "gate" for n in range(40)})
    found = best_chunks(chunks.weights("gate", "lamp"), chunks.mean, 4, chunks.held)
    assert [chunk for chunk, _ in found] == [0, 1, 2, 3]


def test_a_weight_of_a_phrase_is_that_of_fts5() -> None:
    """10 chunks, 2 with it: ln((10 - 2 + 0.5) / (2 + 0.5)) = ln 3.4; 6 of 10 hold it: no negative weight."""
    assert phrase_weight(10, 2) == pytest.approx(1.2237754)
    assert phrase_weight(10, 6) == 1e-6


@pytest.fixture(params=range(3))
def twins(request: pytest.FixtureRequest, postgres: PostgresServer, tmp_path: Path) -> Iterator[tuple[Store, Store]]:
    """Random documents in both kinds of store, some of them for the staff."""
    chance = random.Random(request.param)  # noqa: S311 - what documents say

    def line() -> str:
        return " ".join(WORDS[min(int(chance.paretovariate(0.7)) - 1, len(WORDS) - 1)] for _ in range(9))

    with (
        postgres.database() as url,
        SqliteStore.open(tmp_path / "data") as embedded,
        PostgresStore.open(url) as shared,
    ):
        for store in (embedded, shared):
            store.bind_model(MODEL)
        for number in range(8):
            made = parts(f"d{number}", *[line() for _ in range(chance.randint(1, 40))])
            groups = chance.choice([("staff",), ("board",), ("board", "staff")])
            for store in (embedded, shared):
                store.put_document(*made, groups=groups)
        for store in (embedded, shared):
            store.delete_document("d3")
        yield embedded, shared


def test_random_documents_are_found_by_words_alike_in_both_stores(twins: tuple[Store, Store]) -> None:
    embedded, shared = twins
    chance = random.Random(7)  # noqa: S311 - what is asked
    for _ in range(40):
        words, k = chance.sample(WORDS, chance.randint(1, 5)), chance.choice([1, 3, 10, 200])
        for access in (EVERYTHING, ANN):
            found = embedded.search_words(access, words, k)
            assert shared.search_words(access, words, k) == found
            assert shared.chunk_frequencies(access, words) == embedded.chunk_frequencies(access, words)
