"""Examples of requests, and of the responses that no record is behind: about the handbook of `rag.render.examples`."""

from __future__ import annotations

from typing import Any

from rag.render.examples import ANSWER, CONVERSATION

_CITED = ANSWER.citations[0]

ASK: dict[str, Any] = {
    "question": ANSWER.question,
    "conversation_id": None,
    "keep": True,
    "request_id": "0b9f7c52-5d2e-4c1b-9a57-3f8f6c1d2e70",
    "history": [],
    "stand_alone": False,
    "max_sentences": 3,
}
VERIFY: dict[str, Any] = {
    "document_id": _CITED.place.source.id,
    "sha256": _CITED.place.text_sha256,
    "start": _CITED.place.span.start,
    "end": _CITED.place.span.end,
    "quote": _CITED.quote,
}
FEEDBACK: dict[str, Any] = {
    "id": ANSWER.id,
    "relevance": "not_relevant",
    "citation_number": 1,
    "comment": "This is about journals, not books.",
    "conversation_id": CONVERSATION.id,
    "turn": 1,
}
TOKEN: dict[str, Any] = {
    "token": "v1.eyJleHAiOjE3OTU0MTkwMDB9.6mJtq2mJb3w0b1n0P0dYFfE1s7n0m3rj7cPq0cYk2zM",
    "expires_at": "2026-11-23T09:10:00+00:00",
    "expires_in": 600,
}
DOCUMENT_ACCESS: dict[str, Any] = {"groups": ["library", "staff"]}
NEW_PERSON: dict[str, Any] = {
    "name": "ida",
    "shown_as": "Ida Lund",
    "mail": "ida@example.org",
    "roles": ["reader"],
    "groups": ["readers-desk"],
    "edits": [],
    "is_service": False,
}
RENAME: dict[str, Any] = {"title": "Borrowing books"}
PROBLEM: dict[str, Any] = {
    "type": "urn:citewell:problem:document-not-found",
    "title": "Document not found",
    "status": 404,
    "detail": "No document has the id 'library-rules'.",
    "instance": "/api/v1/documents/library-rules",
}
EVENTS = (
    "event: passages\ndata: [...]\nid: 1\n\nevent: citations\ndata: [...]\nid: 2\n\n"
    f'event: sentence\ndata: {{"text":"{_CITED.quote}","citations":[1]}}\nid: 3\n\n'
    'event: done\ndata: {"id":"...", ...}\nid: 4\n\n'
)
