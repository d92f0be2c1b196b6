"""How hard a question with its passages is for the reader that is shipped: its loss.

A training that goes on from that reader learns little from what it gets right already, and a pass in int8 costs a
fraction of a step of learning: so of some questions the hardest is learned from. What the layers that do not learn make
of its passages comes out of the same pass, and is not computed again.
"""

from __future__ import annotations

import random
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import torch

from rag.models.runtime import open_session
from rag.training.encoding import EncodedGroup, EncodedPassage
from rag.training.losses import Tally, group_loss
from rag.training.mixture import Weigh
from rag.training.model import PassageScores


def weigh_with(graph: Path, frozen_layers: int) -> Weigh:
    """What weighs a group with the reader in the file `graph`, whose lowest `frozen_layers` do not learn.

    It gives the group, its passages with their states above those layers, and its loss.

    Raises what opening it raises.
    """
    with tempfile.TemporaryDirectory(prefix="citewell-") as apart:
        path = Path(apart) / "reader.onnx"
        path.write_bytes(_with_states(graph, frozen_layers))
        session = open_session(path)

    def read(passage: EncodedPassage) -> tuple[EncodedPassage, PassageScores]:
        ids = np.array([passage.ids], dtype=np.int64)
        types = np.zeros_like(ids)
        types[0, passage.second_part :] = 1
        tokens, whole, *states = session.run(None, {"input_ids": ids, "token_type_ids": types})
        if states:
            passage = replace(passage, states=np.asarray(states[0])[0])
        return passage, PassageScores(torch.tensor(np.asarray(tokens)[0]), torch.tensor(np.asarray(whole).reshape(-1)))

    def weigh(group: EncodedGroup) -> tuple[EncodedGroup, float]:
        passages, scores = zip(*map(read, group.passages), strict=True)
        with torch.no_grad():
            return replace(group, passages=passages), group_loss(group, scores, random.Random(0), Tally()).item()

    return weigh


def _with_states(graph: Path, layers: int) -> bytes:
    """The graph with one output more, the states above the lowest `layers`; as it is when there are none."""
    model = onnx.load(str(graph))
    if layers:
        name = f"encoder.layer.{layers - 1}.output.LayerNorm"
        model.graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None))
    return bytes(model.SerializeToString())
