"""Questions of people, one after the other: follow-ups understood, answers kept as they were shown, opened again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol, Required, TypedDict, Unpack

from rag.answer.followup.stand_alone import stand_alone
from rag.answer.question import clean_question
from rag.answer.question_service import PendingAnswer
from rag.conversations import kept_conversations
from rag.errors import InputError, StorageError
from rag.read.canonical import clean_text
from rag.records import Access, Answer, Exchange, Hit
from rag.settings import Settings
from rag.store.base import (
    Conversation,
    ConversationHead,
    Reply,
    RetentionPolicy,
    Store,
    conversation_not_found,
)

_RELEVANCE = ("relevant", "not_relevant")
_MAX_COMMENT_CHARS = 2_000
# Conversations in the list of somebody.
MAX_LISTED = 200
# Answers that are kept between two looks at how much room all take: a megabyte or two.
_KEPT_BETWEEN_LOOKS = 100

# Counts how a question of a person ended.
NoteQuestion = Callable[[Answer], None]


class RecordShown(Protocol):
    """Puts down what a person is shown for a question, as `rag.access.audit_service.AuditService.asked` does."""

    def __call__(self, answer: Answer, *, access: Access, max_sentences: int | None) -> None:
        """Put it down; `max_sentences` is what was asked for."""
        ...


class Answerer(Protocol):
    """Answers a question in two steps, as `rag.answer.question_service.QuestionService` does."""

    def begin(
        self, question: str, *, access: Access, max_sentences: int | None = None, history: Sequence[Exchange] = ()
    ) -> PendingAnswer:
        """The passages for a question, from which its answer can be made. Raises InvalidQuestion."""
        ...


@dataclass(frozen=True, slots=True)
class AnsweredTurn:
    """An answer that is known, and neither counted nor kept yet."""

    answer: Answer
    keep: Callable[[], Reply]  # counts it, keeps it if that was asked for, and gives it as it is shown then


@dataclass(frozen=True, slots=True)
class PendingTurn:
    """A question of a person whose passages are found; `answer()` makes the answer from them."""

    question: str  # as it was typed, cleaned
    searched: str  # what was searched for instead; the same where nothing had to be filled in
    passages: Sequence[Hit]
    answer: Callable[[], AnsweredTurn]


class AskedAs(TypedDict, total=False):
    """Who asks a question of a person, and how; `ConversationService.begin` says what each means."""

    access: Required[Access]
    conversation_id: str | None
    keep: bool
    request_id: str
    client: str
    history: Sequence[Exchange]
    stand_alone: bool
    max_sentences: int | None


class ConversationService:
    """The conversations of one data directory: each a person's, or where nobody signs in of whoever knows its id."""

    def __init__(
        self, settings: Settings, store: Store, questions: Answerer, note: NoteQuestion, record: RecordShown
    ) -> None:
        self._settings = settings
        self._store = store
        self._questions = questions
        self._note = note
        self._record = record
        self._to_keep = 0  # answers, until it is looked how much room all take

    def ask(self, question: str, **asked: Unpack[AskedAs]) -> Reply:
        """The answer to a question of a person. Takes what `begin` takes, and raises what it raises."""
        return self.begin(question, **asked).answer().keep()

    def begin(
        self,
        question: str,
        *,
        access: Access,
        conversation_id: str | None = None,
        keep: bool = False,
        request_id: str = "",
        client: str = "",
        history: Sequence[Exchange] = (),
        stand_alone: bool = False,
        max_sentences: int | None = None,
    ) -> PendingTurn:
        """The passages for a question of a person, before its answer is known.

        With `keep` the answer becomes a turn of the conversation with this id, or of a new one, whose id and turn it
        names; it names none where it could not be kept. The same `request_id` again gives what it gave before. Without
        `keep` nothing is stored. `client` is the address of who asks: another one's request of the same id is another
        request, unless a person asks, who is known by name. A follow-up is understood from the last turns of the
        conversation, or else from `history`, oldest first; with `stand_alone` the question is taken as it is. Whoever
        does not call `keep` of the answer leaves no turn. Raises InvalidQuestion, ConversationNotFound,
        ConversationFull, and InputError for both a conversation and a history, or a `request_id` of another question.
        """
        kept, policy = self._store.conversations_of(access), self._policy()
        if conversation_id is not None and history:
            raise InputError("Both a conversation and a history were given; a conversation has its own.")
        typed = clean_question(question, max_chars=self._settings.max_question_chars)
        own_id = request_id if access.person else kept_conversations.request_of(client, request_id)
        repeated = kept_conversations.answered_before(kept, conversation_id, own_id, policy) if keep else None
        if repeated is not None:
            if repeated.answer.question != typed:
                raise InputError(f"The request_id {request_id} was used for another question; every one needs its own.")
            self._record(repeated.answer, access=access, max_sentences=max_sentences)
            return _repeated(repeated)
        as_of = self._store.change_number()
        if conversation_id is not None:
            history = kept_conversations.history_of(kept, conversation_id, policy, to_add=keep)
        used = () if stand_alone else kept_conversations.recent(history)
        pending = self._questions.begin(question, access=access, max_sentences=max_sentences, history=used)

        def answer() -> AnsweredTurn:
            made = pending.answer()
            self._record(made, access=access, max_sentences=max_sentences)
            return AnsweredTurn(made, lambda: keep_it(made))

        def keep_it(made: Answer) -> Reply:
            self._note(made)
            if not keep:
                return Reply(made)
            self._make_room()
            return kept_conversations.keep(
                kept, made, self._policy(), conversation_id=conversation_id, request_id=own_id, as_of=as_of
            )

        return PendingTurn(typed, pending.searched, pending.passages, answer)

    def all(self, *, access: Access) -> list[ConversationHead]:
        """The conversations of whoever asks, the one asked in last first; at most MAX_LISTED of them."""
        self.forget_expired()
        return self._store.conversations_of(access).heads(self._policy(), at_most=MAX_LISTED)

    def get(self, conversation_id: str, *, access: Access) -> Conversation:
        """A conversation with all its turns. Raises ConversationNotFound, also when its time is over."""
        return kept_conversations.open_conversation(
            self._store.conversations_of(access), conversation_id, self._policy()
        )

    def retold(self, said: Sequence[Exchange]) -> tuple[Exchange, ...]:
        """The last of what was said elsewhere, oldest first, as `begin` takes it for a history.

        The questions of `said` are as they were typed, so what each leaves out is filled in from those before it.
        """
        told: list[Exchange] = []
        for exchange in kept_conversations.recent(said):
            question = exchange.question[: self._settings.max_question_chars]
            told.append(replace(exchange, question=stand_alone(question, told)))
        return tuple(told)

    def until(self, conversation_id: str, turn: int, *, access: Access) -> tuple[Exchange, ...] | None:
        """What was said up to a turn of a conversation, as `begin` takes it for a history.

        None where that turn is the last, so that the next question goes on in the conversation itself. Raises
        ConversationNotFound, also where it has no such turn.
        """
        turns = self.get(conversation_id, access=access).turns
        if turn not in {found.number for found in turns}:
            raise conversation_not_found()
        if turn == turns[-1].number:
            return None
        before = [found.answer for found in turns if found.number <= turn]
        return kept_conversations.recent([kept_conversations.exchange_of(answer) for answer in before])

    def rename(self, conversation_id: str, title: str, *, access: Access) -> Conversation:
        """Give a conversation another title, and give it back without its turns.

        Raises ConversationNotFound, InputError unless the title has 1 to 200 characters, StorageError.
        """
        return kept_conversations.rename(self._store.conversations_of(access), conversation_id, title, self._policy())

    def share(self, conversation_id: str, group: str, *, access: Access) -> None:
        """Let a group of whoever asks open a conversation of theirs too; "" takes that back.

        Raises ConversationNotFound, and InputError for a group that they are not in.
        """
        if group and group not in access.names:
            raise InputError(f"You are not in the group {group!r}, so you cannot share with it.")
        if not self._store.conversations_of(access).share(conversation_id, group, self._policy()):
            raise conversation_not_found()

    def delete(self, conversation_id: str, *, access: Access) -> None:
        """Delete a conversation: its words leave the disk too. Raises ConversationNotFound, StorageError."""
        kept_conversations.delete(self._store.conversations_of(access), conversation_id, self._policy())

    def forget_expired(self) -> None:
        """Delete the conversations, votes and comments whose time is over; none, if nothing can be written."""
        kept_conversations.forget_expired(self._store.conversations_of(Access.everything()), self._policy())
        with suppress(StorageError):
            self._store.expire_feedback(self._feedback_since())

    def apply_retention(self) -> dict[str, int]:
        """Delete all that is over its time or beyond its room, and say how many of what. Raises StorageError."""
        everybodys = self._store.conversations_of(Access.everything())
        return {
            "conversations over their time": everybodys.expire(self._policy()),
            "conversations beyond their room": everybodys.shrink(
                self._settings.max_conversations_megabytes * 1_000_000
            ),
            "votes and comments": self._store.expire_feedback(self._feedback_since()),
        }

    def add_feedback(
        self,
        answer_id: str,
        *,
        access: Access,
        relevance: str,
        citation_number: int | None = None,
        comment: str = "",
        turn: tuple[str, int] | None = None,
    ) -> None:
        """Keep what somebody thought of an answer, and with the turn of a conversation that shows it, if it has one.

        It is kept for as long as the settings say. What is said of one citation is not said of the turn. Raises
        InputError when it makes no sense, ConversationNotFound, StorageError.
        """
        if relevance not in _RELEVANCE:
            raise InputError(f"relevance is {relevance!r}; expected one of {', '.join(_RELEVANCE)}.")
        if len(comment) > _MAX_COMMENT_CHARS:
            raise InputError(f"The comment has {len(comment):,} characters; at most {_MAX_COMMENT_CHARS:,} are kept.")
        if turn is not None and citation_number is None:
            self._store.conversations_of(access).rate(*turn, relevance, self._policy())
        self._store.expire_feedback(self._feedback_since())
        if self._settings.keep_feedback_days:
            cleaned = clean_text(comment)[0].strip()
            self._store.add_feedback(answer_id, None, relevance, citation_number, cleaned, access.person)

    def _feedback_since(self) -> str | None:
        """The moment before which no vote or comment is kept; None when none is."""
        days = self._settings.keep_feedback_days
        return (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="seconds") if days else None

    def _make_room(self) -> None:
        """Now and then, delete the oldest conversations where all take more room than the settings give them."""
        self._to_keep -= 1
        if self._to_keep < 0:
            self._to_keep = _KEPT_BETWEEN_LOOKS
            with suppress(StorageError):
                everybodys = self._store.conversations_of(Access.everything())
                everybodys.shrink(self._settings.max_conversations_megabytes * 1_000_000)

    def _policy(self) -> RetentionPolicy:
        """How long conversations are kept, from now."""
        return RetentionPolicy(self._settings.keep_conversations_days, datetime.now(UTC))


def _repeated(reply: Reply) -> PendingTurn:
    """An answer that was kept, as if it were found now; it is neither counted nor kept again."""
    kept = reply.answer
    searched = kept.stand_alone_question or kept.question
    return PendingTurn(kept.question, searched, kept.passages, lambda: AnsweredTurn(kept, lambda: reply))
