"""Questions that were asked, how they ended, and the votes on their answers."""

from __future__ import annotations

import numpy as np

from rag.store.base import LoggedQuestion, Store
from tests.support.stores import unit_rows

VECTOR = unit_rows(1)[0]


def asked(question: str, day: int, *, outcome: str = "not_found", answer_id: str = "") -> LoggedQuestion:
    at = f"2026-11-{day:02}T09:00:00+00:00"
    return LoggedQuestion(answer_id or f"{question}{day}", question, outcome, 0.25, 3, at)


def test_each_outcome_is_counted_and_a_text_only_where_it_is_kept(store: Store) -> None:
    log = store.questions
    log.note(asked("Why?", 20), VECTOR, keep_since="2026-11-01")
    log.note(asked("Why?", 21), VECTOR, keep_since="2026-11-01")
    log.note(asked("How?", 21, outcome="answered"), None, keep_since="2026-11-01")
    assert log.outcomes("2026-11-21") == {"2026-11-21": {"not_found": 1, "answered": 1}}
    (wording,) = log.wordings("2026-11-01")
    assert (wording.latest, wording.moments) == (
        asked("Why?", 21),
        ("2026-11-20T09:00:00+00:00", "2026-11-21T09:00:00+00:00"),
    )
    assert log.texts([wording.id, 99]) == {wording.id: "Why?"}
    np.testing.assert_array_equal(log.vectors([wording.id, 99])[wording.id], VECTOR)
    assert store.change_number() == 0


def test_questions_go_when_their_time_is_over_and_counts_stay(store: Store) -> None:
    log = store.questions
    for day in (10, 20):
        log.note(asked("Why?", day), VECTOR, keep_since="2026-11-01")
    log.expire("2026-11-15")
    assert [w.moments for w in log.wordings("2026-11-01")] == [("2026-11-20T09:00:00+00:00",)]
    log.note(asked("How?", 21), VECTOR, keep_since=None)
    assert log.wordings("2026-11-01") == []
    log.note(asked("How?", 22), VECTOR, keep_since="2026-11-01")
    log.expire(None)
    assert (log.wordings("2026-11-01"), len(log.outcomes("2026-11-01"))) == ([], 4)


def test_votes_are_counted_with_the_wording_that_they_are_on(store: Store) -> None:
    log = store.questions
    log.note(asked("Why?", 20, answer_id="first"), VECTOR, keep_since="2026-11-01")
    store.add_feedback("first", None, "not_relevant", None, "wrong year")
    store.add_feedback("first", None, "relevant", None, "")
    store.add_feedback("another", None, "not_relevant", None, "")
    (wording,) = log.wordings("2026-11-01")
    assert (wording.up, wording.down, wording.comments) == (1, 1, ("wrong year",))
    assert list(log.votes_against("2000-01-01").values()) == [2]


def test_a_question_that_is_answered_by_now_is_so_noted_and_a_wording_can_be_forgotten(store: Store) -> None:
    log = store.questions
    for question in ("Why?", "How?"):
        log.note(asked(question, 20, answer_id=question), VECTOR, keep_since="2026-11-01")
    log.answered_now("Why?", answer_id="new", confidence=0.75, index_version=9)
    latest = {w.latest.question: w.latest for w in log.wordings("2026-11-01")}
    assert (latest["Why?"].outcome, latest["Why?"].answer_id, latest["How?"].outcome) == (
        "answered",
        "new",
        "not_found",
    )
    store.add_feedback("How?", None, "not_relevant", None, "a comment")
    log.forget(["How?"])
    assert [w.latest.question for w in log.wordings("2026-11-01")] == ["Why?"]
    log.forget_all()
    assert (log.wordings("2026-11-01"), list(log.votes_against("2000-01-01").values())) == ([], [1])


def test_votes_and_comments_go_when_their_time_is_over(store: Store) -> None:
    store.add_feedback("first", None, "not_relevant", None, "wrong year")
    assert store.expire_feedback("2000-01-01T00:00:00+00:00") == 0
    assert sum(store.questions.votes_against("2000-01-01").values()) == 1
    assert store.expire_feedback("2999-01-01T00:00:00+00:00") == 1
    store.add_feedback("second", None, "not_relevant", None, "")
    assert (store.expire_feedback(None), store.expire_feedback(None)) == (1, 0)
    assert store.questions.votes_against("2000-01-01") == {}


def test_what_somebody_thought_of_answers_is_given_and_forgotten_by_person(store: Store) -> None:
    store.add_feedback("first", None, "not_relevant", 2, "wrong year", "anna")
    store.add_feedback("first", None, "relevant", None, "", "otto")
    store.add_feedback("first", None, "relevant", None, "of nobody")
    (found,) = store.feedback_of("anna")
    assert (found.answer_id, found.relevance, found.citation_number, found.comment) == (
        "first",
        "not_relevant",
        2,
        "wrong year",
    )
    assert (store.feedback_of(""), store.forget_feedback("")) == ([], 0)
    assert (store.forget_feedback("anna"), store.feedback_of("anna")) == (1, [])
    assert len(store.feedback_of("otto")) == 1
