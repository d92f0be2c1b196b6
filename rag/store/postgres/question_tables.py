"""The log of questions, and the votes on answers.

Nothing here changes a document, so nothing waits for those who do or moves the change number.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.records.arrays import FloatVector
from rag.store.base import DistinctQuestion, FeedbackRecord, LoggedQuestion
from rag.store.fitting import now
from rag.store.postgres.postgres_connections import Connections, PgConnection
from rag.store.postgres.row_values import holdable, in_binary, one, rows, run
from rag.store.rows import question_columns as columns
from rag.store.wordings import distinct


class PostgresQuestionLog:
    """The `rag.store.base.QuestionLog` of an open database."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def note(self, asking: LoggedQuestion, vector: FloatVector | None, *, keep_since: str | None) -> None:
        with self._connections.writing() as connection:
            run(
                connection,
                "INSERT INTO outcomes AS o VALUES (%s, %s, 1)"
                " ON CONFLICT (day, outcome) DO UPDATE SET count = o.count + 1",
                (asking.asked_at[:10], asking.outcome),
            )
            if keep_since is not None and vector is not None:
                run(
                    connection,
                    f"INSERT INTO questions ({columns.NEW_ASKING}) VALUES (%s, %s, %s, %s, %s, %s, %s)",  # noqa: S608 - constant columns
                    columns.asking_values(asking, holdable(asking.question), vector),
                )
            _delete_before(connection, keep_since)

    def expire(self, keep_since: str | None) -> None:
        with self._connections.reading() as connection:
            oldest = one(connection, "SELECT min(asked_at) FROM questions")
        if oldest is not None and (keep_since is None or oldest < keep_since):
            with self._connections.writing() as connection:
                _delete_before(connection, keep_since)

    def outcomes(self, since: str) -> dict[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = {}
        with self._connections.reading() as connection:
            for day, outcome, count in rows(
                connection, "SELECT day, outcome, count FROM outcomes WHERE day >= %s ORDER BY day, outcome", (since,)
            ):
                found.setdefault(day, {})[outcome] = count
        return found

    def votes_against(self, since: str) -> dict[str, int]:
        with self._connections.reading() as connection:
            return dict(
                rows(
                    connection,
                    "SELECT substr(created_at, 1, 10) AS day, count(*) FROM feedback"
                    " WHERE relevance = 'not_relevant' AND created_at >= %s GROUP BY day ORDER BY day",
                    (since,),
                )
            )

    def wordings(self, since: str) -> list[DistinctQuestion]:
        with self._connections.reading() as connection:
            askings = rows(
                connection,
                f"SELECT id, {columns.ASKING} FROM questions"  # noqa: S608 - constant columns
                " WHERE asked_at >= %s ORDER BY asked_at, id",
                (since,),
            )
            votes = rows(
                connection,
                "SELECT answer_id, relevance, comment FROM feedback WHERE answer_id IN"
                " (SELECT answer_id FROM questions WHERE asked_at >= %s) ORDER BY id DESC",
                (since,),
            )
        given = ((answer_id, relevance, comment) for answer_id, relevance, comment in votes)
        return distinct(((number, LoggedQuestion(*row)) for number, *row in askings), given)

    def vectors(self, ids: Sequence[int]) -> dict[int, FloatVector]:
        with self._connections.reading() as connection:
            found = in_binary(
                connection, "SELECT id, vector FROM questions WHERE id = ANY (%s::bigint[])", (_listed(ids),)
            )
        return {number: columns.vector_of(vector) for number, vector in found}

    def texts(self, ids: Sequence[int]) -> dict[int, str]:
        with self._connections.reading() as connection:
            asked = "SELECT id, question FROM questions WHERE id = ANY (%s::bigint[]) ORDER BY id"
            return dict(rows(connection, asked, (_listed(ids),)))

    def answered_now(self, question: str, *, answer_id: str, confidence: float, index_version: int) -> None:
        with self._connections.writing() as connection:
            run(
                connection,
                "UPDATE questions SET outcome = 'answered', answer_id = %s, confidence = %s, index_version = %s"
                " WHERE question = %s AND outcome <> 'answered'",
                (answer_id, confidence, index_version, holdable(question)),
            )

    def forget(self, wordings: Sequence[str]) -> None:
        wanted = ([holdable(wording) for wording in wordings],)
        with self._connections.writing() as connection:
            run(
                connection,
                "UPDATE feedback SET comment = '', question = NULL WHERE answer_id IN"
                " (SELECT answer_id FROM questions WHERE question = ANY (%s::text[]))",
                wanted,
            )
            run(connection, "DELETE FROM questions WHERE question = ANY (%s::text[])", wanted)

    def forget_all(self) -> None:
        with self._connections.writing() as connection:
            run(connection, "UPDATE feedback SET comment = '', question = NULL")
            run(connection, "DELETE FROM questions")


def pg_add_feedback(
    connection: PgConnection,
    answer_id: str,
    question: str | None,
    relevance: str,
    citation_number: int | None,
    comment: str,
    person: str,
) -> int:
    """Keep what someone thinks of an answer; its id."""
    feedback_id: int = one(
        connection,
        f"INSERT INTO feedback ({columns.NEW_FEEDBACK})"  # noqa: S608 - constant columns
        " VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING id",
        (
            holdable(answer_id),
            None if question is None else holdable(question),
            relevance,
            citation_number,
            holdable(comment),
            now(),
            holdable(person),
        ),
    )
    return feedback_id


def pg_has_feedback(connection: PgConnection, feedback_id: int, answer_id: str, relevance: str, person: str) -> bool:
    """Whether what was kept under this id is this, and not what took its place where it was lost."""
    found = one(
        connection,
        "SELECT 1 FROM feedback WHERE id = %s AND answer_id = %s AND relevance = %s AND person = %s",
        (feedback_id, holdable(answer_id), relevance, holdable(person)),
    )
    return found is not None


def pg_feedback_of(connection: PgConnection, person: str) -> list[FeedbackRecord]:
    """What a person thought of answers, oldest first; nothing for nobody in particular."""
    found = rows(
        connection,
        f"SELECT {columns.FEEDBACK} FROM feedback"  # noqa: S608 - constant columns
        " WHERE person = %s AND person <> '' ORDER BY id",
        (holdable(person),),
    )
    return [FeedbackRecord(*row) for row in found]


def pg_forget_feedback(connection: PgConnection, person: str) -> int:
    """Delete what a person thought of answers, and give how many there were."""
    return run(connection, "DELETE FROM feedback WHERE person = %s AND person <> ''", (holdable(person),))


def pg_expire_feedback(connections: Connections, keep_since: str | None) -> int:
    """Delete votes and comments that were given before a moment, or with None all, and give their number."""
    which, values = ("feedback", ()) if keep_since is None else ("feedback WHERE created_at < %s", (keep_since,))
    with connections.reading() as connection:
        if one(connection, f"SELECT 1 FROM {which} LIMIT 1", values) is None:  # noqa: S608 - constant text
            return 0
    with connections.writing() as connection:
        return run(connection, f"DELETE FROM {which}", values)  # noqa: S608 - as above


def _delete_before(connection: PgConnection, moment: str | None) -> None:
    """Delete the questions that were asked before a moment, or with None all."""
    if moment is None:
        run(connection, "DELETE FROM questions")
    else:
        run(connection, "DELETE FROM questions WHERE asked_at < %s", (moment,))


def _listed(ids: Sequence[int]) -> list[int]:
    return [int(number) for number in ids]
