"""Records to the plain dictionaries that REST, `rag ... --json` and the page show: one shape for all three.

Every value is ready for `json.dumps`. Offsets stay what they are in the records: code points, end exclusive. The field
names and their order are a public contract; `web.schemas` documents them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from rag.records import (
    Answer,
    AskedAgain,
    Citation,
    Conversation,
    DayCount,
    Disagreement,
    DocumentInfo,
    FileRecord,
    Health,
    Highlight,
    Hit,
    IngestResult,
    Place,
    QuestionGroup,
    Source,
    Span,
    SyncReport,
    Turn,
    UnansweredReport,
    Verification,
    Version,
)

Body = dict[str, Any]

# Hexadecimal digits of the text's SHA-256 in a link: enough to notice another text, short enough to read aloud.
LINK_SHA256_DIGITS = 12
_WEB_SCHEMES = ("http://", "https://")


def to_json(body: object) -> str:
    """`body` as compact JSON on one line, characters as they are: what a REST response holds, byte for byte.

    Raises ValueError for a number that JSON does not have (infinity, not-a-number).
    """
    return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def answer_body(answer: Answer) -> Body:
    """The response to a question. Only `timings_ms` differs between two runs."""
    found = None
    if answer.sentences:
        found = {
            "text": answer.text,
            "sentences": [{"text": s.text, "citations": list(s.citations)} for s in answer.sentences],
            "highlight": _highlight_body(answer.highlight),
            "disagreement": _disagreement_body(answer.disagreement),
        }
    return {
        "id": answer.id,
        "question": answer.question,
        "status": answer.status.value,
        "reason": answer.reason.value if answer.reason else None,
        "answer": found,
        "confidence": {"value": answer.confidence.value, "label": answer.confidence.label},
        "citations": [citation_body(citation) for citation in answer.citations],
        "passages": [hit_body(hit) for hit in answer.passages],
        "stand_alone_question": answer.stand_alone_question,
        "conversation_id": None,
        "turn": None,
        "index_version": answer.index_version,
        "degraded": answer.degraded,
        "timings_ms": dict(answer.timings_ms),
    }


def citation_body(citation: Citation) -> Body:
    """A quote, where it stands, and where else the same statement stands."""
    place = citation.place
    return {
        "number": citation.number,
        "document": source_body(place.source),
        "page": place.page,
        "section": place.section,
        "start": place.span.start,
        "end": place.span.end,
        "quote": citation.quote,
        "before": citation.before,
        "after": citation.after,
        "sha256": place.text_sha256,
        "link": link_to(place.source.id, place.span, place.text_sha256),
        "also_in": [place_body(other) for other in citation.also_in],
        "removed": False,
    }


def conversation_body(conversation: Conversation) -> Body:
    """A conversation with its answers as they were shown."""
    turns = [_turn_body(turn, conversation.id) for turn in conversation.turns]
    return {**conversation_head(conversation), "turns": turns}


def conversation_head(conversation: Conversation) -> Body:
    """A conversation without its turns."""
    return {
        "id": conversation.id,
        "title": conversation.title,
        "created_at": conversation.created_at,
        "updated_at": conversation.updated_at,
        "expires_at": conversation.expires_at,
    }


def exported_body(conversation: Conversation) -> Body:
    """A conversation for others to read: without its id, which would let them change it."""
    return {
        "title": conversation.title,
        "created_at": conversation.created_at,
        "updated_at": conversation.updated_at,
        "turns": [_turn_body(turn, None) for turn in conversation.turns],
    }


def _turn_body(turn: Turn, conversation_id: str | None) -> Body:
    """A question of a conversation, its answer as it was shown, and what somebody thought of it."""
    return {
        "number": turn.number,
        "asked_at": turn.asked_at,
        "answer": {**turn.shown, "conversation_id": conversation_id, "turn": turn.number},
        "relevance": turn.relevance,
    }


def place_body(place: Place) -> Body:
    """A spot in a document."""
    return {
        "document": source_body(place.source),
        "page": place.page,
        "section": place.section,
        "start": place.span.start,
        "end": place.span.end,
        "sha256": place.text_sha256,
        "link": link_to(place.source.id, place.span, place.text_sha256),
    }


def hit_body(hit: Hit) -> Body:
    """A passage that was found. Its score orders one list and is no measure of trust."""
    chunk = hit.chunk
    return {
        "document": source_body(chunk.source),
        "page": chunk.page,
        "section": chunk.section,
        "start": chunk.span.start,
        "end": chunk.span.end,
        "text": chunk.text,
        "score": hit.score,
        "sha256": chunk.text_sha256,
        "link": link_to(chunk.source.id, chunk.span, chunk.text_sha256),
    }


def source_body(source: Source) -> Body:
    """A document as a citation names it. `url` is set for http and https addresses only, never for a file's path."""
    return {
        "id": source.id,
        "title": source.title,
        "url": source.location if source.location.lower().startswith(_WEB_SCHEMES) else None,
    }


