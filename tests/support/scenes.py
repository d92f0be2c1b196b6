"""Found passages written by hand, for the tests of what comes after retrieval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag.records import Chunk, Hit, SentenceKind, Source, Span, StoredSentence


@dataclass(frozen=True)
class Line:
    """One sentence of a page, and how similar it is to the question."""

    text: str
    similarity: float = 0.3
    kind: SentenceKind = SentenceKind.STATEMENT


class Page:
    """A document of one line a sentence, out of which passages are cut."""

    def __init__(self, document_id: str, *lines: Line | str, title: str = "Notes", section: str = "Section") -> None:
        self.lines = [line if isinstance(line, Line) else Line(line) for line in lines]
        self.text = "\n".join(line.text for line in self.lines)
        self.source = Source(document_id, title, f"/{document_id}.txt")
        self.section = section

    def sentences(self) -> list[StoredSentence]:
        """All sentences; their ids are told apart from those of pages with another document id."""
        stored, start = [], 0
        first_id = sum(map(ord, self.source.id)) * 1_000
        for position, line in enumerate(self.lines):
            span = Span(start, start + len(line.text))
            stored.append(StoredSentence(first_id + position, position, span, line.kind, line.text, self.section, 2))
            start = span.end + 1
        return stored

    def hit(self, first: int = 0, last: int | None = None, *, chunk_id: int = 1, score: float = 1.0) -> Hit:
        """The passage of the sentences from `first` to before `last`."""
        sentences = tuple(self.sentences()[first:last])
        span = Span(sentences[0].span.start, sentences[-1].span.end)
        similarities = tuple(line.similarity for line in self.lines[first:last])
        return Hit(
            Chunk(chunk_id, self.source, "t" * 64, span, span.of(self.text), self.section, 2, sentences),
            score,
            dense=max(similarities),
            similarities=similarities,
        )


def texts(pages: Sequence[Page]) -> dict[str, str]:
    """The text of each page by document id."""
    return {page.source.id: page.text for page in pages}
