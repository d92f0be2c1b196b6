"""The store: documents, sentences, chunks and their vectors in one SQLite file, with full-text search over it.

The only SQL in the project. It is the source of truth: the word index inside it and the vector index beside it can both
be made again from it. Does not read files, split, embed or rank.
"""

from __future__ import annotations

from rag.store.backup import restore
from rag.store.questions import Asking, Wording
from rag.store.rows import FloatVector
from rag.store.store import Store

__all__ = ["Asking", "FloatVector", "Store", "Wording", "restore"]
