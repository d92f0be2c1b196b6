"""How hard a question with its passages is for the reader that is shipped: its loss.

A training that goes on from that reader learns little from what it gets right already, and a pass in int8 costs a
fraction of a step of learning: so of some questions the hardest is learned from.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from rag.models.runtime import open_session
from rag.training.encoding import EncodedGroup, EncodedPassage
from rag.training.losses import Tally, group_loss
from rag.training.model import PassageScores


def hardness_for(graph: Path) -> Callable[[EncodedGroup], float]:
    """The loss of a group with the reader in the file `graph`. Raises what opening it raises."""
    session = open_session(graph)

    def scores_of(passage: EncodedPassage) -> PassageScores:
        ids = np.array([passage.ids], dtype=np.int64)
        types = np.zeros_like(ids)
        types[0, passage.second_part :] = 1
        tokens, whole = session.run(None, {"input_ids": ids, "token_type_ids": types})
        return PassageScores(torch.tensor(np.asarray(tokens)[0]), torch.tensor(np.asarray(whole).reshape(-1)))

    def hardness(group: EncodedGroup) -> float:
        with torch.no_grad():
            return group_loss(group, [scores_of(one) for one in group.passages], random.Random(0), Tally()).item()

    return hardness
