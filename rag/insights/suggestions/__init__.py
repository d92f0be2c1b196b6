"""Questions to suggest: those that somebody wrote down, or made from the documents themselves, each with an answer.

`choose` makes the second kind; it is imported when that begins, because its many patterns take a while to compile.
"""

from __future__ import annotations

from rag.insights.suggestions.background import Suggestion, Suggestions
from rag.insights.suggestions.listed import listed

__all__ = ["Suggestion", "Suggestions", "listed"]
