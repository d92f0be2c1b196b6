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
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper
from safetensors.numpy import save_file

from rag.errors import ModelUnavailable
from rag.models.catalogue import find_model
from rag.models.reader import WEIGHTS_FOLDER
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
    config["num_hidden_layers"] = sum(name.endswith("intermediate.dense.weight") for name in weights)
    config["architectures"] = ["BertForQuestionAnswering"]
    (out / "config.json").write_text(json.dumps(config, indent=2), encoding="utf-8")
    for name in _TOKENIZER_FILES:
        shutil.copyfile(source / name, out / name)
    # What reads the texts must be the very tokenizer that our reader has.
    shutil.copyfile(graph.parent / "tokenizer.json", out / "tokenizer.json")
    return out


def checkpoint_weights(graph: Path) -> dict[str, npt.NDArray[np.float32]]:
    """The weights under the names that transformers gives them, float32."""
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load(str(graph)).graph.initializer}
    if missing := {"words.weight", "tokens.weight", "tokens.bias"} - constants.keys():
        raise ModelUnavailable(
            f"{graph} is no graph that rag.models.graph made: it has no {', '.join(sorted(missing))}."
        )
    found = {f"bert.embeddings.{theirs}_embeddings.weight": _table(constants, ours) for ours, theirs in _TABLES.items()}
    for name in constants:
        at = name.removesuffix(".weight")
        if at == name or at in _TABLES or at in _HEADS:
            continue
        if at.endswith("LayerNorm"):
            found |= {f"bert.{at}.{part}": constants[f"{at}.{part}"].astype(np.float32) for part in ("weight", "bias")}
        else:
            found |= _linear(constants, at)
    weight, bias = _matrix(constants, "tokens"), constants["tokens.bias"].astype(np.float32)
    return found | {"qa_outputs.weight": weight[:2].copy(), "qa_outputs.bias": bias[:2].copy()}


# The tables of embeddings, by their names in our graph and those of transformers.
_HEADS = ("tokens", "pooler", "passage")  # what follows the layers
_TABLES = {"words": "word", "types": "token_type", "positions": "position"}


def _table(constants: Mapping[str, Array], name: str) -> npt.NDArray[np.float32]:
    """A table of embeddings, which may be kept in bytes with one scale."""
    weight = constants[f"{name}.weight"].astype(np.float32)
    if f"{name}.scale" not in constants:
        return weight
    zero = constants[f"{name}.zero"].astype(np.float32)
    return ((weight - zero) * constants[f"{name}.scale"].astype(np.float32)).astype(np.float32)


def _linear(constants: Mapping[str, Array], at: str) -> dict[str, npt.NDArray[np.float32]]:
    """Matrix and bias of a product; those of query, key and value, which are one in our graph, apart."""
    weight, bias = _matrix(constants, at), constants[f"{at}.bias"].astype(np.float32)
    if not at.endswith("attention.self"):
        return {f"bert.{at}.weight": weight, f"bert.{at}.bias": bias}
    apart = zip(("query", "key", "value"), np.split(weight, 3), np.split(bias, 3), strict=True)
    return {f"bert.{at}.{part}.{kind}": value.copy() for part, *both in apart for kind, value in _named(both)}


def _named(both: Sequence[npt.NDArray[np.float32]]) -> Iterator[tuple[str, npt.NDArray[np.float32]]]:
    return zip(("weight", "bias"), both, strict=True)


def _matrix(constants: Mapping[str, Array], at: str) -> npt.NDArray[np.float32]:
    """The matrix of a product, (outputs, inputs), times the scale of each output where it is in bytes."""
    weight = constants[f"{at}.weight"].astype(np.float32)
    if f"{at}.scale" in constants:
        weight = weight * constants[f"{at}.scale"].astype(np.float32)
    return np.ascontiguousarray(weight.T)


if __name__ == "__main__":
    main()
