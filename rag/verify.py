"""What became of a citation: whether its quote stands where it says, in the text that it names."""

from __future__ import annotations

from rag.errors import DocumentNotFound
from rag.records import Document, Verification, VerificationStatus
from rag.store import Store


def verify_citation(store: Store, document_id: str, *, sha256: str, start: int, end: int, quote: str) -> Verification:
    """Look the citation up in the document's text of today, then in its earlier texts.

    `sha256` is that of the cited text, `start` and `end` are code points of it, end exclusive.
    """
    with store.snapshot():
        try:
            document = store.document(document_id)
        except DocumentNotFound:
            return Verification(VerificationStatus.GONE, document_id)
        if document.text_sha256 == sha256:
            found, is_there = _look(document, start, end, quote)
            status = VerificationStatus.MATCH if is_there else VerificationStatus.MISMATCH
            return Verification(status, document_id, found=found)
        earlier = store.version(document_id, sha256) if sha256 else None
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
