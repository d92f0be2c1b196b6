"""Conversations in memory, with the methods of those in the store: a model of them, and a stand-in for pages."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace

from rag.errors import ConversationNotFound
from rag.store.base import (
    Conversation,
    ConversationHead,
    NewTurn,
    RetentionPolicy,
    Turn,
    conversation_full,
    conversation_not_found,
)
from rag.store.kept_answer import cites, documents_of, read, without_document, without_stand_alone, written


@dataclass
class Talk:
    """One conversation, as it changes."""

    id: str
    title: str
    created_at: str
    updated_at: str
    turns: list[Turn] = field(default_factory=list)
    request_ids: list[str] = field(default_factory=list)
    shared_with: str = ""


class MemoryConversations:
    """`documents` gives the ids of those there are."""

    def __init__(self, documents: Callable[[], Collection[str]]) -> None:
        self.talks: dict[str, Talk] = {}
        self._documents = documents

    def find(self, conversation_id: str, keeping: RetentionPolicy, *, last: int | None = None) -> Conversation | None:
        talk = self._live(conversation_id, keeping)
        if talk is None:
            return None
        turns = tuple(talk.turns if last is None else talk.turns[len(talk.turns) - min(last, len(talk.turns)) :])
        expires_at = keeping.expires_at(talk.updated_at)
        return Conversation(talk.id, talk.title, talk.created_at, talk.updated_at, expires_at, turns)

    def heads(self, keeping: RetentionPolicy, *, at_most: int) -> list[ConversationHead]:
        talks = [talk for talk in self.talks.values() if self._live(talk.id, keeping)]
        newest = sorted(talks, key=lambda talk: talk.updated_at, reverse=True)[:at_most]
        return [
            ConversationHead(t.id, t.title, t.created_at, t.updated_at, keeping.expires_at(t.updated_at), t.shared_with)
            for t in newest
        ]

    def share(self, conversation_id: str, group: str, keeping: RetentionPolicy) -> bool:
        talk = self._live(conversation_id, keeping)
        if talk is not None:
            talk.shared_with = group
        return talk is not None

    def find_repeated(
        self, conversation_id: str | None, request_id: str, keeping: RetentionPolicy
    ) -> tuple[str, Turn] | None:
        if conversation_id is None:
            since = keeping.repeated_since
            talks = [t for t in reversed(self.talks.values()) if since is not None and t.updated_at >= since]
            return next(((t.id, t.turns[0]) for t in talks if request_id and t.request_ids[0] == request_id), None)
        talk = self._live(conversation_id, keeping)
        if talk is None or not request_id or request_id not in talk.request_ids:
            return None
        return talk.id, talk.turns[talk.request_ids.index(request_id)]

    def shrink(self, most_bytes: int) -> int:
        sizes = {
            talk.id: sum(len(written(turn.answer).encode()) for turn in talk.turns) for talk in self.talks.values()
        }
        taken = sum(sizes.values())
        if taken <= most_bytes:
            return 0
        oldest_first = sorted(self.talks.values(), key=lambda talk: talk.updated_at)
        out = 0
        while taken > most_bytes * 9 // 10:
            taken -= sizes[oldest_first[out].id]
            del self.talks[oldest_first[out].id]
            out += 1
        return out

    def add(self, given: NewTurn, keeping: RetentionPolicy, *, at_most: int, started: bool) -> tuple[str, Turn]:
        if given.conversation_id is not None or started:
            found = self.find_repeated(given.conversation_id, given.request_id, keeping)
            if found is not None:
                return found
        if given.conversation_id is None:
            talk = Talk(given.new_id, given.title, keeping.moment, keeping.moment)
        else:
            live = self._live(given.conversation_id, keeping)
            if live is None:
                raise conversation_not_found()
            talk = live
        if len(talk.turns) >= at_most:
            raise conversation_full(len(talk.turns))
        answer = read(written(given.answer))
        for document_id in documents_of(answer):
            if document_id not in self._documents():
                answer = without_document(answer, document_id)
        turn = Turn(len(talk.turns) + 1, keeping.moment, answer)
        talk.turns.append(turn)
        talk.request_ids.append(given.request_id)
        talk.updated_at = keeping.moment
        self.talks[talk.id] = talk
        return talk.id, turn

    def rename(self, conversation_id: str, title: str, keeping: RetentionPolicy) -> Conversation | None:
        talk = self._live(conversation_id, keeping)
        if talk is not None:
            talk.title = title
        return self.find(conversation_id, keeping, last=0)

    def rate(self, conversation_id: str, number: int, relevance: str, keeping: RetentionPolicy) -> None:
        talk = self._live(conversation_id, keeping)
        if talk is None or not 1 <= number <= len(talk.turns):
            raise ConversationNotFound
        talk.turns[number - 1] = replace(talk.turns[number - 1], relevance=relevance)

    def delete(self, conversation_id: str, keeping: RetentionPolicy) -> bool:
        found = self._live(conversation_id, keeping) is not None
        if found:
            del self.talks[conversation_id]
        return found

    def expire(self, keeping: RetentionPolicy) -> int:
        over = [conversation_id for conversation_id in self.talks if self._live(conversation_id, keeping) is None]
        for conversation_id in over:
            del self.talks[conversation_id]
        return len(over)

    def erase_document(self, document_id: str) -> None:
        """What deleting a document does to the conversations."""
        for talk in self.talks.values():
            quoted = [turn.number for turn in talk.turns if cites(turn.answer, document_id)]
            for place, turn in enumerate(talk.turns):
                answer = turn.answer
                if document_id in documents_of(answer):
                    answer = without_document(answer, document_id)
                if quoted and turn.number > quoted[0]:
                    answer = without_stand_alone(answer)
                talk.turns[place] = replace(turn, answer=answer)

    def _live(self, conversation_id: str, keeping: RetentionPolicy) -> Talk | None:
        talk = self.talks.get(conversation_id)
        since = keeping.live_since
        return talk if talk is not None and since is not None and talk.updated_at >= since else None
