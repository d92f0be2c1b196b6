"""The index of the passages: vectors and words in memory-mapped parts, kept in step with the store."""

from __future__ import annotations

from rag.index.bm25 import QueryWord
from rag.index.part import Part, PassageBatch
from rag.index.search_index import SearchIndex, build_index, changed_index, compacted

__all__ = [
    "Part",
    "PassageBatch",
    "QueryWord",
    "SearchIndex",
    "build_index",
    "changed_index",
    "compacted",
]
