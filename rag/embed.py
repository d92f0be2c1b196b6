"""Texts to unit vectors: the Embedder protocol and the real one, ONNX Runtime over an exported model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt
import onnxruntime
from tokenizers import Encoding, Tokenizer

from rag.models import LoadedModel
from rag.records import ModelIdentity

FloatVector = npt.NDArray[np.float32]  # shape (dim,)
FloatMatrix = npt.NDArray[np.float32]  # shape (n, dim)

# Texts that go through the model at once. Sorted by length there is little padding; more than 32 gains nothing here.
_BATCH = 32


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

    def __init__(self, model: LoadedModel, *, threads: int = 0) -> None:
        """`threads` 0 means one for each core."""
        self.identity = model.identity
        self.max_tokens = model.max_tokens
        self._model = model
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3  # errors only: its warnings say nothing a user can act on
        self._session = onnxruntime.InferenceSession(str(model.graph), options, providers=["CPUExecutionProvider"])
        self._tokenizer: Tokenizer = Tokenizer.from_file(str(model.tokenizer))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(model.max_tokens)
        self._counter: Tokenizer = Tokenizer.from_file(str(model.tokenizer))
        self._counter.no_padding()
        self._counter.no_truncation()

    def embed(self, texts: Sequence[str], *, on_done: Callable[[int], None] | None = None) -> FloatMatrix:
        """Float32 unit rows in the order of `texts`; `on_done` is told after each batch how many are done."""
        encodings = self._tokenizer.encode_batch([self._model.passage_prompt + text for text in texts])
        rows = np.zeros((len(texts), self.identity.dimension), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda i: (len(encodings[i]), i))
        for start in range(0, len(order), _BATCH):
            batch = order[start : start + _BATCH]
            rows[batch] = self._run([encodings[i] for i in batch])
            if on_done:
                on_done(start + len(batch))
        return rows

    def embed_question(self, question: str) -> FloatVector:
        """The unit vector of a question. Run alone, so that the same question gives the same bits."""
        rows = self._run([self._tokenizer.encode(self._model.question_prompt + question)])
        return rows.reshape(-1)

    def count_tokens(self, text: str) -> int:
        """How many tokens the model reads for `text`, without its marks."""
        return len(self._counter.encode(text, add_special_tokens=False))

    def _run(self, encodings: Sequence[Encoding]) -> FloatMatrix:
        """One pass through the model, padded to the longest of the batch."""
        width = max(len(encoding) for encoding in encodings)
        shape = (len(encodings), width)
        inputs = {
            "input_ids": np.full(shape, self._model.pad_id, dtype=np.int64),
            "attention_mask": np.zeros(shape, dtype=np.int64),
            "token_type_ids": np.zeros(shape, dtype=np.int64),
        }
        for row, encoding in enumerate(encodings):
            inputs["input_ids"][row, : len(encoding)] = encoding.ids
            inputs["attention_mask"][row, : len(encoding)] = 1
        (rows,) = self._session.run(None, {name: inputs[name] for name in self._model.inputs})
        return np.asarray(rows, dtype=np.float32)
