"""What was asked and how it ended: a count for each day always, and the texts where they are kept.

Nothing here changes a document, so nothing waits for the write lock or moves the change number.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rag.store.database import Database
from rag.store.rows import FloatVector, storable

# As stored: little-endian whatever the machine.
_STORED = np.dtype("<f4")


@dataclass(frozen=True, slots=True)
class Asking:
    """One question as it was asked once."""

    answer_id: str
    question: str  # as it was searched for
    outcome: str  # "answered", or the reason why not
    confidence: float
    index_version: int
    asked_at: str  # ISO 8601, UTC


@dataclass(frozen=True, slots=True)
class Wording:
    """A kept question with all its askings since a moment, and the votes on their answers."""

    id: int  # of the latest asking
    latest: Asking
    moments: tuple[str, ...]  # of all its askings, oldest first
    up: int
    down: int
    comments: tuple[str, ...]  # newest first


class Questions:
    """The tables of questions, outcomes and votes in one database. Methods may raise a StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, asking: Asking, vector: FloatVector | None, *, keep_since: str | None) -> None:
        """Count the outcome for its day, keep the question, and delete those that were asked before `keep_since`.

        With None nothing is kept, and what was kept earlier is deleted.
        """
        with self._database.writing() as connection:
            connection.execute(
                "INSERT INTO outcomes VALUES (?, ?, 1) ON CONFLICT (day, outcome) DO UPDATE SET count = count + 1",
                (asking.asked_at[:10], asking.outcome),
            )
            if keep_since is not None and vector is not None:
                connection.execute(
                    "INSERT INTO questions (answer_id, question, outcome, confidence, index_version, vector, asked_at)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (
                        asking.answer_id,
                        storable(asking.question),
                        asking.outcome,
                        asking.confidence,
                        asking.index_version,
                        vector.astype(_STORED).tobytes(),
                        asking.asked_at,
                    ),
                )
            connection.execute("DELETE FROM questions WHERE asked_at < ?", (keep_since or "~",))  # after any digit
            has_deleted = connection.changes() > 0
        if has_deleted:
            self._database.empty_log()

    def expire(self, keep_since: str | None) -> None:
        """Delete the questions that were asked before a moment, or all of them."""
        with self._database.reading() as connection:
            due = connection.execute("SELECT 1 FROM questions WHERE asked_at < ? LIMIT 1", (keep_since or "~",)).get
        if due:
            with self._database.writing() as connection:
                connection.execute("DELETE FROM questions WHERE asked_at < ?", (keep_since or "~",))
            self._database.empty_log()

    def outcomes(self, since: str) -> dict[str, dict[str, int]]:
        """For each day from `since` on that has any, how many questions ended how."""
        found: dict[str, dict[str, int]] = {}
        with self._database.reading() as connection:
            for day, outcome, count in connection.execute("SELECT * FROM outcomes WHERE day >= ?", (since,)):
                found.setdefault(day, {})[outcome] = count
        return found

    def votes_against(self, since: str) -> dict[str, int]:
        """For each day from `since` on that has any, how many votes were given against an answer."""
        with self._database.reading() as connection:
            found: list[Any] = connection.execute(
                "SELECT substr(created_at, 1, 10) AS day, count(*) FROM feedback"
                " WHERE relevance = 'not_relevant' AND created_at >= ? GROUP BY day",
                (since,),
            ).fetchall()
            return dict(found)

    def wordings(self, since: str) -> list[Wording]:
        """The kept questions since a moment, the one asked last first. The same letter by letter is one wording."""
        with self._database.reading() as connection:
            rows: list[Any] = connection.execute(
                "SELECT id, answer_id, question, outcome, confidence, index_version, asked_at FROM questions"
                " WHERE asked_at >= ? ORDER BY asked_at, id",
                (since,),
            ).fetchall()
            votes: list[Any] = connection.execute(
                "SELECT answer_id, relevance, comment FROM feedback WHERE answer_id IN"
                " (SELECT answer_id FROM questions WHERE asked_at >= ?) ORDER BY id DESC",
                (since,),
            ).fetchall()
        votes_of: dict[str, list[tuple[str, str]]] = {}
        for answer_id, relevance, comment in votes:
            votes_of.setdefault(answer_id, []).append((relevance, comment))
        askings_of: dict[str, list[tuple[int, Asking]]] = {}
        for number, *row in rows:
            askings_of.setdefault(row[1], []).append((number, Asking(*row)))
        found = [_wording(askings, votes_of) for askings in askings_of.values()]
        return sorted(found, key=lambda wording: (wording.latest.asked_at, wording.id), reverse=True)

    def vectors(self, ids: Sequence[int]) -> dict[int, FloatVector]:
        """The vectors of the questions with these ids, float32, shape (dimension,)."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT id, vector FROM questions WHERE id IN (SELECT value FROM json_each(?))", (_listed(ids),)
            )
            return {number: np.frombuffer(vector, _STORED).astype(np.float32) for number, vector in rows}

    def texts(self, ids: Sequence[int]) -> dict[int, str]:
        """The questions with these ids, those that are there."""
        with self._database.reading() as connection:
            found: list[Any] = connection.execute(
                "SELECT id, question FROM questions WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id",
                (_listed(ids),),
            ).fetchall()
            return dict(found)

    def answered_now(self, question: str, *, answer_id: str, confidence: float, index_version: int) -> None:
        """Of every declined asking of this wording, that it is answered by now. What was voted down stays so."""
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE questions SET outcome = 'answered', answer_id = ?, confidence = ?, index_version = ?"
                " WHERE question = ? AND outcome <> 'answered'",
                (answer_id, confidence, index_version, storable(question)),
            )

    def forget(self, wordings: Sequence[str]) -> None:
        """Delete all askings of these wordings, and the comments on their answers."""
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
        """Delete every kept question and every comment on an answer. Votes and the counts of the days stay."""
        with self._database.writing() as connection:
            connection.execute("UPDATE feedback SET comment = '', question = NULL")
            connection.execute("DELETE FROM questions")
        self._database.empty_log()


def _listed(ids: Sequence[int]) -> str:
    """Ids for `json_each`."""
    return json.dumps([int(number) for number in ids])


def _wording(askings: Sequence[tuple[int, Asking]], votes_of: Mapping[str, Sequence[tuple[str, str]]]) -> Wording:
    """All askings of one wording, oldest first, with the votes on their answers, each vote once."""
    answer_ids = dict.fromkeys(asking.answer_id for _, asking in reversed(askings))
    votes = [vote for answer_id in answer_ids for vote in votes_of.get(answer_id, ())]
    number, latest = askings[-1]
    return Wording(
        id=number,
        latest=latest,
        moments=tuple(asking.asked_at for _, asking in askings),
        up=sum(relevance == "relevant" for relevance, _ in votes),
        down=sum(relevance == "not_relevant" for relevance, _ in votes),
        comments=tuple(comment for _, comment in votes if comment),
    )
