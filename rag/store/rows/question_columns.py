"""Logged questions and votes: the columns that are written and read, and the vectors of questions as bytes."""

from __future__ import annotations

from typing import Any

import numpy as np

from rag.records.arrays import FloatVector
from rag.store.base import LoggedQuestion

ASKING = "answer_id, question, outcome, confidence, index_version, asked_at"
NEW_ASKING = "answer_id, question, outcome, confidence, index_version, vector, asked_at"
FEEDBACK = "answer_id, relevance, citation_number, comment, created_at"
NEW_FEEDBACK = "answer_id, question, relevance, citation_number, comment, created_at, person"
# As stored: little-endian whatever the machine.
_STORED = np.dtype("<f4")


def asking_values(asking: LoggedQuestion, question: str, vector: FloatVector) -> tuple[Any, ...]:
    """What is written of a question: NEW_ASKING, with its text as the store holds it."""
    return (
        asking.answer_id,
        question,
        asking.outcome,
        asking.confidence,
        asking.index_version,
        vector.astype(_STORED).tobytes(),
        asking.asked_at,
    )


def vector_of(stored: bytes) -> FloatVector:
    """The vector of a question, of the bytes that are stored."""
    return np.frombuffer(stored, _STORED).astype(np.float32)
