"""The reader's graph as it is trained and quantised, rewritten as `rag.graph` writes it: the same weights, run faster.

`python -m rag.training.fuse GRAPH TARGET` does it to one file.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from rag.graph import Array, Linear, Table, reader_graph

_PREFIX = "encoder."


class Found:
    """The weights in a graph that `rag.training.export` made, quantised by ONNX Runtime or left in float32."""

    def __init__(self, model: onnx.ModelProto, *, heads: int = 12, epsilon: float = 1e-12) -> None:
        """Raises ValueError when a product of the graph has no bias, and so no name."""
        self.heads, self.epsilon = heads, epsilon
        self._constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
        self._users: dict[str, list[onnx.NodeProto]] = {}
        for node in model.graph.node:
            for name in node.input:
                self._users.setdefault(name, []).append(node)
        products = [node for node in model.graph.node if node.op_type in ("MatMulInteger", "MatMul")]
        self._weights = {self._bias_of(n): n.input[1] for n in products if n.input[1] in self._constants}
        self.layers = sum(name.endswith("intermediate.dense.bias") for name in self._weights)

    def linear(self, name: str) -> Linear:
        """A product by name, with the weights and scales that the graph has."""
        bias = f"{name}.bias" if name == "scores" else f"{_PREFIX}{name}.bias"
        weight = self._weights[bias]
        values = self._constants[weight]
        if values.dtype == np.float32:
            return Linear(values, self._constants[bias])
        stem = weight.removesuffix("_quantized")
        if np.any(self._constants[f"{stem}_zero_point"]):
            raise ValueError(f"the weights of {name} are not symmetric about zero")
        return Linear(values, self._constants[bias], self._constants[f"{stem}_scale"])

    def norm(self, name: str) -> tuple[Array, Array]:
        """Factor and summand of a normalisation by name."""
        return self._constants[f"{_PREFIX}{name}.weight"], self._constants[f"{_PREFIX}{name}.bias"]

    def table(self, name: str) -> Table:
        """A table of embeddings by name."""
        full = f"{_PREFIX}embeddings.{name}_embeddings.weight"
        if full in self._constants:
            return Table(self._constants[full])
        return Table(*(self._constants[f"{full}_{part}"] for part in ("quantized", "scale", "zero_point")))

    def _bias_of(self, product: onnx.NodeProto) -> str:
        """The name of what is added to the output of a product, other factors on the way passed over."""
        node = product
        while node.op_type != "Add":
            users = self._users.get(node.output[0], [])
            if len(users) != 1:
                raise ValueError(f"the product {product.name} has no bias")
            node = users[0]
        return str(next(name for name in node.input if name in self._constants))


def fused(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same reader as one graph of few operators. Raises ValueError, KeyError for a graph of another making."""
    found = Found(model)
    return reader_graph(found, found.table("word"), found.table("token_type"), found.table("position"))


def main() -> None:
    """Read the arguments and rewrite."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("graph", type=Path)
    parser.add_argument("target", type=Path)
    arguments = parser.parse_args()
    onnx.save(fused(onnx.load(arguments.graph)), arguments.target)


if __name__ == "__main__":
    main()
