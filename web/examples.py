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

ASK: dict[str, Any] = {"question": "How long may I keep a book?", "conversation_id": None, "max_sentences": 3}
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
    "index_version": 12,
    "degraded": False,
    "timings_ms": {"retrieve": 6.1, "extract": 80.2, "total": 90.4},
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
}
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
    "event: passages\ndata: [...]\n\nevent: citations\ndata: [...]\n\n"
    f'event: sentence\ndata: {{"text":"{_QUOTE}","citations":[1]}}\n\nevent: done\ndata: {{"id":"...", ...}}\n\n'
)
FAILED_FILE = {
    "location": "scan.pdf",
    "error": "the pages 1-3 have no text; recognise it with another program, then try again",
    "tried_at": "2026-11-02T09:30:00+00:00",
}
