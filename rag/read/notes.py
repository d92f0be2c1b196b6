"""Footnotes and endnotes of formats with markup: each comes at the end of the section that refers to it."""

from __future__ import annotations

from dataclasses import dataclass, field

from rag.read.layout import Layout
from rag.records import BlockKind


@dataclass(slots=True)
class Notes:
    """The notes of a document, in the order in which its text refers to them."""

    _texts: list[str] = field(default_factory=list)
    _written: int = 0

    def refer(self, text: str) -> str:
        """What stands in the text in place of a reference to the note that reads `text`: its number as [1]."""
        self._texts.append(" ".join(text.split()))
        return f"[{len(self._texts)}]"

    @property
    def count(self) -> int:
        """How many the text has referred to so far."""
        return len(self._texts)

    def write(self, layout: Layout, *, up_to: int | None = None) -> None:
        """Add those that are not written yet under their numbers, all or the first `up_to`; none for an empty note."""
        end = self.count if up_to is None else up_to
        for number in range(self._written, end):
            if self._texts[number]:
                layout.add(BlockKind.PARAGRAPH, f"[{number + 1}] {self._texts[number]}")
        self._written = max(self._written, end)
