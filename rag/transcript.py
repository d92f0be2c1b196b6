"""A conversation as Markdown: the questions, what the documents say, and where it stands.

Titles, questions and sentences are shown as the characters they are: whatever they hold, rendering makes no link, no
picture, no heading and no HTML of it. The only links lead to the cited places.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from unicodedata import category
from urllib.parse import quote

from rag.records import Conversation

_REASONS = {
    "not_in_documents": "The documents do not say.",
    "low_confidence": "The documents may touch on this, but no sentence answers it clearly enough.",
    "no_documents": "There were no documents.",
    "not_a_question": "There is nothing in this that can be searched for.",
}
# What Markdown reads something into wherever it stands.
_ANYWHERE = re.compile(r"([\\`*_\[\]<>&#|~@^${}])")
# What makes an address of words, also where addresses are found without marks, as in many programs.
_IN_ADDRESSES = re.compile(r"([.:])(?=\S)")
# What begins a list or underlines a heading.
_AT_START = re.compile(r"^(\d*)([-+=.)])")
_IN_LINKS = "/?=&#%._-~"


def to_markdown(conversation: Conversation, address: str) -> str:
    """The conversation, with the links under `address`: "https://host/"."""
    lines = [f"# {escaped(conversation.title)}", ""]
    for turn in conversation.turns:
        lines += [*_turn(turn.shown, address.rstrip("/")), ""]
    return "\n".join(lines)


def escaped(text: str) -> str:
    r"""`text` in one line, so that it is shown as it stands: "# [a](b)" -> "\# \[a\](b)"."""
    line = " ".join("".join(" " if category(c) in ("Cc", "Cs") else c for c in text).split())
    line = _IN_ADDRESSES.sub(r"\\\1", _ANYWHERE.sub(r"\\\1", line))
    return _AT_START.sub(r"\1\\\2", line)


def _turn(shown: Mapping[str, Any], address: str) -> Iterator[str]:
    """A question, the answer or why there is none, and the sources."""
    yield f"## {escaped(shown['question'])}"
    yield ""
    if shown["stand_alone_question"]:
        yield f"Searched for: {escaped(shown['stand_alone_question'])}"
        yield ""
    if shown["answer"] is None:
        yield _REASONS[shown["reason"]]
        return
    yield "\n>\n".join(f"> {_quoted(sentence)}" for sentence in shown["answer"]["sentences"])
    yield ""
    for citation in shown["citations"]:
        yield _source(citation, address)


def _quoted(sentence: Mapping[str, Any]) -> str:
    """A sentence with its citation marks."""
    marks = "".join(f"\\[{number}\\]" for number in sentence["citations"])
    return f"{escaped(sentence['text']) or '(removed)'} {marks}"


def _source(citation: Mapping[str, Any], address: str) -> str:
    """A numbered source: title, section or page, link and SHA-256."""
    where = [citation["document"]["title"], citation["section"]]
    if citation["page"] is not None:
        where.append(f"page {citation['page']}")
    link = f"{address}{quote(citation['link'], safe=_IN_LINKS)}"
    state = "the document was removed" if citation["removed"] else f"SHA-256 {citation['sha256']}"
    return f"{citation['number']}. {', '.join(escaped(part) for part in where if part)}: <{link}>, {state}"
