"""Conversations as they were shown, and how the words of a deleted document leave them.

They are no documents: nothing here waits for the write lock that an ingest holds, or counts as a change.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import apsw

from rag.errors import ConversationFull, ConversationNotFound
from rag.records import Conversation, Turn
from rag.shown import Shown, cites, documents_of, without_document, without_stand_alone
from rag.store.database import Database
from rag.store.rows import storable

_LONGEST = 36_500  # days: further than a date may be counted from
# Within this time of its last turn a conversation is found by the request that started it.
_REPEATED_WITHIN = timedelta(days=1)
_COLUMNS = "number, id, title, created_at, updated_at"
_TURN = "number, asked_at, shown, relevance"


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long conversations are kept, seen from one moment."""

    days: int  # after the last turn; 0 keeps none
    now: datetime  # UTC

    @property
    def moment(self) -> str:
        """Now, as it is stored: ISO 8601, UTC, to the second."""
        return _iso(self.now)

    @property
    def live_since(self) -> str:
        """A conversation whose last turn is older than this has expired."""
        return _iso(self.now - self._span()) if self.days else "9999"  # later than any

    @property
    def repeated_since(self) -> str:
        """One whose last turn is older than this is no longer found by the request that started it."""
        return max(self.live_since, _iso(self.now - _REPEATED_WITHIN))

    def expires_at(self, updated_at: str) -> str:
        """When a conversation expires whose last turn was then."""
        return _iso(datetime.fromisoformat(updated_at) + self._span())

    def _span(self) -> timedelta:
        return timedelta(days=min(self.days, _LONGEST))


@dataclass(frozen=True, slots=True)
class NewTurn:
    """An answer to be kept: in the conversation it belongs to, or in a new one."""

    conversation_id: str | None
    request_id: str  # of the client; or ""
    shown: Shown
    new_id: str  # of the conversation that is started without one
    title: str  # likewise
    as_of: int  # the number of changes to the documents when the earlier turns were read


