"""Questions to suggest: those that somebody wrote down, or made from the documents themselves, each with an answer."""

from __future__ import annotations

from rag.suggest.background import Suggestions
from rag.suggest.choose import Suggestion, suggest
from rag.suggest.listed import listed

__all__ = ["Suggestion", "Suggestions", "listed", "suggest"]
