"""How surely the words of a sentence were recognised on a picture of the page, and whether it may be quoted."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace
from statistics import mean

from rag.records import Block, RecognisedWord, Sentence, SentenceKind, Span

# Mean confidence below which a sentence is not quoted, and that of a single word: one that says "not" may be wrong. Of
# 1,046 sentences on 40 pages scanned with 300 dots an inch (tests/bench/scans.py) 38 are below, and none is right.
LEAST_SURE = 0.7
LEAST_SURE_WORD = 0.6


def with_recognition(sentence: Sentence, block: Block, text: str) -> Sentence:
    """The sentence with the confidence of its recognised words, if it has any; unsure where that is too low."""
    words = _words_in(block, sentence.span)
    if not words:
        return sentence
    sure = round(mean(word.confidence for word in words), 2)
    is_poor = sure < LEAST_SURE or any(
        # Of dots and dashes the recognition is never sure.
        word.confidence < LEAST_SURE_WORD and any(map(str.isalnum, word.span.of(text)))
        for word in words
    )
    is_unsure = is_poor and sentence.kind is SentenceKind.STATEMENT
    return replace(sentence, recognised=sure, kind=SentenceKind.UNSURE if is_unsure else sentence.kind)


def _words_in(block: Block, span: Span) -> list[RecognisedWord]:
    """The recognised words of the block that the span has any of."""
    start = bisect_left(block.recognised, span.start, key=lambda word: word.span.end - 1)
    end = bisect_left(block.recognised, span.end, key=lambda word: word.span.start)
    return list(block.recognised[start:end])
