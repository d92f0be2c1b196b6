"""A sentence and its document to a citation that anyone can check."""

from __future__ import annotations

import re

from rag.records import Chunk, Citation, Place, Span

# Code points of context on either side: about a line and a half, enough to see where the quote sits.
_CONTEXT = 120


def cite(number: int, text: str, place: Place, also_in: tuple[Place, ...] = ()) -> Citation:
    """The citation of `place.span` in `text`, copied by offset: `text[span] == quote`.

    `before` and `after` begin and end at white space where there is some.
    """
    start, end = place.span.start, place.span.end
    return Citation(
        number=number,
        place=place,
        quote=place.span.of(text),
        before=_from_white_space(text[max(0, start - _CONTEXT) : start], cut=start > _CONTEXT),
        after=_to_white_space(text[end : end + _CONTEXT], cut=end + _CONTEXT < len(text)),
        also_in=also_in,
    )


def place_of(chunk: Chunk, span: Span, *, section: str, page: int | None) -> Place:
    """The place of `span` in the document of `chunk`."""
    return Place(chunk.source, chunk.text_sha256, span, section, page)


def _from_white_space(context: str, *, cut: bool) -> str:
    """`context` without a word that was cut at its beginning."""
    if not cut:
        return context
    space = re.search(r"\s", context)
    return context[space.end() :] if space else context


def _to_white_space(context: str, *, cut: bool) -> str:
    """`context` without a word that was cut at its end."""
    if not cut:
        return context
    space = re.search(r"\s\S*\Z", context)
    return context[: space.start()] if space else context
