"""Questions that were not answered, for whoever keeps the documents: noted, grouped, asked again.

The count of each day is kept always, as it holds nobody's words; texts only where the settings say for how many days.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

import numpy as np

from rag.errors import InputError, InvalidQuestion, StorageError
from rag.insights.open_questions import AskedAgain, DayCount, OpenQuestion, QuestionGroup, UnansweredReport
from rag.models.embedder import Embedder
from rag.records import Answer, AnswerStatus, NoAnswerReason
from rag.records.arrays import FloatVector
from rag.store.base import DistinctQuestion, LoggedQuestion, QuestionLog

_log = logging.getLogger("citewell.unanswered")

# Cosine from which a question joins a group. Looked at on 71 questions to an office, in 24 groups made by hand: of what
# shares a group .965 belongs together, and .72 of what belongs together shares one (at .60 .947 and .81, at .70 .965
# and .59). On the 2,910 answerable questions of 16 encyclopaedia articles, each article by itself, .76 of what shares a
# group is about the same paragraph (at .60 .68, at .70 .84): there it is rather topics that are grouped.
SAME_GROUP = 0.65
# Wordings that are compared with each other; of more, the latest asked ones.
MAX_WORDINGS = 2_000
MAX_DAYS = 366
MAX_ASKED_AGAIN = 50

_ANSWERED, _POSSIBLE = AnswerStatus.ANSWERED.value, AnswerStatus.POSSIBLE.value


def note(log: QuestionLog, answer: Answer, embedder: Embedder, *, keep_days: int) -> None:
    """Count how a question ended, and with `keep_days` keep its text for as many days, with its embedding.

    Never raises a StorageError: an answer is worth more than its mark in a list. What is kept is the question that was
    searched for; one in which there is nothing to look for is only counted.
    """
    now = datetime.now(UTC)
    outcome = answer.reason.value if answer.reason else answer.status.value
    asking = LoggedQuestion(
        answer_id=answer.id,
        question=answer.stand_alone_question or answer.question,
        outcome=outcome,
        confidence=answer.confidence.value,
        index_version=answer.index_version,
        asked_at=now.isoformat(timespec="seconds"),
    )
    is_kept = keep_days > 0 and outcome != NoAnswerReason.NOT_A_QUESTION
    # As a text, not as a question: questions are compared with each other here, not with passages.
    vector = embedder.embed([asking.question])[0] if is_kept else None
    try:
        log.note(asking, vector, keep_since=_keep_since(now, keep_days))
    except StorageError as error:
        _log.warning("a question could not be counted: %s", error)


def report(log: QuestionLog, *, days: int, keep_days: int) -> UnansweredReport:
    """What was not answered in the last `days` days, today among them, and how that was in as many days before.

    Groups need the texts. Raises InputError unless 1 <= days <= 366.
    """
    _check_days(days)
    now = datetime.now(UTC)
    try:
        log.expire(_keep_since(now, keep_days))
    except StorageError as error:
        _log.warning("questions that are too old could not be deleted: %s", error)
    first = now.date() - timedelta(days=days - 1)
    start = first - timedelta(days=days)
    outcomes = log.outcomes(start.isoformat())
    votes = log.votes_against(start.isoformat())
    counts = [_day_count(day.isoformat(), outcomes, votes) for day in (start + timedelta(n) for n in range(2 * days))]
    reasons: Counter[str] = Counter()
    for day, by_outcome in outcomes.items():
        if day >= first.isoformat():
            reasons.update({name: count for name, count in by_outcome.items() if name not in (_ANSWERED, _POSSIBLE)})
    groups, left_out = _groups(log, first, start) if keep_days else ((), 0)
    return UnansweredReport(
        per_day=tuple(counts[days:]),
        per_day_before=tuple(counts[:days]),
        reasons=dict(sorted(reasons.items())),
        keep_days=keep_days,
        groups=groups,
        left_out=left_out,
    )


def voted_on(log: QuestionLog, *, days: int, keep_days: int) -> list[DistinctQuestion]:
    """The kept questions of the last `days` days on whose answers somebody voted, the one asked last first.

    Raises InputError unless 1 <= days <= 366, and where no questions are kept: then votes belong to no question.
    """
    _check_days(days)
    if not keep_days:
        raise InputError("No questions are kept here, and so none with votes: set CITEWELL_KEEP_QUESTIONS_DAYS first.")
    first = datetime.now(UTC).date() - timedelta(days=days - 1)
    return [wording for wording in log.wordings(first.isoformat()) if wording.up or wording.down]


def ask_again(log: QuestionLog, ask: Callable[[str], Answer], ids: Sequence[int]) -> list[AskedAgain]:
    """The questions with these ids asked again, in the order of the ids.

    Left out is one that is no longer kept, or has become too long to be asked.
    What was declined and is answered now is so noted, and no longer open. What was voted down stays open, as only a
    person can say whether it is right now. Raises InputError for too many ids.
    """
    if len(ids) > MAX_ASKED_AGAIN:
        raise InputError(f"{len(ids)} questions were to be asked again; at most {MAX_ASKED_AGAIN} are at a time.")
    texts = log.texts(ids)
    asked = []
    for number in dict.fromkeys(ids):
        if number not in texts:
            continue
        with suppress(InvalidQuestion):
            answer = ask(texts[number])
            asked.append(AskedAgain(number, answer))
            if answer.status is AnswerStatus.ANSWERED:
                _note_answered(log, texts[number], answer)
    return asked


def dismiss(log: QuestionLog, ids: Sequence[int]) -> None:
    """Forget the questions with these ids, and everybody who asked the same in the same words. Raises StorageError."""
    log.forget(list(log.texts(ids).values()))


def group_similar(vectors: Sequence[FloatVector], *, threshold: float = SAME_GROUP) -> list[list[int]]:
    """Positions of unit vectors in groups: each joins the nearest leader, or leads a group of its own.

    A leader is the first of its group; a vector joins where its cosine to the leader is at least `threshold`, the
    earlier one of two as near. Groups are in the order of their leaders, so what comes first counts most.
    """
    groups: list[list[int]] = []
    leaders = np.empty((len(vectors), len(vectors[0]) if len(vectors) else 0), dtype=np.float32)
    for position, vector in enumerate(vectors):
        cosines = leaders[: len(groups)] @ vector
        nearest = int(cosines.argmax()) if groups else -1
        if groups and cosines[nearest] >= threshold:
            groups[nearest].append(position)
        else:
            leaders[len(groups)] = vector
            groups.append([position])
    return groups


def _note_answered(log: QuestionLog, question: str, answer: Answer) -> None:
    """Note that a question is answered by now; what cannot be noted is only open for longer."""
    try:
        log.answered_now(
            question,
            answer_id=answer.id,
            confidence=answer.confidence.value,
            index_version=answer.index_version,
        )
    except StorageError as error:
        _log.warning("that a question is answered now could not be noted: %s", error)


def expire(log: QuestionLog, *, keep_days: int) -> None:
    """Delete the questions that were asked before the last `keep_days` days. Raises StorageError."""
    log.expire(_keep_since(datetime.now(UTC), keep_days))


def _check_days(days: int) -> None:
    if not 1 <= days <= MAX_DAYS:
        raise InputError(f"{days} days were asked for; expected 1 to {MAX_DAYS}.")


def _keep_since(now: datetime, keep_days: int) -> str | None:
    """The moment before which no question is kept, None when none is. A whole day goes at once, after midnight."""
    return (now.date() - timedelta(days=keep_days)).isoformat() if keep_days else None


def _day_count(day: str, outcomes: dict[str, dict[str, int]], votes: dict[str, int]) -> DayCount:
    by_outcome = outcomes.get(day, {})
    answered, possible = by_outcome.get(_ANSWERED, 0), by_outcome.get(_POSSIBLE, 0)
    return DayCount(day, answered, possible, sum(by_outcome.values()) - answered - possible, votes.get(day, 0))


def _groups(log: QuestionLog, first: date, start: date) -> tuple[tuple[QuestionGroup, ...], int]:
    """The open questions asked since the day `first`, in groups, and how many are too many to be compared.

    Counts before that day begin with `start`.
    """
    wordings = [w for w in log.wordings(start.isoformat()) if _is_open(w, first.isoformat())]
    compared = wordings[:MAX_WORDINGS]
    found = [_open_question(wording, first.isoformat()) for wording in compared]
    found.sort(key=lambda question: (-question.wrong, question.question))
    vectors = log.vectors([question.id for question in found])
    found = [question for question in found if question.id in vectors]  # unless forgotten in between
    groups = group_similar([vectors[question.id] for question in found])
    made = [QuestionGroup(tuple(found[position] for position in group)) for group in groups]
    made.sort(key=lambda group: group.last_asked, reverse=True)
    made.sort(key=lambda group: group.wrong, reverse=True)
    return tuple(made), len(wordings) - len(compared)


def _is_open(wording: DistinctQuestion, first: str) -> bool:
    """A question that was asked since the day `first`, and was not answered for sure the last time, or voted down."""
    return wording.latest.asked_at >= first and (wording.latest.outcome != _ANSWERED or wording.down > 0)


def _open_question(wording: DistinctQuestion, first: str) -> OpenQuestion:
    latest = wording.latest
    count = sum(moment >= first for moment in wording.moments)
    return OpenQuestion(
        id=wording.id,
        question=latest.question,
        count=count,
        before=len(wording.moments) - count,
        outcome=latest.outcome,
        confidence=latest.confidence,
        last_asked=latest.asked_at,
        up=wording.up,
        down=wording.down,
        comments=wording.comments,
    )
