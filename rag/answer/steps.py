"""How something is done: the steps of the list that the best sentence is one of, or announces."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.answer.question import Question
from rag.records import Citation, Extract, Place, Span, Steps
from rag.text.words import content_stems

_ASKS_HOW = re.compile(
    r"\bhow\b(?!\s(?:much|many|long|old|often|far|big|large|high|fast|deep|wide|tall|heavy|late|early|soon|hot|cold)\b)"
    r"|\bsteps?\b|\b(?:what|which) order\b|\bwhat now\b"
    r"|\bwhat\s(?:\w+\s){1,3}do\b",
    re.IGNORECASE,
)
# From these log-odds on the reader takes a sentence beside the best one for a part of the same answer: .14 of those
# beside right ones in five desk collections. It has learned single sentences too, each of which belonged, and would
# say it of .19 from 0 on.
_BELONGS = 0.5


def asks_how(question: Question) -> bool:
    """Whether a question is for a way to do something: "How do I ...?", "What must I do when ...?"."""
    return bool(_ASKS_HOW.search(question.text))


def is_procedure(question: Question, best: Extract, further: Sequence[Extract], *, is_announced: bool) -> bool:
    """Whether the items that follow `best` in a list are steps of what is asked for, and not one thing beside another.

    They are where the list is announced ("To open the gate:"), where its heading has a word of the question, and where
    the reader takes the next one for a part of the same answer. Whether items are numbered is not kept of a document.
    """
    heading = best.sentence.section.rpartition(" > ")[2]
    is_named = not set(question.stems).isdisjoint(content_stems(heading, question.language))
    return is_announced or is_named or (bool(further) and belongs(further[0]))


def belongs(extract: Extract) -> bool:
    """Whether the reader takes a sentence beside the best one for a part of the same answer; not where it is unread."""
    return extract.features.get("reader_belongs", _BELONGS - 1) >= _BELONGS


def further_steps(best: Extract, extracts: Sequence[Extract], items: Sequence[Span]) -> list[Extract]:
    """The sentences that follow `best` up to the end of the list, in text order, as far as they were read."""
    document = best.hit.chunk.source.id
    here = {e.sentence.position: e for e in extracts if e.hit.chunk.source.id == document}
    found = []
    position = best.sentence.position + 1
    while position in here and here[position].sentence.span.start < items[-1].end:
        found.append(here[position])
        position += 1
    return found


def all_steps(items: Sequence[Span], citations: Sequence[Citation]) -> Steps | None:
    """The whole list, where the citations show only a part of it; else None."""
    starts = [citation.place.span.start for citation in citations]
    shown = sum(any(item.start <= start < item.end for start in starts) for item in items)
    if shown == len(items):
        return None
    first = citations[0].place
    whole = Place(first.source, first.text_sha256, Span(items[0].start, items[-1].end), first.section, first.page)
    return Steps(whole, len(items), shown)