class Conversations:
    """The conversations of an open database. Each method is one transaction, and may raise a StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, conversation_id: str, keeping: Keeping, *, last: int | None = None) -> Conversation | None:
        """A conversation that has not expired, with all its turns or the `last` few; None without one."""
        with self._database.reading() as connection:
            return _read(connection, conversation_id, keeping, last)

    def find_repeated(self, conversation_id: str | None, request_id: str, keeping: Keeping) -> tuple[str, Turn] | None:
        """The turn that this request has made before, and the id of its conversation; None without one.

        Without an id it is the first turn of a conversation of the last day.
        """
        with self._database.reading() as connection:
            return _read_repeated(connection, conversation_id, request_id, keeping)

    def add(self, given: NewTurn, keeping: Keeping, *, at_most: int, started: bool) -> tuple[str, Turn]:
        """Keep an answer, and give back its turn and the id of the conversation.

        When its request has made one before, that is it, and nothing is added; with `started`, that may be the first
        turn of a conversation that the client knows nothing of. Words of documents that were deleted since they were
        read are left out. Raises ConversationNotFound, and ConversationFull when it has `at_most` turns.
        """
        with self._database.writing() as connection:
            if given.request_id and (given.conversation_id is not None or started):
                found = _read_repeated(connection, given.conversation_id, given.request_id, keeping)
                if found is not None:
                    return found
            if given.conversation_id is None:
                conversation, conversation_id, last = _insert(connection, given, keeping), given.new_id, 0
            else:
                conversation_id = given.conversation_id
                conversation, last = _number_and_last(connection, conversation_id, keeping)
            if last >= at_most:
                raise full(last)
            turn = _insert_turn(connection, conversation, last + 1, given, keeping)
            connection.execute(
                "UPDATE conversations SET updated_at = ? WHERE number = ?", (keeping.moment, conversation)
            )
            return conversation_id, turn

    def rename(self, conversation_id: str, title: str, keeping: Keeping) -> Conversation | None:
        """Give a conversation another title, and give it back without its turns; None without one."""
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE conversations SET title = ? WHERE id = ? AND updated_at >= ?",
                (storable(title), storable(conversation_id), keeping.live_since),
            )
            return _read(connection, conversation_id, keeping, 0)

    def rate(self, conversation_id: str, number: int, relevance: str, keeping: Keeping) -> None:
        """Keep with a turn what somebody thought of its answer. Raises ConversationNotFound for it too."""
        with self._database.writing() as connection:
            conversation, _ = _number_and_last(connection, conversation_id, keeping)
            rated = connection.execute(
                "UPDATE turns SET relevance = ? WHERE conversation = ? AND number = ? RETURNING 1",
                (relevance, conversation, number),
            ).fetchall()
            if not rated:
                raise ConversationNotFound(f"This conversation has no question {number}.")

    def delete(self, conversation_id: str, keeping: Keeping) -> bool:
        """Delete a conversation; whether there was one. Its words are gone from the files too."""
        with self._database.writing() as connection:
            found = connection.execute(
                "DELETE FROM conversations WHERE id = ? AND updated_at >= ? RETURNING 1",
                (storable(conversation_id), keeping.live_since),
            ).fetchall()
        self._database.empty_log()
        return bool(found)

    def expire(self, keeping: Keeping) -> int:
        """Delete the conversations that have expired, and give their number. Writes nothing where there are none."""
        expired = "conversations WHERE updated_at < ?"
        with self._database.reading() as connection:
            if connection.execute(f"SELECT 1 FROM {expired} LIMIT 1", (keeping.live_since,)).get is None:  # noqa: S608 - constant text
                return 0
        with self._database.writing() as connection:
            found = connection.execute(f"DELETE FROM {expired} RETURNING 1", (keeping.live_since,)).fetchall()  # noqa: S608 - as above
        self._database.empty_log()
        return len(found)


def erase_document(connection: apsw.Connection, document_id: str) -> None:
    """Take the words of a document out of every turn that shows some.

    Later turns of a conversation that quoted it lose what was filled into their questions: that may be its words.
    """
    shows: list[Any] = connection.execute(
        "SELECT t.id, t.conversation, t.number, t.shown FROM turn_documents d JOIN turns t ON t.id = d.turn"
        " WHERE d.document_id = ?",
        (storable(document_id),),
    ).fetchall()
    first_quoted: dict[int, int] = {}
    for turn, conversation, number, text in shows:
        shown = json.loads(text)
        if cites(shown, document_id):
            first_quoted[conversation] = min(number, first_quoted.get(conversation, number))
        _replace(connection, turn, without_document(shown, document_id))
    for conversation, number in first_quoted.items():
        later: list[Any] = connection.execute(
            "SELECT id, shown FROM turns WHERE conversation = ? AND number > ?"
            " AND json_extract(shown, '$.stand_alone_question') IS NOT NULL",
            (conversation, number),
        ).fetchall()
        for turn, text in later:
            _replace(connection, turn, without_stand_alone(json.loads(text)))
    connection.execute("DELETE FROM turn_documents WHERE document_id = ?", (storable(document_id),))


def not_found() -> ConversationNotFound:
    """The error for an id that no conversation has, or none any more. It does not repeat the id: that is a key."""
    return ConversationNotFound("There is no such conversation: it was deleted, or its time is over. Start a new one.")


def full(turns: int) -> ConversationFull:
    """The error for one question more than a conversation may have."""
    return ConversationFull(
        f"This conversation has {turns} questions, which is the most that one may have. Start a new one."
    )


def _insert(connection: apsw.Connection, given: NewTurn, keeping: Keeping) -> int:
    """Start a conversation; its number."""
    number: int = connection.execute(
        "INSERT INTO conversations (id, title, created_at, updated_at) VALUES (?, ?, ?, ?) RETURNING number",
        (given.new_id, storable(given.title), keeping.moment, keeping.moment),
    ).get
    return number


def _insert_turn(connection: apsw.Connection, conversation: int, number: int, given: NewTurn, keeping: Keeping) -> Turn:
    """Write a turn without the words of documents that are not there any more."""
    shown, ids = given.shown, documents_of(given.shown)
    changes: int = connection.execute("SELECT value FROM meta WHERE name = 'change_number'").get
    if shown["stand_alone_question"] and changes != given.as_of and _has_removed(connection, conversation):
        shown = without_stand_alone(shown)
    stored = _stored(connection, ids)
    for document_id in ids:
        if document_id not in stored:
            shown = without_document(shown, document_id)
    text = _as_text(shown)
    turn: int = connection.execute(
        "INSERT INTO turns (conversation, number, request_id, shown, asked_at) VALUES (?, ?, ?, ?, ?) RETURNING id",
        (conversation, number, given.request_id, text, keeping.moment),
    ).get
    connection.executemany(
        "INSERT INTO turn_documents (document_id, turn) VALUES (?, ?)", [(storable(i), turn) for i in sorted(stored)]
    )
    return Turn(number, keeping.moment, json.loads(text), None)


def _stored(connection: apsw.Connection, ids: Sequence[str]) -> set[str]:
    """Those of the ids that documents have."""
    wanted = "SELECT id FROM documents WHERE id IN (SELECT value FROM json_each(?))"
    return {row[0] for row in connection.execute(wanted, (json.dumps(ids),))}


def _has_removed(connection: apsw.Connection, conversation: int) -> bool:
    """Whether a document that the conversation quoted was deleted."""
    found = connection.execute(
        "SELECT 1 FROM turns, json_each(shown, '$.citations') WHERE conversation = ?"
        " AND json_extract(json_each.value, '$.removed') LIMIT 1",
        (conversation,),
    ).get
    return found is not None


def _number_and_last(connection: apsw.Connection, conversation_id: str, keeping: Keeping) -> tuple[int, int]:
    """The number of a conversation and that of its last turn. Raises ConversationNotFound."""
    row = connection.execute(
        "SELECT c.number, coalesce((SELECT max(number) FROM turns WHERE conversation = c.number), 0)"
        " FROM conversations c WHERE c.id = ? AND c.updated_at >= ?",
        (storable(conversation_id), keeping.live_since),
    ).fetchone()
    if row is None:
        raise not_found()
    return row[0], row[1]


def _read(connection: apsw.Connection, conversation_id: str, keeping: Keeping, last: int | None) -> Conversation | None:
    """A conversation that has not expired, with its last turns, oldest first."""
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM conversations WHERE id = ? AND updated_at >= ?",  # noqa: S608 - constant columns
        (storable(conversation_id), keeping.live_since),
    ).fetchone()
    if row is None:
        return None
    number, found_id, title, created_at, updated_at = row
    turns = connection.execute(
        f"SELECT {_TURN} FROM turns WHERE conversation = ? ORDER BY number DESC LIMIT ?",  # noqa: S608 - as above
        (number, -1 if last is None else last),
    ).fetchall()
    expires_at = keeping.expires_at(updated_at)
    return Conversation(found_id, title, created_at, updated_at, expires_at, tuple(map(_turn, reversed(turns))))


def _read_repeated(
    connection: apsw.Connection, conversation_id: str | None, request_id: str, keeping: Keeping
) -> tuple[str, Turn] | None:
    """The turn that a request has made, and the id of its conversation."""
    which, since = ("c.id = ?2", keeping.live_since)
    if conversation_id is None:
        which, since = ("?2 IS NULL AND t.number = 1", keeping.repeated_since)
    row = connection.execute(
        "SELECT c.id, t.number, t.asked_at, t.shown, t.relevance FROM conversations c JOIN turns t"  # noqa: S608 - the texts above
        f" ON t.conversation = c.number AND t.request_id = ?1 AND t.request_id <> ''"
        f" WHERE {which} AND c.updated_at >= ?3 ORDER BY c.number DESC LIMIT 1",
        (request_id, None if conversation_id is None else storable(conversation_id), since),
    ).fetchone()
    return None if row is None else (row[0], _turn(row[1:]))


def _turn(row: Sequence[Any]) -> Turn:
    """The record of a row with the columns of _TURN."""
    number, asked_at, shown, relevance = row
    return Turn(number, asked_at, json.loads(shown), relevance)


def _replace(connection: apsw.Connection, turn: int, shown: Shown) -> None:
    connection.execute("UPDATE turns SET shown = ? WHERE id = ?", (_as_text(shown), turn))


def _as_text(shown: Shown) -> str:
    return storable(json.dumps(shown, ensure_ascii=False, separators=(",", ":")))


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
