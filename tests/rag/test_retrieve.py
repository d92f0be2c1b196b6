"""Vectors and words propose passages; one score over both orders them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np
import pytest

from rag.embed import FloatVector
from rag.question import analyse_question
from rag.records import Chunk, Hit, SentenceKind, Source, Span, StoredSentence
from rag.retrieve import retrieve

QUESTION = analyse_question("Where is the harbour wall?", max_chars=100)


def unit(cosine: float) -> FloatVector:
    """A unit vector whose cosine to the question's vector is `cosine`."""
    return np.array([cosine, (1 - cosine**2) ** 0.5], dtype=np.float32)


def rows_of(cosines: Sequence[float]) -> np.ndarray:
    return np.stack([unit(cosine) for cosine in cosines]) if cosines else np.empty((0, 2), np.float32)


VECTOR = unit(1.0)


class Shelf:
    """A store and an index over passages given as (id, cosine, BM25, cosines of its sentences; None: a heading)."""

    def __init__(self, *rows: tuple[int, float, float, Sequence[float | None]]) -> None:
        self.rows = {row[0]: row for row in rows}
        self.deleted: set[int] = set()
        self.asked_words: list[object] = []

    def search_words(self, words: Sequence[object], k: int) -> list[tuple[int, float]]:
        """Of the store and of the index alike."""
        self.asked_words += words
        found = [(i, row[2]) for i, row in self.rows.items() if row[2] > 0 and i not in self.deleted]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:k]

    def chunks(self, ids: Sequence[int]) -> dict[int, Chunk]:
        return {i: self._chunk(i) for i in ids if i in self.rows and i not in self.deleted}

    def _chunk(self, i: int) -> Chunk:
        kinds = [SentenceKind.HEADING if c is None else SentenceKind.STATEMENT for c in self.rows[i][3]]
        sentences = tuple(StoredSentence(i * 10 + n, n, Span(n, n + 1), kind, "x") for n, kind in enumerate(kinds))
        return Chunk(i, Source("d", "Title", "/d.txt"), "t", Span(0, len(kinds)), "x" * len(kinds), "", None, sentences)

    def chunk_vectors(self, chunk_ids: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        there = sorted(i for i in chunk_ids if i in self.rows and i not in self.deleted)
        return np.array(there, dtype=np.int64), rows_of([self.rows[i][1] for i in there])

    def sentence_vectors(self, chunk_ids: Sequence[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        found = [(i, i * 10 + n, c) for i in chunk_ids for n, c in enumerate(self.rows[i][3]) if c is not None]
        ids = np.array([row[:2] for row in found], dtype=np.int64).reshape(-1, 2)
        return ids[:, 0], ids[:, 1], rows_of([row[2] for row in found])

    def word_stems(self, words: Sequence[str]) -> dict[str, tuple[str, ...]]:
        return {word: tuple(word.split("-")) for word in words}

    def phrase_scores(self, word: str) -> dict[int, float]:
        return {i: row[2] for i, row in self.rows.items() if row[2] > 0 and "-" in word}

    def chunk_frequencies(self, words: Sequence[str]) -> dict[str, int]:
        return dict.fromkeys(words, 1)

    def frequencies(self, stems: Iterable[str]) -> dict[str, int]:
        return {stem: len(stem) for stem in stems}

    def search(self, vector: FloatVector, k: int) -> list[tuple[int, float]]:
        assert vector is VECTOR
        found = [(i, row[1]) for i, row in self.rows.items()]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:k]


class NarrowShelf(Shelf):
    """A shelf whose index proposes its best passage only."""

    def search(self, vector: FloatVector, k: int) -> list[tuple[int, float]]:
        return super().search(vector, k)[:1]


def find(shelf: Shelf, k: int = 10, *, with_index: bool = True, only: Sequence[int] | None = None) -> list[Hit]:
    found = retrieve(QUESTION, VECTOR, k, store=shelf, index=shelf if with_index else None, only=only)
    return list(found.hits)


def scored(hits: list[Hit]) -> list[tuple[int, float]]:
    return [(hit.chunk.id, round(hit.score, 4)) for hit in hits]


def test_the_score_is_the_mean_of_two_cosines_and_the_share_of_the_best_bm25() -> None:
    """Passage 1: (0.7 + 0.8 + 2 / 4) / 3 = 0.6667. Passage 2: (0.5 + 0.4 + 4 / 4) / 3 = 0.6333."""
    shelf = Shelf((2, 0.5, 4.0, [0.4]), (1, 0.7, 2.0, [0.2, 0.8]))
    assert scored(find(shelf)) == [(1, 0.6667), (2, 0.6333)]


def test_a_hit_says_what_its_score_is_made_of() -> None:
    (hit,) = find(Shelf((7, 0.6, 2.0, [None, 0.25, -0.5])))
    assert (hit.dense, hit.bm25) == (pytest.approx(0.6), 2.0)
    assert hit.similarities == pytest.approx((0.0, 0.25, -0.5))


def test_words_are_searched_without_function_words() -> None:
    shelf = Shelf((1, 0.5, 1.0, [0.5]))
    find(shelf)
    assert shelf.asked_words == ["harbour", "wall"]


def test_no_word_found_leaves_the_cosines() -> None:
    assert scored(find(Shelf((1, 0.2, 0.0, [0.4]), (2, 0.6, 0.0, [0.2])))) == [(2, 0.2667), (1, 0.2)]


def test_nothing_stored_gives_nothing() -> None:
    assert find(Shelf()) == []


def test_without_an_index_words_alone_propose_and_the_best_sentence_stands_for_the_passage() -> None:
    """Passage 1: (0.8 + 0.8 + 2 / 2) / 3 = 0.8667; passage 2 has none of the words."""
    shelf = Shelf((1, 0.6, 2.0, [0.2, 0.8]), (2, 0.9, 0.0, [0.9]))
    hits = find(shelf, with_index=False)
    assert scored(hits) == [(1, 0.8667)]
    assert hits[0].dense == pytest.approx(0.8)


def test_what_words_alone_proposed_gets_its_cosine_too() -> None:
    """The index proposes passage 1 only. Passage 2: (0.5 + 0.4 + 3 / 3) / 3 = 0.6333, not 0.6."""
    shelf = NarrowShelf((1, 0.6, 0.0, [0.6]), (2, 0.5, 3.0, [0.4]))
    assert scored(find(shelf)) == [(2, 0.6333), (1, 0.4)]


def test_a_passage_that_was_deleted_since_the_index_was_built_is_not_found() -> None:
    shelf = Shelf((1, 0.9, 9.0, [0.9]), (2, 0.5, 1.0, [0.4]))
    shelf.deleted.add(1)
    assert scored(find(shelf)) == [(2, 0.6333)]


def test_ties_are_ordered_by_id_and_k_cuts_after_that() -> None:
    shelf = Shelf((3, 0.5, 1.0, [0.5]), (1, 0.5, 1.0, [0.5]), (2, 0.5, 1.0, [0.5]))
    assert [hit.chunk.id for hit in find(shelf, k=2)] == [1, 2]


def test_only_the_named_passages_are_found_and_all_of_them() -> None:
    """Passage 1 is the best and not named, passage 3 is proposed by nothing; BM25 is a share of the best named one."""
    shelf = NarrowShelf((1, 0.9, 9.0, [0.9]), (2, 0.5, 1.0, [0.4]), (3, 0.1, 0.0, [0.1]))
    assert scored(find(shelf, only=[3, 2])) == [(2, 0.6333), (3, 0.0667)]


def test_nothing_named_gives_nothing() -> None:
    assert find(Shelf((1, 0.9, 9.0, [0.9])), only=[]) == []


def test_a_passage_without_a_quotable_sentence_is_scored_by_itself() -> None:
    assert scored(find(Shelf((1, 0.6, 0.0, [None])))) == [(1, 0.2)]


def test_a_word_that_is_split_is_looked_for_in_the_store_and_its_scores_are_the_index_s_to_add() -> None:
    shelf = Shelf((1, 0.6, 2.0, [0.5]), (2, 0.5, 0.0, [0.4]))
    question = dataclasses.replace(QUESTION, words=("harbour", "1-5", "harbour-1", "?"))
    found = retrieve(question, VECTOR, 5, store=shelf, index=shelf)
    assert shelf.asked_words == ["harbour", {1: 2.0}, {1: 2.0}, "?"]
    assert found.frequencies == {"harbour": 7, "1-5": 1, "harbour-1": 1, "?": 1}
    assert retrieve(question, VECTOR, 5, store=shelf, index=None).frequencies == dict.fromkeys(question.words, 1)
