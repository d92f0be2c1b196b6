"""Sentences to passages: whole neighbouring sentences of one section, at most the model's window long."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from rag.records import Document, Passage, Sentence, SentenceKind, Span

# Tokens kept free for the model's own marks at the start and the end.
_MARKS = 2
# What is searched and read, though a question is not quoted: what follows it is found by its words.
_SEARCHED = (SentenceKind.STATEMENT, SentenceKind.QUESTION)
# A title or heading longer than this many tokens would crowd out the text it stands over.
_MAX_HEADING_TOKENS = 40


def chunk_sentences(
    document: Document,
    sentences: Sequence[Sentence],
    *,
    count_tokens: Callable[[str], int],
    max_tokens: int,
) -> list[Passage]:
    """Passages in text order that together hold every quotable sentence once.

    A passage never crosses a section, nor a sentence that was recognised too poorly. Its search text is title, section
    and its quotable sentences and questions, a line each for the first two, at most `max_tokens` long unless a single
    sentence is longer. A question begins a passage rather than end one.
    """
    passages = []
    for group in _sections(sentences):
        heading = _heading(document.source.title, sentences[group[0]].section, count_tokens)
        budget = max_tokens - _MARKS - count_tokens(heading)
        lengths = {i: count_tokens(sentences[i].span.of(document.text)) for i in group}
        passages += [
            _passage(document, sentences, part, heading)
            for part in _parts(sentences, group, lengths, budget)
            if any(sentences[i].kind is SentenceKind.STATEMENT for i in part)
        ]
    return passages


def _sections(sentences: Sequence[Sentence]) -> Iterator[list[int]]:
    """Positions of what is searched, a list for each run with the same section; none crosses an unsure sentence."""
    group: list[int] = []
    for position, sentence in enumerate(sentences):
        if sentence.kind not in (*_SEARCHED, SentenceKind.UNSURE):
            continue
        if group and (sentences[group[-1]].section != sentence.section or sentence.kind is SentenceKind.UNSURE):
            yield group
            group = []
        if sentence.kind in _SEARCHED:
            group.append(position)
    if group:
        yield group


def _parts(
    sentences: Sequence[Sentence], group: list[int], lengths: dict[int, int], budget: int
) -> Iterator[list[int]]:
    """`group` cut into runs of about equal length that each fit the budget; a question stays with what follows it."""
    total = sum(lengths.values())
    pieces = max(1, -(-total // max(1, budget)))
    target = min(budget, -(-total // pieces) + max(lengths.values()) // 2)
    part: list[int] = []
    used = 0
    for position in group:
        if part and used + lengths[position] > target:
            asked = part[-1:] if sentences[part[-1]].kind is SentenceKind.QUESTION else []
            if asked == part or sum(lengths[i] for i in asked) + lengths[position] > budget:
                asked = []
            yield part[: len(part) - len(asked)]
            part, used = asked, sum(lengths[i] for i in asked)
        part.append(position)
        used += lengths[position]
    if part:
        yield part


def _heading(title: str, section: str, count_tokens: Callable[[str], int]) -> str:
    """Title and section above the text, a line each; a section that repeats the title stands alone.

    Of a path that is too long the headings nearest to the text stay.
    """
    parts = [part for part in section.split(" > ") if part and part != title]
    paths = (" > ".join(parts[first:]) for first in range(len(parts)))
    path = next((path for path in paths if count_tokens(path) <= _MAX_HEADING_TOKENS), "")
    lines = [line for line in (title if count_tokens(title) <= _MAX_HEADING_TOKENS else "", path) if line]
    return "".join(line + "\n" for line in lines)


def _passage(document: Document, sentences: Sequence[Sentence], part: list[int], heading: str) -> Passage:
    """The passage made of the sentences at the positions of `part`."""
    first, last = part[0], part[-1]
    text = " ".join(sentences[i].span.of(document.text) for i in part)
    return Passage(
        first=first,
        last=last + 1,
        span=Span(sentences[first].span.start, sentences[last].span.end),
        section=sentences[first].section,
        page=sentences[first].page,
        search_text=heading + text,
    )
