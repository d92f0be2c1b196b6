"""An encoder of the BERT family as one ONNX graph of few operators, each with a fast kernel on the processor.

Query, key and value come from one product, attention is one operator, and where weights are in int8 the input of a
product is brought to bytes inside it. Sum and normalisation stay apart: the operator that joins them takes five times
as long. Sessions must therefore not rewrite the graph (`rag.models.runtime.open_session` sees to it).

A row is a whole text and nothing is padded: there is no mask. Several rows must be of one length, and with int8 there
must be one row only, because the bytes of a row would depend on the others. Needs no torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

Array = npt.NDArray[np.generic]

_OPSET, _FORMAT = 20, 10
_RUNTIME = "com.microsoft"  # the domain of ONNX Runtime's own operators


@dataclass(frozen=True, slots=True)
class Linear:
    """A product and a sum. `weight` has the shape (inputs, outputs), in float32, or int8 with a scale an output.

    The inputs are first divided by `divisor`, each by its own number, where there is one.
    """

    weight: Array
    bias: Array
    scale: Array | None = None
    divisor: Array | None = None


@dataclass(frozen=True, slots=True)
class LookupTable:
    """A vector for each number. `weight` is in float32 or float16, or in uint8 with a scale and the byte for zero."""

    weight: Array
    scale: Array | None = None
    zero: Array | None = None


class Weights(Protocol):
    """What an encoder has learned. Names are those of the BERT of transformers: "encoder.layer.0.output.dense"."""

    layers: int
    heads: int
    epsilon: float

    def linear(self, name: str) -> Linear:
        """A product by name."""
        ...

    def norm(self, name: str) -> tuple[Array, Array]:
        """Factor and summand of a normalisation by name."""
        ...


@dataclass(slots=True)
class Graph:
    """A graph in the making. Each method adds an operator and gives the name of its output."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: dict[str, Array] = field(default_factory=dict)

    def add(self, operator: str, inputs: Sequence[str], output: str, *, domain: str = "", **attributes: Any) -> str:
        """One operator with one output."""
        self.nodes.append(helper.make_node(operator, inputs, [output], domain=domain, **attributes))
        return output

    def constant(self, name: str, value: Array) -> str:
        """Numbers that the graph carries."""
        self.constants[name] = np.ascontiguousarray(value)
        return name

    def split(self, value: str, outputs: Sequence[str]) -> None:
        """The last of three dimensions in equal parts."""
        self.nodes.append(helper.make_node("Split", [value], outputs, axis=2, num_outputs=len(outputs)))

    def linear(self, value: str, parts: Sequence[Linear], output: str) -> str:
        """The products of one value with all `parts`, side by side; they have one divisor, or none."""
        if parts[0].divisor is not None:
            factor = self.constant(f"{output}.factor", np.reciprocal(parts[0].divisor))
            value = self.add("Mul", [value, factor], f"{output}.evened")
        weight = self.constant(f"{output}.weight", np.concatenate([part.weight for part in parts], axis=1))
        bias = self.constant(f"{output}.bias", np.concatenate([part.bias for part in parts]))
        scales = [part.scale for part in parts if part.scale is not None]
        if not scales:
            return self.add("Add", [self.add("MatMul", [value, weight], f"{output}.product"), bias], output)
        scale = self.constant(f"{output}.scale", np.concatenate(scales))
        zero = self.constant(f"{output}.zero", np.zeros(len(self.constants[scale]), dtype=np.int8))
        return self.add("DynamicQuantizeMatMul", [value, weight, scale, zero, bias], output, domain=_RUNTIME)

    def look_up(self, table: LookupTable, numbers: str, output: str) -> str:
        """The vectors of `numbers`."""
        return self._widened(table, "Gather", [numbers], output)

    def beginning(self, table: LookupTable, length: str, output: str) -> str:
        """The first `length` vectors."""
        start = self.constant(f"{output}.start", np.zeros(1, dtype=np.int64))
        return self._widened(table, "Slice", [start, length], output)

    def _widened(self, table: LookupTable, operator: str, which: Sequence[str], output: str) -> str:
        weight = self.constant(f"{output}.weight", table.weight)
        if table.weight.dtype == np.float32:
            return self.add(operator, [weight, *which], output)
        taken = self.add(operator, [weight, *which], f"{output}.short")
        if table.scale is None or table.zero is None:
            return self.add("Cast", [taken], output, to=TensorProto.FLOAT)
        scale, zero = self.constant(f"{output}.scale", table.scale), self.constant(f"{output}.zero", table.zero)
        return self.add("DequantizeLinear", [taken, scale, zero], output)

    def layers(self, embedded: str, weights: Weights) -> str:
        """The states of the tokens after all layers, shape (rows, tokens, width)."""
        states = self._norm(embedded, weights, "embeddings.LayerNorm")
        for number in range(weights.layers):
            states = self._layer(states, weights, f"encoder.layer.{number}")
        return states

    def _layer(self, states: str, weights: Weights, at: str) -> str:
        parts = [f"{at}.attention.self.{part}" for part in ("query", "key", "value")]
        joined = self.linear(states, [weights.linear(part) for part in parts], f"{at}.attention.self")
        self.split(joined, parts)
        seen = self.add("MultiHeadAttention", parts, f"{at}.attention", domain=_RUNTIME, num_heads=weights.heads)
        states = self._close(seen, states, weights, f"{at}.attention.output")
        wide = self.linear(states, [weights.linear(f"{at}.intermediate.dense")], f"{at}.intermediate.dense")
        return self._close(self.add("Gelu", [wide], f"{at}.intermediate"), states, weights, f"{at}.output")

    def _close(self, value: str, states: str, weights: Weights, at: str) -> str:
        """The end of either half of a layer: a product, added to what came in."""
        change = self.linear(value, [weights.linear(f"{at}.dense")], f"{at}.dense")
        return self._norm(self.add("Add", [change, states], f"{at}.sum"), weights, f"{at}.LayerNorm")

    def _norm(self, value: str, weights: Weights, name: str) -> str:
        factor, summand = weights.norm(name)
        inputs = [value, self.constant(f"{name}.weight", factor), self.constant(f"{name}.bias", summand)]
        return self.add("LayerNormalization", inputs, name, axis=-1, epsilon=weights.epsilon)

    def length_of(self, value: str) -> str:
        """How many columns `value` has."""
        self.nodes.append(helper.make_node("Shape", [value], ["length"], start=1, end=2))
        return "length"

    def model(self, inputs: Sequence[str], outputs: Sequence[tuple[str, Sequence[str | int]]]) -> onnx.ModelProto:
        """The whole, with token ids of shape (rows, tokens) as `inputs`, and float32 `outputs` of these shapes."""
        graph = helper.make_graph(
            self.nodes,
            "encoder",
            [helper.make_tensor_value_info(name, TensorProto.INT64, ["rows", "tokens"]) for name in inputs],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs],
            [numpy_helper.from_array(value, name) for name, value in self.constants.items()],
        )
        domains = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_RUNTIME, 1)]
        return helper.make_model(graph, opset_imports=domains, ir_version=_FORMAT, producer_name="citewell")


