"""Text to sentences: spans that copy word for word, and whether each may be quoted.

Boundaries come from sentencex, asked about one line, or one wrapped paragraph, at a time. It never sees a quote or a
bracket (marks.py): one that is not closed would join everything after it, and many would take quadratic time.
Every character that is not white space ends up in exactly one sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import sentencex

from rag.records import Block, BlockKind, Document, Sentence, Span
from rag.split.continued import goes_on
from rag.split.kinds import kind_of
from rag.split.marks import enclosed, end_with_closers, hide_marks
from rag.split.recognised import with_recognition

# Characters. Of 3,568 sentences of encyclopedia articles three are longer, all lists of names. Such a list, or
# a text without marks, would fill a whole answer.
_MAX_SENTENCE_CHARS = 600
_MIN_PIECE_CHARS = 200

_BREAK = re.compile(r"[;:,](?=\s)|\s")


def split_sentences(text: str, *, language: str = "en") -> list[Span]:
    """The sentences of a text, line by line, in order; no line break is inside one.

    They do not overlap, have no white space at their ends, and hold every other character. `language` is ISO 639-1.
    """
    spans = []
    start = 0
    for line in text.split("\n"):
        if line.strip():
            spans += [Span(start + span.start, start + span.end) for span in _split_line(line, language)]
        start += len(line) + 1
    return spans


def split_document(document: Document, *, language: str = "en") -> list[Sentence]:
    """The sentences of a document with their kinds, block by block, in order; none crosses a block.

    A heading and a table row are one sentence each. A line of code is a FRAGMENT: it is found, and never quoted. So is
    what was recognised on a picture of the page too poorly: UNSURE.
    """
    sentences: list[Sentence] = []
    previous = ""
    for block in document.blocks:
        for span in _split_block(document.text, block, language):
            text = span.of(document.text)
            kind = kind_of(text, block.kind, previous=previous, is_whole_block=span == block.span)
            sentence = Sentence(span, kind, block.section, block.page_at(span.start))
            sentences.append(with_recognition(sentence, block, document.text) if block.recognised else sentence)
            previous = text
    return sentences


def _split_block(text: str, block: Block, language: str) -> Iterator[Span]:
    words = block.span.of(text)
    match block.kind:
        case BlockKind.CODE:
            spans = [piece for line in re.finditer(r"[^\n]+", words) for piece in _cut(words, *line.span())]
        case BlockKind.HEADING | BlockKind.TABLE_ROW:
            spans = list(_cut(words, 0, len(words)))
        case _:
            # The reader made one block of these lines: their breaks are the page's, not the author's.
            spans = _split_line(words, language)
    for span in spans:
        yield Span(block.span.start + span.start, block.span.start + span.end)


def _split_line(text: str, language: str) -> list[Span]:
    """The sentences of one line or one wrapped paragraph."""
    spans: list[Span] = []
    start = 0
    for end in [*_ends(text, language), len(text)]:
        spans += _cut(text, start, end)
        start = end
    return spans


def _ends(text: str, language: str) -> Iterator[int]:
    """Where sentences end, the last one left out; rising."""
    inside = enclosed(text)
    start = 0
    for boundary in sentencex.get_sentence_boundaries(language, hide_marks(text)):
        end = end_with_closers(text, boundary["start_index"] + len(boundary["text"].rstrip()))
        if end > start and not inside[end] and not goes_on(text, start, end, language):
            yield end
            start = end


def _cut(text: str, start: int, end: int) -> Iterator[Span]:
    """The range without white space at its ends; in pieces where it is too long for a sentence."""
    start, end = _skip_space(text, start, end), start + len(text[start:end].rstrip())
    while end - start > _MAX_SENTENCE_CHARS:
        piece_end = _piece_end(text, start)
        yield Span(start, start + len(text[start:piece_end].rstrip()))
        start = _skip_space(text, piece_end, end)
    if start < end:
        yield Span(start, end)


def _piece_end(text: str, start: int) -> int:
    """Where to cut a long sentence: behind the last clause mark in reach, else at a space, else anywhere."""
    breaks = list(_BREAK.finditer(text, start + _MIN_PIECE_CHARS, start + _MAX_SENTENCE_CHARS))
    clauses = [found for found in breaks if not found[0].isspace()]
    best = (clauses or breaks)[-1:]
    return best[0].end() if best else start + _MAX_SENTENCE_CHARS


def _skip_space(text: str, start: int, end: int) -> int:
    while start < end and text[start].isspace():
        start += 1
    return start
