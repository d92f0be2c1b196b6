"""The words of a deleted document leave the conversations; those of a replaced one stay."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from rag.answer.verify import VerificationStatus
from rag.app import Citewell
from rag.store.sqlite.backup import restore
from tests.support.access import EVERYTHING
from tests.support.conversations import BERTH, HARBOUR, is_on_disk, shown_in, sql
from tests.support.fakes import HashEmbedder

NESTS = "What nests at the old lighthouse in April?"


class TestDeletedDocuments:
    BIRDS = "Quagmirebirds nest at the old lighthouse in April."

    @pytest.fixture
    def birds(self, citewell: Citewell) -> str:
        """The id of a document whose every word is its own."""
        text = f"# Birds of Mudflatshire\n\n## Zigzagheading\n\n{self.BIRDS} Wadingsnipes follow in May.\n"
        citewell.documents.put("birds", text.encode(), media_type="text/markdown")
        return "birds"

    def test_its_words_leave_the_conversations_and_the_disk(
        self, citewell: Citewell, keep: Callable, birds: str
    ) -> None:
        question = NESTS
        kept = [keep(question) for _ in range(3)] + [keep(HARBOUR)]
        assert kept[0]["answer"]["text"] == f"{self.BIRDS} [1]"
        assert is_on_disk(citewell, b"Wadingsnipes")
        citewell.documents.remove(birds)
        for words in (b"Quagmirebirds", b"Wadingsnipes", b"Zigzagheading"):
            assert not is_on_disk(citewell, words), words
        shown = dict(shown_in(citewell.conversations.get(kept[0]["conversation_id"], access=EVERYTHING).turns[0]))
        assert (shown["question"], shown["status"]) == (question, "answered")
        assert shown["answer"] == {
            "text": "[1]",
            "sentences": [{"text": "", "citations": [1]}],
            "highlight": None,
            "disagreement": None,
            "steps": None,
        }
        before, after = kept[0]["citations"][0], shown["citations"][0]
        gone = {"section": "", "quote": "", "before": "", "after": "", "removed": True}
        assert after == before | gone
        assert birds not in {passage["document"]["id"] for passage in shown["passages"]}
        assert sql(citewell, "SELECT count(*) FROM turn_documents WHERE document_id = 'birds'") == [(0,)]

    def test_other_answers_stay_as_they_were(self, citewell: Citewell, keep: Callable, birds: str) -> None:
        kept = keep(HARBOUR)
        citewell.documents.remove(birds)
        shown = shown_in(citewell.conversations.get(kept["conversation_id"], access=EVERYTHING).turns[0])
        others = [p for p in kept["passages"] if p["document"]["id"] != birds]
        assert shown == kept | {"passages": others, "conversation_id": None, "turn": None}

    def test_a_sync_that_removes_it_does_the_same(self, citewell: Citewell, keep: Callable, tmp_path: Path) -> None:
        docs = tmp_path / "docs"
        docs.mkdir()
        (docs / "birds.txt").write_text(self.BIRDS, encoding="utf-8")
        (docs / "other.txt").write_text("The ferry leaves at noon.", encoding="utf-8")
        (docs / "more.txt").write_text("The ferry comes back at four.", encoding="utf-8")
        citewell.documents.sync([docs])
        kept = keep("Where do Quagmirebirds nest in April?")
        assert kept["answer"]["text"].startswith(self.BIRDS)
        (docs / "birds.txt").unlink()
        assert [r.status.value for r in citewell.documents.sync([docs]).results] == ["removed"]
        assert not is_on_disk(citewell, b"old lighthouse")
        (citation, *_) = shown_in(citewell.conversations.get(kept["conversation_id"], access=EVERYTHING).turns[0])[
            "citations"
        ]
        assert (citation["removed"], citation["quote"]) == (True, "")

    def test_what_was_filled_into_later_questions_goes_too(
        self, citewell: Citewell, keep: Callable, birds: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(
            "rag.answer.ask.stand_alone", lambda _question, history: f"Where are {history[0].quotes[0]}"
        )
        talk = keep(NESTS)["conversation_id"]
        later = keep("And in May?", conversation_id=talk)
        assert "Quagmirebirds" in later["stand_alone_question"]
        citewell.documents.remove(birds)
        assert shown_in(citewell.conversations.get(talk, access=EVERYTHING).turns[1])["stand_alone_question"] is None
        assert not is_on_disk(citewell, b"Quagmirebirds")

    def test_a_question_before_the_quote_keeps_what_was_searched_for(
        self, citewell: Citewell, keep: Callable, birds: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(
            "rag.answer.ask.stand_alone", lambda question, _: BERTH if question == "And a berth?" else question
        )
        talk = keep(HARBOUR)["conversation_id"]
        keep("And a berth?", conversation_id=talk)
        keep(NESTS, conversation_id=talk)
        citewell.documents.remove(birds)
        assert shown_in(citewell.conversations.get(talk, access=EVERYTHING).turns[1])["stand_alone_question"] == BERTH

    def test_an_answer_that_is_kept_after_the_document_went_has_no_words_of_it(
        self, citewell: Citewell, birds: str
    ) -> None:
        answered = citewell.conversations.begin(NESTS, keep=True, access=EVERYTHING).answer()
        assert answered.answer.text != "[1]"
        citewell.documents.remove(birds)
        reply = answered.keep()
        assert (reply.turn, reply.answer.text, reply.answer.citations[0].is_removed) == (1, "[1]", True)
        assert not is_on_disk(citewell, b"Quagmirebirds")

    def test_a_follow_up_that_is_kept_after_the_document_went_has_nothing_filled_in_from_it(
        self, citewell: Citewell, keep: Callable, birds: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(
            "rag.answer.ask.stand_alone", lambda _question, history: f"Where are {history[0].quotes[0]}"
        )
        talk = keep(NESTS)["conversation_id"]
        pending = citewell.conversations.begin("And in May?", conversation_id=talk, keep=True, access=EVERYTHING)
        citewell.documents.remove(birds)
        reply = pending.answer().keep()
        assert (reply.turn, reply.answer.stand_alone_question) == (2, None)
        assert not is_on_disk(citewell, b"Quagmirebirds")

    def test_a_document_that_is_replaced_changes_no_conversation(
        self, citewell: Citewell, keep: Callable, birds: str
    ) -> None:
        kept = keep(NESTS)
        citewell.documents.put(birds, b"Nothing nests here.", media_type="text/plain")
        shown = shown_in(citewell.conversations.get(kept["conversation_id"], access=EVERYTHING).turns[0])
        assert shown == kept | {"conversation_id": None, "turn": None}
        citation = shown["citations"][0]
        outcome = citewell.questions.verify(
            birds,
            sha256=citation["sha256"],
            start=citation["start"],
            end=citation["end"],
            quote=citation["quote"],
            access=EVERYTHING,
        )
        assert outcome.status is VerificationStatus.SUPERSEDED
        citewell.documents.remove(birds)
        assert not is_on_disk(citewell, b"Quagmirebirds")

    def test_a_deleted_conversation_leaves_the_disk(self, citewell: Citewell, keep: Callable) -> None:
        talk = keep("What about Quagmirebirds?")["conversation_id"]
        assert is_on_disk(citewell, b"Quagmirebirds")
        citewell.conversations.delete(talk, access=EVERYTHING)
        assert not is_on_disk(citewell, b"Quagmirebirds")
        assert (
            sql(citewell, "SELECT count(*) FROM turns")
            == sql(citewell, "SELECT count(*) FROM turn_documents")
            == [(0,)]
        )


def test_a_backup_brings_them_back(citewell: Citewell, keep: Callable, tmp_path: Path) -> None:
    kept = keep(HARBOUR)
    citewell.maintenance.back_up(tmp_path / "backup")
    restore(tmp_path / "backup", tmp_path / "restored", replace=False)
    settings = replace(citewell.settings, data_dir=tmp_path / "restored")
    with Citewell.open(settings, embedder=HashEmbedder()) as again:
        shown = shown_in(again.conversations.get(kept["conversation_id"], access=EVERYTHING).turns[0])
        assert shown == kept | {"conversation_id": None, "turn": None}
        assert all(check.ok for check in again.maintenance.check())


def test_the_check_finds_a_turn_of_no_conversation(citewell: Citewell, keep: Callable) -> None:
    keep(HARBOUR)
    sql(citewell, "DELETE FROM conversations")
    found = {check.name: check for check in citewell.maintenance.check()}
    assert "a row of turns belongs to no row of conversations" in found["database"].detail
