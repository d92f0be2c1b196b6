"""An answer as it came over REST to the library's own record, so that commands print both in the same way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, cast

from rag.client import json_bodies
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
    LeadIn,
    NoAnswerReason,
    Place,
    Source,
    Span,
    StatedValue,
    Steps,
)

# The fields of a citation that are the same in JSON.
_PLAIN = {field.name for field in fields(Citation)} - {"place", "also_in", "lead_in", "confidence"}


def answer_of(body: json_bodies.AnswerJson, server: str) -> Answer:
    """The answer. A document's place is its own address, or else its page on the server."""
    found = body["answer"]
    sentences = found["sentences"] if found else []
    highlight = found["highlight"] if found else None
    return Answer(
        id=body["id"],
        question=body["question"],
        status=AnswerStatus(body["status"]),
        reason=NoAnswerReason(body["reason"]) if body["reason"] else None,
        sentences=tuple(AnswerSentence(s["text"], tuple(s["citations"])) for s in sentences),
        highlight=Highlight(highlight["sentence"], Span(highlight["start"], highlight["end"])) if highlight else None,
        confidence=_confidence(body["confidence"]),
        citations=tuple(_citation(citation, server) for citation in body["citations"]),
        passages=tuple(_passage(passage, server) for passage in body["passages"]),
        index_version=body["index_version"],
        degraded=body["degraded"],
        stand_alone_question=body["stand_alone_question"],
        disagreement=_disagreement(found),
        timings_ms=body["timings_ms"],
        documents=body["documents"],
        steps=_steps(found["steps"], server) if found and found["steps"] else None,
        also_searched=tuple(body["also_searched"]),
    )


def _confidence(body: json_bodies.ConfidenceJson) -> Confidence:
    return Confidence(body["value"], body["label"])


def _source(body: json_bodies.SourceJson, link: str, server: str) -> Source:
    return Source(body["id"], body["title"], body["url"] or server.rstrip("/") + link)


def _citation(body: json_bodies.CitationJson, server: str) -> Citation:
    lead_in = body["lead_in"]
    confidence = body["confidence"]
    as_they_are = cast(Mapping[str, Any], body)
    return Citation(
        place=_place(body, server),
        also_in=tuple(_place(place, server) for place in body["also_in"]),
        lead_in=LeadIn(Span(lead_in["start"], lead_in["end"]), lead_in["text"]) if lead_in else None,
        confidence=_confidence(confidence) if confidence else None,
        **{name: as_they_are[name] for name in _PLAIN},
    )


def _place(body: json_bodies.PlaceJson | json_bodies.CitationJson, server: str) -> Place:
    source = _source(body["document"], body["link"], server)
    return Place(source, body["sha256"], Span(body["start"], body["end"]), body["section"], body["page"])


def _passage(body: json_bodies.PassageJson, server: str) -> Hit:
    source, span = _source(body["document"], body["link"], server), Span(body["start"], body["end"])
    chunk = Chunk(0, source, body["sha256"], span, body["text"], body["section"], body["page"], ())
    return Hit(chunk, body["score"])


def _disagreement(found: json_bodies.FoundJson | None) -> Disagreement | None:
    if not found or not found["disagreement"]:
        return None
    return Disagreement(
        tuple(
            StatedValue(v["sentence"], Span(v["start"], v["end"]), v["citation"], v["dated"])
            for v in found["disagreement"]["values"]
        )
    )


def _steps(body: json_bodies.StepsJson, server: str) -> Steps:
    source = _source(body["document"], body["link"], server)
    return Steps(Place(source, body["sha256"], Span(body["start"], body["end"])), body["count"], body["shown"])
