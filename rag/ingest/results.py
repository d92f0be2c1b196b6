"""The outcome of bringing documents in: of one document, and of a whole sync."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rag.store.base import IngestStatus


@dataclass(frozen=True, slots=True)
class IngestResult:
    """One document's outcome. A failed one has `error` and never stops the rest."""

    location: str
    status: IngestStatus
    document_id: str | None = None
    sentences: int = 0
    chunks: int = 0
    warnings: tuple[str, ...] = ()
    error: str | None = None
    seconds: float = 0.0
    previous: str = ""  # of a moved one: its location before
    pages: int | None = None  # as in DocumentInfo


# Hears of each result as soon as it is known, with its number from 1 and how many there will be.
OnResult = Callable[[IngestResult, int, int], None]


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a sync did, or with `dry_run` would do, and what it left undone."""

    results: tuple[IngestResult, ...]  # all but the unchanged ones and the failures that were known
    unchanged: int
    failed_before: int  # files that failed earlier and are what they were then: not tried again, or in vain
    duplicates: tuple[tuple[str, ...], ...]  # locations of documents that were read from the same bytes
    kept: tuple[str, ...]  # locations of documents whose files are gone, but that were not removed
    problems: tuple[str, ...]  # a sentence for each folder, or part of one, that could not be compared
    dry_run: bool = False
