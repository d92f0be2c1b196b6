from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from rag.index import PassageBatch, SearchIndex, changed_index, compacted
from rag.index import vectors as vectors_module
from tests.support.indexes import a_block, an_index_of
from tests.support.stores import unit_rows


def brute_force(ids: np.ndarray, vectors: np.ndarray, vector: np.ndarray) -> dict[int, float]:
    return dict(zip(ids.tolist(), (vectors.astype(float) @ vector.astype(float)).tolist(), strict=True))


@given(seed=st.integers(0, 1_000), size=st.integers(1, 60), k=st.integers(1, 80), dimension=st.integers(1, 40))
def test_faiss_agrees_with_plain_numpy(seed: int, size: int, k: int, dimension: int) -> None:
    vectors = unit_rows(size, dimension, seed=seed)
    ids = np.random.default_rng(seed).permutation(1_000)[:size].astype(np.int64)
    query = unit_rows(1, dimension, seed=seed + 1)[0]
    found = an_index_of(ids, vectors).search(query, k)
    expected = brute_force(ids, vectors, query)
    assert len(found) == len({chunk_id for chunk_id, _ in found}) == min(k, size)
    for chunk_id, score in found:
        assert score == pytest.approx(expected[chunk_id], abs=1e-5)
    worst_found = min(score for _, score in found)
    left_out = set(expected) - {chunk_id for chunk_id, _ in found}
    assert all(expected[chunk_id] <= worst_found + 1e-5 for chunk_id in left_out)


@given(
    choices=arrays.arrays(np.int64, st.integers(1, 80), elements=st.integers(0, 2)),
    k=st.integers(1, 90),
    seed=st.integers(0, 100),
)
def test_equal_vectors_come_in_the_order_of_their_ids(choices: np.ndarray, k: int, seed: int) -> None:
    """Three different vectors, most of them many times over, as with copies of one document."""
    vectors = unit_rows(3, 8, seed=seed)[choices]
    ids = np.random.default_rng(seed).permutation(len(choices)).astype(np.int64) + 1
    query = unit_rows(1, 8, seed=seed + 1)[0]
    found = an_index_of(ids, vectors).search(query, k)
    scores = brute_force(ids, vectors, query)
    expected = sorted(scores, key=lambda chunk_id: (-round(scores[chunk_id], 6), chunk_id))
    assert [chunk_id for chunk_id, _ in found] == expected[:k]


def test_a_vector_finds_itself_with_cosine_one() -> None:
    vectors = unit_rows(20, 16)
    index = an_index_of(np.arange(20, dtype=np.int64) + 5, vectors, change_number=7)
    assert index.search(vectors[3], 1) == [(8, pytest.approx(1.0, abs=1e-6))]
    assert (index.size, index.dimension, index.change_number) == (20, 16, 7)


def test_an_empty_index_finds_nothing() -> None:
    index = an_index_of(np.empty(0, np.int64), np.empty((0, 4), np.float32))
    assert (index.size, index.dimension, index.search(unit_rows(1)[0], 5)) == (0, 4, [])


@pytest.mark.parametrize("k", [0, -1])
def test_nothing_is_found_when_nothing_is_wanted(k: int) -> None:
    index = an_index_of(np.arange(3), unit_rows(3))
    assert (index.search(unit_rows(1)[0], k), index.search_words(["all"], k)) == ([], [])


@pytest.mark.parametrize(
    ("ids", "vectors", "message"),
    [
        pytest.param([1, 2], unit_rows(3), r"ids have shape \(2,\), vectors \(3, 4\)", id="fewer-ids"),
        pytest.param([1, 2], np.zeros(2, np.float32), r"vectors \(2,\) .*expected \(n,\), \(n, dim", id="flat"),
        pytest.param([1, 1], unit_rows(2), "the ids do not ascend", id="twice"),
        pytest.param([2, 1], unit_rows(2), "the ids do not ascend", id="order"),
        pytest.param([4], np.full((1, 4), np.inf, np.float32), "not a finite number", id="infinite"),
        pytest.param([3], unit_rows(1), "a passage has id 3; expected ids above 3", id="known"),
    ],
)
def test_what_does_not_fit_together_is_refused(ids: list[int], vectors: np.ndarray, message: str) -> None:
    index = an_index_of(np.arange(1, 4), unit_rows(3))
    block = PassageBatch(np.array(ids, np.int64), vectors, [["a"]] * len(ids))
    with pytest.raises(ValueError, match=message):
        changed_index(index, np.empty(0, np.int64), block if "above" in message else shifted(block), change_number=2)


def shifted(block: PassageBatch) -> PassageBatch:
    """The same with ids that no index here holds yet."""
    return PassageBatch(block.ids + 10, block.vectors, block.stems)


def test_a_vector_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \(5,\); expected \(4,\)"):
        an_index_of(np.arange(3), unit_rows(3)).search(unit_rows(1, 5)[0], 2)


WORDS = ["tide", "wall", "gate", "\u00e9tude"]


