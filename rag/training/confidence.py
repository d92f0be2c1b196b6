"""Fits what turns signals into confidence: `python -m rag.training.confidence --squad FILE --questions FILE`.

Three kinds of rows: the questions of a SQuAD file asked over all its paragraphs; the same file's articles as small
collections of their own, asked their own questions and those of other articles; and a question file asked of the
documents in its folder. Fits a logistic regression that tells right best sentences from wrong ones, and prints
out-of-fold figures, split by article, and the numbers that `rag/calibration.py` holds.

A reader that has learnt from the SQuAD file is too sure of itself there. Then give with `--reader FOLDER`, once for
each fold, the exported readers that were trained with `--leave-out K/N`: each article is asked of the one that has not
seen it.
"""

from __future__ import annotations

import argparse
import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold

from rag.cases import Case, read_cases, read_squad
from rag.evaluate import is_right
from rag.measures import calibration_error
from rag.pipeline import Pipeline
from rag.reader import Reader
from rag.records import Document
from rag.settings import Settings
from rag.training.folds import fold_of, open_with, stored

_FOLDS = 5
_THRESHOLDS = (0.1, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7)
# Questions: of the SQuAD file over everything; of each article, own and foreign ones.
_OPEN, _OWN, _FOREIGN = 1_500, 60, 30
# How many times a question of the question file counts: they are few, and more like what people ask.
_QUESTION_FILE_WEIGHT = 8.0


@dataclass(frozen=True, slots=True)
class Row:
    """One question: its signals, whether the best sentence was right, whether it has an answer, and its article."""

    kind: str
    group: str
    signals: dict[str, float]
    right: bool
    answerable: bool
    weight: float = 1.0


def main() -> None:
    """Read the arguments, collect, fit and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--squad", type=Path, required=True)
    parser.add_argument("--questions", type=Path, required=True, help="JSON Lines; its documents lie beside it")
    parser.add_argument("--plain", action="store_true", help="without the trained reader")
    parser.add_argument("--reader", type=Path, action="append", default=[], help="in the order of their folds")
    arguments = parser.parse_args()
    settings = Settings.from_env(os.environ, reader=not arguments.plain)
    readers = [Reader.load(folder) for folder in arguments.reader] or [None]
    rows = [*squad_rows(arguments.squad, settings, readers), *file_rows(arguments.questions, settings)]
    names = sorted(rows[0].signals)
    predicted = out_of_fold(rows, names)
    for kind in dict.fromkeys(row.kind for row in rows):
        report(kind, rows, predicted)
    model = fit(rows, names)
    print(f"\nbias={model.intercept_[0]:.3f}")
    for name, weight in zip(names, model.coef_[0], strict=True):
        print(f'    "{name}": {weight:.3f},')


def squad_rows(path: Path, settings: Settings, readers: Sequence[Reader | None]) -> Iterator[Row]:
    """The rows of a SQuAD file: all paragraphs as one collection, then each article as one."""
    documents, cases = read_squad(path)
    rng = random.Random(0)
    folds = fold_of(documents, len(readers))
    titles = {document.source.id: document.source.title for document in documents}
    articles: dict[str, list[Document]] = {}
    for document in documents:
        articles.setdefault(document.source.title, []).append(document)
    asked: dict[str, list[Case]] = {title: [] for title in articles}
    for case in cases:
        asked[titles[case.document_id or ""]].append(case)
    sample = rng.sample(cases, min(_OPEN, len(cases)))
    with stored(documents, settings) as apart:
        for fold, reader in enumerate(readers):
            with open_with(apart, reader) as pipeline:
                for case in sample:
                    if folds[case.document_id or ""] == fold:
                        yield from _row(pipeline, case, "all paragraphs", titles[case.document_id or ""])
    for title, own in articles.items():
        fold = folds[own[0].source.id]
        # Of other articles of its fold only: another reader may have learnt from the question itself.
        foreign = [c for c in cases if titles[c.document_id or ""] != title and folds[c.document_id or ""] == fold]
        with stored(own, settings) as apart, open_with(apart, readers[fold]) as pipeline:
            for case in rng.sample(asked[title], min(_OWN, len(asked[title]))):
                yield from _row(pipeline, case, "one article", title)
            for case in rng.sample(foreign, min(_FOREIGN, len(foreign))):
                yield from _row(pipeline, Case(case.question), "one article", titles[case.document_id or ""])


def file_rows(path: Path, settings: Settings) -> Iterator[Row]:
    """The rows of a question file over the documents in its folder; each question is a group of its own."""
    with stored([], settings) as apart, open_with(apart, None) as pipeline:
        pipeline.ingest([path.parent])
        for case in read_cases(path):
            yield from _row(pipeline, case, "question file", case.question, _QUESTION_FILE_WEIGHT)


def out_of_fold(rows: Sequence[Row], names: Sequence[str]) -> npt.NDArray[np.float64]:
    """For each row the probability by a model that has not seen its article, shape (len(rows),)."""
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


def report(kind: str, rows: Sequence[Row], predicted: npt.NDArray[np.float64]) -> None:
    """Print the figures of one kind of rows."""
    chosen = [i for i, row in enumerate(rows) if row.kind == kind]
    right = np.array([rows[i].right for i in chosen])
    answerable = np.array([rows[i].answerable for i in chosen])
    values = predicted[chosen]
    print(f"\n{kind}: {len(chosen)} questions, best sentence right {right[answerable].mean():.3f} of answerable")
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


def _row(pipeline: Pipeline, case: Case, kind: str, group: str, weight: float = 1.0) -> Iterator[Row]:
    """The row of one case; none when nothing was found."""
    examined = pipeline.examine(case.question, depth=1)
    if examined.signals:
        right = is_right(case, examined.extracts[0], examined.hits)
        yield Row(kind, group, dict(examined.signals), right, case.is_answerable, weight)


def _matrix(rows: Sequence[Row], names: Sequence[str]) -> npt.NDArray[np.float64]:
    return np.array([[row.signals[name] for name in names] for row in rows])


if __name__ == "__main__":
    main()
