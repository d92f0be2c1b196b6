"""Sentences that stand side by side and may each answer: they are one quote.

Where one sentence says when and the next one what to do, the reader often cannot tell which of the two was asked for; a
person can, and needs both.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from rag.records import Extract, Span
from rag.text.statements import same_statement

# Sentences of one quote, at most.
MOST_SENTENCES = 3
# A neighbour may answer if it comes so close to the best of the quote, in log-odds: one time in twenty or thirty of
# those in which either does.
_NEAR = 3.0
# What a sentence must end with, so that the next one may follow in the same line: items of a list may end with nothing.
_ENDS = re.compile(r"[.!?:;…][\"'”’»)\]]*\s*\Z")


def side_by_side(
    best: Extract, extracts: Sequence[Extract], *, most: int = MOST_SENTENCES, without: Collection[int] = ()
) -> tuple[Extract, ...]:
    """`best` and the sentences around it in its passage that may answer too, in the order of the text.

    Nothing but white space lies between them, so that from the first to the last is one quote. Sentences whose id is in
    `without` are quoted elsewhere. The nearer in score comes first while there is room. Without the reader, whose
    opinion this is, it is `best` alone.
    """
    if "reader" not in best.features:
        return (best,)
    near = {
        e.sentence.position: e
        for e in extracts
        if e.hit.chunk.id == best.hit.chunk.id and best.score - e.score <= _NEAR and e.sentence.id not in without
    }
    quote = [best]
    while len(quote) < most:
        before = _adjoining(near.get(quote[0].sentence.position - 1), quote[0])
        after = _adjoining(near.get(quote[-1].sentence.position + 1), quote[-1])
        if before is not None and (after is None or before.score >= after.score):
            quote.insert(0, before)
        elif after is not None:
            quote.append(after)
        else:
            break
    return tuple(quote)


def says_one_of(quote: Sequence[Extract], extract: Extract) -> bool:
    """Whether a sentence of the quote says the same as `extract`, here or elsewhere."""
    return any(same_statement(quoted.sentence.text, extract.sentence.text) for quoted in quote)


def said_elsewhere(quote: Sequence[Extract], extracts: Sequence[Extract]) -> list[tuple[Extract, ...]]:
    """The other places that say what the quote says, in the order of `extracts`: as many sentences side by side."""
    text, taken = _text_of(quote), {extract.sentence.id for extract in quote}
    at = {(extract.hit.chunk.id, extract.sentence.position): extract for extract in extracts}
    found: list[tuple[Extract, ...]] = []
    for extract in extracts:
        chunk, first = extract.hit.chunk.id, extract.sentence.position
        run = [extract]
        while len(run) < len(quote):
            after = _adjoining(at.get((chunk, first + len(run))), run[-1])
            if after is None:
                break
            run.append(after)
        own = {one.sentence.id for one in run}
        if len(run) == len(quote) and not own & taken and same_statement(text, _text_of(run)):
            found.append(tuple(run))
            taken |= own
    return found


def _text_of(quote: Sequence[Extract]) -> str:
    """The text from the first sentence to the last."""
    chunk, span = quote[0].hit.chunk, span_of(quote)
    return chunk.text[span.start - chunk.span.start : span.end - chunk.span.start]


def span_of(quote: Sequence[Extract]) -> Span:
    """From the beginning of the first sentence to the end of the last."""
    return Span(quote[0].sentence.span.start, quote[-1].sentence.span.end)


def _adjoining(neighbour: Extract | None, extract: Extract) -> Extract | None:
    """`neighbour` in the same passage, unless something lies between the two, or they would run into each other.

    Sentences of two sections have a heading between them, whatever is kept of it in the text.
    """
    if neighbour is None or neighbour.sentence.section != extract.sentence.section:
        return None
    chunk = extract.hit.chunk
    first, second = sorted((neighbour.sentence, extract.sentence), key=lambda sentence: sentence.position)
    between = chunk.text[first.span.end - chunk.span.start : second.span.start - chunk.span.start]
    is_clear = not between.strip() and (_ENDS.search(first.text) is not None)
    return neighbour if is_clear else None
