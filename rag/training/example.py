"""What the reader learns from: one question, one passage, and where in it the answer stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag.records import Span


@dataclass(frozen=True, slots=True)
class Example:
    """One thing to learn. `answer` is a position in `sentences`, or -1; `span` lies in `passage`.

    `around` is the sentence that a cut of a long passage without an answer must keep.
    """

    question: str
    passage: str
    sentences: tuple[Span, ...]
    answer: int
    span: Span | None = None
    around: int = 0


def join(parts: Sequence[str]) -> tuple[str, tuple[Span, ...]]:
    """The parts as one text with single spaces, and where each of them stands in it."""
    spans, start = [], 0
    for part in parts:
        spans.append(Span(start, start + len(part)))
        start += len(part) + 1
    return " ".join(parts), tuple(spans)
