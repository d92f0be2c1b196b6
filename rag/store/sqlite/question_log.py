"""The log of questions: a count for each day and outcome always, and the texts where they are kept.

Nothing here changes a document, so nothing waits for the write lock or moves the change number.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import apsw

from rag.records.arrays import FloatVector
from rag.store.base import DistinctQuestion, FeedbackRecord, LoggedQuestion
from rag.store.fitting import now
from rag.store.rows import question_columns as columns
from rag.store.sqlite.database import Database
from rag.store.sqlite.storable import storable
from rag.store.wordings import distinct


class SqliteQuestionLog:
    """The `rag.store.base.QuestionLog` of an open database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, asking: LoggedQuestion, vector: FloatVector | None, *, keep_since: str | None) -> None:
        with self._database.writing() as connection:
            connection.execute(
                "INSERT INTO outcomes VALUES (?, ?, 1) ON CONFLICT (day, outcome) DO UPDATE SET count = count + 1",
                (asking.asked_at[:10], asking.outcome),
            )
            if keep_since is not None and vector is not None:
                connection.execute(
                    f"INSERT INTO questions ({columns.NEW_ASKING}) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - constant columns
                    columns.asking_values(asking, storable(asking.question), vector),
                )
            connection.execute(*_delete_before(keep_since))
            has_deleted = connection.changes() > 0
        if has_deleted:
            self._database.empty_log()

    def expire(self, keep_since: str | None) -> None:
        with self._database.reading() as connection:
            oldest = connection.execute("SELECT min(asked_at) FROM questions").get
        if oldest is not None and (keep_since is None or oldest < keep_since):
            with self._database.writing() as connection:
                connection.execute(*_delete_before(keep_since))
            self._database.empty_log()

    def outcomes(self, since: str) -> dict[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = {}
        with self._database.reading() as connection:
            for day, outcome, count in connection.execute("SELECT * FROM outcomes WHERE day >= ?", (since,)):
                found.setdefault(day, {})[outcome] = count
        return found

    def votes_against(self, since: str) -> dict[str, int]:
        with self._database.reading() as connection:
            found: list[Any] = connection.execute(
                "SELECT substr(created_at, 1, 10) AS day, count(*) FROM feedback"
                " WHERE relevance = 'not_relevant' AND created_at >= ? GROUP BY day",
                (since,),
            ).fetchall()
            return dict(found)

    def wordings(self, since: str) -> list[DistinctQuestion]:
        with self._database.reading() as connection:
            rows: list[Any] = connection.execute(
                f"SELECT id, {columns.ASKING} FROM questions"  # noqa: S608 - constant columns
                " WHERE asked_at >= ? ORDER BY asked_at, id",
                (since,),
            ).fetchall()
            votes: list[Any] = connection.execute(
                "SELECT answer_id, relevance, comment FROM feedback WHERE answer_id IN"
                " (SELECT answer_id FROM questions WHERE asked_at >= ?) ORDER BY id DESC",
                (since,),
            ).fetchall()
        return distinct(((number, LoggedQuestion(*row)) for number, *row in rows), votes)

    def vectors(self, ids: Sequence[int]) -> dict[int, FloatVector]:
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT id, vector FROM questions WHERE id IN (SELECT value FROM json_each(?))", (_listed(ids),)
            )
            return {number: columns.vector_of(vector) for number, vector in rows}

    def texts(self, ids: Sequence[int]) -> dict[int, str]:
        with self._database.reading() as connection:
            found: list[Any] = connection.execute(
                "SELECT id, question FROM questions WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id",
                (_listed(ids),),
            ).fetchall()
            return dict(found)

    def answered_now(self, question: str, *, answer_id: str, confidence: float, index_version: int) -> None:
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE questions SET outcome = 'answered', answer_id = ?, confidence = ?, index_version = ?"
                " WHERE question = ? AND outcome <> 'answered'",
                (answer_id, confidence, index_version, storable(question)),
            )

    def forget(self, wordings: Sequence[str]) -> None:
        with self._database.writing() as connection:
            wanted = (json.dumps(list(wordings)),)
            connection.execute(
                "UPDATE feedback SET comment = '', question = NULL WHERE answer_id IN"
                " (SELECT answer_id FROM questions WHERE question IN (SELECT value FROM json_each(?)))",
                wanted,
            )
            connection.execute("DELETE FROM questions WHERE question IN (SELECT value FROM json_each(?))", wanted)
        self._database.empty_log()

    def forget_all(self) -> None:
        with self._database.writing() as connection:
            connection.execute("UPDATE feedback SET comment = '', question = NULL")
            connection.execute("DELETE FROM questions")
        self._database.empty_log()


def add_feedback(
    connection: apsw.Connection,
    answer_id: str,
    question: str | None,
    relevance: str,
    citation_number: int | None,
    comment: str,
    person: str,
) -> int:
    """Keep what someone thinks of an answer; its id."""
    feedback_id: int = connection.execute(
        f"INSERT INTO feedback ({columns.NEW_FEEDBACK})"  # noqa: S608 - constant columns
        " VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (
            storable(answer_id),
            None if question is None else storable(question),
            relevance,
            citation_number,
            storable(comment),
            now(),
            storable(person),
        ),
    ).get
    return feedback_id


def feedback_of(database: Database, person: str) -> list[FeedbackRecord]:
    """What a person thought of answers, oldest first; nothing for nobody in particular."""
    with database.reading() as connection:
        rows: list[Any] = connection.execute(
            f"SELECT {columns.FEEDBACK} FROM feedback"  # noqa: S608 - constant columns
            " WHERE person = ? AND person <> '' ORDER BY id",
            (storable(person),),
        ).fetchall()
    return [FeedbackRecord(*row) for row in rows]


def forget_feedback(database: Database, person: str) -> int:
    """Delete what a person thought of answers, and give how many there were."""
    with database.writing() as connection:
        found = connection.execute(
            "DELETE FROM feedback WHERE person = ? AND person <> '' RETURNING 1", (storable(person),)
        ).fetchall()
    database.empty_log()
    return len(found)


def expire_feedback(database: Database, keep_since: str | None) -> int:
    """Delete votes and comments that were given before a moment, or with None all, and give their number."""
    which, values = ("feedback", ()) if keep_since is None else ("feedback WHERE created_at < ?", (keep_since,))
    with database.reading() as connection:
        if connection.execute(f"SELECT 1 FROM {which} LIMIT 1", values).get is None:  # noqa: S608 - constant text
            return 0
    with database.writing() as connection:
        found = connection.execute(f"DELETE FROM {which} RETURNING 1", values).fetchall()  # noqa: S608 - as above
    database.empty_log()
    return len(found)


def _delete_before(moment: str | None) -> tuple[str, tuple[str, ...]]:
    """The statement that deletes the questions that were asked before a moment, or with None all, and its values."""
    return ("DELETE FROM questions", ()) if moment is None else ("DELETE FROM questions WHERE asked_at < ?", (moment,))


def _listed(ids: Sequence[int]) -> str:
    """Ids for `json_each`."""
    return json.dumps([int(number) for number in ids])
