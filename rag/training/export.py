"""Makes the files that are shipped of a training: `python -m rag.training.export --run FOLDER --out FOLDER`.

The graph in ONNX, written straight from the weights, in int8 with a scale for each output channel; the tokenizer; and
`reader.json` with their hashes. Of several processes or runs that began with the same weights the mean is exported.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
import torch

from rag.models.exported import hash_file
from rag.models.graph import Array, LookupTable, reader_graph
from rag.models.pretrained import EncoderWeights
from rag.models.reader import WEIGHTS_FOLDER
from rag.training.base_weights import Floats
from rag.training.collection import load_embedder, read_collection
from rag.training.encoding import EncodedPassage, encode, load_tokenizer
from rag.training.model import HEADS
from rag.training.ranges import input_ranges
from rag.training.sharing import mean_weights
from rag.training.train import CHECKPOINT

# The collection whose passages tell how large the inputs of each product get, and how many of them.
_RANGES_FROM = Path(__file__).parent / "desk" / "bakery"
_PASSAGES = 40
_LAYERS = "encoder.layer."
_EPSILON = 1e-12


def main() -> None:
    """Read the arguments and export."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, action="append", required=True, help="output folder of rag.training.train")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--float32", action="store_true", help="leave the weights in float32")
    arguments = parser.parse_args()
    export(arguments.run, arguments.out, quantise=not arguments.float32)


def export(runs: Sequence[Path], out: Path, *, quantise: bool = True) -> None:
    """Write `reader.onnx`, `tokenizer.json` and `reader.json` into `out`. Raises ValueError without a checkpoint."""
    paths = [path for run in runs for path in sorted((*run.glob(CHECKPOINT), *run.glob(f"*/{CHECKPOINT}")))]
    if not paths:
        raise ValueError(f"there is no {CHECKPOINT} in {', '.join(map(str, runs))}: name output folders of a training")
    states = [torch.load(path, weights_only=True) for path in paths]
    mean = mean_weights([state["model"] for state in states])
    tensors = {name.removeprefix("encoder."): value.numpy() for name, value in mean.items()}
    out.mkdir(parents=True, exist_ok=True)
    onnx.save(_graph(tensors, _ranges(tensors) if quantise else None), out / "reader.onnx")
    if out.resolve() != WEIGHTS_FOLDER.resolve():
        shutil.copyfile(WEIGHTS_FOLDER / "tokenizer.json", out / "tokenizer.json")
    described = {
        "passages_seen": sum(state["seen"] for state in states),
        "sha256": {name: hash_file(out / name) for name in ("reader.onnx", "tokenizer.json")},
    }
    (out / "reader.json").write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")


def _graph(tensors: Mapping[str, Floats], ranges: Mapping[str, Array] | None) -> onnx.ModelProto:
    """The reader with these weights; in int8 where the ranges of their inputs are given."""
    layers = sum(name.endswith("intermediate.dense.bias") for name in tensors)
    weights = EncoderWeights(tensors, layers=layers, heads=HEADS, epsilon=_EPSILON, ranges=ranges)
    words, types, positions = (
        tensors[f"embeddings.{name}_embeddings.weight"] for name in ("word", "token_type", "position")
    )
    table = LookupTable(words) if ranges is None else in_bytes(words)
    return reader_graph(weights, table, LookupTable(types), LookupTable(positions))


def _ranges(tensors: Mapping[str, Floats]) -> dict[str, Array]:
    """The largest inputs of the products that are brought to int8, over passages with questions."""
    ranges = input_ranges(_graph(tensors, None), map(_inputs, _passages()))
    # What follows the layers is small, and every score hangs on it: it stays in float32.
    return {name: largest for name, largest in ranges.items() if name.startswith(_LAYERS)}


def _passages() -> list[EncodedPassage]:
    """Passages spread over a collection, each with a question to it, as the reader reads them."""
    collection = read_collection(_RANGES_FROM, load_embedder())
    every = max(1, len(collection.questions) // _PASSAGES)
    rng = random.Random(0)
    groups = [draw(rng) for _, draw in list(collection.draws())[::every]]
    return [group.passages[0] for drawn in groups if (group := encode(drawn, load_tokenizer()))][:_PASSAGES]


def in_bytes(table: Floats) -> LookupTable:
    """A table of vectors in uint8, with one scale: the words do not learn, and came in such a table."""
    low, high = float(table.min()), float(table.max())
    scale = np.float32((high - low) / 255)
    zero = np.uint8(round(-low / scale))
    return LookupTable(np.clip(np.rint(table / scale) + zero, 0, 255).astype(np.uint8), np.array(scale), np.array(zero))


def _inputs(passage: EncodedPassage) -> dict[str, Array]:
    """A passage as the graph takes it."""
    ids = np.array([passage.ids], dtype=np.int64)
    types = np.zeros_like(ids)
    types[0, passage.second_part :] = 1
    return {"input_ids": ids, "token_type_ids": types}


if __name__ == "__main__":
    main()
