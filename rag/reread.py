"""Extracts scored again by the trained reader, which reads each passage together with the question."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from rag.question import Question
from rag.reader import Reading
from rag.records import Extract, Span


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
# A passage is read if its best sentence is no further behind the best of all, in log-odds, before anything is read.
# Over 1,000 questions of the development half, 94 of seeds/questions.jsonl and 499 on long papers this reads .44, .47
# and .69 of the text. As many right sentences come first as when all is read (396, 38 and 238), the first sentence is
# the same for .998, 1 and .998 of the questions, and confidence tells right from wrong as well (.845, .816 and .701;
# when all is read .844, .818 and .698). Of 2,500 other questions of that half 1,071 are answered rightly either way.
_FAR_BEHIND = 4.0
# For a sentence that lay beyond the reader's window.
_UNREAD = -12.0


@dataclass(frozen=True, slots=True)
class _Opinion:
    """What the reader says to one sentence: its features, and the answering words in code points of the document."""

    features: Mapping[str, float]
    words: Span | None


def worth_reading(extracts: Sequence[Extract]) -> list[Extract]:
    """Those of `extracts`, best first, whose passage has one that comes close enough for its reading to matter."""
    near = {e.hit.chunk.id for e in extracts if extracts[0].score - e.score <= _FAR_BEHIND}
    return [extract for extract in extracts if extract.hit.chunk.id in near]


def reread(question: Question, extracts: Sequence[Extract], reader: PassageReader) -> list[Extract]:
    """`extracts` with the reader's scores and highlights, best first; ties keep their order.

    Each gets the features `plain`, its score so far; `reader`, the log-odds of its sentence against no answer in its
    passage; `reader_passage`, those of all sentences of the passage together; and `reader_span`, those of the words.
    """
    hits = list({extract.hit.chunk.id: extract.hit for extract in extracts}.values())
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