@given(data=st.data(), seed=st.integers(0, 1_000), k=st.integers(1, 40), exact_up_to=st.sampled_from([0, 10, 1_000]))
def test_an_index_that_changed_is_searched_like_one_made_anew(
    data: st.DataObject, seed: int, k: int, exact_up_to: int
) -> None:
    """Now and then the parts are put together. Many vectors are the same; with few allowed, they are clustered."""
    chance = np.random.default_rng(seed)
    kinds = unit_rows(12, 8, seed=seed)

    def some(ids: np.ndarray) -> PassageBatch:
        stems = [[WORDS[n] for n in chance.integers(len(WORDS), size=chance.integers(6))] for _ in ids]
        return PassageBatch(ids, kinds[chance.integers(12, size=len(ids))].reshape(len(ids), 8), stems)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vectors_module, "EXACT_UP_TO", exact_up_to)
        rows = by_id(some(np.arange(1, data.draw(st.integers(20, 40)) + 1)))
        index, newest = built(rows, 0), max(rows)
        for number in range(1, data.draw(st.integers(1, 8)) + 1):
            gone = data.draw(st.lists(st.sampled_from(sorted(rows)), max_size=5, unique=True)) if rows else []
            for i in gone:
                del rows[i]
            block = some(newest + 1 + np.arange(data.draw(st.integers(0, 6)), dtype=np.int64))
            rows.update(by_id(block))
            newest = max([newest, *block.ids.tolist()])
            before, found_before = index, index.search(kinds[0], k)
            index = changed_index(index, np.array(gone, dtype=np.int64), block, change_number=number)
            assert before.search(kinds[0], k) == found_before, "the one before is as it was"
            if data.draw(st.booleans()):
                index = compacted(index) or built(rows, number)
                assert index.is_one_piece
            fresh = built(rows, number)
            assert (index.size, index.change_number) == (fresh.size, number)
            assert index.frequencies(WORDS) == fresh.frequencies(WORDS)
            for words in (WORDS[:1], WORDS, [*WORDS, "none"]):
                assert index.search_words(words, k) == fresh.search_words(words, k)
            known = {i: i for i in sorted(rows)[::2]} | {10_000: 1}
            assert index.search_words([known, "tide"], k) == fresh.search_words([known, "tide"], k)
            if index.is_exact and fresh.is_exact:
                assert index.search(kinds[0], k) == fresh.search(kinds[0], k)
            else:
                assert {i for i, _ in index.search(kinds[0], k)} <= set(rows)
            assert index.newest() >= max(rows, default=0)
            assert len(index.parts) < 8


def by_id(block: PassageBatch) -> dict[int, tuple[np.ndarray, list[str]]]:
    return {i: (v, list(w)) for i, v, w in zip(block.ids.tolist(), block.vectors, block.stems, strict=True)}


def built(rows: dict[int, tuple[np.ndarray, list[str]]], change_number: int) -> SearchIndex:
    ids = np.array(sorted(rows), dtype=np.int64)
    vectors = np.stack([rows[i][0] for i in ids.tolist()]) if rows else np.empty((0, 8), np.float32)
    return an_index_of(ids, vectors, [rows[i][1] for i in ids.tolist()], change_number=change_number)


def test_a_change_copies_nothing_of_the_base() -> None:
    ids, vectors = np.arange(1, 31, dtype=np.int64), unit_rows(30)
    index = an_index_of(ids[:20], vectors[:20], change_number=1)
    changed = changed_index(index, ids[:1], a_block(ids[20:], vectors[20:]), change_number=2)
    assert changed.parts[0].vectors is index.parts[0].vectors
    assert changed.parts[0].words is index.parts[0].words
    assert (changed.is_one_piece, changed.size, changed.newest()) == (False, 29, 30)


def test_many_vectors_are_searched_by_clusters_and_most_of_the_nearest_are_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """2,000 vectors in 200 groups. Only the clusters nearest to a question are looked into: here a quarter."""
    monkeypatch.setattr(vectors_module, "EXACT_UP_TO", 1_000)
    monkeypatch.setattr(vectors_module, "_PROBED", 64)
    near = np.repeat(unit_rows(200, 32, seed=1), 10, axis=0) + 0.3 * unit_rows(2_000, 32, seed=2)
    vectors = (near / np.linalg.norm(near, axis=1, keepdims=True)).astype(np.float32)
    ids = np.arange(2_000, dtype=np.int64)
    index = an_index_of(ids, vectors)
    assert not index.is_exact
    found = [{i for i, _ in index.search(query, 10)} for query in vectors[::20]]
    exact = [set(np.argsort(-(vectors @ query), kind="stable")[:10].tolist()) for query in vectors[::20]]
    assert np.mean([len(a & b) / 10 for a, b in zip(found, exact, strict=True)]) > 0.9
    assert np.einsum("ij,ij->i", index.parts[0].vectors.decoded(), vectors).min() > 0.99


def test_an_exact_index_that_has_become_large_is_made_anew_and_not_put_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ids, vectors = np.arange(1, 31, dtype=np.int64), unit_rows(30)
    index = changed_index(
        an_index_of(ids[:20], vectors[:20]), ids[:0], a_block(ids[20:], vectors[20:]), change_number=2
    )
    monkeypatch.setattr(vectors_module, "EXACT_UP_TO", 25)
    assert compacted(index) is None
    monkeypatch.setattr(vectors_module, "EXACT_UP_TO", 30)
    whole = compacted(index)
    assert whole is not None
    assert (whole.is_one_piece, whole.size, whole.change_number) == (True, 30, 2)
