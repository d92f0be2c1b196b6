"""Conversations and their turns: the columns that are read, the records that they make, and which of them are to go."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rag.store.base import Conversation, ConversationHead, RetentionPolicy, Turn
from rag.store.kept_answer import cites, read, without_document, without_stand_alone, written

HEAD = "id, title, created_at, updated_at, shared_with"
TURN = "number, asked_at, answer, relevance"
# Of the turns that show words of a document, for `erased`.
SHOWING = "t.id, t.conversation, t.number, t.answer"


def head_of(row: Sequence[Any], keeping: RetentionPolicy) -> ConversationHead:
    """The record of a row with the columns of HEAD."""
    found_id, title, created_at, updated_at, shared_with = row
    return ConversationHead(found_id, title, created_at, updated_at, keeping.expires_at(updated_at), shared_with)


def conversation_of(
    row: Sequence[Any], turns: Sequence[Turn], keeping: RetentionPolicy, *, is_own: bool
) -> Conversation:
    """The record of a row with the columns of HEAD. Whom it is shared with is told to whose it is."""
    found_id, title, created_at, updated_at, shared_with = row
    shared = shared_with if is_own else ""
    expires_at = keeping.expires_at(updated_at)
    return Conversation(found_id, title, created_at, updated_at, expires_at, tuple(turns), shared_with=shared)


def turn_of(row: Sequence[Any]) -> Turn:
    """The record of a row with the columns of TURN."""
    number, asked_at, answer, relevance = row
    return Turn(number, asked_at, read(answer), relevance)


def erased(shows: Iterable[Sequence[Any]], document_id: str) -> tuple[list[tuple[int, str]], dict[int, int]]:
    """Turns without the words of a document, and in which conversations it was quoted.

    Rows have the columns of SHOWING. Turns are ids with what is to be kept of their answers; conversations have the
    number of the first turn that quoted it.
    """
    kept: list[tuple[int, str]] = []
    first_quoted: dict[int, int] = {}
    for turn, conversation, number, text in shows:
        answer = read(text)
        if cites(answer, document_id):
            first_quoted[conversation] = min(number, first_quoted.get(conversation, number))
        kept.append((turn, written(without_document(answer, document_id))))
    return kept, first_quoted


def without_filled_in(later: Iterable[Sequence[Any]]) -> list[tuple[int, str]]:
    """The turns, ids with what is to be kept of their answers, that had something filled into their questions."""
    answers = ((turn, read(text)) for turn, text in later)
    return [
        (turn, written(without_stand_alone(answer)))
        for turn, answer in answers
        if answer.stand_alone_question is not None
    ]


def have_removed(kept: Iterable[Sequence[Any]]) -> bool:
    """Whether a document that one of these answers quoted was deleted."""
    return any(citation.is_removed for (text,) in kept for citation in read(text).citations)


def oldest_beyond(most_bytes: int, taken: int, oldest_first: Iterable[Sequence[Any]]) -> list[int]:
    """The numbers of the conversations that go, so that no more than nine tenths of `most_bytes` are taken.

    Rows have number and size in bytes.
    """
    excess, out = taken - most_bytes * 9 // 10, []
    for number, size in oldest_first:
        if excess <= 0:
            break
        out.append(number)
        excess -= size
    return out
