"""Conversations that are kept: their answers as they were shown, what a follow-up may refer to, and when they go.

Every function works on the conversations that the store gives somebody: those of a person, and where nobody signs in
those whose id somebody knows; nothing lists the ids then. All times are UTC. A conversation whose time is over is not
found, whatever is still on the disk, and any touch of a conversation, like the start of the server, deletes those for
good; nothing runs by a clock.
"""

from __future__ import annotations

import hashlib
import secrets
import unicodedata
from collections.abc import Sequence
from contextlib import suppress

from rag.errors import ConversationNotFound, InputError, StorageError
from rag.records import Answer, Exchange
from rag.store.base import (
    Conversation,
    ConversationStore,
    NewTurn,
    Reply,
    RetentionPolicy,
    conversation_full,
    conversation_not_found,
)

# Questions in one conversation. It is opened as a whole, and an answer takes some 8 kB.
MAX_TURNS = 200
# Earlier turns that a follow-up may refer to.
HISTORY_TURNS = 5
MAX_TITLE_CHARS = 200
# Characters of the title that a conversation gets from its first question.
_FIRST_TITLE_CHARS = 60
_ID_BYTES = 16
# Characters. A request that starts a conversation is known again by its id, if nobody can guess that.
_UNGUESSABLE = 22
_DIFFERENT = 6
# Hexadecimal digits of the id that such a request has together with the address it came from: 128 bits.
_BOUND_DIGITS = 32
# Joiners, which letters of some scripts and emoji are made of: the only format characters that a title keeps.
_JOINERS = "\u200c\u200d"
_UNSEEN = ("Cc", "Cf", "Cs", "Co")


def recent(turns: Sequence[Exchange]) -> tuple[Exchange, ...]:
    """The last ones, as many as a follow-up may refer to."""
    return tuple(turns[-HISTORY_TURNS:])


def open_conversation(kept: ConversationStore, conversation_id: str, policy: RetentionPolicy) -> Conversation:
    """A conversation with all its turns. Raises ConversationNotFound."""
    forget_expired(kept, policy)
    found = kept.find(conversation_id, policy)
    if found is None:
        raise conversation_not_found()
    return found


def history_of(
    kept: ConversationStore, conversation_id: str, policy: RetentionPolicy, *, to_add: bool
) -> tuple[Exchange, ...]:
    """What the next question of a conversation may refer to, oldest first.

    Raises ConversationNotFound, and with `to_add` ConversationFull when it can have no further question.
    """
    forget_expired(kept, policy)
    found = kept.find(conversation_id, policy, last=HISTORY_TURNS)
    if found is None:
        raise conversation_not_found()
    if to_add and found.turns and found.turns[-1].number >= MAX_TURNS:
        raise conversation_full(MAX_TURNS)
    return tuple(exchange_of(turn.answer) for turn in found.turns)


def exchange_of(answer: Answer) -> Exchange:
    """What a follow-up may refer to in this answer: nothing of a document that was removed."""
    cited = [citation.place for citation in answer.citations if not citation.is_removed]
    topics = [name for p in cited for name in (p.source.title, p.section.rpartition(" > ")[2]) if name]
    return Exchange(
        question=answer.stand_alone_question or answer.question,
        quotes=tuple(sentence.text for sentence in answer.sentences if sentence.text),
        topics=tuple(dict.fromkeys(topics)),
    )


def request_of(client: str, request_id: str) -> str:
    """The id of a request as that of the client at this address: who guesses it elsewhere has another one.

    One that anybody could guess stays what it is: it opens nothing by itself.
    """
    if not client or not _is_unguessable(request_id):
        return request_id
    return hashlib.sha256(f"{client}\n{request_id}".encode("utf-8", "surrogatepass")).hexdigest()[:_BOUND_DIGITS]


