"""Text as SQLite can hold it."""

from __future__ import annotations


def storable(text: str) -> str:
    """The text with "?" for what has no UTF-8: half of a surrogate pair, which JSON lets through."""
    return text.encode("utf-8", "replace").decode("utf-8")
