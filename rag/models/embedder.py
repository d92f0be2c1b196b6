"""Texts to unit vectors: the Embedder protocol and the real one, ONNX Runtime over an exported model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from typing import Any, Protocol

import numpy as np
from tokenizers import Tokenizer

from rag.models.exported import LoadedModel
from rag.models.question_encoder import question_graph
from rag.models.runtime import Workers, open_session, shared_workers
from rag.records import ModelIdentity
from rag.records.arrays import FloatMatrix, FloatVector

# Texts whose vectors are remembered, and how long these may be: what repeats is short ("All rights reserved."). 4 MB.
_REMEMBERED = 2000
_LONGEST_REMEMBERED = 300


class Embedder(Protocol):
    """Anything that turns texts into unit vectors of one model."""

    identity: ModelIdentity
    max_tokens: int  # longer texts are cut off by the model

    def embed(self, texts: Sequence[str], *, on_done: Callable[[int], None] | None = None) -> FloatMatrix:
        """Float32 rows of length 1, shape (len(texts), dimension), in the order of `texts`."""
        ...

    def embed_question(self, question: str) -> FloatVector:
        """The float32 unit vector of a question, shape (dimension,): inner product with a row is their cosine."""
        ...

    def count_tokens(self, text: str) -> int:
        """How many tokens the model reads for `text`, its start and end marks not counted."""
        ...


class OnnxEmbedder:
    """Runs an exported model on the processor. Safe to use from several threads."""

    def __init__(self, model: LoadedModel, *, workers: Workers | None = None) -> None:
        """Without `workers` it has those of the process."""
        self.identity = model.identity
        self.max_tokens = model.max_tokens
        self._model = model
        self._workers = workers or shared_workers()
        self._session = open_session(model.graph)
        of_questions = question_graph(model.identity)
        self._question_session = open_session(of_questions) if of_questions else None
        self._tokenizer: Tokenizer = Tokenizer.from_file(str(model.tokenizer))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(model.max_tokens)
        self._remembered = lru_cache(maxsize=_REMEMBERED)(self._vector)

    def embed(self, texts: Sequence[str], *, on_done: Callable[[int], None] | None = None) -> FloatMatrix:
        """Float32 unit rows in the order of `texts`; `on_done` is told now and then how many are done.

        The row of a text depends on nothing but the text, to the last bit.
        """
        places: dict[str, list[int]] = {}
        for place, text in enumerate(texts):
            places.setdefault(text, []).append(place)
        rows = np.zeros((len(texts), self.identity.dimension), dtype=np.float32)
        longest_first = sorted(places, key=lambda text: (-len(text), text))  # so that no core ends long before another
        done = 0
        for text, row in zip(longest_first, self._workers.stream(self._passage, longest_first), strict=True):
            rows[places[text]] = row
            done += len(places[text])
            if on_done:
                on_done(done)
        return rows

    def embed_question(self, question: str) -> FloatVector:
        """The unit vector of a question, by the encoder of questions where the model has one.

        The same question gives the same bits.
        """
        embed = self._question_vector if self._question_session else self._vector
        (vector,) = self._workers.run(embed, [self._model.question_prompt + question])
        return vector

    def count_tokens(self, text: str) -> int:
        """How many tokens the model reads for `text`, without its marks."""
        return len(self._counter.encode(text, add_special_tokens=False))

    @cached_property
    def _counter(self) -> Tokenizer:
        """A tokenizer that cuts nothing off; made when documents come in, because it takes part of a start."""
        counter: Tokenizer = Tokenizer.from_file(str(self._model.tokenizer))
        counter.no_padding()
        counter.no_truncation()
        return counter

    def _passage(self, text: str) -> FloatVector:
        """The vector of a passage or sentence; what stands in many documents is computed once."""
        whole = self._model.passage_prompt + text
        return self._remembered(whole) if len(text) <= _LONGEST_REMEMBERED else self._vector(whole)

    def _question_vector(self, text: str) -> FloatVector:
        return _run(self._question_session, ("input_ids",), self._tokenizer.encode(text).ids)

    def _vector(self, text: str) -> FloatVector:
        return _run(self._session, self._model.inputs, self._tokenizer.encode(text).ids)


def _run(session: Any, inputs: Sequence[str], ids: Sequence[int]) -> FloatVector:
    """One text through a model. Alone, so nothing is padded, and what its neighbours are changes no bit."""
    rows = np.array([ids], dtype=np.int64)
    given = {"input_ids": rows, "attention_mask": np.ones_like(rows), "token_type_ids": np.zeros_like(rows)}
    (vectors,) = session.run(None, {name: given[name] for name in inputs})
    return np.asarray(vectors, dtype=np.float32).reshape(-1)
