"""Our reader as a checkpoint that other programs load: `python -m tests.bench.rivals.convert --out FOLDER --check`.

The weights of `reader.onnx` are taken out of the graph, put back into float32 and saved as a `BertForQuestionAnswering`
of transformers, which has the heads for start and end; the one for sentences has no place in it and is left out.
`--check` says how far its scores are from ours: ours rounds the numbers between the layers to int8 too.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper
from safetensors.numpy import save_file

from rag.errors import ModelUnavailable
from rag.models import find_model
from rag.reader import WEIGHTS_FOLDER
from rag.settings import BUNDLED_MODEL

Array = npt.NDArray[np.generic]
_TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt")


def main() -> None:
    """Convert, and compare where asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--check", action="store_true", help="compare its scores with those of reader.onnx")
    arguments = parser.parse_args()
    convert(arguments.out)
    if arguments.check:
        from tests.bench.rivals.fidelity import compare

        sys.stdout.write("\n".join(compare(arguments.out)) + "\n")


def convert(out: Path, graph: Path = WEIGHTS_FOLDER / "reader.onnx") -> Path:
    """Write the checkpoint into `out`, and give that. Raises ModelUnavailable for a graph that is not of this kind."""
    source = find_model(BUNDLED_MODEL)
    weights = checkpoint_weights(graph)
    out.mkdir(parents=True, exist_ok=True)
    save_file(weights, out / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((source / "config.json").read_text(encoding="utf-8"))
    config["architectures"] = ["BertForQuestionAnswering"]
    (out / "config.json").write_text(json.dumps(config, indent=2), encoding="utf-8")
    for name in _TOKENIZER_FILES:
        shutil.copyfile(source / name, out / name)
    # What reads the texts must be the very tokenizer that our reader has.
    shutil.copyfile(graph.parent / "tokenizer.json", out / "tokenizer.json")
    return out


def checkpoint_weights(graph: Path) -> dict[str, npt.NDArray[np.float32]]:
    """The weights under the names that transformers gives them, float32."""
    model = onnx.load(str(graph))
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    ours = _tables(constants) | _as_float32(constants) | _linear_weights(model.graph, constants)
    heads = {"scores.weight": "qa_outputs.weight", "scores.bias": "qa_outputs.bias"}
    missing = heads.keys() - ours.keys()
    if missing or not any(name.endswith("word_embeddings.weight") for name in ours):
        raise ModelUnavailable(f"{graph} is not a graph made by rag.training.export: found {len(ours)} weights in it.")
    renamed = {name.replace("encoder.", "bert.", 1): value for name, value in ours.items() if name not in heads}
    return renamed | {theirs: np.ascontiguousarray(ours[name][:2]) for name, theirs in heads.items()}


def _as_float32(constants: Mapping[str, Array]) -> dict[str, npt.NDArray[np.float32]]:
    """What the graph keeps as it is: biases, norms, and tables that were not rounded."""
    kept = (".weight", ".bias")
    return {n: v.astype(np.float32) for n, v in constants.items() if n.endswith(kept) and v.dtype.kind == "f"}


def _tables(constants: Mapping[str, Array]) -> dict[str, npt.NDArray[np.float32]]:
    """The tables of embeddings that were rounded, each with one scale."""
    end = ".weight_quantized"
    return {name.removesuffix("_quantized"): _float32(constants, name) for name in constants if name.endswith(end)}


def _linear_weights(graph: onnx.GraphProto, constants: Mapping[str, Array]) -> dict[str, npt.NDArray[np.float32]]:
    """The matrices, (outputs, inputs). Only their biases have names, so each is found through what it is added to."""
    makers = {output: node for node in graph.node for output in node.output}
    weights = {}
    for node in graph.node:
        biases = [name for name in node.input if node.op_type == "Add" and name.endswith(".bias")]
        if biases:
            other = next(name for name in node.input if name not in biases)
            weights[biases[0].removesuffix("bias") + "weight"] = _matrix_behind(other, makers, constants).T.copy()
    return weights


def _matrix_behind(
    name: str, makers: Mapping[str, onnx.NodeProto], constants: Mapping[str, Array]
) -> npt.NDArray[np.float32]:
    """The constant matrix of the product that `name` is made from, (inputs, outputs)."""
    node = makers[name]
    while node.op_type in ("Mul", "Cast"):  # from int32 to float32, times both scales
        node = makers[node.input[0]]
    if node.op_type not in ("MatMul", "MatMulInteger") or node.input[1] not in constants:
        raise ModelUnavailable(f"The reader has a {node.op_type} where a matrix product was expected.")
    return _float32(constants, node.input[1])


def _float32(constants: Mapping[str, Array], name: str) -> npt.NDArray[np.float32]:
    """A constant, times its scale where it has one."""
    if not name.endswith("_quantized"):
        return constants[name].astype(np.float32)
    start = name.removesuffix("_quantized")
    zero = constants[start + "_zero_point"].astype(np.float32)
    return (constants[name].astype(np.float32) - zero) * constants[start + "_scale"].astype(np.float32)


if __name__ == "__main__":
    main()
