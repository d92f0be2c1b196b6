"""The words of the index: postings on disk and in memory, and BM25 beside FTS5's own."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.index import bm25
from rag.index.live import LiveIndex
from rag.index.postings import Postings, count_words, join_postings, read_postings
from tests.support.access import EVERYTHING
from tests.support.examples import fewer
from tests.support.indexes import an_index_of
from tests.support.stores import MODEL, open_store, parts, unit_rows

ROWS = [["tide", "wall", "tide"], [], ["wall"], ["\u00e9tude", "a"]]
words = st.sampled_from(["tide", "wall", "gate", "\u00e9tude", "\u6e2f", "zz", "a"])
rows = st.lists(st.lists(words, max_size=8), max_size=12)


def held(postings: Postings) -> list[dict[str, int]]:
    """The stems of each row and how often each stands in it."""
    found: list[dict[str, int]] = [{} for _ in range(postings.size)]
    start = 0
    for stem_end, end in zip(postings.text_ends.tolist(), postings.ends.tolist(), strict=True):
        begin = max([e for e in postings.text_ends.tolist() if e < stem_end], default=0)
        stem = postings.text[begin:stem_end].tobytes().decode()
        for row, count in zip(postings.rows[start:end].tolist(), postings.counts[start:end].tolist(), strict=True):
            found[row][stem] = count
        start = end
    return found


def counted(given: list[list[str]]) -> list[dict[str, int]]:
    return [{word: row.count(word) for word in row} for row in given]


def test_words_are_counted_by_row() -> None:
    postings = count_words(ROWS)
    assert [array.tolist() for array in postings.of("wall")] == [[0, 2], [1, 1]]
    assert [array.tolist() for array in postings.of("tide")] == [[0], [2]]
    assert [array.tolist() for array in postings.of("absent")] == [[], []]
    assert postings.lengths.tolist() == [3, 0, 1, 2]


@given(rows)
def test_every_stem_is_found_where_it_stands_and_nowhere_else(given: list[list[str]]) -> None:
    postings = count_words(given)
    assert held(postings) == counted(given)
    for word in ("tide", "wall", "gate", "\u00e9tude", "\u6e2f", "zz", "a", "", "zzz"):
        found, counts = postings.of(word)
        expected = {row: line.count(word) for row, line in enumerate(given) if word in line}
        assert dict(zip(found.tolist(), counts.tolist(), strict=True)) == expected


@given(st.lists(rows, min_size=1, max_size=4), st.data(), st.sampled_from([1, 3, 1_000]))
def test_joined_postings_are_those_of_the_rows_that_were_kept(
    given: list[list[list[str]]], data: st.DataObject, at_once: int
) -> None:
    masks = [
        data.draw(st.one_of(st.none(), st.lists(st.booleans(), min_size=len(part), max_size=len(part))))
        for part in given
    ]
    kept = [
        row
        for part, mask in zip(given, masks, strict=True)
        for row, stays in zip(part, [True] * len(part) if mask is None else mask, strict=True)
        if stays
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rag.index.postings._AT_ONCE", at_once)
        joined = join_postings(
            [count_words(part) for part in given], [None if mask is None else np.array(mask, bool) for mask in masks]
        )
    assert held(joined) == counted(kept)
    assert joined.lengths.tolist() == [len(row) for row in kept]
    for name in ("text", "text_ends", "ends", "rows", "counts"):
        np.testing.assert_array_equal(getattr(joined, name), getattr(count_words(kept), name))


@given(rows)
def test_what_was_written_reads_back(given: list[list[str]]) -> None:
    file = io.BytesIO()
    count_words(given).write(file)
    assert held(read_postings(memoryview(file.getvalue()))) == counted(given)


@pytest.mark.parametrize(
    ("cut", "message"),
    [
        pytest.param(slice(0, 40), "not a file of words", id="head"),
        pytest.param(slice(8, None), "not a file of words", id="other"),
        pytest.param(slice(0, -64), "ends before what it announces", id="short"),
    ],
)
def test_what_is_no_file_of_words_is_refused(cut: slice, message: str) -> None:
    file = io.BytesIO()
    count_words(ROWS).write(file)
    with pytest.raises(ValueError, match=message):
        read_postings(memoryview(file.getvalue()[cut]))


def test_a_weight_is_that_of_fts5() -> None:
    """10 passages, 2 with the word: ln((10 - 2 + 0.5) / (2 + 0.5)) = ln 3.4; 6 of 10 hold it: no negative weight."""
    assert bm25.weight(10, 2) == pytest.approx(1.2237754)
    assert bm25.weight(10, 6) == 1e-6


TEXTS = ["tide", "tides wall", "wall", "gate", "1.5", "1", "5", "caf\u00e9", "running", "harbour", "can't"]
lines = st.lists(st.sampled_from(TEXTS), min_size=1, max_size=9).map(" ".join)


@fewer(2)
@given(
    documents=st.lists(st.lists(lines, min_size=1, max_size=9), min_size=1, max_size=4),
    removed=st.integers(0, 4),
    asked=st.lists(
        st.sampled_from(["tide", "walls", "gate", "run", "cafe", "absent"]), min_size=1, max_size=5, unique=True
    ),
    k=st.integers(1, 12),
)
def test_bm25_is_that_of_fts5_to_the_last_bit(
    documents: list[list[str]], removed: int, asked: list[str], k: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Over parts, with passages that are gone, and after they were put together."""
    folder: Path = tmp_path_factory.mktemp("words")
    with open_store(folder) as store:
        serving = LiveIndex(store, folder / "index", MODEL)
        for number, text in enumerate(documents):
            store.put_document(*parts(f"d{number}", *text))
            serving.current()
        if removed < len(documents):
            store.delete_document(f"d{removed}")
        stems = [found[0] for found in store.word_stems(asked).values()]
        for _ in range(2):
            index = serving.current()
            assert index
            assert index.search_words(stems, k) == store.search_words(EVERYTHING, asked, k)
            frequencies = store.chunk_frequencies(EVERYTHING, asked)
            assert list(index.frequencies(stems).values()) == list(frequencies.values())
            serving.publish()


def test_a_word_that_is_split_has_the_score_that_fts5_gives_it(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        store.put_document(
            *parts("a", "It is 1.5 m.", "It was 1 and not 5.", "5.1 is more than 1.5.", "The tide is low.")
        )
        index = LiveIndex(store, tmp_path / "index", MODEL).current()
        assert index
        assert store.word_stems(["1.5", "tides", "?"]) == {"1.5": ("1", "5"), "tides": ("tide",), "?": ()}
        counts = store.phrase_counts(EVERYTHING, "1.5")
        assert len(counts) == store.chunk_frequencies(EVERYTHING, ["1.5"])["1.5"]
        assert index.search_words([counts, "tide"], 9) == store.search_words(EVERYTHING, ["1.5", "tide"], 9)


def test_single_precision_and_blocks_lose_none_of_the_best() -> None:
    """5,000 passages, so that the best of blocks of rows are looked at first."""
    chance = np.random.default_rng(3)
    vocabulary = [f"w{n}" for n in range(50)]
    stems = [[vocabulary[n] for n in chance.zipf(1.4, size=20) if n < 50] for _ in range(5_000)]
    index = an_index_of(np.arange(1, 5_001), unit_rows(5_000), stems)
    for words in (["w1"], ["w1", "w2", "w3"], ["w40", "w1"], ["w7", "w8", "w45", "w49"]):
        everything = index.search_words(words, 5_000)
        assert index.search_words(words, 20) == everything[:20]
        assert len(everything) == sum(bool(set(words) & set(row)) for row in stems)
