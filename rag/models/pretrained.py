"""The weights of an encoder by name, in int8 or as they are, and those of the bundled embedding model. Needs no torch.

In a few channels the states are ten times as large as elsewhere, and the step between two bytes is that of the largest.
So each input of a product is divided by a power of the largest value it was seen with, and its weights are multiplied
by the same: as Xiao and others do (SmoothQuant, ICML 2023), but without a look at the weights, which served no better.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from rag.models.graph import Array, Linear, LookupTable

# For each product the largest value of each of its inputs, over forty paragraphs; `rag.training.ranges` makes them.
RANGES = Path(__file__).parent / "weights" / "embedder-ranges.safetensors"
# Of 0.3, 0.4, 0.5 and 0.6 the one with the highest cosine to float32, on 108 other paragraphs and their questions.
_POWER = 0.4
# An input that was nothing all the time is not divided by nothing.
_LEAST_DIVISOR = 1e-3


class EncoderWeights:
    """Weights of a BERT by the names of transformers; products whose inputs have known ranges are brought to int8."""

    def __init__(
        self,
        tensors: Mapping[str, Array],
        *,
        layers: int,
        heads: int,
        epsilon: float,
        ranges: Mapping[str, Array] | None = None,
    ) -> None:
        """`ranges` has for each product, as `input_of` names it, the largest absolute value of each of its inputs."""
        self.layers, self.heads, self.epsilon = layers, heads, epsilon
        self._ranges = ranges or {}
        self._tensors = tensors

    def linear(self, name: str) -> Linear:
        """A product by name; its weights in int8 have a scale for each output."""
        weight, bias = self._tensors[f"{name}.weight"].astype(np.float32).T, self._tensors[f"{name}.bias"]
        largest = self._ranges.get(input_of(name))
        if largest is None:
            return Linear(weight, bias)
        divisor = np.maximum(largest.astype(np.float32) ** np.float32(_POWER), np.float32(_LEAST_DIVISOR))
        weight = weight * divisor[:, None]
        scale = np.abs(weight).max(axis=0) / np.float32(127)
        return Linear(np.rint(weight / scale).astype(np.int8), bias, scale, divisor)

    def norm(self, name: str) -> tuple[Array, Array]:
        """Factor and summand of a normalisation by name."""
        return self._tensors[f"{name}.weight"], self._tensors[f"{name}.bias"]


class Pretrained(EncoderWeights):
    """A BERT as sentence-transformers keeps it: `config.json` and `model.safetensors` in one folder."""

    def __init__(
        self,
        folder: Path,
        *,
        tensors: Mapping[str, Array] | None = None,
        ranges: Mapping[str, Array] | None = None,
    ) -> None:
        """With `ranges` the weights are brought to int8, without them they stay as they are.

        `tensors` take the place of the weights in the folder: the same model, trained further.
        """
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        self.dimension: int = config["hidden_size"]
        super().__init__(
            tensors if tensors is not None else load_file(folder / "model.safetensors"),
            layers=config["num_hidden_layers"],
            heads=config["num_attention_heads"],
            epsilon=config["layer_norm_eps"],
            ranges=ranges,
        )

    def words(self) -> LookupTable:
        """The vector of each word; beside int8 in float16, which is half the memory and far more exact than that."""
        words = self._tensors["embeddings.word_embeddings.weight"]
        return LookupTable(words.astype(np.float16 if self._ranges else np.float32))

    def places(self) -> LookupTable:
        """What is added to a word at each position: the vectors of the position and of the first token type."""
        positions = self._tensors["embeddings.position_embeddings.weight"]
        types = self._tensors["embeddings.token_type_embeddings.weight"]
        return LookupTable(np.add(positions, types[0], dtype=np.float32))


def input_of(name: str) -> str:
    """By what the input of a product is known: query, key and value have one in common."""
    at, _, part = name.rpartition(".")
    return at if part in ("query", "key", "value") else name
