"""Checks a citation: does its quote still stand where it says, in the text that it names."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from rag.errors import DocumentNotFound
from rag.records import Access, Document
from rag.store.base import DocumentStore


class VerificationStatus(StrEnum):
    """What became of a citation."""

    MATCH = "match"  # the text is the cited one and the quote stands at its place
    MISMATCH = "mismatch"  # the text is the cited one and the quote does not stand there
    SUPERSEDED = "superseded"  # the quote stands at its place in an earlier text; the document has another by now
    CHANGED = "changed"  # the document has another text by now, and the cited one is not kept
    GONE = "gone"  # no such document


@dataclass(frozen=True, slots=True)
class Verification:
    """The outcome of checking one citation against the store."""

    status: VerificationStatus
    document_id: str
    found: str | None = None  # what stands at the place in the cited text, when that is still there
    still_present: bool | None = None  # for SUPERSEDED and CHANGED: the quote occurs word for word in the new text
    superseded_at: str | None = None  # ISO 8601, UTC: when the cited text was replaced, if it was and is kept


def verify_citation(
    store: DocumentStore, document_id: str, *, access: Access, sha256: str, start: int, end: int, quote: str
) -> Verification:
    """Look the citation up in the document's text of today, then in its earlier texts.

    `sha256` is that of the cited text, `start` and `end` are code points of it, end exclusive.
    """
    with store.snapshot():
        try:
            document = store.document(access, document_id)
        except DocumentNotFound:
            return Verification(VerificationStatus.GONE, document_id)
        if document.text_sha256 == sha256:
            found, is_there = _look(document, start, end, quote)
            status = VerificationStatus.MATCH if is_there else VerificationStatus.MISMATCH
            return Verification(status, document_id, found=found)
        earlier = store.version(access, document_id, sha256) if sha256 else None
    still_present = quote in document.text
    if earlier is None:
        return Verification(VerificationStatus.CHANGED, document_id, still_present=still_present)
    version, text = earlier
    found, was_there = _look(text, start, end, quote)
    return Verification(
        VerificationStatus.SUPERSEDED if was_there else VerificationStatus.MISMATCH,
        document_id,
        found=found,
        still_present=still_present,
        superseded_at=version.superseded_at,
    )


def _look(document: Document, start: int, end: int, quote: str) -> tuple[str, bool]:
    """What stands at the place, and whether it is the quote."""
    found = document.text[max(0, start) : max(0, end)]
    return found, found == quote and start >= 0
