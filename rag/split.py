"""Temporary."""

import sentencex

from rag.records import *


def split_sentences(text, *, language="en"):
    out = []
    off = 0
    for line in text.split("\n"):
        for b in sentencex.get_sentence_boundaries(language, line):
            t = b["text"]
            s = b["start_index"]
            e = s + len(t.rstrip())
            s += len(t) - len(t.lstrip())
            if e > s:
                out.append(Span(off + s, off + e))
        off += len(line) + 1
    return out


def split_document(document, *, language="en"):
    out = []
    for b in document.blocks:
        for s in split_sentences(b.span.of(document.text), language=language):
            k = (
                SentenceKind.HEADING
                if b.kind is BlockKind.HEADING
                else SentenceKind.STATEMENT
                if s.end - s.start > 12
                else SentenceKind.FRAGMENT
            )
            out.append(Sentence(Span(s.start + b.span.start, s.end + b.span.start), k, b.section, b.page))
    return out
