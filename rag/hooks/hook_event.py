"""What others are told: the events, and the bodies that are sent."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from rag.ingest.results import IngestResult
from rag.records import Answer, NoAnswerReason
from rag.settings import WEBHOOK_EVENTS
from rag.store.base import IngestStatus

NOT_ANSWERED, DOCUMENT_CHANGED = WEBHOOK_EVENTS
# Characters of a document that are sent along where texts are wanted.
_LONGEST_TEXT = 100_000
_CHANGES = (IngestStatus.CREATED, IngestStatus.UPDATED, IngestStatus.MOVED, IngestStatus.REMOVED)

# The text of a document by its id; None where it is gone.
TextOf = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class HookEvent:
    """One of them, as all receivers get it. `body` is what is signed, to the byte."""

    id: str  # the same each time that it is sent
    body: bytes  # JSON


def of_answer(answer: Answer, *, with_text: bool) -> HookEvent | None:
    """That nothing was found for a question; None for any other end. What was asked is in it only `with_text`."""
    if answer.reason is not NoAnswerReason.NOT_FOUND:
        return None
    data: dict[str, object] = {"answer_id": answer.id, "documents": answer.documents}
    if with_text:
        data |= {"question": answer.question, "stand_alone_question": answer.stand_alone_question}
    return _event(NOT_ANSWERED, data)


def of_result(result: IngestResult, text_of: TextOf | None) -> HookEvent | None:
    """That a document was added, changed, moved or removed; None for all else. `text_of` gives its text, if wanted."""
    if result.status not in _CHANGES or result.document_id is None:
        return None
    data: dict[str, object] = {"document_id": result.document_id, "change": result.status.value}
    data |= {name: value for name, value in (("location", result.location), ("previous", result.previous)) if value}
    if text_of is not None and result.status is not IngestStatus.REMOVED:
        text = text_of(result.document_id)
        if text is not None:
            data |= {"text": text[:_LONGEST_TEXT], "text_is_whole": len(text) <= _LONGEST_TEXT}
    return _event(DOCUMENT_CHANGED, data)


def _event(kind: str, data: dict[str, object]) -> HookEvent:
    body = {"type": kind, "timestamp": datetime.now(UTC).isoformat(timespec="seconds"), "data": data}
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return HookEvent(f"msg_{uuid.uuid4().hex}", text.encode("utf-8", errors="replace"))