def document_body(info: DocumentInfo) -> Body:
    """A stored document without its text. Of a file only the name is shown: folders are nobody else's business."""
    return {
        **source_body(info.source),
        "location": _shown(info.source.location),
        "media_type": info.source.media_type,
        "content_sha256": info.content_sha256,
        "text_sha256": info.text_sha256,
        "characters": info.characters,
        "pages": info.pages,
        "sentences": info.sentences,
        "chunks": info.chunks,
        "created_at": info.created_at,
        "updated_at": info.updated_at,
        "warnings": list(info.warnings),
    }


def ingest_body(result: IngestResult) -> Body:
    """What became of one document that was given. The counts are 0 when it was stored already."""
    return {
        "id": result.document_id,
        "status": result.status.value,
        "pages": result.pages,
        "sentences": result.sentences,
        "chunks": result.chunks,
        "warnings": list(result.warnings),
        "seconds": round(result.seconds, 3),
    }


def sync_body(report: SyncReport) -> Body:
    """What a sync did, or with `dry_run` would do. Locations are whole: this is for those who keep the documents."""
    return {
        "dry_run": report.dry_run,
        "results": [
            {
                "location": result.location,
                "previous_location": result.previous or None,
                **ingest_body(result),
                "error": result.error,
            }
            for result in report.results
        ],
        "unchanged": report.unchanged,
        "failed_before": report.failed_before,
        "duplicates": [list(group) for group in report.duplicates],
        "kept": list(report.kept),
        "problems": list(report.problems),
    }


def failed_file_body(file: FileRecord) -> Body:
    """A file that did not become a document, and why: for people who need not know where files lie on this machine."""
    error = file.error.removeprefix(f"{file.location}: ")
    return {"location": _shown(file.location), "error": error, "tried_at": file.read_at}


def _shown(location: str) -> str:
    """A location without the folders of this machine."""
    return PurePath(location).name if PurePath(location).is_absolute() else location.removeprefix("upload:")


def verification_body(verification: Verification) -> Body:
    """What became of a citation."""
    return {
        "status": verification.status.value,
        "document_id": verification.document_id,
        "found": verification.found,
        "still_present": verification.still_present,
        "superseded_at": verification.superseded_at,
    }


def version_body(version: Version) -> Body:
    """An earlier version of a document, for lists."""
    return {
        "sha256": version.text_sha256,
        "title": version.title,
        "characters": version.characters,
        "stored_at": version.stored_at,
        "superseded_at": version.superseded_at,
    }


def unanswered_body(report: UnansweredReport) -> Body:
    """What was not answered. `before` of a group is None where the texts are not kept for long enough to know."""
    keeps_both = report.keep_days >= 2 * len(report.days)
    return {
        "days": len(report.days),
        "keep_questions_days": report.keep_days,
        "total": _total_body(report.days),
        "before": _total_body(report.before),
        "reasons": dict(report.reasons),
        "per_day": [_day_body(day) for day in report.days],
        "groups": [_group_body(group, keeps_both=keeps_both) for group in report.groups],
        "left_out": report.left_out,
    }


def asked_again_body(again: AskedAgain) -> Body:
    """An open question and the answer of today."""
    return {"id": again.id, "answer": answer_body(again.answer)}


def _total_body(days: Sequence[DayCount]) -> Body:
    answered, declined = sum(day.answered for day in days), sum(day.declined for day in days)
    voted_down = sum(day.voted_down for day in days)
    return {"asked": answered + declined, "answered": answered, "declined": declined, "voted_down": voted_down}


def _day_body(day: DayCount) -> Body:
    return {"day": day.day, **_total_body([day])}


def _group_body(group: QuestionGroup, *, keeps_both: bool) -> Body:
    return {
        "count": group.count,
        "before": group.before if keeps_both else None,
        "last_asked": group.last_asked,
        "questions": [
            {
                "id": question.id,
                "question": question.question,
                "count": question.count,
                "outcome": question.outcome,
                "confidence": question.confidence,
                "last_asked": question.last_asked,
                "up": question.up,
                "down": question.down,
                "comments": list(question.comments),
            }
            for question in group.questions
        ],
    }


def health_body(health: Health) -> Body:
    """Whether questions can be answered now, and how well."""
    return {
        "ready": health.ready,
        "degraded": health.degraded,
        "detail": health.detail,
        "documents": health.documents,
        "chunks": health.chunks,
        "index_version": health.index_version,
        "model": health.model,
    }


def link_to(document_id: str, span: Span, text_sha256: str) -> str:
    """A relative link that opens the document at `span`, marked if the text still is the one with this SHA-256."""
    digits = text_sha256[:LINK_SHA256_DIGITS]
    return f"/documents/{quote(document_id, safe='')}?start={span.start}&end={span.end}&sha256={digits}#cited"


def _highlight_body(highlight: Highlight | None) -> Body | None:
    """The answering words: which sentence, and where in that sentence's text."""
    if highlight is None:
        return None
    return {"sentence": highlight.sentence, "start": highlight.span.start, "end": highlight.span.end}


def _disagreement_body(disagreement: Disagreement | None) -> Body | None:
    """The values that documents give differently: where the answer quotes each, and of when its document is."""
    if disagreement is None:
        return None
    return {
        "values": [
            {
                "sentence": value.sentence,
                "start": value.span.start,
                "end": value.span.end,
                "citation": value.citation,
                "dated": value.dated,
            }
            for value in disagreement.values
        ]
    }
