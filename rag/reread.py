"""Extracts scored again by the trained reader, which reads each passage together with the question."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from rag.question import Question
from rag.reader import Reading
from rag.records import Extract, Hit, Span


class PassageReader(Protocol):
    """Anything that reads passages; `rag.reader.Reader` is the real one."""

    def read(self, question: str, passages: Sequence[tuple[str, Sequence[Span]]]) -> list[Reading]:
        """One Reading for each passage, given as its text and the spans of its sentences in that text."""
        ...


# How much each opinion counts in a sentence's score, in log-odds: listwise logistic regression over the sentences of
# the five best passages, on 874 questions of articles that the reader had not seen; rag/training/weights.py fits them.
READER_WEIGHTS: Mapping[str, float] = {
    "plain": 0.558,
    "reader": 0.178,
    "reader_passage": 0.088,
    "reader_span": 0.255,
}
# A passage whose score is further behind the best one is not read. Over 700 questions of the development half, 94 of
# seeds/questions.jsonl and 60 on office documents this reads .83, .53 and .64 of the text; the right sentence comes
# first just as often (.840, .679, .667), and confidence tells right from wrong as well (.835, .818, .826).
_FAR_BEHIND = 0.35
# For a sentence that lay beyond the reader's window.
_UNREAD = -12.0


@dataclass(frozen=True, slots=True)
class _Opinion:
    """What the reader says to one sentence: its features, and the answering words in code points of the document."""

    features: Mapping[str, float]
    words: Span | None


def worth_reading(hits: Sequence[Hit]) -> list[Hit]:
    """Those of `hits`, best first, that come close enough to the first for their reading to change an answer."""
    return [hit for hit in hits if hits[0].score - hit.score <= _FAR_BEHIND]


def reread(
    question: Question, extracts: Sequence[Extract], hits: Sequence[Hit], reader: PassageReader
) -> list[Extract]:
    """`extracts` with the reader's scores and highlights, best first; ties keep their order.

    Each gets the features `plain`, its score so far; `reader`, the log-odds of its sentence against no answer in its
    passage; `reader_passage`, those of all sentences of the passage together; and `reader_span`, those of the words.
    """
    passages = []
    for hit in hits:
        start = hit.chunk.span.start
        spans = [Span(s.span.start - start, s.span.end - start) for s in hit.chunk.sentences]
        passages.append((hit.chunk.text, spans))
    opinions: dict[tuple[int, int], _Opinion] = {}
    for hit, reading in zip(hits, reader.read(question.text, passages), strict=True):
        for sentence, opinion in zip(hit.chunk.sentences, _opinions(reading, hit.chunk.span.start), strict=True):
            opinions[hit.chunk.id, sentence.id] = opinion
    scored = [_scored(extract, opinions[extract.hit.chunk.id, extract.sentence.id]) for extract in extracts]
    return sorted(scored, key=lambda extract: -extract.score)


def _opinions(reading: Reading, offset: int) -> Iterator[_Opinion]:
    """One for each sentence of a passage that begins at `offset` in its document."""
    margins = [max(score - reading.not_here, _UNREAD) for score in reading.sentences]
    together = _log_sum(margins)
    for margin, words, span_score in zip(margins, reading.spans, reading.span_scores, strict=True):
        features = {"reader": margin, "reader_passage": together, "reader_span": max(span_score, 2 * _UNREAD)}
        yield _Opinion(features, Span(words.start + offset, words.end + offset) if words else None)


def _log_sum(values: Sequence[float]) -> float:
    """The logarithm of the sum of their exponentials; `_UNREAD` of none."""
    top = max(values, default=_UNREAD)
    return top + math.log(sum(math.exp(value - top) for value in values)) if values else top


def _scored(extract: Extract, opinion: _Opinion) -> Extract:
    """One extract with the reader's opinion; its words are marked when they lie inside the sentence."""
    highlight, words = extract.highlight, opinion.words
    if words and extract.sentence.span.start <= words.start and words.end <= extract.sentence.span.end:
        highlight = words
    features = {**extract.features, **opinion.features, "plain": extract.score}
    score = sum(weight * features[name] for name, weight in READER_WEIGHTS.items())
    return dataclasses.replace(extract, highlight=highlight, score=score, features=features)
