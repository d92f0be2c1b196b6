"""What the reader learns from: a question with passages, and where in them the answer stands, if it does."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from rag.models.reader import ReadPassage
from rag.records import Span


@dataclass(frozen=True, slots=True)
class LabelledPassage:
    """A passage and what is right in it. `right` and `more` are positions in its sentences, `words` lies in its text.

    A sentence in `right` answers, one in `more` belongs to the full answer; a passage without a right one does not
    answer. `words` are the answering words, and `keep` is the sentence that a cut of a long passage must keep.
    """

    passage: ReadPassage
    right: frozenset[int] = frozenset()
    more: frozenset[int] = frozenset()
    words: Span | None = None
    keep: int | None = None


@dataclass(frozen=True, slots=True)
class PassageGroup:
    """A question with passages, learned from together: which sentence of all of them answers best."""

    question: str
    passages: tuple[LabelledPassage, ...]


# Draws passages for a question, other ones each time.
Draw = Callable[[random.Random], PassageGroup]
