"""What is put down of questions, documents and commands, and a question that is asked again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rag.access.actor import Actor, acting, acting_as
from rag.access.audit import AuditKind
from rag.access.audit.reading import AuditEntry, AuditFilter
from rag.app import Citewell
from rag.errors import InputError
from rag.records import Access
from tests.support.access import EVERYTHING
from tests.support.fakes import HashEmbedder
from web.settings import WebSettings

HARBOUR = "When was the harbour at Westerholm opened?"
ANNA = Actor("anna", "session", "10.0.0.7")
TEXT = b"# Books\n\nA loan of a book lasts four weeks."


@pytest.fixture
def audited(settings: WebSettings, embedder: HashEmbedder, library: Path) -> Iterator[Citewell]:
    """Citewell over the test library that puts everything down, but for what came in before."""
    with Citewell.open(settings, embedder=embedder, create=True) as plain:
        plain.documents.ingest([library])
    with Citewell.open(replace(settings, audit="on", audit_questions="full"), embedder=embedder) as citewell:
        yield citewell


def entries(citewell: Citewell, **wanted: Any) -> list[AuditEntry]:
    return list(citewell.audit.entries(AuditFilter(**wanted)))


def test_a_single_user_is_not_put_down(citewell: Citewell) -> None:
    citewell.conversations.ask(HARBOUR, access=EVERYTHING)
    assert not citewell.audit.is_on
    assert not citewell.audit.folder.exists()


@pytest.mark.parametrize(
    ("audit", "sign_in", "expected"),
    [("", (), False), ("", ("local",), True), ("on", (), True), ("off", ("local",), False)],
)
def test_it_is_on_where_people_sign_in_unless_the_settings_say_otherwise(
    settings: WebSettings, embedder: HashEmbedder, audit: str, sign_in: tuple[str, ...], expected: bool
) -> None:
    with Citewell.open(replace(settings, audit=audit, sign_in=sign_in), embedder=embedder, create=True) as citewell:
        assert citewell.audit.is_on is expected


def test_a_question_is_put_down_with_every_quote_and_passage_that_is_shown(audited: Citewell) -> None:
    with acting_as(ANNA):
        answer = audited.conversations.ask(HARBOUR, access=EVERYTHING, max_sentences=2).answer
    (entry,) = entries(audited)
    assert (entry.person, entry.method, entry.address, entry.question) == ("anna", "session", "10.0.0.7", HARBOUR)
    facts = dict(entry.facts)
    shown = [(c.number, c.place.source.id, c.place.span.start, c.place.span.end) for c in answer.citations]
    assert [tuple(cited[:4]) for cited in facts.pop("cited")] == shown
    assert facts.pop("passages") == [[h.chunk.source.id, h.chunk.span.start, h.chunk.span.end] for h in answer.passages]
    assert facts.pop("documents") == {h.chunk.source.id: h.chunk.text_sha256 for h in answer.passages}
    assert facts == {
        "answer": answer.id,
        "status": answer.status,
        **({"reason": answer.reason} if answer.reason else {}),
        "index_version": answer.index_version,
        "sentences": 2,
        "groups": [],
        "reads_everything": True,
    }


def test_what_is_shown_of_a_kept_answer_again_is_put_down_again(audited: Citewell) -> None:
    for _ in range(2):
        audited.conversations.ask(HARBOUR, access=EVERYTHING, keep=True, request_id="r" * 22)
    first, second = entries(audited)
    assert first.facts == second.facts


def test_documents_that_come_change_and_go_are_put_down(audited: Citewell, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    file = tmp_path / "folder" / "rules.md"
    with acting_as(ANNA):
        audited.documents.put("books", TEXT, media_type="text/markdown")
        audited.documents.put("books", TEXT, media_type="text/markdown")
        audited.documents.put("books", TEXT + b" Or five.", media_type="text/markdown")
        audited.documents.remove("books")
    file.write_text("The reading room closes at eight.")
    audited.documents.sync([tmp_path / "folder"])
    file.write_text("The reading room closes at nine.")
    audited.documents.sync([tmp_path / "folder"])
    file.unlink()
    (tmp_path / "folder" / "other.md").write_text("Another file keeps the folder from being empty.")
    audited.documents.sync([tmp_path / "folder"])
    found = [(entry.kind, entry.person) for entry in entries(audited)]
    assert found[:3] == [("document_added", "anna"), ("document_changed", "anna"), ("document_removed", "anna")]
    assert [kind for kind, person in found[3:]].count("document_removed") <= 1
    assert [(kind, person) for kind, person in found[3:5]] == [("document_added", ""), ("document_changed", "")]
    assert [entry.facts["document"] for entry in entries(audited)][:3] == ["books"] * 3


def test_a_dry_run_is_not_put_down(audited: Citewell, tmp_path: Path) -> None:
    from rag.ingest.sources import SyncOptions

    (tmp_path / "rules.md").write_text("The reading room closes at eight.")
    audited.documents.sync([tmp_path], SyncOptions(dry_run=True))
    assert entries(audited) == []


def test_nobody_acts_outside_of_the_block() -> None:
    with acting_as(ANNA):
        assert acting() == ANNA
    assert acting() == Actor()


class TestReplay:
    @pytest.fixture
    def line(self, audited: Citewell) -> int:
        with acting_as(ANNA):
            audited.conversations.ask(HARBOUR, access=EVERYTHING)
        return entries(audited)[-1].number

    def cited(self, audited: Citewell) -> str:
        return str(entries(audited)[-1].facts["cited"][0][1])

    def test_of_the_same_texts_it_is_the_same(self, audited: Citewell, line: int) -> None:
        found = audited.audit.replay(line, ask=audited.questions.ask)
        assert found.was
        assert (found.is_same, found.changed, found.missing, found.has_other_documents) == (True, (), (), False)
        assert found.reason == "the same answer from the same texts"

    def test_it_is_asked_with_the_rights_of_then(self, audited: Citewell, line: int) -> None:
        asked: list[Access] = []
        ask = audited.questions.ask

        def listening(question: str, *, access: Access, max_sentences: int | None = None) -> Any:
            asked.append(access)
            return ask(question, access=access, max_sentences=max_sentences)

        audited.audit.replay(line, ask=listening)
        assert asked == [Access("anna", frozenset(), reads_everything=True)]

    def test_a_document_that_changed_or_is_gone_is_named(self, audited: Citewell, line: int) -> None:
        cited = self.cited(audited)
        audited.documents.put(cited, b"Something else is written here now.", media_type="text/plain")
        found = audited.audit.replay(line, ask=audited.questions.ask)
        assert (found.is_same, found.changed, found.missing) == (False, (cited,), ())
        audited.documents.remove(cited)
        found = audited.audit.replay(line, ask=audited.questions.ask)
        assert (found.is_same, found.changed, found.missing) == (False, (), (cited,))
        assert found.reason == "documents that were shown have another text by now, or are gone"

    def test_where_the_text_was_not_kept_it_has_to_be_the_question_that_was_asked(
        self, embedder: HashEmbedder, audited: Citewell
    ) -> None:
        hashed = replace(audited.settings, audit_questions="hash")
        with Citewell.open(hashed, embedder=embedder) as citewell, acting_as(ANNA):
            citewell.conversations.ask(HARBOUR, access=EVERYTHING)
            line = entries(citewell)[-1].number
            with pytest.raises(InputError, match="Give it with --question"):
                citewell.audit.replay(line, ask=citewell.questions.ask)
            with pytest.raises(InputError, match="That is not the question of line"):
                citewell.audit.replay(line, ask=citewell.questions.ask, question="Who was that?")
            assert citewell.audit.replay(line, ask=citewell.questions.ask, question=HARBOUR).is_same

    def test_only_a_question_that_is_there_can_be_asked_again(self, audited: Citewell) -> None:
        audited.audit.note(AuditKind.SIGNED_OUT)
        with pytest.raises(InputError, match="only a question can be asked again"):
            audited.audit.replay(1, ask=audited.questions.ask)
        with pytest.raises(InputError, match="has no line 999"):
            audited.audit.replay(999, ask=audited.questions.ask)
