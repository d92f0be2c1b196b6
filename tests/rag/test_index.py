from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from samples import unit_rows

from rag import index as index_module
from rag.index import VectorIndex, build_index, changed_index


def brute_force(ids: np.ndarray, vectors: np.ndarray, vector: np.ndarray) -> dict[int, float]:
    return dict(zip(ids.tolist(), (vectors.astype(float) @ vector.astype(float)).tolist(), strict=True))


@given(seed=st.integers(0, 1_000), size=st.integers(1, 60), k=st.integers(1, 80), dimension=st.integers(1, 40))
def test_faiss_agrees_with_plain_numpy(seed: int, size: int, k: int, dimension: int) -> None:
    vectors = unit_rows(size, dimension, seed=seed)
    ids = np.random.default_rng(seed).permutation(1_000)[:size].astype(np.int64)
    query = unit_rows(1, dimension, seed=seed + 1)[0]
    found = build_index(ids, vectors, change_number=1).search(query, k)
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
    found = build_index(ids, vectors, change_number=1).search(query, k)
    scores = brute_force(ids, vectors, query)
    expected = sorted(scores, key=lambda chunk_id: (-round(scores[chunk_id], 6), chunk_id))
    assert [chunk_id for chunk_id, _ in found] == expected[:k]


def test_a_vector_finds_itself_with_cosine_one() -> None:
    vectors = unit_rows(20, 16)
    index = build_index(np.arange(20, dtype=np.int64) + 5, vectors, change_number=7)
    assert index.search(vectors[3], 1) == [(8, pytest.approx(1.0, abs=1e-6))]
    assert (index.size, index.dimension, index.change_number) == (20, 16, 7)


def test_an_empty_index_finds_nothing() -> None:
    index = build_index(np.empty(0, np.int64), np.empty((0, 4), np.float32), change_number=0)
    assert (index.size, index.dimension, index.search(unit_rows(1)[0], 5)) == (0, 4, [])


@pytest.mark.parametrize("k", [0, -1])
def test_nothing_is_found_when_nothing_is_wanted(k: int) -> None:
    assert build_index(np.arange(3), unit_rows(3), change_number=0).search(unit_rows(1)[0], k) == []


@pytest.mark.parametrize(
    ("ids", "vectors", "message"),
    [
        pytest.param([1, 2], unit_rows(3), r"ids have shape \(2,\) and vectors \(3, 4\)", id="fewer-ids"),
        pytest.param(
            [1, 2], np.zeros(2, np.float32), r"vectors \(2,\); expected \(n,\) and \(n, dimension\)", id="flat"
        ),
        pytest.param([1, 1], unit_rows(2), "an id is there twice", id="twice"),
        pytest.param([1], np.full((1, 4), np.inf, np.float32), "not a finite number", id="infinite"),
    ],
)
def test_what_does_not_fit_together_is_refused(ids: list[int], vectors: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build_index(np.array(ids, np.int64), vectors, change_number=0)


def test_a_vector_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \(5,\); expected \(4,\)"):
        build_index(np.arange(3), unit_rows(3), change_number=0).search(unit_rows(1, 5)[0], 2)


@given(data=st.data(), seed=st.integers(0, 1_000), k=st.integers(1, 40), few=st.integers(0, 12))
def test_an_index_that_changed_is_searched_like_one_made_anew(data: st.DataObject, seed: int, k: int, few: int) -> None:
    """Few changes leave the index in parts, more make it anew; both are met, by turns. Many vectors are the same."""
    chance = np.random.default_rng(seed)
    kinds = unit_rows(12, 8, seed=seed)
    rows = {int(i): kinds[chance.integers(12)] for i in range(1, data.draw(st.integers(0, 30)) + 1)}
    index, newest = built(rows, 0), max(rows, default=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index_module, "_FEW", few)
        for number in range(1, data.draw(st.integers(1, 6)) + 1):
            for i in data.draw(st.lists(st.sampled_from(sorted(rows)), max_size=5, unique=True)) if rows else []:
                del rows[i]
            ids = newest + 1 + np.arange(data.draw(st.integers(0, 6)), dtype=np.int64)
            vectors = kinds[chance.integers(12, size=len(ids))].reshape(len(ids), 8)
            rows.update(zip(ids.tolist(), vectors, strict=True))
            newest = max(newest, *ids.tolist(), 0)
            live = np.array(sorted(rows), dtype=np.int64)
            before, found_before = index, index.search(kinds[0], k)
            index = changed_index(index, live, ids, vectors, change_number=number)
            fresh = built(rows, number)
            assert (index.size, index.change_number) == (fresh.size, number)
            assert index.search(kinds[0], k) == fresh.search(kinds[0], k)
            asked = list(range(newest + 2))
            assert index.scores(kinds[1], asked) == fresh.scores(kinds[1], asked)
            assert [i for i in asked if i in rows and not index.holds(i, rows[i])] == []
            assert index.newest() >= max(rows, default=0)
            assert before.search(kinds[0], k) == found_before, "the one before is as it was"


def built(rows: dict[int, np.ndarray], change_number: int) -> VectorIndex:
    ids = np.array(sorted(rows), dtype=np.int64)
    vectors = np.stack([rows[i] for i in ids.tolist()]) if rows else np.empty((0, 8), np.float32)
    return build_index(ids, vectors, change_number=change_number)


def test_a_small_change_copies_no_vector_and_a_large_one_makes_one_piece() -> None:
    ids, vectors = np.arange(1, 31, dtype=np.int64), unit_rows(30)
    index = build_index(ids[:20], vectors[:20], change_number=1)
    small = changed_index(index, ids[1:22], ids[20:22], vectors[20:22], change_number=2)
    assert small.base is index.base
    assert not small.is_one_piece
    with pytest.raises(ValueError, match="expected one that `build_index` made"):
        small.to_bytes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index_module, "_FEW", 3)
        large = changed_index(small, ids[1:23], ids[22:23], vectors[22:23], change_number=3)
    assert large.is_one_piece
    assert (large.size, large.newest()) == (22, 23)


def test_a_chunk_is_not_added_twice() -> None:
    ids, vectors = np.arange(1, 4, dtype=np.int64), unit_rows(3)
    index = build_index(ids, vectors, change_number=1)
    with pytest.raises(ValueError, match="an id is there twice"):
        changed_index(index, ids, ids[:1], vectors[:1], change_number=2)
