"""How large the inputs of each product of an encoder get: what its weights are brought to int8 with.

`python -m rag.training.ranges --squad FILE --out FILE` makes `embedder-ranges.safetensors`: it runs the bundled
embedder in float32 over paragraphs of a file in the SQuAD layout. Whatever the texts, the vectors stay what they are
but for rounding; these numbers decide how little that is.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper
from safetensors.numpy import save_file
from tokenizers import Tokenizer

from rag.evaluate.cases import read_squad
from rag.models.catalogue import find_model
from rag.models.graph import Array, embedder_graph
from rag.models.pretrained import Pretrained
from rag.models.runtime import open_session
from rag.settings import BUNDLED_MODEL

_TOKENS = 256


def main() -> None:
    """Read the arguments and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--squad", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--paragraphs", type=int, default=40)
    arguments = parser.parse_args()
    documents, _ = read_squad(arguments.squad)
    apart = documents[:: max(1, len(documents) // arguments.paragraphs)][: arguments.paragraphs]
    save_file(embedder_ranges([document.text for document in apart]), arguments.out)


def embedder_ranges(texts: Sequence[str]) -> dict[str, Array]:
    """The ranges of the bundled embedder over all tokens of `texts`, of each at most the first 256."""
    folder = find_model(BUNDLED_MODEL)
    weights = Pretrained(folder)
    model = embedder_graph(weights, weights.words(), weights.places(), dimension=weights.dimension)
    tokenizer: Tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(_TOKENS)
    return input_ranges(model, ({"input_ids": np.array([tokenizer.encode(text).ids])} for text in texts))


def input_ranges(model: onnx.ModelProto, inputs: Iterable[Mapping[str, Array]]) -> dict[str, Array]:
    """For each product of a float32 graph the largest absolute value of each of its inputs, float32.

    `inputs` are those of the graph, one text after the other. Products are named as `rag.models.pretrained` does.
    """
    of_product = {n.output[0].removesuffix(".product"): n.input[0] for n in model.graph.node if n.op_type == "MatMul"}
    names = sorted(set(of_product.values()))
    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    watched.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names)
    largest: dict[str, Array] = {}
    with tempfile.TemporaryDirectory() as work:
        onnx.save(watched, Path(work) / "watched.onnx")
        session = open_session(Path(work) / "watched.onnx")
        for given in inputs:
            for name, value in zip(names, session.run(names, given), strict=True):
                seen = np.abs(value).reshape(-1, value.shape[-1]).max(axis=0)
                largest[name] = np.maximum(largest.get(name, seen), seen)
    return {product: np.array(largest[name], dtype=np.float32) for product, name in of_product.items()}


if __name__ == "__main__":
    main()
