"""Questions of people, one after the other: follow-ups understood, answers kept as they were shown, opened again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from rag import conversations, render, unanswered
from rag.errors import InputError
from rag.pipeline.questions import Questions
from rag.question import analyse_question
from rag.read.canonical import clean_text
from rag.records import Answer, Conversation, Exchange
from rag.render import Body
from rag.store.conversations import Keeping
from rag.transcript import to_markdown

# The name of an event, and what it carries, ready for JSON.
Step = tuple[str, Any]
_RELEVANCE = ("relevant", "not_relevant")
_MAX_COMMENT_CHARS = 2_000


class Talk(Questions):
    """The conversations of one data directory. Whoever knows the id of one may do anything with it."""

    def converse(
        self,
        question: str,
        *,
        conversation_id: str | None = None,
        keep: bool = False,
        request_id: str = "",
        history: Sequence[Exchange] = (),
        stand_alone: bool = False,
        max_sentences: int | None = None,
    ) -> Body:
        """The answer to a question of a person, as it is shown: `rag.render.answer_body`.

        With `keep` it becomes a turn of the conversation with this id, or of a new one, whose id and turn it names; it
        names none where it could not be kept. The same `request_id` again gives what it gave before. Without `keep`
        nothing is stored. A follow-up is understood from the last turns of the conversation, or else from `history`,
        oldest first; with `stand_alone` the question is taken as it is. Raises InvalidQuestion, ConversationNotFound,
        ConversationFull, and InputError for both a conversation and a history, or a `request_id` of another question.
        """
        *_, (_, body) = self.converse_in_steps(
            question,
            conversation_id=conversation_id,
            keep=keep,
            request_id=request_id,
            history=history,
            stand_alone=stand_alone,
            max_sentences=max_sentences,
        )
        shown: Body = body
        return shown

    def converse_in_steps(
        self,
        question: str,
        *,
        conversation_id: str | None = None,
        keep: bool = False,
        request_id: str = "",
        history: Sequence[Exchange] = (),
        stand_alone: bool = False,
        max_sentences: int | None = None,
    ) -> Iterator[Step]:
        """The same as it becomes known: names of events and what they carry, "done" with the answer at the end.

        "question" comes first where something else is searched for than was typed, then "passages", "citations", and
        "sentence" for each. The turn is kept just before "done": who stops earlier leaves none. What `converse` raises
        is raised before the first step, but for StorageError, which may come later.
        """
        kept, keeping = self._store.conversations, self._keeping()
        if conversation_id is not None and history:
            raise InputError("Both a conversation and a history were given; a conversation has its own.")
        typed = analyse_question(question, max_chars=self.settings.max_question_chars).text
        again = conversations.answered_before(kept, conversation_id, request_id, keeping) if keep else None
        if again is not None:
            if again["question"] != typed:
                raise InputError(f"The request_id {request_id} was used for another question; every one needs its own.")
            yield from _in_steps(again)
            return
        as_of = self._store.change_number()
        if conversation_id is not None:
            history = conversations.history_of(kept, conversation_id, keeping, to_add=keep)
        used = () if stand_alone else conversations.recent(history)
        steps = self.ask_in_steps(question, max_sentences=max_sentences, history=used)
        searched = next(steps)
        if used and searched != typed:
            yield "question", {"question": typed, "stand_alone_question": searched}
        hits = next(steps)
        assert isinstance(hits, tuple)  # noqa: S101 - what ask_in_steps promises
        yield "passages", [render.hit_body(hit) for hit in hits]
        *_, answer = steps
        assert isinstance(answer, Answer)  # noqa: S101 - as above
        body = render.answer_body(answer)
        yield from _found(body)
        self.note_question(answer)
        if keep:
            body = conversations.keep(
                kept, body, self._keeping(), conversation_id=conversation_id, request_id=request_id, as_of=as_of
            )
        yield "done", body

    def note_question(self, answer: Answer) -> None:
        """Count how a question of a person ended, and keep its text if the settings say so. Raises no StorageError."""
        keep_days = self.settings.keep_questions_days
        text = answer.stand_alone_question or answer.question
        vector = self._embedder.embed_question(text) if keep_days else None
        unanswered.note(self._store, answer, vector=vector, keep_days=keep_days)

    def conversation(self, conversation_id: str) -> Conversation:
        """A conversation with all its turns. Raises ConversationNotFound, also when its time is over."""
        return conversations.open_conversation(self._store.conversations, conversation_id, self._keeping())

    def rename_conversation(self, conversation_id: str, title: str) -> Conversation:
        """Give a conversation another title, and give it back without its turns.

        Raises ConversationNotFound, InputError unless the title has 1 to 200 characters, StorageError.
        """
        return conversations.rename(self._store.conversations, conversation_id, title, self._keeping())

    def delete_conversation(self, conversation_id: str) -> None:
        """Delete a conversation: its words leave the disk too. Raises ConversationNotFound, StorageError."""
        conversations.delete(self._store.conversations, conversation_id, self._keeping())

    def forget_expired_conversations(self) -> None:
        """Delete the conversations whose time is over; none, if nothing can be written."""
        conversations.forget_expired(self._store.conversations, self._keeping())

    @staticmethod
    def markdown(conversation: Conversation, address: str) -> str:
        """A conversation as Markdown, with links under `address`: "https://host/"."""
        return to_markdown(conversation, address)

    def feedback(
        self,
        answer_id: str,
        *,
        relevance: str,
        citation_number: int | None = None,
        comment: str = "",
        turn: tuple[str, int] | None = None,
    ) -> None:
        """Keep what somebody thought of an answer, and with the turn of a conversation that shows it, if it has one.

        What is said of one citation is not said of the turn. Raises InputError when it makes no sense,
        ConversationNotFound, StorageError.
        """
        if relevance not in _RELEVANCE:
            raise InputError(f"relevance is {relevance!r}; expected one of {', '.join(_RELEVANCE)}.")
        if len(comment) > _MAX_COMMENT_CHARS:
            raise InputError(f"The comment has {len(comment):,} characters; at most {_MAX_COMMENT_CHARS:,} are kept.")
        if turn is not None and citation_number is None:
            self._store.conversations.rate(*turn, relevance, self._keeping())
        self._store.add_feedback(answer_id, None, relevance, citation_number, clean_text(comment)[0].strip())

    def _keeping(self) -> Keeping:
        """How long conversations are kept, from now."""
        return Keeping(self.settings.keep_conversations_days, datetime.now(UTC))


def _in_steps(body: Body) -> Iterator[Step]:
    """An answer that was kept, as if it were found now."""
    if body["stand_alone_question"] is not None:
        yield "question", {name: body[name] for name in ("question", "stand_alone_question")}
    yield "passages", body["passages"]
    yield from _found(body)
    yield "done", body


def _found(body: Body) -> Iterator[Step]:
    """What the documents say."""
    yield "citations", body["citations"]
    for sentence in body["answer"]["sentences"] if body["answer"] else []:
        yield "sentence", sentence
