"""Exports a sentence-transformers model to one ONNX graph, once. The only module outside training that imports torch.

Runs as a process of its own (`python -m rag.models.onnx_export SOURCE TARGET [--bundled]`), started by `catalogue`, so
that the server never holds torch in memory. The graph is the whole model, pooling and normalisation included: token
ids in, unit rows out.

The bundled model is written in int8 from its weights alone, without torch: docs/decisions says what was
measured. Any other model goes through torch, in float32, and the graph is compared with the model.
"""

from __future__ import annotations

import json
import shutil
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

# Texts of different length, so that a graph that froze a shape is caught.
_PROBES = ("Where?", "The harbour was closed for two days because of ice.", "word " * 60)
# float32 rounding leaves about 1e-6; anything near this bound means another computation.
_LARGEST_DIFFERENCE = 1e-4


def export_bundled(source: Path, target: Path) -> None:
    """What `export_model` writes, for the model whose weights have the known hash."""
    import onnx
    from safetensors.numpy import load_file

    from rag.models.graph import embedder_graph
    from rag.models.pretrained import RANGES, Pretrained

    weights = Pretrained(source, ranges=load_file(RANGES))
    graph = embedder_graph(weights, weights.words(), weights.places(), dimension=weights.dimension)
    onnx.save(graph, target / "model.onnx")
    shutil.copyfile(source / "tokenizer.json", target / "tokenizer.json")
    limits = json.loads((source / "sentence_bert_config.json").read_text(encoding="utf-8"))
    description = {
        "max_tokens": limits["max_seq_length"],
        "dimension": weights.dimension,
        "inputs": ["input_ids"],
        "question_prompt": "",
        "passage_prompt": "",
    }
    (target / "model.json").write_text(json.dumps(description, indent=2), encoding="utf-8")


def export_model(source: Path, target: Path) -> None:
    """Write `model.onnx`, `tokenizer.json` and `model.json` into the existing folder `target`.

    `model.json` has the longest input in tokens, the dimension, and the prompts that the model wants before a question
    or a passage. Raises ValueError when the graph does not compute what the model computes.
    """
    import torch
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(source), device="cpu", local_files_only=True)
    model.eval()
    tokenizer = model.tokenizer
    (target / "tokenizer.json").write_text(tokenizer.backend_tokenizer.to_str(), encoding="utf-8")
    max_tokens = int(model.max_seq_length or 512)
    probe = dict(tokenizer(list(_PROBES), padding=True, truncation=True, max_length=max_tokens, return_tensors="pt"))
    names = [name for name in ("input_ids", "attention_mask", "token_type_ids") if name in probe]
    rows, tokens = torch.export.Dim("rows"), torch.export.Dim("tokens", max=max_tokens)
    plain = target / "plain.onnx"
    torch.onnx.export(
        _positional(model, names),
        tuple(probe[name] for name in names),
        str(plain),
        input_names=names,
        output_names=["unit_rows"],
        dynamic_shapes=[tuple({0: rows, 1: tokens} for _ in names)],
        external_data=False,
        dynamo=True,
        verbose=False,
    )
    _optimise(plain, target / "model.onnx")
    plain.unlink()
    with torch.no_grad():
        expected = model.encode(list(_PROBES), normalize_embeddings=True)
    _compare(target, {name: probe[name].numpy() for name in names}, expected)
    description = {
        "max_tokens": max_tokens,
        "dimension": int(expected.shape[1]),
        "inputs": names,
        "question_prompt": _prompt(model.prompts, "query", "question"),
        "passage_prompt": _prompt(model.prompts, "document", "passage", "corpus"),
    }
    (target / "model.json").write_text(json.dumps(description, indent=2), encoding="utf-8")


def _positional(model: Any, names: list[str]) -> Any:
    """The model as a module that takes its inputs in the order of `names` and gives unit rows."""
    import torch

    class Positional(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *inputs: Any) -> Any:
            embedding = self.model(dict(zip(names, inputs, strict=True)))["sentence_embedding"]
            return torch.nn.functional.normalize(embedding, dim=1)

    return Positional().eval()


def _prompt(prompts: Mapping[str, str | None], *names: str) -> str:
    """The first of the prompts that the model defines, or none."""
    return next((prompt for name in names if (prompt := prompts.get(name))), "")


def _optimise(plain: Path, target: Path) -> None:
    """Write the graph as ONNX Runtime would rewrite it at each start, for any machine."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(target)
    options.log_severity_level = 3
    slow = ["SkipLayerNormFusion"]  # the joined operator takes five times as long as its parts
    onnxruntime.InferenceSession(str(plain), options, providers=["CPUExecutionProvider"], disabled_optimizers=slow)


def _compare(target: Path, inputs: dict[str, Any], expected: Any) -> None:
    """Raise ValueError unless the exported graph gives what the model gives."""
    import numpy as np

    from rag.models.runtime import open_session

    found = open_session(target / "model.onnx").run(None, inputs)[0]
    difference = float(np.abs(found - expected).max())
    if difference > _LARGEST_DIFFERENCE:
        raise ValueError(f"the exported graph differs from the model by {difference:.2g}")


def _show_in_a_line(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Write one line on standard error: `rag.models.catalogue` shows the last line there to the user."""
    del trace
    first = next(iter(str(error).strip().splitlines()), "")
    sys.stderr.write(f"{kind.__name__}: {first}\n")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    sys.excepthook = _show_in_a_line
    export = export_bundled if sys.argv[3:] == ["--bundled"] else export_model
    export(Path(sys.argv[1]), Path(sys.argv[2]))
