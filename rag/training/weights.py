"""Fits the weights of `rag/extract.py`: `python -m rag.training.weights --squad FILE --squad FILE ...`.

Each SQuAD file is indexed apart, a sample of its questions is asked of all its paragraphs, and one listwise logistic
regression is fitted over all of them: the sentence that holds the answer against the other sentences of the passages
that were found. Prints the share of right sentences and the weights.

With `--reader FOLDER`, once for each fold of `rag.training.train --leave-out`, it fits those of `rag/reread.py`.
"""

from __future__ import annotations

import argparse
import os
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from rag.cases import read_squad
from rag.evaluate import is_right
from rag.reader import Reader
from rag.reread import READER_WEIGHTS
from rag.settings import Settings
from rag.training.folds import fold_of, open_with, stored

_PENALTY = 3e-3
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Choice:
    """The sentences found for one question: their features, and which of them are right."""

    features: list[dict[str, float]]
    right: list[bool]


def main() -> None:
    """Read the arguments, collect, fit and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--squad", type=Path, action="append", required=True)
    parser.add_argument("--questions", type=int, default=2_500, help="of each file, at most")
    parser.add_argument("--reader", type=Path, action="append", default=[], help="in the order of their folds")
    arguments = parser.parse_args()
    readers = [Reader.load(folder) for folder in arguments.reader]
    choices = [choice for path in arguments.squad for choice in collect(path, arguments.questions, readers)]
    names = sorted(READER_WEIGHTS) if readers else sorted({n for choice in choices for n in choice.features[0]})
    weights = fit(choices, names)
    for name, weight in zip(names, weights, strict=True):
        print(f'    "{name}": {weight:.3f},')
    rows = [_matrix(choice, names) @ weights for choice in choices]
    right = [choice.right[int(scores.argmax())] for choice, scores in zip(choices, rows, strict=True)]
    print(f"{len(choices)} questions whose answer was found; best sentence right {np.mean(right):.3f}")


def collect(path: Path, questions: int, readers: Sequence[Reader | None]) -> list[Choice]:
    """The choices for a sample of a file's answerable questions; those whose answer was not found are left out."""
    documents, cases = read_squad(path)
    answerable = [case for case in cases if case.is_answerable]
    sample = random.Random(0).sample(answerable, min(questions, len(answerable)))
    folds = fold_of(documents, max(1, len(readers)))
    choices = []
    with stored(documents, Settings.from_env(os.environ, reader=bool(readers))) as settings:
        for fold, reader in enumerate(readers or [None]):
            with open_with(settings, reader) as pipeline:
                for case in sample:
                    if folds[case.document_id or ""] != fold:
                        continue
                    examined = pipeline.examine(case.question, depth=1)
                    right = [is_right(case, extract, examined.hits) for extract in examined.extracts]
                    if any(right):
                        choices.append(Choice([dict(e.features) for e in examined.extracts], right))
    return choices


def fit(choices: Sequence[Choice], names: Sequence[str]) -> Floats:
    """The weights that make the right sentence of each choice most likely, shape (len(names),)."""
    matrix = np.concatenate([_matrix(choice, names) for choice in choices])
    right = np.concatenate([np.array(choice.right, dtype=float) for choice in choices])
    lengths = np.array([len(choice.right) for choice in choices])
    starts = np.concatenate(([0], np.cumsum(lengths)[:-1]))
    group = np.repeat(np.arange(len(choices)), lengths)
    spread = matrix.std(axis=0) + 1e-6
    scaled = (matrix - matrix.mean(axis=0)) / spread

    def loss(weights: Floats) -> tuple[float, Floats]:
        scores = scaled @ weights
        odds = np.exp(scores - np.maximum.reduceat(scores, starts)[group])
        share = odds / np.add.reduceat(odds, starts)[group]
        found = np.add.reduceat(share * right, starts)
        gradient = scaled.T @ (share - share * right / found[group]) / len(choices)
        return float(-np.log(found).mean() + _PENALTY * weights @ weights), gradient + 2 * _PENALTY * weights

    result: Floats = minimize(loss, np.zeros(len(names)), jac=True, method="L-BFGS-B").x / spread
    return result


def _matrix(choice: Choice, names: Sequence[str]) -> Floats:
    return np.array([[features.get(name, 0.0) for name in names] for features in choice.features])


if __name__ == "__main__":
    main()
