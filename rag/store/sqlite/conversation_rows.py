"""Conversations as they were shown, and how the words of a deleted document leave them.

They are no documents: nothing here waits for the write lock that an ingest holds, or counts as a change.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import apsw

from rag.errors import ConversationNotFound
from rag.records import Access
from rag.store.base import (
    Conversation,
    ConversationHead,
    NewTurn,
    RetentionPolicy,
    Turn,
    conversation_full,
    conversation_not_found,
)
from rag.store.kept_answer import documents_of, read, without_missing, without_stand_alone, written
from rag.store.rows import conversation_columns as columns
from rag.store.shown_turns import named_documents, without_forbidden
from rag.store.sqlite.database import Database
from rag.store.sqlite.readable import reading_as
from rag.store.sqlite.storable import storable

# Whose a conversation is, and who may open it. One that began where nobody had to sign in belongs to whoever reads all.
_OWN = "((owner <> '' AND owner = :person) OR (owner = '' AND :reads_everything))"
_OPEN = f"({_OWN} OR (shared_with <> '' AND shared_with IN (SELECT value FROM json_each(:groups))))"  # noqa: S608 - constant text


class SqliteConversations:
    """The `rag.store.base.ConversationStore` of an open database, for one who asks."""

    def __init__(self, database: Database, access: Access) -> None:
        self._database = database
        self._access = access
        self._who = {
            "person": access.person,
            "reads_everything": access.reads_everything,
            "groups": json.dumps(sorted(access.names)),
        }

    def find(self, conversation_id: str, keeping: RetentionPolicy, *, last: int | None = None) -> Conversation | None:
        with self._database.reading() as connection, reading_as(connection, self._access):
            return self._read(connection, conversation_id, keeping, last)

    def heads(self, keeping: RetentionPolicy, *, at_most: int) -> list[ConversationHead]:
        with self._database.reading() as connection:
            rows = connection.execute(
                f"SELECT {columns.HEAD} FROM conversations WHERE {_OWN}"  # noqa: S608 - constant text
                " AND updated_at >= :since ORDER BY updated_at DESC LIMIT :at_most",
                self._who | {"since": keeping.live_since, "at_most": at_most},
            ).fetchall()
        return [columns.head_of(row, keeping) for row in rows]

    def find_repeated(
        self, conversation_id: str | None, request_id: str, keeping: RetentionPolicy
    ) -> tuple[str, Turn] | None:
        with self._database.reading() as connection, reading_as(connection, self._access):
            found = self._read_repeated(connection, conversation_id, request_id, keeping)
            return found and (found[0], _shown(connection, [found[1]])[0])

    def add(self, given: NewTurn, keeping: RetentionPolicy, *, at_most: int, started: bool) -> tuple[str, Turn]:
        if not self._access.person and not self._access.reads_everything:
            raise conversation_not_found()  # of nobody in particular: nobody could open it again
        with self._database.writing() as connection:
            if given.request_id and (given.conversation_id is not None or started):
                found = self._read_repeated(connection, given.conversation_id, given.request_id, keeping)
                if found is not None:
                    return found
            if given.conversation_id is None:
                conversation, last = _insert(connection, given, keeping, self._access.person), 0
                conversation_id = given.new_id
            else:
                conversation_id = given.conversation_id
                conversation, last = self._number_and_last(connection, conversation_id, keeping)
            if last >= at_most:
                raise conversation_full(last)
            turn = _insert_turn(connection, conversation, last + 1, given, keeping)
            connection.execute(
                "UPDATE conversations SET updated_at = ? WHERE number = ?", (keeping.moment, conversation)
            )
            return conversation_id, turn

    def rename(self, conversation_id: str, title: str, keeping: RetentionPolicy) -> Conversation | None:
        with self._database.writing() as connection:
            renamed = connection.execute(
                "UPDATE conversations SET title = :title WHERE id = :id AND updated_at >= :since"  # noqa: S608 - constant text
                f" AND {_OWN} RETURNING 1",
                self._of(conversation_id, keeping) | {"title": storable(title)},
            ).fetchall()
        return self.find(conversation_id, keeping, last=0) if renamed else None

    def share(self, conversation_id: str, group: str, keeping: RetentionPolicy) -> bool:
        with self._database.writing() as connection:
            shared = connection.execute(
                "UPDATE conversations SET shared_with = :group WHERE id = :id AND updated_at >= :since"  # noqa: S608 - constant text
                f" AND {_OWN} RETURNING 1",
                self._of(conversation_id, keeping) | {"group": storable(group)},
            ).fetchall()
        return bool(shared)

    def rate(self, conversation_id: str, number: int, relevance: str, keeping: RetentionPolicy) -> None:
        with self._database.writing() as connection:
            conversation, _ = self._number_and_last(connection, conversation_id, keeping)
            rated = connection.execute(
                "UPDATE turns SET relevance = ? WHERE conversation = ? AND number = ? RETURNING 1",
                (relevance, conversation, number),
            ).fetchall()
            if not rated:
                raise ConversationNotFound(f"This conversation has no question {number}.")

    def delete(self, conversation_id: str, keeping: RetentionPolicy) -> bool:
        with self._database.writing() as connection:
            found = connection.execute(
                f"DELETE FROM conversations WHERE id = :id AND updated_at >= :since AND {_OWN} RETURNING 1",  # noqa: S608 - constant text
                self._of(conversation_id, keeping),
            ).fetchall()
        self._database.empty_log()
        return bool(found)

    def expire(self, keeping: RetentionPolicy) -> int:
        since = keeping.live_since
        expired, values = ("conversations", ()) if since is None else ("conversations WHERE updated_at < ?", (since,))
        with self._database.reading() as connection:
            if connection.execute(f"SELECT 1 FROM {expired} LIMIT 1", values).get is None:  # noqa: S608 - constant text
                return 0
        with self._database.writing() as connection:
            found = connection.execute(f"DELETE FROM {expired} RETURNING 1", values).fetchall()  # noqa: S608 - as above
        self._database.empty_log()
        return len(found)

    def shrink(self, most_bytes: int) -> int:
        with self._database.reading() as connection:
            taken: int = connection.execute("SELECT coalesce(sum(octet_length(answer)), 0) FROM turns").get
        if taken <= most_bytes:
            return 0
        with self._database.writing() as connection:
            oldest_first: list[Any] = connection.execute(
                "SELECT conversations.number, sum(octet_length(answer)) FROM conversations JOIN turns"
                " ON conversation = conversations.number GROUP BY conversations.number ORDER BY updated_at, 1"
            ).fetchall()
            out = columns.oldest_beyond(most_bytes, taken, oldest_first)
            connection.executemany("DELETE FROM conversations WHERE number = ?", [(number,) for number in out])
        self._database.empty_log()
        return len(out)

    def _of(self, conversation_id: str, keeping: RetentionPolicy) -> dict[str, Any]:
        return self._who | {"id": storable(conversation_id), "since": keeping.live_since}

    def _number_and_last(
        self, connection: apsw.Connection, conversation_id: str, keeping: RetentionPolicy
    ) -> tuple[int, int]:
        """The number of an own conversation and that of its last turn. Raises ConversationNotFound."""
        row = connection.execute(
            "SELECT c.number, coalesce((SELECT max(number) FROM turns WHERE conversation = c.number), 0)"  # noqa: S608 - constant text
            f" FROM conversations c WHERE c.id = :id AND c.updated_at >= :since AND {_OWN}",
            self._of(conversation_id, keeping),
        ).fetchone()
        if row is None:
            raise conversation_not_found()
        return row[0], row[1]

    def _read(
        self, connection: apsw.Connection, conversation_id: str, keeping: RetentionPolicy, last: int | None
    ) -> Conversation | None:
        """A conversation that has not expired, with its last turns, oldest first."""
        row = connection.execute(
            f"SELECT number, {columns.HEAD}, {_OWN} FROM conversations"  # noqa: S608 - constant text
            f" WHERE id = :id AND updated_at >= :since AND {_OPEN}",
            self._of(conversation_id, keeping),
        ).fetchone()
        if row is None:
            return None
        number, *head, is_own = row
        turns = connection.execute(
            f"SELECT {columns.TURN} FROM turns WHERE conversation = ? ORDER BY number DESC LIMIT ?",  # noqa: S608 - as above
            (number, -1 if last is None else last),
        ).fetchall()
        shown = _shown(connection, [columns.turn_of(turn) for turn in reversed(turns)])
        return columns.conversation_of(head, shown, keeping, is_own=bool(is_own))

    def _read_repeated(
        self, connection: apsw.Connection, conversation_id: str | None, request_id: str, keeping: RetentionPolicy
    ) -> tuple[str, Turn] | None:
        """The turn that a request of whoever asks has made, and the id of its conversation."""
        which, since = ("c.id = :id", keeping.live_since)
        if conversation_id is None:
            which, since = ("t.number = 1", keeping.repeated_since)
        row = connection.execute(
            "SELECT c.id, t.number, t.asked_at, t.answer, t.relevance FROM conversations c JOIN turns t"  # noqa: S608 - the texts above
            " ON t.conversation = c.number AND t.request_id = :request AND t.request_id <> ''"
            f" WHERE {which} AND c.updated_at >= :since AND {_OWN} ORDER BY c.number DESC LIMIT 1",
            self._who | {"id": storable(conversation_id or ""), "request": request_id, "since": since},
        ).fetchone()
        return None if row is None else (row[0], columns.turn_of(row[1:]))


def erase_document(connection: apsw.Connection, document_id: str) -> None:
    """Take the words of a document out of every turn that shows some.

    Later turns of a conversation that quoted it lose what was filled into their questions: that may be its words.
    """
    shows: list[Any] = connection.execute(
        f"SELECT {columns.SHOWING} FROM turn_documents d JOIN turns t ON t.id = d.turn"  # noqa: S608 - as above
        " WHERE d.document_id = ?",
        (storable(document_id),),
    ).fetchall()
    kept, first_quoted = columns.erased(shows, document_id)
    _replace(connection, kept)
    for conversation, number in first_quoted.items():
        later: list[Any] = connection.execute(
            "SELECT id, answer FROM turns WHERE conversation = ? AND number > ?", (conversation, number)
        ).fetchall()
        _replace(connection, columns.without_filled_in(later))
    connection.execute("DELETE FROM turn_documents WHERE document_id = ?", (storable(document_id),))


def _insert(connection: apsw.Connection, given: NewTurn, keeping: RetentionPolicy, owner: str) -> int:
    """Start a conversation; its number."""
    number: int = connection.execute(
        "INSERT INTO conversations (id, title, created_at, updated_at, owner) VALUES (?, ?, ?, ?, ?) RETURNING number",
        (given.new_id, storable(given.title), keeping.moment, keeping.moment, owner),
    ).get
    return number


def _insert_turn(
    connection: apsw.Connection, conversation: int, number: int, given: NewTurn, keeping: RetentionPolicy
) -> Turn:
    """Write a turn without the words of documents that are not there any more."""
    answer, ids = given.answer, documents_of(given.answer)
    changes: int = connection.execute("SELECT value FROM meta WHERE name = 'change_number'").get
    if answer.stand_alone_question and changes != given.as_of and _has_removed(connection, conversation):
        answer = without_stand_alone(answer)
    stored = _stored(connection, ids)
    answer = without_missing(answer, stored)
    text = storable(written(answer))
    turn: int = connection.execute(
        "INSERT INTO turns (conversation, number, request_id, answer, asked_at) VALUES (?, ?, ?, ?, ?) RETURNING id",
        (conversation, number, given.request_id, text, keeping.moment),
    ).get
    connection.executemany(
        "INSERT INTO turn_documents (document_id, turn) VALUES (?, ?)", [(storable(i), turn) for i in sorted(stored)]
    )
    return Turn(number, keeping.moment, read(text), None)


def _stored(connection: apsw.Connection, ids: Sequence[str]) -> set[str]:
    """Those of the ids that documents have."""
    wanted = "SELECT id FROM documents WHERE id IN (SELECT value FROM json_each(?))"
    return {row[0] for row in connection.execute(wanted, (json.dumps(ids),))}


def _has_removed(connection: apsw.Connection, conversation: int) -> bool:
    """Whether a document that the conversation quoted was deleted."""
    return columns.have_removed(connection.execute("SELECT answer FROM turns WHERE conversation = ?", (conversation,)))


def _shown(connection: apsw.Connection, turns: list[Turn]) -> list[Turn]:
    """The turns without the words of documents that are there and that whoever reads may not read, or no more."""
    known = json.dumps(named_documents(turns))
    forbidden = {
        str(row[0])
        for row in connection.execute(
            "SELECT id FROM documents WHERE id IN (SELECT value FROM json_each(?1)) EXCEPT"
            " SELECT id FROM readable_documents WHERE id IN (SELECT value FROM json_each(?1))",
            (known,),
        )
    }
    return without_forbidden(turns, forbidden) if forbidden else turns


def _replace(connection: apsw.Connection, kept: Sequence[tuple[int, str]]) -> None:
    """Keep these answers of turns, by id, in place of those that were kept."""
    connection.executemany("UPDATE turns SET answer = ? WHERE id = ?", [(storable(text), turn) for turn, text in kept])
