"""Conversations: their turns, when they expire, and how the words of a deleted document leave them.

What a turn shows is not looked into here, but for the documents that it cites.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from rag.errors import ConversationFull, ConversationNotFound
from rag.render.examples import NO_ANSWER
from rag.store.base import NewTurn, RetentionPolicy, Store
from rag.store.kept_answer import written
from tests.support.access import EVERYTHING

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
WEEK = RetentionPolicy(7, NOW)
SHOWN = replace(NO_ANSWER, passages=())
NEW_ID = "A" * 22


def after(days: float, *, kept: int = 7) -> RetentionPolicy:
    return RetentionPolicy(kept, NOW + timedelta(days=days))


def turn(conversation_id: str | None = None, request_id: str = "") -> NewTurn:
    return NewTurn(conversation_id, request_id, SHOWN, NEW_ID, "Why?", 0)


def test_turns_are_numbered_and_come_back_in_order(store: Store) -> None:
    kept = store.conversations_of(EVERYTHING)
    found, first = kept.add(turn(), WEEK, at_most=9, started=False)
    assert (found, first.number, first.answer, first.relevance) == (NEW_ID, 1, SHOWN, None)
    kept.add(turn(NEW_ID), after(1), at_most=9, started=False)
    conversation = kept.find(NEW_ID, after(1))
    assert conversation is not None
    assert (conversation.title, [each.number for each in conversation.turns]) == ("Why?", [1, 2])
    assert (conversation.created_at, conversation.updated_at, conversation.expires_at) == (
        "2026-11-23T09:00:00+00:00",
        "2026-11-24T09:00:00+00:00",
        "2026-12-01T09:00:00+00:00",
    )
    last = kept.find(NEW_ID, after(1), last=1)
    assert last is not None
    assert [each.number for each in last.turns] == [2]
    assert (kept.find("nobody", WEEK), store.change_number()) == (None, 0)


def test_of_too_many_the_ones_longest_without_a_question_go(store: Store) -> None:
    kept = store.conversations_of(EVERYTHING)
    size = len(written(SHOWN).encode())
    for number in range(10):
        kept.add(replace(turn(), new_id=f"conversation-{number}"), after(number / 10), at_most=9, started=False)
    kept.add(turn("conversation-0"), after(2), at_most=9, started=False)
    assert kept.shrink(11 * size) == 0
    assert kept.shrink(10 * size) == 2, "to nine of them"
    left = [number for number in range(10) if kept.find(f"conversation-{number}", after(2)) is not None]
    assert left == [0, 3, 4, 5, 6, 7, 8, 9], "the first had a question since"


def test_a_conversation_is_over_when_its_time_is_and_deleted_by_expire(store: Store) -> None:
    kept = store.conversations_of(EVERYTHING)
    kept.add(turn(), WEEK, at_most=9, started=False)
    assert kept.find(NEW_ID, after(6.9)) is not None
    assert kept.find(NEW_ID, after(7.1)) is None
    assert (kept.expire(after(6.9)), kept.expire(after(7.1)), kept.expire(after(7.1))) == (0, 1, 0)
    kept.add(turn(), WEEK, at_most=9, started=False)
    assert kept.find(NEW_ID, after(0, kept=0)) is None
    assert (kept.expire(after(0, kept=0)), kept.expire(after(0, kept=0))) == (1, 0)


def test_the_same_request_adds_nothing(store: Store) -> None:
    kept, request = store.conversations_of(EVERYTHING), "r" * 22
    first = kept.add(turn(request_id=request), WEEK, at_most=9, started=True)
    assert kept.add(turn(request_id=request), WEEK, at_most=9, started=True) == first
    assert kept.find_repeated(None, request, WEEK) == first
    assert kept.find_repeated(NEW_ID, request, after(3)) == first
    assert kept.find_repeated(None, request, after(3)) is None
    assert kept.find_repeated(NEW_ID, "another", WEEK) is None


def test_a_full_or_missing_conversation_takes_no_turn(store: Store) -> None:
    kept = store.conversations_of(EVERYTHING)
    with pytest.raises(ConversationNotFound):
        kept.add(turn("nobody"), WEEK, at_most=1, started=False)
    kept.add(turn(), WEEK, at_most=1, started=False)
    with pytest.raises(ConversationFull, match="has 1 questions"):
        kept.add(turn(NEW_ID), WEEK, at_most=1, started=False)


def test_it_is_renamed_rated_and_deleted_by_its_id_alone(store: Store) -> None:
    kept = store.conversations_of(EVERYTHING)
    kept.add(turn(), WEEK, at_most=9, started=False)
    renamed = kept.rename(NEW_ID, "Half \ud83d", WEEK)
    assert renamed is not None
    assert (renamed.title, renamed.turns) == ("Half ?", ())
    kept.rate(NEW_ID, 1, "not_relevant", WEEK)
    found = kept.find(NEW_ID, WEEK)
    assert found is not None
    assert found.turns[0].relevance == "not_relevant"
    for conversation_id, number in (("nobody", 1), (NEW_ID, 2)):
        with pytest.raises(ConversationNotFound):
            kept.rate(conversation_id, number, "relevant", WEEK)
    assert (kept.rename("nobody", "A title", WEEK), kept.delete("nobody", WEEK)) == (None, False)
    assert (kept.delete(NEW_ID, WEEK), kept.find(NEW_ID, WEEK)) == (True, None)
