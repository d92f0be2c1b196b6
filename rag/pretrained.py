"""The weights of the bundled embedding model, read from its folder; in int8 or as they are. Needs no torch.

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

from rag.graph import Array, Linear, Table

# For each product the largest value of each of its inputs, over forty paragraphs; `rag.training.ranges` makes them.
RANGES = Path(__file__).parent / "weights" / "embedder-ranges.safetensors"
# Of 0.3, 0.4, 0.5 and 0.6 the one with the highest cosine to float32, on 108 other paragraphs and their questions.
_POWER = 0.4


class Pretrained:
    """A BERT as sentence-transformers keeps it: `config.json` and `model.safetensors` in one folder."""

    def __init__(self, folder: Path, *, ranges: Mapping[str, Array] | None = None) -> None:
        """With `ranges` the weights are brought to int8, without them they stay as they are."""
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        self.layers: int = config["num_hidden_layers"]
        self.heads: int = config["num_attention_heads"]
        self.epsilon: float = config["layer_norm_eps"]
        self.dimension: int = config["hidden_size"]
        self._ranges = ranges
        self._tensors: dict[str, Array] = load_file(folder / "model.safetensors")

    def linear(self, name: str) -> Linear:
        """A product by name; its weights in int8 have a scale for each output."""
        weight, bias = self._tensors[f"{name}.weight"].astype(np.float32).T, self._tensors[f"{name}.bias"]
        if self._ranges is None:
            return Linear(weight, bias)
        divisor = self._ranges[input_of(name)].astype(np.float32) ** np.float32(_POWER)
        weight = weight * divisor[:, None]
        scale = np.abs(weight).max(axis=0) / np.float32(127)
        return Linear(np.rint(weight / scale).astype(np.int8), bias, scale, divisor)

    def norm(self, name: str) -> tuple[Array, Array]:
        """Factor and summand of a normalisation by name."""
        return self._tensors[f"{name}.weight"], self._tensors[f"{name}.bias"]

    def words(self) -> Table:
        """The vector of each word; beside int8 in float16, which is half the memory and far more exact than that."""
        words = self._tensors["embeddings.word_embeddings.weight"]
        return Table(words.astype(np.float32 if self._ranges is None else np.float16))

    def places(self) -> Table:
        """What is added to a word at each position: the vectors of the position and of the first token type."""
        positions = self._tensors["embeddings.position_embeddings.weight"]
        types = self._tensors["embeddings.token_type_embeddings.weight"]
        return Table(np.add(positions, types[0], dtype=np.float32))


def input_of(name: str) -> str:
    """By what the input of a product is known: query, key and value have one in common."""
    at, _, part = name.rpartition(".")
    return at if part in ("query", "key", "value") else name
