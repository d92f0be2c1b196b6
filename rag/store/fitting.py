"""What every store asks of a document before it is written, and how it names what it has written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from rag.errors import ModelMismatch
from rag.records import Document, ModelIdentity, Passage, Sentence
from rag.records.arrays import FloatMatrix


def now() -> str:
    """The present moment in ISO 8601, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def stamp_of(*values: object) -> int:
    """32 bits that stand for a document as it is: its id, title, place and hashes."""
    return int.from_bytes(hashlib.sha256(json.dumps(values).encode("utf-8", "replace")).digest()[:4])


def check_model(bound: ModelIdentity, identity: ModelIdentity, place: object, kind_of_place: str) -> None:
    """Raise ModelMismatch unless the model that is used is the one that the vectors in this place are of."""
    if bound != identity:
        raise ModelMismatch(
            f"{place} has vectors of the model {_named(bound)}; this is {_named(identity)}."
            f" Use that model, or ingest the documents into another {kind_of_place}."
        )


def _named(model: ModelIdentity) -> str:
    """A model as people tell it from another."""
    return f"{model.name} ({model.dimension} dimensions, SHA-256 {model.sha256[:12]})"


def checked_vectors(name: str, vectors: FloatMatrix, count: int, dimension: int) -> FloatMatrix:
    """The vectors as float32. Raises ValueError unless they are finite and of shape (count, dimension)."""
    matrix = np.asarray(vectors, dtype=np.float32)
    if matrix.shape != (count, dimension) and (count or matrix.size):
        raise ValueError(f"{name} has shape {matrix.shape}; expected ({count}, {dimension})")
    if not np.isfinite(matrix).all():
        raise ValueError(f"{name} has a value that is not a finite number")
    return matrix


def check_places(document: Document, sentences: Sequence[Sentence], passages: Sequence[Passage]) -> None:
    """Raise ValueError when a sentence, or a passage, lies outside of what it is a part of."""
    end = len(document.text)
    for span in [*(sentence.span for sentence in sentences), *(passage.span for passage in passages)]:
        if span.end > end:
            raise ValueError(f"{span} ends after the text of {document.source.id}, which has {end} characters")
    for passage in passages:
        if not 0 <= passage.first < passage.last <= len(sentences):
            raise ValueError(f"a passage has sentences {passage.first} to {passage.last} of {len(sentences)}")
