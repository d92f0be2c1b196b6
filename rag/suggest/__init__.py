"""Questions to suggest: those that somebody wrote down, or made from the documents themselves, each with an answer.

`rag.suggest.choose` makes them; it is imported when that begins, because its many patterns take a while to compile.
"""

from __future__ import annotations

from rag.suggest.background import Suggestion, Suggestions
from rag.suggest.listed import listed

__all__ = ["Suggestion", "Suggestions", "listed"]
