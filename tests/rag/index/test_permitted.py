"""The index of what somebody may read is that of an index that holds nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.index import QueryWord, SearchIndex, changed_index
from rag.index import vectors as vectors_module
from rag.index.live import LiveIndex
from rag.records import Access
from rag.store.base import DocumentGroups, Store
from tests.support.access import EVERYTHING
from tests.support.examples import fewer
from tests.support.indexes import a_block, an_index_of
from tests.support.stores import MODEL, open_store, parts, unit_rows

ANN = Access("ann", frozenset({"staff"}))
WORDS = ["tide", "wall", "gate"]
stems = st.lists(st.lists(st.sampled_from([*WORDS, "moss"]), max_size=5), min_size=1, max_size=40)


@fewer(2)
@given(held=stems, data=st.data(), k=st.integers(0, 12))
def test_it_gives_what_an_index_of_the_permitted_passages_alone_gives(
    held: list[list[str]], data: st.DataObject, k: int
) -> None:
    """Over two parts, some of whose passages are gone, with vectors that tie."""
    count = len(held)
    first = data.draw(st.integers(1, count))
    kinds = unit_rows(4, seed=3)
    ids = np.arange(1, count + 1, dtype=np.int64)
    rows = kinds[np.array([data.draw(st.integers(0, 3)) for _ in range(count)])]
    gone = np.array([i < first and data.draw(st.booleans()) for i in range(count)])
    permitted = np.array([data.draw(st.booleans()) for _ in range(count)])
    base = an_index_of(ids[:first], rows[:first], held[:first])
    whole = changed_index(base, ids[gone], a_block(ids[first:], rows[first:], held[first:]), change_number=1)
    index = whole.only([permitted[np.searchsorted(ids, part.ids)] for part in whole.parts])
    left = permitted & ~gone
    alone = an_index_of(ids[left], rows[left], [held[i] for i in np.flatnonzero(left)])
    assert index.size == alone.size
    assert index.frequencies(WORDS) == alone.frequencies(WORDS)
    assert index.search(kinds[0], k) == alone.search(kinds[0], k)
    counted = dict.fromkeys((i for i in ids[left].tolist()[::2] if held[i - 1]), 2)
    questions: list[list[QueryWord]] = [["tide"], list(WORDS), [counted, "wall"]]
    for words in questions:
        assert index.search_words(words, k) == alone.search_words(words, k)


def test_few_among_many_are_found_whatever_their_clusters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors_module, "EXACT_UP_TO", 100)
    monkeypatch.setattr(vectors_module, "_PROBED", 1)
    rows = unit_rows(2_000, 16, seed=5)
    ids = np.arange(1, 2_001, dtype=np.int64)
    index = an_index_of(ids, rows, [[] for _ in ids])
    assert not index.is_exact
    mask = np.zeros(2_000, dtype=np.bool_)
    mask[::97] = True
    found = [i for i, _ in index.only([mask]).search(rows[0], 30)]
    assert sorted(found) == ids[mask].tolist()
    nearest = ids[mask][np.argsort(-(rows[mask] @ rows[0]))][:5].tolist()
    assert set(nearest) <= set(found[:8])


@pytest.fixture
def serving(tmp_path: Path) -> Callable[[], tuple[Store, LiveIndex]]:
    def opened() -> tuple[Store, LiveIndex]:
        store = open_store(tmp_path)
        return store, LiveIndex(store, tmp_path / "index", MODEL)

    return opened


def ids_of(index: SearchIndex | None) -> list[int]:
    assert index is not None
    return sorted(i for i, _ in index.search(unit_rows(1)[0], 100))


def test_it_follows_documents_and_groups(serving: Callable[[], tuple[Store, LiveIndex]]) -> None:
    store, live = serving()
    store.put_document(*parts("a", "One.", "Two."), groups=["staff"])
    store.put_document(*parts("b", "Three."))
    assert ids_of(live.permitted(ANN)) == store.chunk_ids(EVERYTHING, "a")
    assert live.permitted(EVERYTHING) is live.current()
    store.put_document(*parts("c", "Four."), groups=["staff"])
    assert ids_of(live.permitted(ANN)) == store.chunk_ids(EVERYTHING, "a") + store.chunk_ids(EVERYTHING, "c")
    store.set_groups([DocumentGroups("a", frozenset()), DocumentGroups("b", frozenset({"staff"}))])
    assert ids_of(live.permitted(ANN)) == store.chunk_ids(EVERYTHING, "b") + store.chunk_ids(EVERYTHING, "c")
    store.delete_document("c")
    assert ids_of(live.permitted(ANN)) == store.chunk_ids(EVERYTHING, "b")
    assert ids_of(live.permitted(Access("bob", frozenset()))) == []


def test_it_is_made_once_for_all_with_the_same_rights(serving: Callable[[], tuple[Store, LiveIndex]]) -> None:
    store, live = serving()
    store.put_document(*parts("a", "One."), groups=["staff"])
    first = live.permitted(ANN)
    assert live.permitted(ANN) is first
    assert live.permitted(Access("cat", frozenset({"staff", "choir"}))) is first
    assert live.permitted(Access("bob", frozenset())) is not first
    store.set_groups([DocumentGroups("a", frozenset({"staff", "board"}))])
    assert live.permitted(ANN) is not first


def test_what_changed_is_read_and_the_rest_is_not(
    serving: Callable[[], tuple[Store, LiveIndex]], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, live = serving()
    store.put_document(*parts("a", "One.", "Two."), groups=["staff"])
    live.permitted(ANN)
    asked: list[int] = []
    read = store.sets_of_chunks

    def note(*, above: int = 0) -> object:
        asked.append(above)
        return read(above=above)

    monkeypatch.setattr(store, "sets_of_chunks", note)
    store.put_document(*parts("b", "Three."), groups=["staff"])
    live.permitted(ANN)
    live.permitted(Access("bob", frozenset()))
    assert asked == [max(store.chunk_ids(EVERYTHING, "a"))]
    store.set_groups([DocumentGroups("a", frozenset({"board"}))])
    live.permitted(ANN)
    assert asked[1:] == [0]
