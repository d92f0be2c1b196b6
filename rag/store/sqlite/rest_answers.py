"""Answers of conversations as formats 5 to 7 of the database have them, which is as REST wrote them then.

For bringing such a database up to date, and for nothing else.
"""

from __future__ import annotations

import json
from typing import Any

from rag.records import (
    Answer,
    AnswerSentence,
    AnswerStatus,
    Chunk,
    Citation,
    Confidence,
    Disagreement,
    Highlight,
    Hit,
    NoAnswerReason,
    Place,
    Source,
    Span,
    StatedValue,
)
from rag.store.kept_answer import written

_Body = dict[str, Any]
# Reasons that were told apart then, by how far the best sentence fell short.
_NOT_FOUND = ("not_in_documents", "low_confidence")


def kept_of_rest(text: str) -> str:
    """What is kept of an answer, of its REST body."""
    return written(_answer(json.loads(text)))


def _answer(body: _Body) -> Answer:
    found = body["answer"] or {"sentences": [], "highlight": None}
    return Answer(
        id=body["id"],
        question=body["question"],
        status=AnswerStatus(body["status"]),
        reason=_reason(body["reason"]),
        sentences=tuple(AnswerSentence(s["text"], tuple(s["citations"])) for s in found["sentences"]),
        highlight=Highlight(found["highlight"]["sentence"], _span(found["highlight"])) if found["highlight"] else None,
        confidence=Confidence(body["confidence"]["value"], body["confidence"]["label"]),
        citations=tuple(map(_citation, body["citations"])),
        passages=tuple(map(_passage, body["passages"])),
        index_version=body["index_version"],
        degraded=body["degraded"],
        stand_alone_question=body["stand_alone_question"],
        disagreement=_disagreement(found.get("disagreement")),
        timings_ms=body["timings_ms"],
    )


def _reason(name: str | None) -> NoAnswerReason | None:
    if name in _NOT_FOUND:
        return NoAnswerReason.NOT_FOUND
    return NoAnswerReason(name) if name else None


def _citation(body: _Body) -> Citation:
    also_in = tuple(map(_place, body["also_in"]))
    return Citation(body["number"], _place(body), body["quote"], body["before"], body["after"], also_in)


def _passage(body: _Body) -> Hit:
    place = _place(body)
    chunk = Chunk(0, place.source, place.text_sha256, place.span, body["text"], place.section, place.page, ())
    return Hit(chunk, body["score"])


def _place(body: _Body) -> Place:
    document = body["document"]
    source = Source(document["id"], document["title"], document["url"] or "")
    return Place(source, body["sha256"], _span(body), body["section"], body["page"])


def _disagreement(body: _Body | None) -> Disagreement | None:
    if body is None:
        return None
    return Disagreement(tuple(StatedValue(v["sentence"], _span(v), v["citation"], v["dated"]) for v in body["values"]))


def _span(body: _Body) -> Span:
    return Span(body["start"], body["end"])
