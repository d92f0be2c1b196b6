"""Makes the files that are shipped of a trained checkpoint: `python -m rag.training.export --run FOLDER --out FOLDER`.

The graph in ONNX with weights in int8, a scale for each output channel; the tokenizer; and `reader.json` with their
hashes. Of several runs that began with the same weights the mean is exported.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic

from rag.exports import hash_file
from rag.models import find_model
from rag.settings import BUNDLED_MODEL
from rag.training.fuse import fused
from rag.training.model import Reader


def main() -> None:
    """Read the arguments and export."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, action="append", required=True, help="output folder of rag.training.train")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--float32", action="store_true", help="leave the weights in float32")
    arguments = parser.parse_args()
    export(arguments.run, arguments.out, quantise=not arguments.float32)


def export(runs: Sequence[Path], out: Path, *, quantise: bool = True) -> None:
    """Write `reader.onnx`, `tokenizer.json` and `reader.json` into `out`."""
    out.mkdir(parents=True, exist_ok=True)
    source = find_model(BUNDLED_MODEL)
    model = Reader(source)
    states = [torch.load(run / "reader.pt", weights_only=True) for run in runs]
    model.load_state_dict(mean_weights([state["model"] for state in states]))
    model.eval()
    names = ("input_ids", "attention_mask", "token_type_ids")
    rows, tokens = torch.export.Dim("rows"), torch.export.Dim("tokens", max=512)
    example = tuple(torch.ones((2, 40), dtype=torch.long) for _ in names)
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "reader.onnx"
        torch.onnx.export(
            model,
            example,
            str(plain),
            input_names=list(names),
            output_names=["start", "end", "sentence"],
            dynamic_shapes={name: {0: rows, 1: tokens} for name in names},
            external_data=False,
            dynamo=True,
        )
        if quantise:
            quantised = Path(folder) / "quantised.onnx"
            quantize_dynamic(plain, quantised, per_channel=True, weight_type=QuantType.QInt8)
            plain = quantised
        onnx.save(fused(onnx.load(plain)), out / "reader.onnx")
    shutil.copyfile(source / "tokenizer.json", out / "tokenizer.json")
    described = {
        "examples_seen": sum(state["seen"] for state in states),
        "sha256": {name: hash_file(out / name) for name in ("reader.onnx", "tokenizer.json")},
    }
    (out / "reader.json").write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")


def mean_weights(models: Sequence[Mapping[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """The mean of each weight. Good only of models that began alike. Source: Wortsman and others, ICML 2022."""
    return {name: torch.stack([model[name] for model in models]).mean(dim=0) for name in models[0]}


if __name__ == "__main__":
    main()
