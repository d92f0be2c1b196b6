"""Documents, their sentences, earlier texts and original bytes."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from rag.errors import DocumentNotFound
from rag.records import Block, BlockKind, RecognisedWord, SentenceKind, Source, Span, StoredSentence
from rag.store.base import DocumentInfo, IngestStatus, Store
from tests.support.access import EVERYTHING
from tests.support.stores import MODEL, parts, put, unit_rows

LINES = ("The harbour froze in January.", "Ships waited outside.", "Naïve ☃ readers 😀 understood.")


def test_a_document_comes_back_as_it_was_put(store: Store) -> None:
    given = parts("a", *LINES)
    assert store.put_document(*given) == IngestStatus.CREATED
    assert store.document(EVERYTHING, "a") == given.document
    assert store.sentences(EVERYTHING, "a") == [
        StoredSentence(position + 1, position, s.span, s.kind, s.span.of(given.document.text), s.section, s.page)
        for position, s in enumerate(given.sentences)
    ]


def test_a_block_that_goes_on_on_another_page_comes_back_so(store: Store) -> None:
    given = parts("a", *LINES)
    first, *others = given.document.blocks
    turned = dataclasses.replace(first, page=1, turns=((1, 2), (2, 4)))
    document = dataclasses.replace(given.document, blocks=(turned, *others))
    store.put_document(*given._replace(document=document))
    assert store.document(EVERYTHING, "a") == document
    store.put_document(*parts("a", "Another text."), keep_versions=1)
    found = store.version(EVERYTHING, "a", document.text_sha256)
    assert found is not None
    assert found[1].blocks == document.blocks


def test_words_that_were_recognised_come_back_with_their_places(store: Store) -> None:
    given = parts("a", *LINES)
    first, second, *others = given.document.blocks
    start = second.span.start
    words = (
        RecognisedWord(Span(start, start + 3), 0.93, (0.0, 0.1234, 0.25, 0.5)),
        RecognisedWord(Span(start + 4, start + 11), 0.07, (0.3, 0.1234, 1.0, 0.5)),
    )
    document = dataclasses.replace(
        given.document, blocks=(first, dataclasses.replace(second, recognised=words), *others)
    )
    heading, statement, *rest = given.sentences
    sentences = [heading, dataclasses.replace(statement, recognised=0.5), *rest]
    store.put_document(*given._replace(document=document, sentences=sentences))
    assert store.document(EVERYTHING, "a") == document
    assert [sentence.recognised for sentence in store.sentences(EVERYTHING, "a")] == [None, 0.5, None, None]
    chunks = store.chunks(EVERYTHING, store.all_chunk_ids().tolist())
    assert [s.recognised for chunk in chunks.values() for s in chunk.sentences] == [0.5, None, None]
    store.put_document(*parts("a", "Another text."), keep_versions=1)
    found = store.version(EVERYTHING, "a", document.text_sha256)
    assert found is not None
    assert found[1].blocks == document.blocks


def test_what_was_recognised_too_poorly_leads_nothing_in(store: Store) -> None:
    given = parts("a", "You may not:", "ride on the fork")
    heading, announcement, item = given.document.blocks
    document = dataclasses.replace(
        given.document, blocks=(heading, announcement, dataclasses.replace(item, kind=BlockKind.LIST_ITEM, level=1))
    )
    first, said, last = given.sentences
    unsure = dataclasses.replace(said, kind=SentenceKind.UNSURE, recognised=0.4)
    for sentences, expected in (([first, said, last], said.span), ([first, unsure, last], None)):
        statements = [s for s in sentences if s.kind is SentenceKind.STATEMENT]
        vectors = unit_rows(len(statements))
        store.put_document(*given._replace(document=document, sentences=sentences, sentence_vectors=vectors))
        assert store.lead_in(EVERYTHING, "a", document.text_sha256, last.span.start) == expected
        store.delete_document("a")


def test_an_item_of_a_list_is_led_in_by_what_announces_the_list(store: Store) -> None:
    """In order: a heading, an announcement, an item, one below it, another item, a sentence, and an item after that."""
    lines = ("You may not:", "ride on the fork:", "not even slowly", "carry two", "That is all.", "a bell")
    given = parts("a", *lines)
    item = BlockKind.LIST_ITEM
    kinds = (BlockKind.HEADING, BlockKind.PARAGRAPH, item, item, item, BlockKind.PARAGRAPH, item)
    blocks = tuple(
        Block(sentence.span, kind, level)
        for sentence, kind, level in zip(given.sentences, kinds, (1, 0, 1, 2, 1, 0, 1), strict=True)
    )
    document = dataclasses.replace(given.document, blocks=blocks)
    store.put_document(*given._replace(document=document))

    def lead_in(line: int) -> str | None:
        start = given.sentences[line].span.start
        span = store.lead_in(EVERYTHING, "a", document.text_sha256, start)
        return None if span is None else span.of(document.text)

    expected = [None, None, "You may not:", "ride on the fork:", "You may not:", None, None]
    assert [lead_in(line) for line in range(1 + len(lines))] == expected
    assert store.lead_in(EVERYTHING, "a", "0" * 64, given.sentences[2].span.start) is None
    assert store.lead_in(EVERYTHING, "b", document.text_sha256, 0) is None


def test_the_items_of_a_list_are_those_of_one_level_from_any_of_them_and_from_what_announces_it(store: Store) -> None:
    """In order: a heading, an announcement, an item, two below it, another item, a sentence, and an item after that."""
    lines = ("To leave:", "Tell us.", "in writing", "in May", "Hand in the key.", "That is all.", "A bell")
    given = parts("a", *lines)
    item = BlockKind.LIST_ITEM
    kinds = (BlockKind.HEADING, BlockKind.PARAGRAPH, item, item, item, item, BlockKind.PARAGRAPH, item)
    blocks = tuple(
        Block(sentence.span, kind, level)
        for sentence, kind, level in zip(given.sentences, kinds, (1, 0, 1, 2, 2, 1, 0, 1), strict=True)
    )
    document = dataclasses.replace(given.document, blocks=blocks)
    store.put_document(*given._replace(document=document))

    def items(line: int) -> list[str]:
        start = given.sentences[line].span.start
        return [span.of(document.text) for span in store.list_items(EVERYTHING, "a", document.text_sha256, start)]

    outer, inner = ["Tell us.", "Hand in the key."], ["in writing", "in May"]
    expected = [[], outer, outer, inner, inner, outer, ["A bell"], ["A bell"]]
    assert [items(line) for line in range(1 + len(lines))] == expected
    assert store.list_items(EVERYTHING, "a", "0" * 64, given.sentences[2].span.start) == ()
    assert store.list_items(EVERYTHING, "b", document.text_sha256, 0) == ()


def test_a_document_without_sentences_is_kept(store: Store) -> None:
    given = parts("a")
    no_vectors = np.zeros((0, MODEL.dimension), np.float32)
    assert store.put_document(given.document, [], no_vectors, [], no_vectors) == IngestStatus.CREATED
    assert (store.counts(EVERYTHING), store.document(EVERYTHING, "a")) == ((1, 0, 0), given.document)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, IngestStatus.UNCHANGED, id="same"),
        pytest.param({"warnings": ()}, IngestStatus.UNCHANGED, id="warnings"),
        pytest.param({"content_sha256": "cd" * 32}, IngestStatus.UPDATED, id="bytes"),
        pytest.param({"text_sha256": "cd" * 32}, IngestStatus.UPDATED, id="text"),
        pytest.param({"source": Source("a", "Another title", "/documents/a.txt")}, IngestStatus.UPDATED, id="title"),
        pytest.param({"source": Source("a", "Title of a", "/elsewhere/a.txt")}, IngestStatus.UPDATED, id="location"),
    ],
)
def test_only_a_document_that_differs_is_written_again(
    store: Store, changes: dict[str, Any], expected: IngestStatus
) -> None:
    given = parts("a", *LINES)
    store.put_document(*given)
    changed = given._replace(document=dataclasses.replace(given.document, **changes))
    assert store.put_document(*changed) == expected
    assert store.change_number() == (1 if expected is IngestStatus.UNCHANGED else 2)


def test_a_new_version_replaces_the_old_one_whole(store: Store) -> None:
    put(store, "a", *LINES)
    created_at = store.documents(EVERYTHING)[0].created_at
    given = parts("a", "Nothing froze this year.")
    assert store.put_document(*given) == IngestStatus.UPDATED
    assert store.document(EVERYTHING, "a") == given.document
    assert (store.counts(EVERYTHING), store.search_words(EVERYTHING, ["harbour"], 5)) == ((1, 2, 1), [])
    assert store.documents(EVERYTHING)[0].created_at == created_at


def test_documents_are_listed_by_title_then_id(store: Store) -> None:
    for document_id, title in (("x", "B"), ("z", "A"), ("y", "A")):
        store.put_document(*parts(document_id, *LINES, title=title))
    listed = store.documents(EVERYTHING)
    assert [info.source.id for info in listed] == ["y", "z", "x"]
    document = store.document(EVERYTHING, "y")
    assert listed[0] == DocumentInfo(
        source=document.source,
        content_sha256=document.content_sha256,
        text_sha256=document.text_sha256,
        characters=len(document.text),
        sentences=4,
        chunks=2,
        created_at=listed[0].created_at,
        updated_at=listed[0].created_at,
        warnings=("a warning",),
        pages=1,
    )


def test_the_stored_hash_is_that_of_the_bytes(store: Store) -> None:
    given = parts("a", *LINES)
    store.put_document(*given)
    assert (store.stored_hash("a"), store.stored_hash("b")) == (given.document.content_sha256, None)


@pytest.mark.parametrize(
    "named",
    [
        pytest.param(lambda store, i: store.document(EVERYTHING, i), id="document"),
        pytest.param(lambda store, i: store.document_info(EVERYTHING, i), id="document_info"),
        pytest.param(lambda store, i: store.sentences(EVERYTHING, i), id="sentences"),
        pytest.param(lambda store, i: store.delete_document(i), id="delete_document"),
    ],
)
def test_an_unknown_id_is_named(store: Store, named: Callable[[Store, str], object]) -> None:
    for document_id in ("nobody", "", "\ud800", "a\0", "' OR 1=1 --"):
        with pytest.raises(DocumentNotFound) as caught:
            named(store, document_id)
        assert str(caught.value).startswith(f"no document has the id {document_id!r}; `rag documents` lists")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param(
            {"sentence_vectors": unit_rows(2)}, r"sentence_vectors has shape \(2, 4\); expected \(3, 4\)", id="rows"
        ),
        pytest.param(
            {"passage_vectors": unit_rows(2, 5)}, r"passage_vectors has shape \(2, 5\); expected \(2, 4\)", id="dim"
        ),
        pytest.param({"passage_vectors": np.full((2, 4), np.nan)}, "not a finite number", id="nan"),
        pytest.param({"sentences": []}, r"sentence_vectors has shape \(3, 4\); expected \(0, 4\)", id="no-sentences"),
    ],
)
def test_parts_that_do_not_fit_together_are_refused(store: Store, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        store.put_document(*parts("a", *LINES)._replace(**changes))
    assert (store.counts(EVERYTHING), store.change_number()) == ((0, 0, 0), 0)


def test_a_place_outside_of_the_text_is_refused(store: Store) -> None:
    given = parts("a", *LINES)
    sentences = [*given.sentences[:-1], dataclasses.replace(given.sentences[-1], span=Span(3, 500))]
    with pytest.raises(ValueError, match="ends after the text of a"):
        store.put_document(*given._replace(sentences=sentences))
    passages = [given.passages[0], dataclasses.replace(given.passages[1], last=9)]
    with pytest.raises(ValueError, match="a passage has sentences 3 to 9 of 4"):
        store.put_document(*given._replace(passages=passages))


def test_a_put_that_fails_half_way_leaves_the_old_version(store: Store) -> None:
    put(store, "a", *LINES)
    given = parts("a", "Nothing froze this year.")
    passages = [dataclasses.replace(given.passages[0], search_text="half a pair \ud800")]
    with pytest.raises(UnicodeEncodeError):
        store.put_document(*given._replace(passages=passages))
    assert (store.counts(EVERYTHING), store.change_number()) == ((1, 4, 2), 1)
    assert store.document(EVERYTHING, "a") == parts("a", *LINES).document
    assert len(store.search_words(EVERYTHING, ["harbour"], 5)) == 1


def test_the_first_sentences_are_given_alone_and_the_page_of_a_place(store: Store) -> None:
    put(store, "a", *LINES)
    sentences = store.sentences(EVERYTHING, "a")
    assert store.sentences(EVERYTHING, "a", at_most=2) == sentences[:2]
    assert [store.page_at(EVERYTHING, "a", offset) for offset in (0, sentences[2].span.start, 10_000)] == [1, 1, None]
    assert store.page_at(EVERYTHING, "b", 0) is None


def test_the_bytes_are_kept_with_the_reading_that_they_belong_to(store: Store) -> None:
    data = b"a\nThe harbour froze."
    given = parts("a", "The harbour froze.")
    assert given.document.content_sha256 == hashlib.sha256(data).hexdigest()
    store.put_document(*given)
    assert (store.original(EVERYTHING, "a"), store.original_sha256(EVERYTHING, "a")) == (None, None)
    store.add_original(given.document, data)
    store.add_original(dataclasses.replace(given.document, text_sha256="cd" * 32), b"of another reading")
    assert store.original(EVERYTHING, "a") == (given.document.source, given.document.content_sha256, data)
    assert store.original_sha256(EVERYTHING, "a") == given.document.content_sha256
    described = store.describe_original(EVERYTHING, "a")
    assert described == (given.document.source, given.document.content_sha256, len(data))
    part = partial(store.original_part, EVERYTHING, "a", given.document.content_sha256)
    assert [part(start, 5) for start in (0, 5, len(data) - 1, len(data), len(data) + 9)] == [
        *(data[:5], data[5:10], data[-1:], b"", b"")
    ]
    assert store.original_part(EVERYTHING, "a", "0" * 64, 0, 5) == b""
    put(store, "a", "Ships waited.")
    assert store.original(EVERYTHING, "a") is None
    with pytest.raises(ValueError, match="the original has the SHA-256"):
        store.put_document(*parts("b", "Ships waited."), original=data)
    assert store.stored_hash("b") is None
    for method in (store.original, store.original_sha256, store.describe_original):
        with pytest.raises(DocumentNotFound):
            method(EVERYTHING, "b")


def test_earlier_texts_are_kept_until_the_document_goes(store: Store) -> None:
    texts = ["One crane.", "Two cranes.", "Three cranes."]
    for text in texts:
        store.put_document(*parts("a", text), keep_versions=1)
    (version,) = store.versions(EVERYTHING, "a")
    before = parts("a", texts[1]).document
    assert (version.text_sha256, version.characters) == (before.text_sha256, len(before.text))
    for beginning in (before.text_sha256, before.text_sha256[:8]):
        found = store.version(EVERYTHING, "a", beginning)
        assert found is not None
        assert (found[0], found[1].text, found[1].blocks) == (version, before.text, before.blocks)
    assert store.version(EVERYTHING, "a", "ff" * 32) is None
    store.delete_document("a")
    assert (store.versions(EVERYTHING, "a"), store.version(EVERYTHING, "a", before.text_sha256)) == ([], None)


def test_a_deleted_document_is_gone_with_all_that_belonged_to_it(store: Store) -> None:
    put(store, "a", *LINES)
    put(store, "b", "Ships waited outside.")
    store.delete_document("a")
    assert (store.counts(EVERYTHING), [info.source.id for info in store.documents(EVERYTHING)]) == ((1, 2, 1), ["b"])
    assert (
        store.search_words(EVERYTHING, ["harbour"], 5),
        store.chunk_ids(EVERYTHING, "a"),
        store.texts(EVERYTHING, ["a", "b"]),
    ) == (
        [],
        [],
        {"b": "b\nShips waited outside."},
    )
