"""Vectors and words propose passages; one score over both orders them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import numpy as np
import pytest

from rag.answer.question import analyse_question
from rag.answer.retrieve import retrieve
from rag.records import Access, Chunk, Hit, SentenceKind, Source, Span, StoredSentence
from rag.records.arrays import FloatVector
from rag.store.base import PassageStore
from tests.support.access import EVERYTHING

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

    def search_words(self, *asked: Any) -> list[tuple[int, float]]:
        """Of the store, which is told who asks before words and number, and of the index alike."""
        *_, words, k = asked
        self.asked_words += words
        found = [(i, row[2]) for i, row in self.rows.items() if row[2] > 0 and i not in self.deleted]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:k]

    def chunks(self, _access: Access, ids: Sequence[int]) -> dict[int, Chunk]:
        return {i: self._chunk(i) for i in ids if i in self.rows and i not in self.deleted}

    def _chunk(self, i: int) -> Chunk:
        kinds = [SentenceKind.HEADING if c is None else SentenceKind.STATEMENT for c in self.rows[i][3]]
        sentences = tuple(StoredSentence(i * 10 + n, n, Span(n, n + 1), kind, "x") for n, kind in enumerate(kinds))
        return Chunk(i, Source("d", "Title", "/d.txt"), "t", Span(0, len(kinds)), "x" * len(kinds), "", None, sentences)

    def chunk_vectors(self, _access: Access, chunk_ids: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        there = sorted(i for i in chunk_ids if i in self.rows and i not in self.deleted)
        return np.array(there, dtype=np.int64), rows_of([self.rows[i][1] for i in there])

    def sentence_vectors(self, _access: Access, chunk_ids: Sequence[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        found = [(i, i * 10 + n, c) for i in chunk_ids for n, c in enumerate(self.rows[i][3]) if c is not None]
        ids = np.array([row[:2] for row in found], dtype=np.int64).reshape(-1, 2)
        return ids[:, 0], ids[:, 1], rows_of([row[2] for row in found])

    def word_stems(self, words: Sequence[str]) -> dict[str, tuple[str, ...]]:
        return {word: tuple(word.split("-")) for word in words}

    def phrase_counts(self, _access: Access, word: str) -> dict[int, int]:
        return {i: round(row[2]) for i, row in self.rows.items() if row[2] > 0 and "-" in word}

    def chunk_frequencies(self, _access: Access, words: Sequence[str]) -> dict[str, int]:
        return dict.fromkeys(words, 1)

    is_exact = True

    def frequencies(self, stems: Iterable[str]) -> dict[str, int]:
        return {stem: len(stem) for stem in stems}

    def search(self, vector: FloatVector, k: int) -> list[tuple[int, float]]:
        assert vector is VECTOR
        found = [(i, row[1]) for i, row in self.rows.items()]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:k]


class Library(Shelf):
    """A shelf on which some passages, by id, say something: the texts of their sentences."""

    def __init__(
        self, texts: Mapping[int, Sequence[str]], *rows: tuple[int, float, float, Sequence[float | None]]
    ) -> None:
        super().__init__(*rows)
        self.texts = texts

    def _chunk(self, i: int) -> Chunk:
        chunk = super()._chunk(i)
        texts = self.texts.get(i, ["x"] * len(chunk.sentences))
        sentences = zip(chunk.sentences, texts, strict=True)
        return dataclasses.replace(
            chunk, sentences=tuple(dataclasses.replace(sentence, text=text) for sentence, text in sentences)
        )


def store_of(shelf: Shelf) -> PassageStore:
    """A shelf as a store: it has what is asked of one here, and no more."""
    return cast("PassageStore", shelf)


class NarrowShelf(Shelf):
    """A shelf whose index proposes its best passage only."""

    def search(self, vector: FloatVector, k: int) -> list[tuple[int, float]]:
        return super().search(vector, k)[:1]


def find(shelf: Shelf, k: int = 10, *, with_index: bool = True, only: Sequence[int] | None = None) -> list[Hit]:
    found = retrieve(
        QUESTION,
        VECTOR,
        k,
        chunks=10,
        access=EVERYTHING,
        store=store_of(shelf),
        index=shelf if with_index else None,
        only=only,
    )
    return list(found.hits)


def scored(hits: list[Hit]) -> list[tuple[int, float]]:
    return [(hit.chunk.id, round(hit.score, 4)) for hit in hits]


# What BM25 could reach for the two words of the question, which stand in seven and four of ten passages: N = 60.
ATTAINABLE = 1.9 * (math.log(1 + 53.5 / 7.5) + math.log(1 + 56.5 / 4.5))


def test_the_score_is_the_sum_of_two_cosines_and_of_the_share_of_the_attainable_bm25() -> None:
    """Passage 1: 0.7 + 0.8 + 2 * 0.25 ** 1.5 = 1.75. Passage 2: 0.5 + 0.4 + 2 * 1 = 2.9, for no share exceeds 1."""
    shelf = Shelf((1, 0.7, ATTAINABLE / 4, [0.2, 0.8]), (2, 0.5, ATTAINABLE * 3, [0.4]))
    assert scored(find(shelf)) == [(2, 2.9), (1, 1.75)]


def test_few_of_the_words_cannot_push_out_what_means_the_same() -> None:
    """A tenth of the attainable BM25, the most of all passages: 2 * 0.1 ** 1.5 = 0.0632."""
    shelf = Shelf((1, 0.5, 0.0, [0.5]), (2, 0.4, ATTAINABLE / 10, [0.4]))
    assert scored(find(shelf)) == [(1, 1.0), (2, 0.8632)]


def test_a_hit_says_what_its_score_is_made_of() -> None:
    (hit,) = find(Shelf((7, 0.6, 2.0, [None, 0.25, -0.5])))
    assert (hit.dense, hit.bm25) == (pytest.approx(0.6), 2.0)
    assert hit.similarities == pytest.approx((0.0, 0.25, -0.5))


def test_words_are_searched_without_function_words() -> None:
    shelf = Shelf((1, 0.5, 1.0, [0.5]))
    find(shelf)
    assert shelf.asked_words == ["harbour", "wall"]


def test_no_word_found_leaves_the_cosines() -> None:
    assert scored(find(Shelf((1, 0.2, 0.0, [0.4]), (2, 0.6, 0.0, [0.2])))) == [(2, 0.8), (1, 0.6)]


def test_nothing_stored_gives_nothing() -> None:
    assert find(Shelf()) == []


def test_without_an_index_words_alone_propose_and_the_best_sentence_stands_for_the_passage() -> None:
    """Both words in one of ten passages each: passage 1 has a share of 1 / 2; passage 2 has none of the words."""
    attainable = 1.9 * 2 * math.log(1 + 59.5 / 1.5)
    shelf = Shelf((1, 0.6, attainable / 2, [0.2, 0.8]), (2, 0.9, 0.0, [0.9]))
    hits = find(shelf, with_index=False)
    assert scored(hits) == [(1, round(0.8 + 0.8 + 2 * 0.5**1.5, 4))]
    assert hits[0].dense == pytest.approx(0.8)


def test_what_words_alone_proposed_gets_its_cosine_too() -> None:
    """The index proposes passage 1 only; passage 2 has 0.5 + 0.4 + 2 for all of the words."""
    shelf = NarrowShelf((1, 0.6, 0.0, [0.6]), (2, 0.5, ATTAINABLE, [0.4]))
    assert scored(find(shelf)) == [(2, 2.9), (1, 1.2)]


def test_a_passage_that_was_deleted_since_the_index_was_built_is_not_found() -> None:
    shelf = Shelf((1, 0.9, 9.0, [0.9]), (2, 0.5, ATTAINABLE, [0.4]))
    shelf.deleted.add(1)
    assert scored(find(shelf)) == [(2, 2.9)]


def test_ties_are_ordered_by_id_and_k_cuts_after_that() -> None:
    shelf = Shelf((3, 0.5, 1.0, [0.5]), (1, 0.5, 1.0, [0.5]), (2, 0.5, 1.0, [0.5]))
    assert [hit.chunk.id for hit in find(shelf, k=2)] == [1, 2]


def test_only_the_named_passages_are_found_and_all_of_them() -> None:
    """Passage 1 is the best and not named, passage 3 is proposed by nothing."""
    shelf = NarrowShelf((1, 0.9, 9.0, [0.9]), (2, 0.5, ATTAINABLE, [0.4]), (3, 0.1, 0.0, [0.1]))
    assert scored(find(shelf, only=[3, 2])) == [(2, 2.9), (3, 0.2)]


def test_nothing_named_gives_nothing() -> None:
    assert find(Shelf((1, 0.9, 9.0, [0.9])), only=[]) == []


def test_a_passage_without_a_quotable_sentence_is_scored_by_itself() -> None:
    assert scored(find(Shelf((1, 0.6, 0.0, [None])))) == [(1, 0.6)]


def test_a_word_that_is_split_is_looked_for_in_the_store_and_its_scores_are_the_index_s_to_add() -> None:
    shelf = Shelf((1, 0.6, 2.0, [0.5]), (2, 0.5, 0.0, [0.4]))
    question = dataclasses.replace(
        QUESTION, words=("harbour", "1-5", "harbour-1", "?"), stems=("harbour", "1-5", "harbour-1", "?")
    )
    found = retrieve(question, VECTOR, 5, chunks=10, access=EVERYTHING, store=store_of(shelf), index=shelf)
    assert shelf.asked_words == ["harbour", {1: 2.0}, {1: 2.0}, "?"]
    assert found.frequencies == {"harbour": 7, "1-5": 1, "harbour-1": 1, "?": 1}
    assert retrieve(
        question, VECTOR, 5, chunks=10, access=EVERYTHING, store=store_of(shelf), index=None
    ).frequencies == dict.fromkeys(question.words, 1)


def test_a_passage_that_repeats_the_question_is_worth_what_its_other_sentences_are() -> None:
    """0.3 + 0.3, no words: the harbour and its wall stand in the question alone."""
    repeated = {1: ["Where is the harbour wall?", "Nobody knows."]}
    shelf = Library(repeated, (1, 0.9, ATTAINABLE, [1.0, 0.3]), (2, 0.4, 0.0, [0.4]))
    hits = find(shelf)
    assert scored(hits) == [(2, 0.8), (1, 0.6)]
    assert hits[1].similarities == pytest.approx((0.0, 0.3))


def test_words_of_the_question_count_where_the_answer_has_them_too() -> None:
    """0.5 + 0.5 + 2 * 0.25 ** 1.5, as if the question did not stand there."""
    repeated = {1: ["Where is the harbour wall?", "The harbour wall is north of the town."]}
    assert scored(find(Library(repeated, (1, 0.9, ATTAINABLE / 4, [1.0, 0.5])))) == [(1, 1.25)]


def test_however_many_passages_repeat_the_question_those_behind_them_are_found() -> None:
    rows = [(i, 0.9, ATTAINABLE, [1.0]) for i in range(1, 30)]
    shelf = Library({i: ["Where is the harbour wall?"] for i, *_ in rows}, *rows, (30, 0.4, 0.0, [0.4]))
    assert scored(find(shelf, k=3)) == [(30, 0.8), (1, 0.0), (2, 0.0)]
