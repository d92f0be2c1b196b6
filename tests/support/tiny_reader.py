"""A reader of two thin layers, for tests of the training: the same code, in milliseconds."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import BertConfig

from rag.training.base_weights import Tensors
from rag.training.model import HEADS, TrainedReader
from rag.training.train import CHECKPOINT

_WORDS = 30522  # of the tokenizer that is shipped


def tiny_reader(seed: int = 0) -> TrainedReader:
    """The reader with random weights, ready to be asked."""
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=_WORDS,
        hidden_size=2 * HEADS,
        num_hidden_layers=2,
        num_attention_heads=HEADS,
        intermediate_size=32,
        initializer_range=0.2,
    )
    return TrainedReader(config).eval()


def tensors_in(model: TrainedReader) -> Tensors:
    """Its weights as `rag.training.base_weights` gives them."""
    return {name: value.numpy() for name, value in model.state_dict().items()}


def checkpoint(folder: Path, model: TrainedReader, seen: int = 7) -> Path:
    """The folder of a run that ended with this model."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.save({"model": model.state_dict(), "seen": seen}, folder / CHECKPOINT)
    return folder
