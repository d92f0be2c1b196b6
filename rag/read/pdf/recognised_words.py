"""Finds the words that were recognised on a picture again in the text of the block that they became."""

from __future__ import annotations

from collections.abc import Sequence

from rag.read.pdf.reading_order import Row
from rag.records import RecognisedWord, Span

_LONG, _NEAR = 4, 80  # characters
_HYPHENS = "-\u2010\u00ad"


def recognised_in(text: str, rows: Sequence[Row]) -> list[RecognisedWord]:
    """Those words of the rows that were recognised, where they are in `text`, in its order.

    The text is that of the rows, without a marker in front and without hyphens at the ends of lines. A word that is
    not found near its place is left out.
    """
    found: list[RecognisedWord] = []
    end = 0
    for seen in (word.seen for row in rows for piece in row.pieces for word in piece.words):
        if seen is None:
            continue
        for word in (seen.text, seen.text.rstrip(_HYPHENS)):
            start = _next(text, word, end)
            if start >= 0:
                end = start + len(word)
                found.append(RecognisedWord(Span(start, end), seen.confidence, seen.box))
                break
    return found


def _next(text: str, word: str, start: int) -> int:
    """Where the word begins that comes next in the text, behind white space; a long one may come a little later."""
    while start < len(text) and text[start].isspace():
        start += 1
    if word and text.startswith(word, start):
        return start
    return text.find(word, start, start + _NEAR) if len(word) >= _LONG else -1