def answered_before(
    kept: ConversationStore, conversation_id: str | None, request_id: str, policy: RetentionPolicy
) -> Reply | None:
    """The answer that this very request was given before, if it was kept: a connection was lost, and found again."""
    if not request_id or (conversation_id is None and not _is_unguessable(request_id)):
        return None
    found = kept.find_repeated(conversation_id, request_id, policy)
    return None if found is None else Reply(found[1].answer, found[0], found[1].number)


def keep(
    kept: ConversationStore,
    answer: Answer,
    policy: RetentionPolicy,
    *,
    conversation_id: str | None = None,
    request_id: str = "",
    as_of: int,
) -> Reply:
    """Keep an answer in a conversation, or start one with it, and give it back as it is shown there.

    `as_of` is the number of changes to the documents when `history_of` was asked. When the answer cannot be kept, as
    nothing can be written, the conversation is gone by now, or the settings keep none, it comes back as that of no
    conversation. Raises ConversationFull.
    """
    if not policy.days:
        return Reply(answer)
    given = NewTurn(
        conversation_id=conversation_id,
        request_id=request_id,
        answer=answer,
        new_id=secrets.token_urlsafe(_ID_BYTES),
        title=first_title(answer.question),
        as_of=as_of,
    )
    forget_expired(kept, policy)
    try:
        found, turn = kept.add(given, policy, at_most=MAX_TURNS, started=_is_unguessable(request_id))
    except (StorageError, ConversationNotFound):
        return Reply(answer)
    return Reply(turn.answer, found, turn.number)


def rename(kept: ConversationStore, conversation_id: str, title: str, policy: RetentionPolicy) -> Conversation:
    """Give a conversation another title. Raises InputError for one that will not do, and ConversationNotFound."""
    forget_expired(kept, policy)
    found = kept.rename(conversation_id, clean_title(title), policy)
    if found is None:
        raise conversation_not_found()
    return found


def delete(kept: ConversationStore, conversation_id: str, policy: RetentionPolicy) -> None:
    """Delete a conversation for good. Raises ConversationNotFound."""
    forget_expired(kept, policy)
    if not kept.delete(conversation_id, policy):
        raise conversation_not_found()


def forget_expired(kept: ConversationStore, policy: RetentionPolicy) -> None:
    """Delete the conversations whose time is over; another time, if nothing can be written now."""
    with suppress(StorageError):
        kept.expire(policy)


def first_title(question: str) -> str:
    """A title for a conversation that begins with this question, shortened at a word: "How wide is the …"."""
    title = _cleaned(question)
    if len(title) > _FIRST_TITLE_CHARS:
        words = title[: _FIRST_TITLE_CHARS - 1].rpartition(" ")[0] if " " in title[:_FIRST_TITLE_CHARS] else ""
        title = (words or title[: _FIRST_TITLE_CHARS - 2]) + " …"
    return title or "…"


def clean_title(title: str) -> str:
    """`title` without control characters. Raises InputError unless 1 to 200 characters are left."""
    cleaned = _cleaned(title)
    if not 1 <= len(cleaned) <= MAX_TITLE_CHARS:
        raise InputError(f"The title has {len(cleaned):,} characters; expected 1 to {MAX_TITLE_CHARS}.")
    return cleaned


def _cleaned(text: str) -> str:
    """`text` in one line, in NFC, without what is not seen: control, format and private characters, surrogates."""
    kept = "".join(
        character if character in _JOINERS or unicodedata.category(character) not in _UNSEEN else " "
        for character in unicodedata.normalize("NFC", text)
    )
    return " ".join(kept.split()) if kept.strip(_JOINERS + " ") else ""


def _is_unguessable(request_id: str) -> bool:
    """Whether the id of a request is as long as that of a conversation, and not made up of a few characters.

    Knowing it gives as much. Random ones have more than 6 different ones, also where there are 16 letters.
    """
    return len(request_id) >= _UNGUESSABLE and len(set(request_id)) >= _DIFFERENT
