"""One example of each request and response, for the OpenAPI document. They describe one small, imaginary handbook."""

from __future__ import annotations

import hashlib
from typing import Any

_TEXT = (
    "# Library rules\n\nBooks\n\nEvery reader may borrow twelve books at a time. A loan lasts four weeks. "
    "It can be renewed twice."
)
_QUOTE = "A loan lasts four weeks."
_START = _TEXT.index(_QUOTE)
_END = _START + len(_QUOTE)
_SHA256 = hashlib.sha256(_TEXT.encode()).hexdigest()
_LINK = f"/documents/library-rules?start={_START}&end={_END}&sha256={_SHA256[:12]}#cited"

_SOURCE: dict[str, Any] = {"id": "library-rules", "title": "Library rules", "url": None}

_CONVERSATION_ID = "xJ3q0Vw8nYpK5tRbZ2cLmA"

ASK: dict[str, Any] = {
    "question": "How long may I keep a book?",
    "conversation_id": None,
    "keep": True,
    "request_id": "0b9f7c52-5d2e-4c1b-9a57-3f8f6c1d2e70",
    "history": [],
    "stand_alone": False,
    "max_sentences": 3,
}
CITATION: dict[str, Any] = {
    "number": 1,
    "document": _SOURCE,
    "page": None,
    "section": "Library rules > Books",
    "start": _START,
    "end": _END,
    "quote": _QUOTE,
    "before": "Every reader may borrow twelve books at a time. ",
    "after": " It can be renewed twice.",
    "sha256": _SHA256,
    "link": _LINK,
    "also_in": [],
    "removed": False,
}
PASSAGE: dict[str, Any] = {
    "document": _SOURCE,
    "page": None,
    "section": "Library rules > Books",
    "start": _START,
    "end": _END,
    "text": _QUOTE,
    "score": 0.91,
    "sha256": _SHA256,
    "link": _LINK,
}
ANSWER: dict[str, Any] = {
    "id": "5f0c7a1e9b3d2468",
    "question": ASK["question"],
    "status": "answered",
    "reason": None,
    "answer": {
        "text": f"{_QUOTE} [1]",
        "sentences": [{"text": _QUOTE, "citations": [1]}],
        "highlight": {"sentence": 0, "start": _QUOTE.index("four"), "end": len(_QUOTE) - 1},
        "disagreement": None,
    },
    "confidence": {"value": 0.91, "label": "high"},
    "citations": [CITATION],
    "passages": [PASSAGE],
    "stand_alone_question": None,
    "conversation_id": _CONVERSATION_ID,
    "turn": 1,
    "index_version": 12,
    "degraded": False,
    "timings_ms": {"embed": 1.1, "retrieve": 4.6, "extract": 1.9, "read": 14.2, "total": 21.8},
}
DOCUMENT: dict[str, Any] = {
    **_SOURCE,
    "location": "library-rules.md",
    "media_type": "text/markdown",
    "content_sha256": _SHA256,
    "text_sha256": _SHA256,
    "characters": len(_TEXT),
    "pages": None,
    "sentences": 5,
    "chunks": 1,
    "created_at": "2026-11-23T09:00:00Z",
    "updated_at": "2026-11-23T09:00:00Z",
    "warnings": [],
}
INGEST: dict[str, Any] = {
    "id": "library-rules",
    "status": "created",
    "pages": None,
    "sentences": 5,
    "chunks": 1,
    "warnings": [],
    "seconds": 0.041,
}
VERIFY: dict[str, Any] = {
    "document_id": "library-rules",
    "sha256": _SHA256,
    "start": _START,
    "end": _END,
    "quote": _QUOTE,
}
VERIFICATION: dict[str, Any] = {
    "status": "match",
    "document_id": "library-rules",
    "found": _QUOTE,
    "still_present": None,
    "superseded_at": None,
}
VERSION: dict[str, Any] = {
    "sha256": "9b3a1f5c" * 8,
    "title": "Library rules",
    "characters": 4_311,
    "stored_at": "2026-03-02T08:00:00+00:00",
    "superseded_at": "2026-09-14T10:30:00+00:00",
}
FEEDBACK: dict[str, Any] = {
    "id": ANSWER["id"],
    "relevance": "not_relevant",
    "citation_number": 1,
    "comment": "This is about journals, not books.",
    "conversation_id": _CONVERSATION_ID,
    "turn": 1,
}
TOKEN: dict[str, Any] = {
    "token": "v1.eyJleHAiOjE3OTU0MTkwMDB9.6mJtq2mJb3w0b1n0P0dYFfE1s7n0m3rj7cPq0cYk2zM",
    "expires_at": "2026-11-23T09:10:00+00:00",
    "expires_in": 600,
}
RENAME: dict[str, Any] = {"title": "Borrowing books"}
CONVERSATION_HEAD: dict[str, Any] = {
    "id": _CONVERSATION_ID,
    "title": "How long may I keep a book?",
    "created_at": "2026-11-23T09:00:00+00:00",
    "updated_at": "2026-11-23T09:00:00+00:00",
    "expires_at": "2026-12-23T09:00:00+00:00",
}
CONVERSATION: dict[str, Any] = {
    **CONVERSATION_HEAD,
    "turns": [{"number": 1, "asked_at": "2026-11-23T09:00:00+00:00", "answer": ANSWER, "relevance": "not_relevant"}],
}
CONVERSATION_EXPORT: dict[str, Any] = {
    "title": CONVERSATION_HEAD["title"],
    "created_at": CONVERSATION_HEAD["created_at"],
    "updated_at": CONVERSATION_HEAD["updated_at"],
    "turns": [{**CONVERSATION["turns"][0], "answer": {**ANSWER, "conversation_id": None}}],
}
CONVERSATION_MARKDOWN = (
    f"# How long may I keep a book?\n\n## How long may I keep a book?\n\n> {_QUOTE} \\[1\\]\n\n"
    f"1. Library rules, Library rules \\> Books: <https://docs.example{_LINK}>, SHA-256 {_SHA256}\n"
)
HEALTH: dict[str, Any] = {
    "ready": True,
    "degraded": False,
    "detail": "ready",
    "documents": 1,
    "chunks": 1,
    "index_version": 12,
    "model": "all-MiniLM-L6-v2",
}
PROBLEM: dict[str, Any] = {
    "type": "urn:citewell:problem:document-not-found",
    "title": "Document not found",
    "status": 404,
    "detail": "No document has the id 'library-rules'.",
    "instance": "/api/v1/documents/library-rules",
}
EVENTS = (
    "event: passages\ndata: [...]\nid: 1\n\nevent: citations\ndata: [...]\nid: 2\n\n"
    f'event: sentence\ndata: {{"text":"{_QUOTE}","citations":[1]}}\nid: 3\n\n'
    'event: done\ndata: {"id":"...", ...}\nid: 4\n\n'
)
FAILED_FILE = {
    "location": "scan.pdf",
    "error": "the pages 1-3 have no text; recognise it with another program, then try again",
    "tried_at": "2026-11-02T09:30:00+00:00",
}
_TOTAL = {"asked": 40, "answered": 31, "declined": 9, "voted_down": 1}
UNANSWERED: dict[str, Any] = {
    "days": 1,
    "keep_questions_days": 90,
    "total": _TOTAL,
    "before": {"asked": 22, "answered": 20, "declined": 2, "voted_down": 0},
    "reasons": {"low_confidence": 3, "not_in_documents": 6},
    "per_day": [{"day": "2026-11-24", **_TOTAL}],
    "groups": [
        {
            "count": 5,
            "before": 1,
            "last_asked": "2026-11-24T08:12:00+00:00",
            "questions": [
                {
                    "id": 17,
                    "question": "Can I pay a fine by card?",
                    "count": 5,
                    "outcome": "not_in_documents",
                    "confidence": 0.06,
                    "last_asked": "2026-11-24T08:12:00+00:00",
                    "up": 0,
                    "down": 0,
                    "comments": [],
                }
            ],
        }
    ],
    "left_out": 0,
}
