"""The weights of the bundled embedding model, read from its folder; in int8 or as they are. Needs no torch."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from rag.graph import Array, Linear, Table


class Pretrained:
    """A BERT as sentence-transformers keeps it: `config.json` and `model.safetensors` in one folder."""

    def __init__(self, folder: Path, *, is_quantised: bool = True) -> None:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        self.layers: int = config["num_hidden_layers"]
        self.heads: int = config["num_attention_heads"]
        self.epsilon: float = config["layer_norm_eps"]
        self.dimension: int = config["hidden_size"]
        self._is_quantised = is_quantised
        self._tensors: dict[str, Array] = load_file(folder / "model.safetensors")

    def linear(self, name: str) -> Linear:
        """A product by name; its weights in int8 have a scale for each output."""
        weight, bias = self._tensors[f"{name}.weight"].astype(np.float32).T, self._tensors[f"{name}.bias"]
        if not self._is_quantised:
            return Linear(weight, bias)
        scale = np.abs(weight).max(axis=0) / np.float32(127)
        return Linear(np.rint(weight / scale).astype(np.int8), bias, scale)

    def norm(self, name: str) -> tuple[Array, Array]:
        """Factor and summand of a normalisation by name."""
        return self._tensors[f"{name}.weight"], self._tensors[f"{name}.bias"]

    def words(self) -> Table:
        """The vector of each word; beside int8 in float16, which is half the memory and far more exact than that."""
        words = self._tensors["embeddings.word_embeddings.weight"]
        return Table(words.astype(np.float16 if self._is_quantised else np.float32))

    def places(self) -> Table:
        """What is added to a word at each position: the vectors of the position and of the first token type."""
        positions = self._tensors["embeddings.position_embeddings.weight"]
        types = self._tensors["embeddings.token_type_embeddings.weight"]
        return Table(np.add(positions, types[0], dtype=np.float32))
