"""Fits what turns signals into confidence: `python -m rag.training.confidence --squad FILE --questions FILE`.

Asks the questions of a SQuAD file over all its paragraphs, and those of a question file over a folder of documents;
fits a logistic regression that tells right best sentences from wrong ones; prints out-of-fold figures, split by
article, and the weights that `rag/calibration.py` holds.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold

from rag.evaluate import Case, calibration_error, judge, read_cases, read_squad
from rag.pipeline import Pipeline
from rag.settings import Settings

_FOLDS = 5
# How many times a question of the question file counts: they are few, and more like what people ask.
_QUESTION_FILE_WEIGHT = 8.0
_THRESHOLDS = (0.2, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7)


@dataclass(frozen=True, slots=True)
class Row:
    """One question: its signals, whether the best sentence was right, whether it has an answer, and its article."""

    signals: dict[str, float]
    right: bool
    answerable: bool
    group: str
    weight: float


def main() -> None:
    """Read the arguments, collect, fit and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--squad", type=Path, required=True)
    parser.add_argument("--questions", type=Path, required=True, help="JSON Lines; its documents lie beside it")
    arguments = parser.parse_args()
    models = Settings.from_env(os.environ).data_dir / "models"
    rows = [*squad_rows(arguments.squad, models), *file_rows(arguments.questions, models)]
    names = sorted(rows[0].signals)
    predicted = out_of_fold(rows, names)
    report("SQuAD file", rows, predicted, heavy=False)
    report("question file", rows, predicted, heavy=True)
    model = fit(rows, names)
    print(f"BIAS = {model.intercept_[0]:.3f}")
    for name, weight in zip(names, model.coef_[0], strict=True):
        print(f'    "{name}": {weight:.3f},')


def squad_rows(path: Path, models: Path) -> list[Row]:
    """The rows of a SQuAD file, all paragraphs indexed; groups are articles."""
    documents, cases = read_squad(path)
    titles = {document.source.id: document.source.title for document in documents}
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder))
        with Pipeline.open(settings, create=True, models=models, progress=print) as pipeline:
            pipeline.add_documents(documents)
            return _rows(pipeline, cases, [titles[case.document_id or ""] for case in cases], 1.0)


def file_rows(path: Path, models: Path) -> list[Row]:
    """The rows of a question file over the documents in its folder; each question is a group of its own."""
    cases = read_cases(path)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder))
        with Pipeline.open(settings, create=True, models=models) as pipeline:
            pipeline.ingest([path.parent])
            return _rows(pipeline, cases, [case.question for case in cases], _QUESTION_FILE_WEIGHT)


def out_of_fold(rows: Sequence[Row], names: Sequence[str]) -> np.ndarray:
    """For each row the probability by a model that has not seen its article."""
    predicted = np.zeros(len(rows))
    groups = [row.group for row in rows]
    for seen, unseen in GroupKFold(_FOLDS).split(rows, groups=groups):
        model = fit([rows[i] for i in seen], names)
        predicted[unseen] = model.predict_proba(_matrix([rows[i] for i in unseen], names))[:, 1]
    return predicted


def fit(rows: Sequence[Row], names: Sequence[str]) -> LogisticRegression:
    """A logistic regression of "right" on the signals."""
    model = LogisticRegression(C=1.0, max_iter=2000)
    return model.fit(_matrix(rows, names), [row.right for row in rows], sample_weight=[row.weight for row in rows])


def report(title: str, rows: Sequence[Row], predicted: np.ndarray, *, heavy: bool) -> None:
    """Print the figures of one of the two sets."""
    chosen = [i for i, row in enumerate(rows) if (row.weight > 1) == heavy]
    right = np.array([rows[i].right for i in chosen])
    answerable = np.array([rows[i].answerable for i in chosen])
    values = predicted[chosen]
    print(f"\n{title}: {len(chosen)} questions, best sentence right {right[answerable].mean():.3f} of answerable")
    print(f"AUC, right or wrong: {roc_auc_score(right, values):.3f}")
    print(f"AUC, answerable or not: {roc_auc_score(answerable, values):.3f}")
    print(f"expected calibration error {calibration_error(list(zip(values.tolist(), right.tolist(), strict=True)))}")
    for threshold in _THRESHOLDS:
        shown = values >= threshold
        wrong = 1 - right[shown].mean() if shown.any() else float("nan")
        print(
            f"  {threshold:.2f}: answered {shown.mean():.3f}, wrong among them {wrong:.3f}, answerable answered right "
            f"{(shown & right)[answerable].mean():.3f}, unanswerable declined {(~shown)[~answerable].mean():.3f}"
        )


def _rows(pipeline: Pipeline, cases: Sequence[Case], groups: Sequence[str], weight: float) -> list[Row]:
    rows = []
    for case, group in zip(cases, groups, strict=True):
        examined = pipeline.examine(case.question, depth=1)
        if examined.signals:
            right = judge(case, examined, 0.0).right and case.is_answerable
            rows.append(Row(dict(examined.signals), right, case.is_answerable, group, weight))
    return rows


def _matrix(rows: Sequence[Row], names: Sequence[str]) -> np.ndarray:
    return np.array([[row.signals[name] for name in names] for row in rows])


if __name__ == "__main__":
    main()
