"""A conversation as Markdown: the questions, what the documents say, and where it stands.

Titles, questions and sentences are shown as the characters they are: whatever they hold, rendering makes no link, no
picture, no heading and no HTML of it. The only links lead to the cited places.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from unicodedata import category

from rag.records import Answer, Citation
from rag.render.links import address_of
from rag.render.outcomes import likelihood, outcome_words, recognised_words
from rag.store.base import Conversation

# What Markdown reads something into wherever it stands.
_ANYWHERE = re.compile(r"([\\`*_\[\]<>&#|~@^${}])")
# What makes an address of words, also where addresses are found without marks, as in many programs.
_IN_ADDRESSES = re.compile(r"([.:])(?=\S)")
# What begins a list or underlines a heading.
_AT_START = re.compile(r"^(\d*)([-+=.)])")


def to_markdown(conversation: Conversation, address: str) -> str:
    """The conversation, with the links under `address`: "https://host/"."""
    lines = [f"# {escaped(conversation.title)}", ""]
    for turn in conversation.turns:
        lines += [*_turn(turn.answer, address.rstrip("/")), ""]
    return "\n".join(lines)


def escaped(text: str) -> str:
    r"""`text` in one line, so that it is shown as it stands: "# [a](b)" -> "\# \[a\](b)"."""
    line = " ".join("".join(" " if category(c) in ("Cc", "Cs") else c for c in text).split())
    line = _IN_ADDRESSES.sub(r"\\\1", _ANYWHERE.sub(r"\\\1", line))
    return _AT_START.sub(r"\1\\\2", line)


def _turn(answer: Answer, address: str) -> Iterator[str]:
    """A question, the answer or why there is none, and the sources."""
    yield f"## {escaped(answer.question)}"
    yield ""
    if answer.stand_alone_question:
        yield f"Searched for: {escaped(answer.stand_alone_question)}"
        yield ""
    if answer.also_searched:
        yield f"Also looked for: {escaped(', '.join(answer.also_searched))}"
        yield ""
    if not answer.found:
        yield outcome_words(answer)
    if not answer.citations:
        return
    if not answer.found:
        yield ""
    yield "\n>\n".join(f"> {line}" for line in (_sentences(answer) if answer.found else _possible(answer)))
    yield ""
    if answer.steps:
        yield f"{answer.steps.shown} of {answer.steps.count} steps; all: <{address_of(answer.steps.place, address)}>"
        yield ""
    for citation in answer.citations:
        yield source_line(citation, address)


def _sentences(answer: Answer) -> Iterator[str]:
    """The sentences of an answer with their citation marks."""
    for sentence in answer.sentences:
        yield _quoted(answer.lead_in_of(sentence), sentence.text, sentence.citations)


def _possible(answer: Answer) -> Iterator[str]:
    """Quotes that may answer, with their citation marks."""
    for citation in answer.citations:
        yield _quoted(citation.lead_in.text if citation.lead_in else "", citation.quote, (citation.number,))


def _quoted(lead_in: str, text: str, numbers: Sequence[int]) -> str:
    marks = "".join(f"\\[{number}\\]" for number in numbers)
    words = f"{escaped(lead_in)} {escaped(text)}".strip()
    return f"{words or '(removed)'} {marks}"


def source_line(citation: Citation, address: str) -> str:
    """A numbered source in Markdown: title, section or page, link under `address` ("https://host") and SHA-256."""
    place = citation.place
    where = [place.source.title, place.section]
    if place.page is not None:
        where.append(f"page {place.page}")
    state = "the document was removed" if citation.is_removed else f"SHA-256 {place.text_sha256}"
    named = ", ".join(escaped(part) for part in where if part)
    sure = f", {likelihood(citation.confidence)}" if citation.confidence and not citation.is_removed else ""
    seen = "" if citation.is_removed else recognised_words(citation.recognised)
    return f"{citation.number}. {named}: <{address_of(place, address)}>, {state}{sure}{seen and f', {seen}'}"
