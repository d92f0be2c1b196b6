"""Conversations as they were shown, and how the words of a deleted document leave them.

They are no documents: nothing here waits for the lock that an ingest holds, or counts as a change. Whoever adds a turn
keeps documents from being changed for that moment, so that no words of one stay that is deleted meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

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
from rag.store.postgres.meta_tables import pg_change_number
from rag.store.postgres.postgres_connections import Connections, Hold, PgConnection
from rag.store.postgres.row_values import first, holdable, one, rows, run, run_each
from rag.store.rows import conversation_columns as columns
from rag.store.shown_turns import named_documents, without_forbidden

# Whose a conversation is, and who may open it. One that began where nobody had to sign in belongs to whoever reads all.
_OWN = "((owner <> '' AND owner = %(person)s) OR (owner = '' AND %(reads_everything)s))"
_OPEN = f"({_OWN} OR (shared_with <> '' AND shared_with = ANY (%(groups)s::text[])))"


class PostgresConversations:
    """The `rag.store.base.ConversationStore` of an open database, for one who asks."""

    def __init__(self, connections: Connections, access: Access) -> None:
        self._connections = connections
        self._access = access
        self._who: dict[str, Any] = {
            "person": holdable(access.person),
            "reads_everything": access.reads_everything,
            "groups": [holdable(name) for name in sorted(access.names)],
        }

    def find(self, conversation_id: str, keeping: RetentionPolicy, *, last: int | None = None) -> Conversation | None:
        with self._connections.reading(self._access) as connection:
            return self._read(connection, conversation_id, keeping, last)

    def heads(self, keeping: RetentionPolicy, *, at_most: int) -> list[ConversationHead]:
        with self._connections.reading() as connection:
            found = rows(
                connection,
                f"SELECT {columns.HEAD} FROM conversations WHERE {_OWN}"  # noqa: S608 - constant text
                " AND updated_at >= %(since)s ORDER BY updated_at DESC, number LIMIT %(at_most)s",
                self._who | {"since": keeping.live_since, "at_most": at_most},
            )
        return [columns.head_of(row, keeping) for row in found]

    def find_repeated(
        self, conversation_id: str | None, request_id: str, keeping: RetentionPolicy
    ) -> tuple[str, Turn] | None:
        with self._connections.reading(self._access) as connection:
            found = self._read_repeated(connection, conversation_id, request_id, keeping)
            return found and (found[0], _shown(connection, [found[1]])[0])

    def add(self, given: NewTurn, keeping: RetentionPolicy, *, at_most: int, started: bool) -> tuple[str, Turn]:
        if not self._access.person and not self._access.reads_everything:
            raise conversation_not_found()  # of nobody in particular: nobody could open it again
        added: tuple[str, Turn] | None = None

        def is_made(other: PgConnection) -> bool:
            return added is not None and _has_turn(other, added[0], added[1], given.request_id)

        with self._connections.writing(Hold.DOCUMENTS_STAY, is_made=is_made) as connection:
            if given.request_id and (given.conversation_id is not None or started):
                # The same request twice at once: the second one waits, and finds what the first has written.
                run(connection, "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (holdable(given.request_id),))
                found = self._read_repeated(connection, given.conversation_id, given.request_id, keeping)
                if found is not None:
                    added = found
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
            run(
                connection,
                "UPDATE conversations SET updated_at = %s WHERE number = %s",
                (keeping.moment, conversation),
            )
            added = conversation_id, turn
        return added

    def rename(self, conversation_id: str, title: str, keeping: RetentionPolicy) -> Conversation | None:
        renamed = self._change(conversation_id, keeping, "title", title)
        return self.find(conversation_id, keeping, last=0) if renamed else None

    def share(self, conversation_id: str, group: str, keeping: RetentionPolicy) -> bool:
        return self._change(conversation_id, keeping, "shared_with", group)

    def _change(self, conversation_id: str, keeping: RetentionPolicy, column: str, value: str) -> bool:
        """Give an own conversation another value; whether there is one."""
        which = f"id = %(id)s AND updated_at >= %(since)s AND {_OWN}"
        given = self._of(conversation_id, keeping) | {"value": holdable(value)}

        def is_made(other: PgConnection) -> bool:
            found = one(other, f"SELECT {column} = %(value)s FROM conversations WHERE {which}", given)  # noqa: S608 - constant text
            return found is not False  # none is there to be changed

        with self._connections.writing(is_made=is_made) as connection:
            changed = run(connection, f"UPDATE conversations SET {column} = %(value)s WHERE {which}", given)  # noqa: S608 - constant text
        return changed > 0

    def rate(self, conversation_id: str, number: int, relevance: str, keeping: RetentionPolicy) -> None:
        def is_made(other: PgConnection) -> bool:
            found = one(
                other,
                "SELECT t.relevance FROM turns t JOIN conversations c ON c.number = t.conversation"
                " WHERE c.id = %s AND t.number = %s",
                (holdable(conversation_id), number),
            )
            return bool(found == relevance)

        with self._connections.writing(is_made=is_made) as connection:
            conversation, _ = self._number_and_last(connection, conversation_id, keeping)
            rated = run(
                connection,
                "UPDATE turns SET relevance = %s WHERE conversation = %s AND number = %s",
                (relevance, conversation, number),
            )
            if not rated:
                raise ConversationNotFound(f"This conversation has no question {number}.")

    def delete(self, conversation_id: str, keeping: RetentionPolicy) -> bool:
        which = f"conversations WHERE id = %(id)s AND updated_at >= %(since)s AND {_OWN}"
        given = self._of(conversation_id, keeping)

        def is_made(other: PgConnection) -> bool:
            return one(other, f"SELECT 1 FROM {which}", given) is None  # noqa: S608 - constant text

        with self._connections.writing(is_made=is_made) as connection:
            found = run(connection, f"DELETE FROM {which}", given)  # noqa: S608 - constant text
        return found > 0

    def expire(self, keeping: RetentionPolicy) -> int:
        since = keeping.live_since
        expired, values = ("conversations", ()) if since is None else ("conversations WHERE updated_at < %s", (since,))
        with self._connections.reading() as connection:
            if one(connection, f"SELECT 1 FROM {expired} LIMIT 1", values) is None:  # noqa: S608 - constant text
                return 0
        with self._connections.writing() as connection:
            return run(connection, f"DELETE FROM {expired}", values)  # noqa: S608 - as above

    def shrink(self, most_bytes: int) -> int:
        with self._connections.reading() as connection:
            taken = int(one(connection, "SELECT coalesce(sum(octet_length(answer)), 0)::bigint FROM turns"))
        if taken <= most_bytes:
            return 0
        with self._connections.writing() as connection:
            oldest_first = rows(
                connection,
                "SELECT c.number, sum(octet_length(t.answer))::bigint FROM conversations c JOIN turns t"
                " ON t.conversation = c.number GROUP BY c.number, c.updated_at ORDER BY c.updated_at, c.number",
            )
            out = columns.oldest_beyond(most_bytes, taken, oldest_first)
            run(connection, "DELETE FROM conversations WHERE number = ANY (%s::bigint[])", (out,))
        return len(out)

    def _of(self, conversation_id: str, keeping: RetentionPolicy) -> dict[str, Any]:
        return self._who | {"id": holdable(conversation_id), "since": keeping.live_since}

    def _number_and_last(
        self, connection: PgConnection, conversation_id: str, keeping: RetentionPolicy
    ) -> tuple[int, int]:
        """The number of an own conversation, kept from others until the end, and that of its last turn.

        Raises ConversationNotFound.
        """
        number = one(
            connection,
            f"SELECT number FROM conversations WHERE id = %(id)s AND updated_at >= %(since)s AND {_OWN} FOR UPDATE",  # noqa: S608 - constant text
            self._of(conversation_id, keeping),
        )
        if number is None:
            raise conversation_not_found()
        return number, one(connection, "SELECT coalesce(max(number), 0) FROM turns WHERE conversation = %s", (number,))

    def _read(
        self, connection: PgConnection, conversation_id: str, keeping: RetentionPolicy, last: int | None
    ) -> Conversation | None:
        """A conversation that has not expired, with its last turns, oldest first."""
        row = first(
            connection,
            f"SELECT number, {columns.HEAD}, {_OWN} FROM conversations"  # noqa: S608 - constant text
            f" WHERE id = %(id)s AND updated_at >= %(since)s AND {_OPEN}",
            self._of(conversation_id, keeping),
        )
        if row is None:
            return None
        number, *head, is_own = row
        turns = rows(
            connection,
            f"SELECT {columns.TURN} FROM turns WHERE conversation = %s ORDER BY number DESC LIMIT %s",  # noqa: S608 - as above
            (number, last),
        )
        shown = _shown(connection, [columns.turn_of(turn) for turn in reversed(turns)])
        return columns.conversation_of(head, shown, keeping, is_own=bool(is_own))

    def _read_repeated(
        self, connection: PgConnection, conversation_id: str | None, request_id: str, keeping: RetentionPolicy
    ) -> tuple[str, Turn] | None:
        """The turn that a request of whoever asks has made, and the id of its conversation."""
        which, since = ("c.id = %(id)s", keeping.live_since)
        if conversation_id is None:
            which, since = ("t.number = 1", keeping.repeated_since)
        row = first(
            connection,
            "SELECT c.id, t.number, t.asked_at, t.answer, t.relevance FROM conversations c JOIN turns t"  # noqa: S608 - the texts above
            " ON t.conversation = c.number AND t.request_id = %(request)s AND t.request_id <> ''"
            f" WHERE {which} AND c.updated_at >= %(since)s AND {_OWN} ORDER BY c.number DESC LIMIT 1",
            self._who | {"id": holdable(conversation_id or ""), "request": holdable(request_id), "since": since},
        )
        return None if row is None else (row[0], columns.turn_of(row[1:]))


def pg_erase_document(connection: PgConnection, document_id: str) -> None:
    """Take the words of a document out of every turn that shows some.

    Later turns of a conversation that quoted it lose what was filled into their questions: that may be its words.
    """
    document = (holdable(document_id),)
    shows = rows(
        connection,
        f"SELECT {columns.SHOWING} FROM turn_documents d JOIN turns t ON t.id = d.turn"  # noqa: S608 - as above
        " WHERE d.document_id = %s",
        document,
    )
    kept, first_quoted = columns.erased(shows, document_id)
    _replace(connection, kept)
    for conversation, number in first_quoted.items():
        later = rows(
            connection, "SELECT id, answer FROM turns WHERE conversation = %s AND number > %s", (conversation, number)
        )
        _replace(connection, columns.without_filled_in(later))
    run(connection, "DELETE FROM turn_documents WHERE document_id = %s", document)


def _insert(connection: PgConnection, given: NewTurn, keeping: RetentionPolicy, owner: str) -> int:
    """Start a conversation; its number."""
    number: int = one(
        connection,
        "INSERT INTO conversations (id, title, created_at, updated_at, owner) VALUES (%s, %s, %s, %s, %s)"
        " RETURNING number",
        (given.new_id, holdable(given.title), keeping.moment, keeping.moment, owner),
    )
    return number


def _insert_turn(
    connection: PgConnection, conversation: int, number: int, given: NewTurn, keeping: RetentionPolicy
) -> Turn:
    """Write a turn without the words of documents that are not there any more."""
    answer, ids = given.answer, documents_of(given.answer)
    changes = pg_change_number(connection)
    if answer.stand_alone_question and changes != given.as_of and _has_removed(connection, conversation):
        answer = without_stand_alone(answer)
    wanted = [holdable(document_id) for document_id in ids]
    stored = {row[0] for row in rows(connection, "SELECT id FROM documents WHERE id = ANY (%s::text[])", (wanted,))}
    answer = without_missing(answer, stored)
    text = holdable(written(answer))
    turn: int = one(
        connection,
        "INSERT INTO turns (conversation, number, request_id, answer, asked_at) VALUES (%s, %s, %s, %s, %s)"
        " RETURNING id",
        (conversation, number, holdable(given.request_id), text, keeping.moment),
    )
    run_each(
        connection,
        "INSERT INTO turn_documents (document_id, turn) VALUES (%s, %s)",
        [(document_id, turn) for document_id in sorted(stored)],
    )
    return Turn(number, keeping.moment, read(text), None)


def _has_turn(connection: PgConnection, conversation_id: str, turn: Turn, request_id: str) -> bool:
    """Whether this turn is kept, and not another one in its place."""
    found = one(
        connection,
        "SELECT 1 FROM turns t JOIN conversations c ON c.number = t.conversation"
        " WHERE c.id = %s AND t.number = %s AND t.request_id = %s AND t.asked_at = %s",
        (holdable(conversation_id), turn.number, holdable(request_id), turn.asked_at),
    )
    return found is not None


def _has_removed(connection: PgConnection, conversation: int) -> bool:
    """Whether a document that the conversation quoted was deleted."""
    kept = rows(connection, "SELECT answer FROM turns WHERE conversation = %s", (conversation,))
    return columns.have_removed(kept)


def _shown(connection: PgConnection, turns: list[Turn]) -> list[Turn]:
    """The turns without the words of documents that are there and that whoever reads may not read, or no more."""
    known = [holdable(document_id) for document_id in named_documents(turns)]
    forbidden = {
        row[0]
        for row in rows(
            connection,
            "SELECT id FROM documents WHERE id = ANY (%(known)s::text[]) EXCEPT"
            " SELECT id FROM readable_documents WHERE id = ANY (%(known)s::text[])",
            {"known": known},
        )
    }
    return without_forbidden(turns, forbidden) if forbidden else turns


def _replace(connection: PgConnection, kept: Sequence[tuple[int, str]]) -> None:
    """Keep these answers of turns, by id, in place of those that were kept."""
    run_each(connection, "UPDATE turns SET answer = %s WHERE id = %s", [(holdable(text), turn) for turn, text in kept])
