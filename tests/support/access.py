"""Who asks in the tests, where that is not what is tested."""

from __future__ import annotations

from typing import Any

from rag.records import Access

EVERYTHING = Access.everything()
# Methods of the store that read for a person, with what they are asked for.
READ_FOR_A_PERSON: dict[str, tuple[Any, ...]] = {
    "counts": (),
    "content_number": (),
    "content_state": (),
    "documents": (),
    "document": ("a",),
    "document_info": ("a",),
    "sentences": ("a",),
    "lead_in": ("a", "0" * 64, 0),
    "list_items": ("a", "0" * 64, 0),
    "page_at": ("a", 0),
    "original": ("a",),
    "describe_original": ("a",),
    "original_part": ("a", "0" * 64, 0, 1),
    "original_sha256": ("a",),
    "versions": ("a",),
    "version": ("a", "0"),
    "chunks": ([1],),
    "chunk_ids": ("a",),
    "texts": (["a"],),
    "chunk_vectors": ([1],),
    "sentence_vectors": ([1],),
    "search_words": (["harbour"], 5),
    "chunk_frequencies": (["harbour"],),
    "phrase_counts": ("1.5",),
    "groups": ("a",),
    "all_groups": (),
}
