"""Conversations in memory, with the methods of those in the store: a model of them, and a stand-in for pages."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace

from rag.errors import ConversationNotFound
from rag.records import Conversation, Turn
from rag.shown import Shown, cites, documents_of, without_document, without_stand_alone
from rag.store.conversations import Keeping, NewTurn, full, not_found


@dataclass
class Talk:
    """One conversation, as it changes."""

    id: str
    title: str
    created_at: str
    updated_at: str
    turns: list[Turn] = field(default_factory=list)
    request_ids: list[str] = field(default_factory=list)


class MemoryConversations:
    """`documents` gives the ids of those there are."""

    def __init__(self, documents: Callable[[], Collection[str]]) -> None:
        self.talks: dict[str, Talk] = {}
        self._documents = documents

    def find(self, conversation_id: str, keeping: Keeping, *, last: int | None = None) -> Conversation | None:
        talk = self._live(conversation_id, keeping)
        if talk is None:
            return None
        turns = tuple(talk.turns if last is None else talk.turns[len(talk.turns) - min(last, len(talk.turns)) :])
        expires_at = keeping.expires_at(talk.updated_at)
        return Conversation(talk.id, talk.title, talk.created_at, talk.updated_at, expires_at, turns)

    def find_repeated(self, conversation_id: str | None, request_id: str, keeping: Keeping) -> tuple[str, Turn] | None:
        if conversation_id is None:
            talks = [t for t in reversed(self.talks.values()) if t.updated_at >= keeping.repeated_since]
            return next(((t.id, t.turns[0]) for t in talks if request_id and t.request_ids[0] == request_id), None)
        talk = self._live(conversation_id, keeping)
        if talk is None or not request_id or request_id not in talk.request_ids:
            return None
        return talk.id, talk.turns[talk.request_ids.index(request_id)]

    def add(self, given: NewTurn, keeping: Keeping, *, at_most: int, started: bool) -> tuple[str, Turn]:
        if given.conversation_id is not None or started:
            found = self.find_repeated(given.conversation_id, given.request_id, keeping)
            if found is not None:
                return found
        if given.conversation_id is None:
            talk = Talk(given.new_id, given.title, keeping.moment, keeping.moment)
        else:
            live = self._live(given.conversation_id, keeping)
            if live is None:
                raise not_found()
            talk = live
        if len(talk.turns) >= at_most:
            raise full(len(talk.turns))
        shown: Shown = json.loads(json.dumps(given.shown))
        for document_id in documents_of(shown):
            if document_id not in self._documents():
                shown = without_document(shown, document_id)
        turn = Turn(len(talk.turns) + 1, keeping.moment, shown)
        talk.turns.append(turn)
        talk.request_ids.append(given.request_id)
        talk.updated_at = keeping.moment
        self.talks[talk.id] = talk
        return talk.id, turn

    def rename(self, conversation_id: str, title: str, keeping: Keeping) -> Conversation | None:
        talk = self._live(conversation_id, keeping)
        if talk is not None:
            talk.title = title
        return self.find(conversation_id, keeping, last=0)

    def rate(self, conversation_id: str, number: int, relevance: str, keeping: Keeping) -> None:
        talk = self._live(conversation_id, keeping)
        if talk is None or not 1 <= number <= len(talk.turns):
            raise ConversationNotFound
        talk.turns[number - 1] = replace(talk.turns[number - 1], relevance=relevance)

    def delete(self, conversation_id: str, keeping: Keeping) -> bool:
        found = self._live(conversation_id, keeping) is not None
        if found:
            del self.talks[conversation_id]
        return found

    def expire(self, keeping: Keeping) -> int:
        over = [talk.id for talk in self.talks.values() if talk.updated_at < keeping.live_since]
        for conversation_id in over:
            del self.talks[conversation_id]
        return len(over)

    def erase_document(self, document_id: str) -> None:
        """What deleting a document does to the conversations."""
        for talk in self.talks.values():
            quoted = [turn.number for turn in talk.turns if cites(turn.shown, document_id)]
            for place, turn in enumerate(talk.turns):
                shown = turn.shown
                if document_id in documents_of(shown):
                    shown = without_document(shown, document_id)
                if quoted and turn.number > quoted[0]:
                    shown = without_stand_alone(shown)
                talk.turns[place] = replace(turn, shown=shown)

    def _live(self, conversation_id: str, keeping: Keeping) -> Talk | None:
        talk = self.talks.get(conversation_id)
        return talk if talk is not None and talk.updated_at >= keeping.live_since else None
