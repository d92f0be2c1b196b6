"""Chunks: their sentences, vectors and words."""

from __future__ import annotations

import numpy as np

from rag.records import Chunk, SentenceKind
from rag.store.base import Store
from rag.text.words import plain_words, stem
from tests.support.access import EVERYTHING
from tests.support.stores import MODEL, parts, put

LINES = ("The harbour froze in January.", "Ships waited outside.", "Naïve ☃ readers 😀 understood.")


def test_chunks_carry_their_sentences_and_missing_ids_are_absent(store: Store) -> None:
    given = parts("a", *LINES)
    store.put_document(*given)
    chunks = store.chunks(EVERYTHING, [2, 1, 99])
    assert sorted(chunks) == [1, 2]
    sentences = store.sentences(EVERYTHING, "a")
    assert [chunks[1].sentences, chunks[2].sentences] == [tuple(sentences[1:3]), tuple(sentences[3:4])]
    for chunk, passage in zip((chunks[1], chunks[2]), given.passages, strict=True):
        assert chunk.text == chunk.span.of(given.document.text)
        assert (chunk.source, chunk.text_sha256) == (given.document.source, given.document.text_sha256)
        assert (chunk.span, chunk.section, chunk.page) == (passage.span, passage.section, passage.page)
        assert chunk.updated_at == store.documents(EVERYTHING)[0].updated_at


def test_vectors_come_back_exactly_and_only_statements_have_one(store: Store) -> None:
    given = parts("a", *LINES)
    store.put_document(*given)
    ids, vectors = store.chunk_vectors(EVERYTHING, store.all_chunk_ids().tolist())
    assert (ids.dtype, ids.tolist(), vectors.dtype) == (np.int64, [1, 2], np.float32)
    np.testing.assert_array_equal(vectors, given.passage_vectors)
    chunks, sentences, found = store.sentence_vectors(EVERYTHING, [2, 1, 99])
    quotable = {
        chunk.id: [s.id for s in chunk.sentences if s.kind is SentenceKind.STATEMENT] for chunk in ordered(store)
    }
    assert list(zip(chunks.tolist(), sentences.tolist(), strict=True)) == [
        (c, s) for c in quotable for s in quotable[c]
    ]
    np.testing.assert_array_equal(found, given.sentence_vectors)


def ordered(store: Store) -> list[Chunk]:
    """All chunks by their ids."""
    return [chunk for _, chunk in sorted(store.chunks(EVERYTHING, store.all_chunk_ids().tolist()).items())]


def test_chunks_come_in_blocks_with_their_vectors_and_stems(store: Store) -> None:
    given = parts("a", *LINES)
    store.put_document(*given)
    with store.snapshot():
        blocks = list(store.chunk_blocks(size=1))
        assert [ids.tolist() for ids, *_ in store.chunk_blocks(above=1)] == [[2]]
    assert [ids.tolist() for ids, *_ in blocks] == [[1], [2]]
    np.testing.assert_array_equal(np.concatenate([vectors for _, vectors, *_ in blocks]), given.passage_vectors)
    texts = [passage.search_text for passage in given.passages]
    assert [found for *_, [found] in blocks] == texts
    assert [stems for _, _, [stems], _ in blocks] == [[stem(word) for word in plain_words(text)] for text in texts]


def test_an_empty_store_has_nothing_of_the_right_shape(store: Store) -> None:
    ids, vectors = store.chunk_vectors(EVERYTHING, store.all_chunk_ids().tolist())
    assert (ids.shape, vectors.shape) == ((0,), (0, MODEL.dimension))
    assert (
        store.counts(EVERYTHING),
        store.documents(EVERYTHING),
        store.chunks(EVERYTHING, [1]),
        store.search_words(EVERYTHING, ["a"], 5),
    ) == (
        (0, 0, 0),
        [],
        {},
        [],
    )


def test_ids_are_never_used_again(store: Store) -> None:
    put(store, "a", *LINES)
    store.delete_document("a")
    put(store, "b", *LINES)
    assert store.chunk_vectors(EVERYTHING, store.all_chunk_ids().tolist())[0].tolist() == [3, 4]
    assert min(sentence.id for sentence in store.sentences(EVERYTHING, "b")) == len(LINES) + 2


def test_words_are_found_in_any_form_and_nothing_in_them_is_an_operator(store: Store) -> None:
    put(store, "a", "The ships wait.", "A harbour.")
    put(store, "b", "Ships waited, and more ships waited.")
    (first,), (second,) = store.chunk_ids(EVERYTHING, "a"), store.chunk_ids(EVERYTHING, "b")
    found = store.search_words(EVERYTHING, ["waiting"], 5)
    assert {chunk_id for chunk_id, _ in found} == {first, second}
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)
    assert store.search_words(EVERYTHING, ["waiting"], 1) == found[:1]
    assert store.search_words(EVERYTHING, ['") OR harbour NOT *', "\0", "☃", ""], 5) == []
    assert store.chunk_frequencies(EVERYTHING, ["ship", "harbour", "☃"]) == {"ship": 2, "harbour": 1, "☃": 0}
    stems = store.word_stems(["ships", "can't", "☃"])
    assert (stems["ships"], len(stems["can't"]), stems["☃"]) == (("ship",), 2, ())
    assert store.phrase_counts(EVERYTHING, "can't") == {}


def test_a_sample_of_the_vectors_comes_from_all_of_them(store: Store) -> None:
    for number in range(20):
        put(store, f"d{number}", "A line.")
    assert store.some_chunk_vectors(5).shape == (5, MODEL.dimension)
    assert store.some_chunk_vectors(1_000).shape == (20, MODEL.dimension)
    assert len(store.all_chunk_ids()) == 20
