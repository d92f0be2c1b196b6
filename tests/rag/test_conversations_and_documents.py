"""The words of a deleted document leave the conversations; those of a replaced one stay."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from fakes import HashEmbedder
from talk import BERTH, HARBOUR, is_on_disk, sql

from rag.pipeline import Pipeline
from rag.records import VerificationStatus
from rag.store import restore

NESTS = "What nests at the old lighthouse in April?"


class TestDeletedDocuments:
    BIRDS = "Quagmirebirds nest at the old lighthouse in April."

    @pytest.fixture
    def birds(self, pipeline: Pipeline) -> str:
        """The id of a document whose every word is its own."""
        text = f"# Birds of Mudflatshire\n\n## Zigzagheading\n\n{self.BIRDS} Wadingsnipes follow in May.\n"
        pipeline.put_document("birds", text.encode(), media_type="text/markdown")
        return "birds"

    def test_its_words_leave_the_conversations_and_the_disk(
        self, pipeline: Pipeline, keep: Callable, birds: str
    ) -> None:
        question = NESTS
        kept = [keep(question) for _ in range(3)] + [keep(HARBOUR)]
        assert kept[0]["answer"]["text"] == f"{self.BIRDS} [1]"
        assert is_on_disk(pipeline, b"Wadingsnipes")
        pipeline.remove(birds)
        for words in (b"Quagmirebirds", b"Wadingsnipes", b"Zigzagheading"):
            assert not is_on_disk(pipeline, words), words
        shown = dict(pipeline.conversation(kept[0]["conversation_id"]).turns[0].shown)
        assert (shown["question"], shown["status"]) == (question, "answered")
        assert shown["answer"] == {
            "text": "[1]",
            "sentences": [{"text": "", "citations": [1]}],
            "highlight": None,
            "disagreement": None,
        }
        before, after = kept[0]["citations"][0], shown["citations"][0]
        gone = {"section": "", "quote": "", "before": "", "after": "", "removed": True}
        assert after == before | gone
        assert birds not in {passage["document"]["id"] for passage in shown["passages"]}
        assert sql(pipeline, "SELECT count(*) FROM turn_documents WHERE document_id = 'birds'") == [(0,)]

    def test_other_answers_stay_as_they_were(self, pipeline: Pipeline, keep: Callable, birds: str) -> None:
        kept = keep(HARBOUR)
        pipeline.remove(birds)
        shown = pipeline.conversation(kept["conversation_id"]).turns[0].shown
        others = [p for p in kept["passages"] if p["document"]["id"] != birds]
        assert shown == kept | {"passages": others, "conversation_id": None, "turn": None}

    def test_a_sync_that_removes_it_does_the_same(self, pipeline: Pipeline, keep: Callable, tmp_path: Path) -> None:
        docs = tmp_path / "docs"
        docs.mkdir()
        (docs / "birds.txt").write_text(self.BIRDS, encoding="utf-8")
        (docs / "other.txt").write_text("The ferry leaves at noon.", encoding="utf-8")
        (docs / "more.txt").write_text("The ferry comes back at four.", encoding="utf-8")
        pipeline.sync([docs])
        kept = keep("Where do Quagmirebirds nest in April?")
        assert kept["answer"]["text"].startswith(self.BIRDS)
        (docs / "birds.txt").unlink()
        assert [r.status.value for r in pipeline.sync([docs]).results] == ["removed"]
        assert not is_on_disk(pipeline, b"old lighthouse")
        (citation, *_) = pipeline.conversation(kept["conversation_id"]).turns[0].shown["citations"]
        assert (citation["removed"], citation["quote"]) == (True, "")

    def test_what_was_filled_into_later_questions_goes_too(
        self, pipeline: Pipeline, keep: Callable, birds: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("rag.ask.stand_alone", lambda _question, history: f"Where are {history[0].quotes[0]}")
        talk = keep(NESTS)["conversation_id"]
        later = keep("And in May?", conversation_id=talk)
        assert "Quagmirebirds" in later["stand_alone_question"]
        pipeline.remove(birds)
        assert pipeline.conversation(talk).turns[1].shown["stand_alone_question"] is None
        assert not is_on_disk(pipeline, b"Quagmirebirds")

    def test_a_question_before_the_quote_keeps_what_was_searched_for(
        self, pipeline: Pipeline, keep: Callable, birds: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(
            "rag.ask.stand_alone", lambda question, _: BERTH if question == "And a berth?" else question
        )
        talk = keep(HARBOUR)["conversation_id"]
        keep("And a berth?", conversation_id=talk)
        keep(NESTS, conversation_id=talk)
        pipeline.remove(birds)
        assert pipeline.conversation(talk).turns[1].shown["stand_alone_question"] == BERTH

    def test_an_answer_that_is_kept_after_the_document_went_has_no_words_of_it(
        self, pipeline: Pipeline, birds: str
    ) -> None:
        steps = pipeline.converse_in_steps(NESTS, keep=True)
        assert [next(steps)[0] for _ in range(3)] == ["passages", "citations", "sentence"]
        pipeline.remove(birds)
        (_, body) = next(steps)
        assert (body["turn"], body["answer"]["text"], body["citations"][0]["removed"]) == (1, "[1]", True)
        assert not is_on_disk(pipeline, b"Quagmirebirds")

    def test_a_follow_up_that_is_kept_after_the_document_went_has_nothing_filled_in_from_it(
        self, pipeline: Pipeline, keep: Callable, birds: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("rag.ask.stand_alone", lambda _question, history: f"Where are {history[0].quotes[0]}")
        talk = keep(NESTS)["conversation_id"]
        steps = pipeline.converse_in_steps("And in May?", conversation_id=talk, keep=True)
        next(steps)
        pipeline.remove(birds)
        *_, (_, body) = steps
        assert (body["turn"], body["stand_alone_question"]) == (2, None)
        assert not is_on_disk(pipeline, b"Quagmirebirds")

    def test_a_document_that_is_replaced_changes_no_conversation(
        self, pipeline: Pipeline, keep: Callable, birds: str
    ) -> None:
        kept = keep(NESTS)
        pipeline.put_document(birds, b"Nothing nests here.", media_type="text/plain")
        shown = pipeline.conversation(kept["conversation_id"]).turns[0].shown
        assert shown == kept | {"conversation_id": None, "turn": None}
        citation = shown["citations"][0]
        outcome = pipeline.verify(
            birds, sha256=citation["sha256"], start=citation["start"], end=citation["end"], quote=citation["quote"]
        )
        assert outcome.status is VerificationStatus.SUPERSEDED
        pipeline.remove(birds)
        assert not is_on_disk(pipeline, b"Quagmirebirds")

    def test_a_deleted_conversation_leaves_the_disk(self, pipeline: Pipeline, keep: Callable) -> None:
        talk = keep("What about Quagmirebirds?")["conversation_id"]
        assert is_on_disk(pipeline, b"Quagmirebirds")
        pipeline.delete_conversation(talk)
        assert not is_on_disk(pipeline, b"Quagmirebirds")
        assert (
            sql(pipeline, "SELECT count(*) FROM turns")
            == sql(pipeline, "SELECT count(*) FROM turn_documents")
            == [(0,)]
        )


def test_a_backup_brings_them_back(pipeline: Pipeline, keep: Callable, tmp_path: Path) -> None:
    kept = keep(HARBOUR)
    pipeline.back_up(tmp_path / "backup")
    restore(tmp_path / "backup", tmp_path / "restored", replace=False)
    settings = replace(pipeline.settings, data_dir=tmp_path / "restored")
    with Pipeline.open(settings, embedder=HashEmbedder()) as again:
        shown = again.conversation(kept["conversation_id"]).turns[0].shown
        assert shown == kept | {"conversation_id": None, "turn": None}
        assert all(check.ok for check in again.check())


def test_the_check_finds_a_turn_of_no_conversation(pipeline: Pipeline, keep: Callable) -> None:
    keep(HARBOUR)
    sql(pipeline, "DELETE FROM conversations")
    found = {check.name: check for check in pipeline.check()}
    assert "a row of turns belongs to no row of conversations" in found["database"].detail
