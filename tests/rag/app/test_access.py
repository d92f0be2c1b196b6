"""Whoever may not read everything gets what they may read, on every way in, and nothing of the rest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from rag.app import Citewell
from rag.errors import DocumentNotFound
from rag.records import EVERYBODY, Access, Answer, AnswerStatus, Hit
from rag.settings import Settings
from rag.store.base import AccessStore, DocumentGroups, DocumentStore, PassageStore
from tests.support.access import EVERYTHING, READ_FOR_A_PERSON
from tests.support.fakes import HashEmbedder

STAFF = Access("ann", frozenset({"staff"}))
GUEST = Access("gus", frozenset())
# Methods of the store that read nothing of a document, or write.
OTHER = {
    "snapshot",
    "change_number",
    "stored_hash",
    "is_stored",
    "put_document",
    "add_original",
    "delete_document",
    "set_groups",
    "take_groups_back",
    "applied_rules",
    "denies_by_default",
    "deny_by_default",
    "word_stems",
    "threshold",
}
FERRY = "When does the ferry to Westerholm leave?"
# Document, text, and who may read it.
SHELF: tuple[tuple[str, str, set[str]], ...] = (
    ("ferry", "The ferry to Westerholm leaves at noon. It carries 40 people and one van.", {EVERYBODY}),
    ("plan", "The ferry to Westerholm leaves at six from May on. The board has not told anyone.", {"staff"}),
    ("sale", "The ferry is sold in autumn for 90,000 euros. Nobody may know of it.", set()),
    ("gate", "The gate of the yard opens at eight. It closes when the tide comes in.", {EVERYBODY}),
)


@pytest.fixture
def shelf(empty_citewell: Citewell) -> Citewell:
    for document_id, text, _ in SHELF:
        empty_citewell.documents.put(document_id, text.encode(), media_type="text/plain", title=document_id)
    empty_citewell._store.set_groups([DocumentGroups(i, frozenset(groups)) for i, _, groups in SHELF])
    return empty_citewell


@pytest.fixture
def alone(settings: Settings, embedder: HashEmbedder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Citewell]:
    """An installation that has nothing but what a guest may read."""
    apart = replace(settings, data_dir=tmp_path_factory.mktemp("alone"))
    with Citewell.open(apart, embedder=embedder, create=True) as citewell:
        for document_id, text, groups in SHELF:
            if EVERYBODY in groups:
                citewell.documents.put(document_id, text.encode(), media_type="text/plain", title=document_id)
        yield citewell


def plain(answer: Answer) -> Answer:
    """An answer without times, and without the numbers of passages and moments, which differ between databases."""
    hits = tuple(plain_hit(hit) for hit in answer.passages)
    return replace(answer, id="", timings_ms={}, index_version=0, passages=hits)


def plain_hit(hit: Hit) -> Hit:
    sentences = tuple(replace(sentence, id=0) for sentence in hit.chunk.sentences)
    return replace(hit, chunk=replace(hit.chunk, id=0, updated_at="", sentences=sentences))


def test_every_method_of_the_store_that_reads_documents_is_told_who_asks() -> None:
    methods = {
        name for store in (DocumentStore, PassageStore, AccessStore) for name in dir(store) if not name.startswith("_")
    }
    assert methods == READ_FOR_A_PERSON.keys() | OTHER


@pytest.mark.parametrize("question", [FERRY, "What is the ferry sold for?", "Who opens the gate?", "What is 90,000?"])
def test_an_answer_is_that_of_an_installation_without_the_rest(shelf: Citewell, alone: Citewell, question: str) -> None:
    shelf.questions.ask(question, access=EVERYTHING)  # an answer that is remembered is not given either
    expected = plain(alone.questions.ask(question, access=EVERYTHING))
    for _ in range(2):
        assert plain(shelf.questions.ask(question, access=GUEST)) == expected
    found = [plain_hit(hit) for hit in shelf.questions.search(question, access=GUEST)]
    assert found == [plain_hit(hit) for hit in alone.questions.search(question, access=EVERYTHING)]
    assert shelf.questions.ask(question, access=GUEST).id == alone.questions.ask(question, access=GUEST).id


def test_what_is_added_for_others_does_not_show(shelf: Citewell) -> None:
    before = shelf.questions.ask(FERRY, access=GUEST)
    shelf.documents.put("more", b"The ferry to Westerholm leaves at nine.", media_type="text/plain")
    shelf._store.set_groups([DocumentGroups("more", frozenset({"board"}))])
    after = shelf.questions.ask(FERRY, access=GUEST)
    assert replace(after, timings_ms={}) == replace(before, timings_ms={})
    assert after.index_version == before.index_version


def test_a_right_holds_from_the_next_question(shelf: Citewell) -> None:
    assert not any("six" in hit.chunk.text for hit in shelf.questions.search(FERRY, access=GUEST))
    shelf._store.set_groups([DocumentGroups("plan", frozenset({EVERYBODY}))])
    assert any("six" in hit.chunk.text for hit in shelf.questions.search(FERRY, access=GUEST))
    shelf._store.set_groups([DocumentGroups("plan", frozenset())])
    assert not any("six" in hit.chunk.text for hit in shelf.questions.search(FERRY, access=GUEST))


def test_whoever_may_read_nothing_is_told_that_there_is_nothing(shelf: Citewell) -> None:
    answer = shelf.questions.ask(FERRY, access=Access("", frozenset()))
    assert (answer.status, answer.documents, answer.passages) == (AnswerStatus.NO_ANSWER, 0, ())


def test_a_document_that_may_not_be_read_is_not_found(shelf: Citewell) -> None:
    assert [info.source.id for info in shelf.documents.all(access=GUEST)] == ["ferry", "gate"]
    assert (shelf.documents.count(access=GUEST), shelf.documents.count(access=STAFF)) == (2, 3)
    for read in (shelf.documents.get, shelf.documents.info, shelf.documents.original, shelf.documents.versions):
        errors = []
        for document_id in ("sale", "none"):
            with pytest.raises(DocumentNotFound) as caught:
                read(document_id, access=GUEST)
            errors.append(str(caught.value).replace(document_id, "ID"))
        assert errors[0] == errors[1]
    cited: dict[str, Any] = {"sha256": "", "start": 0, "end": 3, "quote": "The"}
    assert shelf.questions.verify("sale", access=GUEST, **cited).status == "gone"


def test_suggestions_are_made_of_what_may_be_read(citewell: Citewell) -> None:
    documents = citewell.documents.all(access=EVERYTHING)
    citewell._store.set_groups([DocumentGroups(info.source.id, frozenset({"staff"})) for info in documents])
    for access in (EVERYTHING, STAFF, GUEST):
        citewell.insights.suggestions(access=access)
        citewell.insights.wait_for_suggestions(access=access)
    assert citewell.insights.suggestions(access=STAFF) == citewell.insights.suggestions(access=EVERYTHING) != []
    assert citewell.insights.suggestions(access=GUEST) == []


def test_one_document_is_looked_up_without_listing_all(citewell: Citewell, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = citewell.documents.all(access=EVERYTHING)
    monkeypatch.setattr(citewell._store, "documents", None)
    assert [citewell.documents.info(info.source.id, access=EVERYTHING) for info in listed] == listed
