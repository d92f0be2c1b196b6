"""An answer as one text for programs that show text: quotes, citation marks and fixed words, and where each quote is.

The text has no other words: what is not a quote, a lead-in or a mark is one of the sentences in
`rag.render.outcomes` and below. `quotes_in` finds the quotes of such a text again, where a program sends it back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rag.records import Answer, Citation, Span
from rag.render.outcomes import MAY_ANSWER, likelihood, outcome_words
from rag.render.transcript import escaped, source_line

_SOURCES = "Sources:"
_DISAGREE = "The documents disagree."
_NEWEST_FIRST = "The documents disagree: newest first."
# Behind a quote.
_MARKS = re.compile(r"(?:\[\d{1,3}\])+")
# Characters of a text that quotes are looked for in: more than any answer has that was made here.
_MAX_CHARACTERS = 20_000
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")


@dataclass(frozen=True, slots=True)
class QuotedAt:
    """A quote in the text."""

    span: Span  # its code points in the text
    citation: Citation


@dataclass(frozen=True, slots=True)
class CitedText:
    """The text in parts that can be sent one after the other, and its quotes in order."""

    parts: tuple[str, ...]
    quotes: tuple[QuotedAt, ...]

    @property
    def text(self) -> str:
        """The whole."""
        return "".join(self.parts)


@dataclass(frozen=True, slots=True)
class _Quoted:
    """A quote to be written: what stands in front, its citations, and what follows the marks."""

    lead_in: str
    text: str
    citations: tuple[Citation, ...]
    after: str = ""


def plain_text(answer: Answer) -> CitedText:
    """The answer with its quotes word for word: "First. [1] Second. [2]"."""
    return _cited_text(answer, shown=lambda text: text, tail=_told(answer))


def markdown_text(answer: Answer, address: str) -> CitedText:
    """The same for programs that show Markdown: quotes are shown as they stand, and the sources follow with links.

    Whatever a document holds makes no link, picture, heading or HTML. Links are under `address`: "https://host/".
    """
    sources = [source_line(citation, address.rstrip("/")) for citation in answer.citations]
    listed = ["\n\n" + "\n".join((f"{_SOURCES}\n", *sources))] if sources else []
    return _cited_text(answer, shown=escaped, tail=[*_told(answer), *listed])


def quotes_in(text: str) -> tuple[str, ...]:
    """The sentences of an answer in a text that `plain_text` or `markdown_text` made; of other texts what is alike.

    "First. [1] Second. [2]" -> ("First.", "Second."). Quotes that only may answer are none.
    """
    body = _ESCAPE.sub(r"\1", text[:_MAX_CHARACTERS].partition(f"\n\n{_SOURCES}")[0])
    if body.startswith(MAY_ANSWER):
        return ()
    *quotes, _rest = _MARKS.split(body)
    return tuple(quote.strip() for quote in quotes if quote.strip())


def _cited_text(answer: Answer, *, shown: Callable[[str], str], tail: Sequence[str]) -> CitedText:
    parts, quotes, length = [], [], 0
    if answer.found is None:
        parts.append(outcome_words(answer))
        length = len(parts[0])
    for quoted in _answering(answer) if answer.found else _possible(answer):
        # Several that may answer are different things, the sentences of an answer one.
        before = "" if not parts else " " if answer.found else "\n\n"
        before += f"{shown(quoted.lead_in)} " if quoted.lead_in else ""
        words = shown(quoted.text)
        marks = "".join(shown(f"[{citation.number}]") for citation in quoted.citations)
        start = length + len(before)
        if words:
            span = Span(start, start + len(words))
            quotes += [QuotedAt(span, citation) for citation in quoted.citations]
        parts.append(f"{before}{words} {marks}{quoted.after}")
        length += len(parts[-1])
    return CitedText((*parts, *tail), tuple(quotes))


def _answering(answer: Answer) -> Iterator[_Quoted]:
    by_number = {citation.number: citation for citation in answer.citations}
    for sentence in answer.sentences:
        cited = tuple(by_number[number] for number in sentence.citations)
        yield _Quoted(answer.lead_in_of(sentence), sentence.text, cited)


def _possible(answer: Answer) -> Iterator[_Quoted]:
    for citation in answer.citations:
        after = f", {likelihood(citation.confidence)}" if citation.confidence else ""
        yield _Quoted(citation.lead_in.text if citation.lead_in else "", citation.quote, (citation,), after)


def _told(answer: Answer) -> list[str]:
    """What else has to be said of an answer."""
    told = []
    if answer.disagreement:
        are_dated = len({value.dated for value in answer.disagreement.values}) > 1
        told.append(f"\n\n{_NEWEST_FIRST if are_dated else _DISAGREE}")
    if answer.steps:
        told.append(f"\n\n{answer.steps.shown} of {answer.steps.count} steps.")
    return told
