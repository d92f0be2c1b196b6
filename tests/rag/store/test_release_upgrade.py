"""A database of the release 0.1.0, with conversations as REST showed them, is brought up to today's format.

It was made by that release with a stand-in for the embedding model. One document was removed in the end, so that a turn
has lost its words.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from rag.records import AnswerStatus, NoAnswerReason
from rag.render.shapes import ConversationBody, body_of
from rag.store.base import Conversation, RetentionPolicy
from rag.store.sqlite.sqlite_store import SqliteStore
from tests.support.access import EVERYTHING

RELEASE = Path(__file__).parents[2] / "data" / "releases" / "0.1.0"
SHOWN: dict[str, Any] = json.loads((RELEASE / "conversation.json").read_text())
FOR_EVER = RetentionPolicy(36_500, datetime(2026, 11, 27, tzinfo=UTC))
ADDED = {"lead_in": None, "confidence": None, "recognised": None}
TODAY = {"not_in_documents": "not_found", "low_confidence": "not_found"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    (tmp_path / "citewell.sqlite").write_bytes(gzip.decompress((RELEASE / "citewell.sqlite.gz").read_bytes()))
    with SqliteStore.open(tmp_path, create=False) as store:
        yield store


@pytest.fixture
def opened(store: SqliteStore) -> Conversation:
    found = store.conversations_of(EVERYTHING).find(SHOWN["id"], FOR_EVER)
    assert found is not None
    return found


def test_a_conversation_is_shown_as_that_release_showed_it(opened: Conversation) -> None:
    expected = [
        turn["answer"]
        | {
            "reason": TODAY.get(turn["answer"]["reason"], turn["answer"]["reason"]),
            "documents": 0,
            "also_searched": [],
            "answer": turn["answer"]["answer"] and turn["answer"]["answer"] | {"steps": None},
            "citations": [citation | ADDED for citation in turn["answer"]["citations"]],
        }
        for turn in SHOWN["turns"]
    ]
    body = body_of(ConversationBody, opened)
    assert [turn["answer"] for turn in body["turns"]] == expected
    assert [turn["relevance"] for turn in body["turns"]] == [turn["relevance"] for turn in SHOWN["turns"]]


def test_the_sample_has_every_kind_of_turn(opened: Conversation) -> None:
    answers = [turn.answer for turn in opened.turns]
    assert {answer.status for answer in answers} == {AnswerStatus.ANSWERED, AnswerStatus.NO_ANSWER}
    assert {answer.reason for answer in answers} == {None, NoAnswerReason.NOT_FOUND, NoAnswerReason.NOT_A_QUESTION}
    assert any(answer.disagreement for answer in answers)
    assert any(citation.is_removed for answer in answers for citation in answer.citations)
    assert any(citation.also_in for answer in answers for citation in answer.citations)
    assert any(answer.highlight for answer in answers)


def test_what_was_declined_is_counted_and_kept_under_the_reason_of_today(store: SqliteStore) -> None:
    assert store.questions.outcomes("2026-11-27") == {
        "2026-11-27": {"answered": 4, "not_a_question": 1, "not_found": 2}
    }
    outcomes = {wording.latest.question: wording.latest.outcome for wording in store.questions.wordings("2026")}
    assert outcomes["Who sells gold teeth?"] == "not_found"


def test_a_document_that_is_deleted_afterwards_takes_its_words_along(store: SqliteStore) -> None:
    store.delete_document("letter")
    found = store.conversations_of(EVERYTHING).find(SHOWN["id"], FOR_EVER)
    assert found is not None
    for turn in found.turns:
        assert "30 euros" not in str(turn.answer)
