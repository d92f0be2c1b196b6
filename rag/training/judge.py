"""How good a reader that still learns is, on collections that it does not learn from: by its own scores alone.

The program orders sentences with more than these scores, so its figures are higher.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from sklearn.metrics import roc_auc_score

from rag.training.encoding import EncodedGroup, encode, load_tokenizer
from rag.training.example import PassageGroup
from rag.training.labelled_collection import DeskQuestion, LabelledCollection
from rag.training.losses import sentence_scores
from rag.training.model import ANSWERS, RELEVANCE, SENTENCE, PassageScores, TrainedReader, run

# As many as the program reads by default.
_PASSAGES = 8
_QUESTIONS_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class ReaderFigures:
    """What a reader got right: means over the collections."""

    right_first: float  # of the answerable questions
    told_apart: float  # answerable from unanswerable: area under the curve

    @property
    def line(self) -> str:
        """The same in words."""
        return f"right first {self.right_first:.3f}, told apart {self.told_apart:.3f}"

    @property
    def whole(self) -> float:
        """One number to choose by."""
        return self.right_first + self.told_apart


def figures_of(model: TrainedReader, collections: Iterable[LabelledCollection]) -> ReaderFigures:
    """The figures of the model as it is now; it does not learn meanwhile. Every collection needs both kinds."""
    model.eval()
    with torch.no_grad():
        judged = [_of_collection(model, collection) for collection in collections]
    firsts, areas = zip(*judged, strict=True)
    return ReaderFigures(float(np.mean(firsts)), float(np.mean(areas)))


def _of_collection(model: TrainedReader, collection: LabelledCollection) -> tuple[float, float]:
    asked = collection.questions
    groups = [encode(_as_read(collection, one), load_tokenizer()) for one in asked]
    firsts: list[bool] = []
    answers: list[float] = []
    for start in range(0, len(groups), _QUESTIONS_AT_ONCE):
        part = groups[start : start + _QUESTIONS_AT_ONCE]
        scores = iter(run(model, [passage for group in part if group for passage in group.passages]))
        for group in part:
            own = [next(scores) for _ in group.passages] if group else []
            firsts.append(group is not None and _is_first_right(group, own))
            answers.append(max((score.passage[ANSWERS].item() for score in own), default=-100.0))
    answerable = [bool(one.right) for one in asked]
    right_first = np.mean([first for first, can_be in zip(firsts, answerable, strict=True) if can_be])
    return float(right_first), float(roc_auc_score(answerable, answers))


def _as_read(collection: LabelledCollection, asked: DeskQuestion) -> PassageGroup:
    """The question with the best passages found for it; where one is cut, it is known no better than to the program."""
    found = [collection.labelled(asked, number) for number in asked.found[:_PASSAGES]]
    return PassageGroup(asked.question, tuple(replace(passage, keep=None) for passage in found))


def _is_first_right(group: EncodedGroup, scores: Sequence[PassageScores]) -> bool:
    best = [
        (sentence[SENTENCE].item() + score.passage[RELEVANCE].item(), i in passage.right)
        for passage, score in zip(group.passages, scores, strict=True)
        for i, sentence in sentence_scores(score, passage).items()
    ]
    return max(best)[1] if best else False
