"""Conversations in the store against a model of them in memory."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from memory_talk import MemoryConversations
from samples import open_store, put

from rag import conversations
from rag.errors import ConversationNotFound, RagError
from rag.store import Store
from rag.store.conversations import Keeping

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def shown_of(question: str, documents: list[str], stand_alone: str | None) -> dict:
    """A body with as much in it as conversations look at."""
    source = [{"id": i, "title": f"Title of {i}", "url": None} for i in documents]
    return {
        "question": question,
        "answer": {
            "text": " ".join(f"Words of {i}. [{n}]" for n, i in enumerate(documents, 1)),
            "sentences": [{"text": f"Words of {i}.", "citations": [n]} for n, i in enumerate(documents, 1)],
            "highlight": {"sentence": 0, "start": 0, "end": 5},
            "disagreement": {"values": [{"sentence": n, "citation": n + 1} for n in range(len(documents))]}
            if len(documents) > 1
            else None,
        }
        if documents
        else None,
        "citations": [
            {
                "number": n,
                "document": d,
                "section": "A > B",
                "quote": "q",
                "before": "",
                "after": "",
                "also_in": [{"document": source[0]}],
                "removed": False,
            }
            for n, d in enumerate(source, 1)
        ],
        "passages": [{"document": d, "text": "passage"} for d in source],
        "stand_alone_question": stand_alone,
        "conversation_id": None,
        "turn": None,
    }


IDS = st.sampled_from(["a", "b", "c"])
PLACES = st.integers(min_value=0, max_value=4)


class StoreAndMemory(RuleBasedStateMachine):
    """Any sequence of what can happen to conversations leaves the store as the model in memory says."""

    @initialize(days=st.sampled_from([0, 1, 3]))
    def begin(self, days: int) -> None:
        self.days, self.now, self.made = days, NOW, 0
        self.directory = Path(tempfile.mkdtemp(prefix="citewell-test-"))
        self.store: Store = open_store(self.directory / "data")
        self.documents: set[str] = set()
        self.memory = MemoryConversations(lambda: self.documents)
        self.ids: list[str] = []

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            shutil.rmtree(self.directory)

    def keeping(self) -> Keeping:
        return Keeping(self.days, self.now)

    def id_at(self, place: int) -> str:
        return self.ids[place] if place < len(self.ids) else "nobody"

    def both(self, action: Callable) -> tuple[object, object]:
        """What an action gives, or the error that it raises, in the store and in memory."""
        outcomes = []
        for kept in (self.store.conversations, self.memory):
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
        request_id=st.sampled_from(["", "short", "r" * 22, "s" * 22]),
        follow_up=st.booleans(),
    )
    def keep(self, place: int | None, cited: list[str], request_id: str, follow_up: bool) -> None:
        conversation_id = None if place is None else self.id_at(place)
        shown = shown_of(f"Question {self.made}?", cited, "Which one?" if follow_up else None)
        new_ids: list[str] = []

        def keep(kept: object) -> object:
            before = conversations.answered_before(kept, conversation_id, request_id, self.keeping())
            body = before or conversations.keep(
                kept,
                shown,
                self.keeping(),
                conversation_id=conversation_id,
                request_id=request_id,
                as_of=self.store.change_number(),
            )
            new_ids.append(body["conversation_id"])
            return body | {"conversation_id": None}

        in_store, in_memory = self.both(keep)
        assert in_store == in_memory
        if conversation_id is None and new_ids[0] is not None and new_ids[0] not in self.ids:
            # Ids are chance: from now on the model calls its conversation what the store calls it.
            talk = self.memory.talks.pop(new_ids[1])
            talk.id = new_ids[0]
            self.memory.talks[talk.id] = talk
            self.ids.append(talk.id)

    @rule(place=PLACES, title=st.text(max_size=8))
    def rename(self, place: int, title: str) -> None:
        in_store, in_memory = self.both(
            lambda kept: conversations.rename(kept, self.id_at(place), title, self.keeping())
        )
        assert in_store == in_memory

    @rule(place=PLACES)
    def delete(self, place: int) -> None:
        in_store, in_memory = self.both(lambda kept: conversations.delete(kept, self.id_at(place), self.keeping()))
        assert in_store == in_memory

    @rule(place=PLACES, number=st.integers(1, 3), relevance=st.sampled_from(["relevant", "not_relevant"]))
    def rate(self, place: int, number: int, relevance: str) -> None:
        for kept in (self.store.conversations, self.memory):
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
            found = [kept.find(conversation_id, self.keeping()) for kept in (self.store.conversations, self.memory)]
            assert found[0] == found[1]
            history = self.both(
                lambda kept, i=conversation_id: conversations.history_of(kept, i, self.keeping(), to_add=True)
            )
            assert history[0] == history[1]
        found = [self.store.conversations.find(i, self.keeping()) for i in self.ids]
        text = json.dumps([turn.shown for conversation in found if conversation for turn in conversation.turns])
        assert not [i for i in "abc" if i not in self.documents and f"Words of {i}." in text]


StoreAndMemory.TestCase.settings = hypothesis_settings(max_examples=50, stateful_step_count=25, deadline=None)
test_any_sequence_leaves_what_the_model_says = StoreAndMemory.TestCase