def reader_graph(weights: Weights, words: LookupTable, types: LookupTable, positions: LookupTable) -> onnx.ModelProto:
    """Token ids and token types to `tokens`, four scores of each token, and `whole`, two of each row.

    The four are those of start, end, sentence and full answer, shape (rows, tokens, 4); the two, shape (rows, 2), are
    relevance and whether the passage answers, made of the state of the first token.
    """
    graph = Graph()
    word, kind = graph.look_up(words, "input_ids", "words"), graph.look_up(types, "token_type_ids", "types")
    place = graph.beginning(positions, graph.length_of("input_ids"), "positions")
    embedded = graph.add("Add", [graph.add("Add", [word, kind], "words.typed"), place], "embedded")
    states = graph.layers(embedded, weights)
    graph.linear(states, [weights.linear("scores")], "tokens")
    first = graph.constant("first", np.zeros(1, dtype=np.int64))
    pooler = graph.linear(
        graph.add("Gather", [states, first], "beginning", axis=1), [weights.linear("pooler.dense")], "pooler"
    )
    passage = graph.linear(graph.add("Tanh", [pooler], "pooled"), [weights.linear("passage")], "passage")
    graph.add("Squeeze", [passage, graph.constant("middle", np.ones(1, dtype=np.int64))], "whole")
    return graph.model(["input_ids", "token_type_ids"], [("tokens", ["rows", "tokens", 4]), ("whole", ["rows", 2])])


def embedder_graph(weights: Weights, words: LookupTable, places: LookupTable, *, dimension: int) -> onnx.ModelProto:
    """Token ids to unit rows of shape (rows, dimension): the mean over the tokens of each row, at length one.

    `places` has what is added to the word at each position: of the position and of the one token type together.
    """
    graph = Graph()
    word = graph.look_up(words, "input_ids", "words")
    place = graph.beginning(places, graph.length_of("input_ids"), "places")
    states = graph.layers(graph.add("Add", [word, place], "embedded"), weights)
    tokens = graph.constant("tokens", np.array([1], dtype=np.int64))
    mean = graph.add("ReduceMean", [states, tokens], "mean", keepdims=0)
    return graph.model(
        ["input_ids"], [(graph.add("LpNormalization", [mean], "unit_rows", axis=1, p=2), ["rows", dimension])]
    )
