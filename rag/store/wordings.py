"""Askings of questions, put together by their wording."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rag.store.base import DistinctQuestion, LoggedQuestion


def distinct(
    askings: Iterable[tuple[int, LoggedQuestion]], votes: Iterable[tuple[str, str, str]]
) -> list[DistinctQuestion]:
    """The wordings of these askings, the one asked last first.

    Askings are numbers and records, oldest first; votes, newest first, the answer they are on, what was thought, and a
    comment.
    """
    votes_of: dict[str, list[tuple[str, str]]] = {}
    for answer_id, relevance, comment in votes:
        votes_of.setdefault(answer_id, []).append((relevance, comment))
    askings_of: dict[str, list[tuple[int, LoggedQuestion]]] = {}
    for number, asking in askings:
        askings_of.setdefault(asking.question, []).append((number, asking))
    found = [_wording(same, votes_of) for same in askings_of.values()]
    return sorted(found, key=lambda wording: (wording.latest.asked_at, wording.id), reverse=True)


def _wording(
    askings: Sequence[tuple[int, LoggedQuestion]], votes_of: Mapping[str, Sequence[tuple[str, str]]]
) -> DistinctQuestion:
    """All askings of one wording, oldest first, with the votes on their answers, each vote once."""
    answer_ids = dict.fromkeys(asking.answer_id for _, asking in reversed(askings))
    votes = [vote for answer_id in answer_ids for vote in votes_of.get(answer_id, ())]
    number, latest = askings[-1]
    return DistinctQuestion(
        id=number,
        latest=latest,
        moments=tuple(asking.asked_at for _, asking in askings),
        up=sum(relevance == "relevant" for relevance, _ in votes),
        down=sum(relevance == "not_relevant" for relevance, _ in votes),
        comments=tuple(comment for _, comment in votes if comment),
    )
