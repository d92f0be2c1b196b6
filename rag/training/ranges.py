"""Makes `embedder-ranges.safetensors`: how large the inputs of each product of the bundled embedder get.

`python -m rag.training.ranges --squad FILE --out FILE` runs it in float32 over paragraphs of a file in the SQuAD
layout. Whatever the texts, the vectors stay what they are but for rounding; these numbers decide how little that is.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper
from safetensors.numpy import save_file
from tokenizers import Tokenizer

from rag.cases import read_squad
from rag.graph import Array, embedder_graph
from rag.models import find_model
from rag.pretrained import Pretrained
from rag.settings import BUNDLED_MODEL
from rag.workers import open_session

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
    save_file(ranges([document.text for document in apart]), arguments.out)


def ranges(texts: Sequence[str]) -> dict[str, Array]:
    """For each product the largest absolute value of each of its inputs over all tokens of `texts`, float32."""
    folder = find_model(BUNDLED_MODEL)
    weights = Pretrained(folder)
    model = embedder_graph(weights, weights.words(), weights.places(), dimension=weights.dimension)
    inputs = {n.output[0].removesuffix(".product"): n.input[0] for n in model.graph.node if n.op_type == "MatMul"}
    names = sorted(set(inputs.values()))
    model.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names)
    tokenizer: Tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(_TOKENS)
    largest: dict[str, Array] = {}
    with tempfile.TemporaryDirectory() as work:
        onnx.save(model, Path(work) / "open.onnx")
        session = open_session(Path(work) / "open.onnx")
        for text in texts:
            ids = np.array([tokenizer.encode(text).ids], dtype=np.int64)
            for name, value in zip(names, session.run(names, {"input_ids": ids}), strict=True):
                seen = np.abs(value).max(axis=(0, 1))
                largest[name] = np.maximum(largest.get(name, seen), seen)
    return {product: np.array(largest[name], dtype=np.float32) for product, name in inputs.items()}


if __name__ == "__main__":
    main()
