"""Extracts scored again by the trained reader, which reads each passage together with the question."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Protocol

from rag.question import Question
from rag.reader import Reading
from rag.records import Extract, Hit, Span


class PassageReader(Protocol):
    """Anything that reads passages; `rag.reader.Reader` is the real one."""

    def read(self, question: str, passages: Sequence[tuple[str, Sequence[Span]]]) -> list[Reading]:
        """One Reading for each passage, given as its text and the spans of its sentences in that text."""
        ...


# The score is the reader's log-odds of "this sentence" against "not in this passage", and a share of the score that
# needs no reader.
READER_WEIGHT = 1.0
PLAIN_WEIGHT = 0.8
# For a sentence that lay beyond the reader's window.
_UNREAD = -12.0


def reread(
    question: Question, extracts: Sequence[Extract], hits: Sequence[Hit], reader: PassageReader
) -> list[Extract]:
    """`extracts` with the reader's scores and highlights, best first; ties keep their order.

    Each gets the feature `reader`, the log-odds of its sentence against no answer in its passage.
    """
    passages = []
    for hit in hits:
        start = hit.chunk.span.start
        spans = [Span(s.span.start - start, s.span.end - start) for s in hit.chunk.sentences]
        passages.append((hit.chunk.text, spans))
    read: dict[tuple[int, int], tuple[float, Span | None]] = {}
    for hit, reading in zip(hits, reader.read(question.text, passages), strict=True):
        for sentence, score, span in zip(hit.chunk.sentences, reading.sentences, reading.spans, strict=True):
            read[hit.chunk.id, sentence.id] = (max(score - reading.not_here, _UNREAD), span)
    scored = [_scored(extract, *read[extract.hit.chunk.id, extract.sentence.id]) for extract in extracts]
    return sorted(scored, key=lambda extract: -extract.score)


def _scored(extract: Extract, margin: float, span: Span | None) -> Extract:
    """One extract with the reader's opinion; its words are marked when they lie inside the sentence."""
    start = extract.hit.chunk.span.start
    highlight = extract.highlight
    if span is not None:
        place = Span(span.start + start, span.end + start)
        if extract.sentence.span.start <= place.start and place.end <= extract.sentence.span.end:
            highlight = place
    return dataclasses.replace(
        extract,
        highlight=highlight,
        score=READER_WEIGHT * margin + PLAIN_WEIGHT * extract.score,
        features={**extract.features, "reader": margin, "plain": extract.score},
    )
