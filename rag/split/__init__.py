"""Text to sentences, and sentences to passages."""

from __future__ import annotations

from rag.split.passages import chunk_sentences
from rag.split.sentences import split_document, split_sentences

__all__ = [
    "chunk_sentences",
    "split_document",
    "split_sentences",
]
