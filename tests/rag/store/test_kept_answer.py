"""What a conversation keeps of an answer can be read again, by this version and by a later one."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from rag.errors import StorageDamaged, StorageTooNew
from rag.records import Answer, Citation
from rag.render.examples import ANSWER, NO_ANSWER, POSSIBLE
from rag.store import kept_answer
from rag.store.kept_answer import cites, documents_of, read, without_document, written

ANSWERS = [
    pytest.param(ANSWER, id="answered"),
    pytest.param(POSSIBLE, id="possible"),
    pytest.param(NO_ANSWER, id="no answer"),
]


def without_paths(answer: Answer) -> Answer:
    """As it is kept: no place on this machine is."""

    def nowhere(citation: Citation) -> Citation:
        return replace(citation, place=replace(citation.place, source=replace(citation.place.source, location="")))

    passages = [
        replace(hit, chunk=replace(hit.chunk, source=replace(hit.chunk.source, location=""))) for hit in answer.passages
    ]
    return replace(answer, citations=tuple(map(nowhere, answer.citations)), passages=tuple(passages))


@pytest.mark.parametrize("answer", ANSWERS)
def test_what_was_written_is_read_again(answer: Answer) -> None:
    assert read(written(answer)) == without_paths(answer)
    assert "/srv" not in written(answer)


def test_an_address_of_the_web_is_kept() -> None:
    (citation,) = ANSWER.citations
    source = replace(citation.place.source, location="https://docs.example/rules")
    answer = replace(ANSWER, citations=(replace(citation, place=replace(citation.place, source=source)),))
    assert read(written(answer)).citations[0].place.source.location == "https://docs.example/rules"


@pytest.mark.parametrize("answer", ANSWERS)
def test_it_names_its_version(answer: Answer) -> None:
    assert json.loads(written(answer))["version"] == kept_answer.VERSION


def test_a_later_version_is_refused() -> None:
    kept = json.loads(written(ANSWER)) | {"version": 99}
    with pytest.raises(StorageTooNew, match="of version 99; this version of the program knows version 1"):
        read(json.dumps(kept))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 1, "answer": {}}', '{"version": 1}', "null"])
def test_what_is_no_answer_is_damage(text: str) -> None:
    with pytest.raises(StorageDamaged, match="cannot be read"):
        read(text)


def test_the_words_of_a_deleted_document_go_from_possible_answers_too() -> None:
    (document_id,) = documents_of(POSSIBLE)
    kept = without_document(POSSIBLE, document_id)
    assert not cites(kept, document_id)
    assert [(c.is_removed, c.quote, c.lead_in, c.place.section) for c in kept.citations] == [(True, "", None, "")] * 2
    assert [c.number for c in kept.citations] == [1, 2]
    assert kept.passages == ()
