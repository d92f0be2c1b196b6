"""Conversations in the store against a model of them in memory."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from rag.conversations import kept_conversations
from rag.errors import ConversationNotFound, RagError
from rag.records import (
    Answer,
    AnswerSentence,
    AnswerStatus,
    Chunk,
    Citation,
    Confidence,
    Disagreement,
    Highlight,
    Hit,
    NoAnswerReason,
    Place,
    Source,
    Span,
    StatedValue,
)
from rag.store.base import ConversationStore, RetentionPolicy
from rag.store.sqlite.sqlite_store import SqliteStore
from tests.support.access import EVERYTHING
from tests.support.examples import fewer
from tests.support.memory_conversations import MemoryConversations
from tests.support.stores import open_store, put

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def answer_of(question: str, documents: list[str], stand_alone: str | None) -> Answer:
    """An answer with as much in it as conversations look at."""
    places = [Place(Source(i, f"Title of {i}", ""), "0" * 64, Span(0, 5), "A > B") for i in documents]
    values = tuple(StatedValue(at, Span(0, 5), at + 1, "2026") for at in range(len(documents)))
    return Answer(
        id="",
        question=question,
        status=AnswerStatus.ANSWERED if documents else AnswerStatus.NO_ANSWER,
        reason=None if documents else NoAnswerReason.NOT_FOUND,
        sentences=tuple(AnswerSentence(f"Words of {i}.", (n,)) for n, i in enumerate(documents, 1)),
        highlight=Highlight(0, Span(0, 5)) if documents else None,
        confidence=Confidence(0.9, "high"),
        citations=tuple(Citation(n, p, "q", "", "", (places[0],)) for n, p in enumerate(places, 1)),
        passages=tuple(
            Hit(Chunk(0, p.source, p.text_sha256, p.span, f"Words of {p.source.id}.", "", None, ()), 1.0)
            for p in places
        ),
        index_version=1,
        stand_alone_question=stand_alone,
        disagreement=Disagreement(values) if len(values) > 1 else None,
    )


IDS = st.sampled_from(["a", "b", "c"])
PLACES = st.integers(min_value=0, max_value=4)


class StoreAndMemory(RuleBasedStateMachine):
    """Any sequence of what can happen to conversations leaves the store as the model in memory says."""

    @initialize(days=st.sampled_from([0, 1, 3]))
    def begin(self, days: int) -> None:
        self.days, self.now, self.made = days, NOW, 0
        self.directory = Path(tempfile.mkdtemp(prefix="citewell-test-"))
        self.store: SqliteStore = open_store(self.directory / "data")
        self.documents: set[str] = set()
        self.memory = MemoryConversations(lambda: self.documents)
        self.ids: list[str] = []

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            shutil.rmtree(self.directory)

    def keeping(self) -> RetentionPolicy:
        return RetentionPolicy(self.days, self.now)

    def id_at(self, place: int) -> str:
        return self.ids[place] if place < len(self.ids) else "nobody"

    def both(self, action: Callable) -> tuple[object, object]:
        """What an action gives, or the error that it raises, in the store and in memory."""
        outcomes = []
        for kept in (self.store.conversations_of(EVERYTHING), self.memory):
            try:
                outcomes.append(action(kept))
            except RagError as error:
                outcomes.append((type(error), str(error)))
        return outcomes[0], outcomes[1]

    @rule(document_id=IDS)
    def put(self, document_id: str) -> None:
        self.made += 1
        put(self.store, document_id, f"Text number {self.made}.")
        self.documents.add(document_id)

    @rule(document_id=IDS)
    def delete_document(self, document_id: str) -> None:
        if document_id in self.documents:
            self.store.delete_document(document_id)
            self.documents.discard(document_id)
            self.memory.erase_document(document_id)

    @rule(
        place=st.none() | PLACES,
        cited=st.lists(IDS, max_size=3),
        request_id=st.sampled_from(["", "short", "request-of-22-letters-", "another-of-22-letters-"]),
        follow_up=st.booleans(),
    )
    def keep(self, place: int | None, cited: list[str], request_id: str, follow_up: bool) -> None:
        conversation_id = None if place is None else self.id_at(place)
        answer = answer_of(f"Question {self.made}?", cited, "Which one?" if follow_up else None)
        new_ids: list[str] = []  # "" where it could not be kept

        def keep(kept: ConversationStore) -> object:
            before = kept_conversations.answered_before(kept, conversation_id, request_id, self.keeping())
            reply = before or kept_conversations.keep(
                kept,
                answer,
                self.keeping(),
                conversation_id=conversation_id,
                request_id=request_id,
                as_of=self.store.change_number(),
            )
            new_ids.append(reply.conversation_id or "")
            return replace(reply, conversation_id=None)

        in_store, in_memory = self.both(keep)
        assert in_store == in_memory
        if conversation_id is None and new_ids[0] and new_ids[0] not in self.ids:
            # Ids are chance: from now on the model calls its conversation what the store calls it.
            talk = self.memory.talks.pop(new_ids[1])
            talk.id = new_ids[0]
            self.memory.talks[talk.id] = talk
            self.ids.append(talk.id)

    @rule(place=PLACES, title=st.text(max_size=8))
    def rename(self, place: int, title: str) -> None:
        in_store, in_memory = self.both(
            lambda kept: kept_conversations.rename(kept, self.id_at(place), title, self.keeping())
        )
        assert in_store == in_memory

    @rule(place=PLACES)
    def delete(self, place: int) -> None:
        in_store, in_memory = self.both(lambda kept: kept_conversations.delete(kept, self.id_at(place), self.keeping()))
        assert in_store == in_memory

    @rule(place=PLACES, number=st.integers(1, 3), relevance=st.sampled_from(["relevant", "not_relevant"]))
    def rate(self, place: int, number: int, relevance: str) -> None:
        for kept in (self.store.conversations_of(EVERYTHING), self.memory):
            with suppress(ConversationNotFound):
                kept.rate(self.id_at(place), number, relevance, self.keeping())

    @rule(hours=st.integers(1, 30))
    def wait(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @invariant()
    def they_agree(self) -> None:
        if not hasattr(self, "store"):
            return
        for conversation_id in [*self.ids, "nobody"]:
            both = (self.store.conversations_of(EVERYTHING), self.memory)
            found = [kept.find(conversation_id, self.keeping()) for kept in both]
            assert found[0] == found[1]
            history = self.both(
                lambda kept, i=conversation_id: kept_conversations.history_of(kept, i, self.keeping(), to_add=True)
            )
            assert history[0] == history[1]
        found = [self.store.conversations_of(EVERYTHING).find(i, self.keeping()) for i in self.ids]
        text = str([turn.answer for conversation in found if conversation for turn in conversation.turns])
        assert not [i for i in "abc" if i not in self.documents and f"Words of {i}." in text]


StoreAndMemory.TestCase.settings = fewer(2)
test_any_sequence_leaves_what_the_model_says = StoreAndMemory.TestCase
