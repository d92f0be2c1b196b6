"""Stand-ins for slow parts: real behaviour, no model."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import numpy as np

from rag.metrics import Metrics
from rag.read.formats import content_of
from rag.read.layout import Content
from rag.read.sandbox import Limits, Recognition
from rag.records import ModelIdentity
from rag.records.arrays import FloatMatrix, FloatVector
from rag.text.words import content_stems, plain_words


class ReadsHere:
    """A Parser that reads in this process, for tests in which another user may not start the interpreter."""

    def __init__(
        self, _limits: Limits, _metrics: Metrics | None = None, *, recognition: Recognition | None = None
    ) -> None:
        assert recognition is None
        content_of(b"Warm up.", "text/plain")  # that user may not read the interpreter's files either

    def __call__(self, data: bytes, media_type: str) -> Content:
        return content_of(data, media_type)

    def close(self) -> None:
        """Nothing to end."""


class HashEmbedder:
    """An Embedder whose vectors are sums of one fixed random direction a word stem: shared words make near texts."""

    def __init__(self, dimension: int = 64, name: str = "hash") -> None:
        self.identity = ModelIdentity(name, hashlib.sha256(name.encode()).hexdigest(), dimension)
        self.max_tokens = 128
        self._directions: dict[str, FloatVector] = {}

    def embed(self, texts: Sequence[str], *, on_done: Callable[[int], None] | None = None) -> FloatMatrix:
        rows = np.array([self.embed_question(text) for text in texts], dtype=np.float32)
        if on_done:
            on_done(len(texts))
        return rows.reshape(len(texts), self.identity.dimension)

    def embed_question(self, question: str) -> FloatVector:
        total = sum((self._direction(stem) for stem in content_stems(question)), self._direction("")) * 1.0
        return np.asarray(total / np.linalg.norm(total), dtype=np.float32)

    def count_tokens(self, text: str) -> int:
        return len(plain_words(text))

    def _direction(self, stem: str) -> FloatVector:
        known = self._directions.get(stem)
        if known is None:
            seed = int.from_bytes(hashlib.sha256(stem.encode("utf-8", "surrogatepass")).digest()[:8])
            known = np.random.default_rng(seed).standard_normal(self.identity.dimension, dtype=np.float32)
            self._directions[stem] = known
        return known
