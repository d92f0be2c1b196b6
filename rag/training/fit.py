"""Fits the order of sentences, and confidence: `python -m rag.training.fit --desk FOLDER... --squad FILE`.

The desk collections must not have been learned from, nor the SQuAD file. All their questions are asked, each of its own
collection, and the plain ones that `rag/training/plain` has for it; those of the SQuAD file are asked of all its
paragraphs. Two regressions are fitted, and each is measured with one collection left out of both at a time:

- the order: listwise logistic regression over the sentences that were read, the right ones against the others
  (`READER_WEIGHTS` of `rag/answer/rescore.py`; with --without-reader `WEIGHTS` of `rag/answer/extract.py`);
- confidence: logistic regression of "the best quote has the right sentence" on the signals, with the sentences in the
  order just fitted (`rag/answer/confidence.py`).
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from rag.answer.ask import Examination
from rag.answer.compose import best_quotes
from rag.answer.confidence import signals
from rag.answer.question import Question, clean_question, take_apart
from rag.answer.rescore import READER_WEIGHTS
from rag.app import Citewell
from rag.evaluate.cases import Case, read_squad
from rag.evaluate.desk import read_collections
from rag.evaluate.desk_run import Gold, StoredLines, holds_gold
from rag.evaluate.measures import calibration_error
from rag.evaluate.run import is_right
from rag.records import Access, Extract, Hit
from rag.settings import Settings
from rag.training.plain_questions import plain_collection

_PENALTY = 1e-3
# Sentences of a question that are learned from, best first.
_MOST_SENTENCES = 60
# A question of the SQuAD file counts a fiftieth of one that employees ask. With a tenth or half, as until 2026-11-28,
# others were answered less often and no more rightly: SQuAD's are in the text's own words, and made to deceive.
_SQUAD_WEIGHT = 0.02
_THRESHOLDS = (0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ExaminedQuestion:
    """A question as the program answered it: the sentences that were read, and which of them are right."""

    collection: str
    answerable: bool
    question: Question
    extracts: tuple[Extract, ...]
    right: tuple[bool, ...]
    frequencies: Mapping[str, int]
    passages: int
    weight: float = 1.0
    plain: bool = False  # asked in the documents' own words


@dataclass(frozen=True, slots=True)
class Ordered:
    """A question with its sentences in a fitted order: what confidence sees, and which of the best quotes are right."""

    collection: str
    answerable: bool
    signals: Mapping[str, float]
    right: tuple[bool, ...]
    weight: float
    plain: bool


def main() -> None:
    """Read the arguments, ask, fit and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--desk", type=Path, nargs="+", default=[], help="folders of docs/ and questions.jsonl")
    parser.add_argument("--squad", type=Path)
    parser.add_argument("--questions", type=int, default=1_500, help="of the SQuAD file, at most")
    parser.add_argument("--without-reader", action="store_true")
    arguments = parser.parse_args()
    reader = not arguments.without_reader
    asked = [*ask_desk(arguments.desk, reader=reader)]
    if arguments.squad:
        asked += ask_squad(arguments.squad, arguments.questions, reader=reader)
    every = {name for one in asked for extract in one.extracts for name in extract.features}
    names = sorted(READER_WEIGHTS if reader else every)
    report_order(asked, names)
    report_confidence(asked, names)


def ask_desk(folders: Sequence[Path], *, reader: bool) -> Iterator[ExaminedQuestion]:
    """The questions of desk collections and the plain ones, each asked of the documents of its own collection."""
    for collection in read_collections(folders):
        with _opened(reader=reader) as citewell:
            citewell.documents.ingest([collection.docs])
            lines = StoredLines(citewell, collection.docs)
            for kind in (collection, plain_collection(collection)):
                for case in kind.cases if kind else ():
                    gold = [place for line in case.gold for place in lines.places_of(line)]
                    examined = citewell.questions.examine(case.question, access=Access.everything(), depth=1)
                    right = partial(_holds_gold, gold)
                    found = _asked(collection.name, case.question, bool(case.gold), examined, right)
                    yield from (replace(one, plain=kind is not collection) for one in found)
        print(f"{collection.name}: asked", flush=True)


def ask_squad(path: Path, questions: int, *, reader: bool) -> Iterator[ExaminedQuestion]:
    """A sample of the questions of a SQuAD file, asked of all its paragraphs."""
    documents, cases = read_squad(path)
    with _opened(reader=reader) as citewell:
        citewell.documents.add(documents)
        for case in random.Random(0).sample(cases, min(questions, len(cases))):
            examined = citewell.questions.examine(case.question, access=Access.everything(), depth=1)
            right = partial(_is_right, case, examined.hits)
            yield from _asked(path.stem, case.question, case.is_answerable, examined, right, _SQUAD_WEIGHT)


def _holds_gold(gold: Sequence[Gold], extract: Extract) -> bool:
    return holds_gold(extract.hit.chunk.source.id, extract.sentence.span, gold)


def _is_right(case: Case, hits: Sequence[Hit], extract: Extract) -> bool:
    return is_right(case, extract, hits)


def report_order(asked: Sequence[ExaminedQuestion], names: Sequence[str]) -> None:
    """Print the weights, and how often the best sentence is right in each collection, left out and not."""
    print("\norder: right first of the answerable questions, collection left out / all fitted to")
    weights = fit_order(asked, names)
    for collection in dict.fromkeys(one.collection for one in asked):
        others = fit_order([one for one in asked if one.collection != collection], names)
        for plain in (False, True):
            own = [one for one in asked if one.collection == collection and one.answerable and one.plain is plain]
            if own:
                name = f"{collection}, plain" if plain else collection
                print(f"  {name}: {right_first(own, names, others):.3f} / {right_first(own, names, weights):.3f}")
    for name, weight in zip(names, weights, strict=True):
        print(f'    "{name}": {weight:.3f},')


def fit_order(asked: Sequence[ExaminedQuestion], names: Sequence[str]) -> Doubles:
    """The weights under which the softmax of the right sentences is largest, shape (len(names),)."""
    chosen = [one for one in asked if any(one.right[:_MOST_SENTENCES])]
    rows = [_features(one, names)[:_MOST_SENTENCES] for one in chosen]
    rights = [np.array(one.right[:_MOST_SENTENCES]) for one in chosen]

    def loss(weights: Doubles) -> tuple[float, Doubles]:
        value, slope = _PENALTY * float(weights @ weights), 2 * _PENALTY * weights
        for one, row, right in zip(chosen, rows, rights, strict=True):
            scores = row @ weights
            share = np.exp(scores - scores.max())
            share /= share.sum()
            gold = share * right
            value -= one.weight * float(np.log(max(gold.sum(), 1e-12))) / len(chosen)
            slope = slope + one.weight * ((share - gold / max(gold.sum(), 1e-12)) @ row) / len(chosen)
        return value, slope

    found = minimize(loss, np.zeros(len(names)), jac=True, method="L-BFGS-B")
    return np.asarray(found.x, dtype=np.float64)


def right_first(asked: Sequence[ExaminedQuestion], names: Sequence[str], weights: Doubles) -> float:
    """The share of these questions whose best sentence is right."""
    return float(np.mean([one.right[int((_features(one, names) @ weights).argmax())] for one in asked]))


def ordered(asked: Sequence[ExaminedQuestion], names: Sequence[str], weights: Doubles) -> list[Ordered]:
    """The questions with their sentences in the order of these weights, as the program would have them."""
    return [_ordered(one, _features(one, names) @ weights) for one in asked]


def _ordered(one: ExaminedQuestion, scores: Doubles) -> Ordered:
    order = np.argsort(-scores, kind="stable").tolist()
    extracts = [replace(one.extracts[i], score=float(scores[i])) for i in order]
    seen = signals(one.question, extracts, one.frequencies, one.passages)
    right = {one.extracts[i].sentence.id for i in order if one.right[i]}
    quotes = best_quotes(extracts, extracts)
    of_quotes = tuple(any(e.sentence.id in right for e in quoted.sentences) for quoted in quotes)
    return Ordered(one.collection, one.answerable, seen, of_quotes, one.weight, one.plain)


def report_confidence(asked: Sequence[ExaminedQuestion], names: Sequence[str]) -> None:
    """Print the regression, and what thresholds would show, each collection judged by fits that left it out."""
    judged: dict[str, list[tuple[Ordered, float]]] = {}
    for collection in dict.fromkeys(one.collection for one in asked):
        others = [one for one in asked if one.collection != collection]
        weights = fit_order(others, names)
        model, of_signals = fit_confidence(ordered(others, names, weights))
        own = ordered([one for one in asked if one.collection == collection], names, weights)
        found = model.predict_proba(_matrix([one.signals for one in own], of_signals))[:, 1]
        for one, value in zip(own, found.tolist(), strict=True):
            kind = "all plain questions" if one.plain else "all desk collections"
            for name in (f"{collection}, plain" if one.plain else collection, *([kind] if one.weight == 1.0 else [])):
                judged.setdefault(name, []).append((one, value))
    for name, rows in judged.items():
        _report_values(name, [one for one, _ in rows], np.array([value for _, value in rows]))
    model, of_signals = fit_confidence(ordered(asked, names, fit_order(asked, names)))
    print(f"    bias={model.intercept_[0]:.3f},")
    for name, weight in zip(of_signals, model.coef_[0], strict=True):
        print(f'    "{name}": {weight:.3f},')


def fit_confidence(rows: Sequence[Ordered]) -> tuple[LogisticRegression, list[str]]:
    """A logistic regression of "the best quote is right" on the signals, and their names in its order."""
    names = sorted(rows[0].signals)
    model = LogisticRegression(C=1.0, max_iter=2000)
    right = [one.right[0] for one in rows]
    weights = [one.weight for one in rows]
    return model.fit(_matrix([one.signals for one in rows], names), right, sample_weight=weights), names


def _report_values(name: str, rows: Sequence[Ordered], values: Doubles) -> None:
    right = np.array([one.right[0] for one in rows])
    some_right = np.array([any(one.right) for one in rows])
    answerable = np.array([one.answerable for one in rows])
    error = calibration_error(list(zip(values.tolist(), right.tolist(), strict=True)))
    print(
        f"\n{name}: {len(rows)} questions; AUC answerable or not {_auc(answerable, values)}, right or wrong "
        f"{_auc(right, values)}; calibration error {error}"
    )
    for threshold in _THRESHOLDS:
        shown = values >= threshold
        if shown.any():
            print(
                f"  {threshold:.2f}: shown {shown.mean():.3f}; first wrong among them {1 - right[shown].mean():.3f}, "
                f"none of three right {1 - some_right[shown].mean():.3f}; of the answerable one of three right "
                f"{(shown & some_right)[answerable].mean():.3f}"
            )


def _auc(labels: npt.NDArray[np.bool_], values: Doubles) -> str:
    return f"{roc_auc_score(labels, values):.3f}" if len(set(labels.tolist())) == 2 else "-"


def _asked(
    collection: str,
    question: str,
    answerable: bool,
    examined: Examination,
    is_gold: Callable[[Extract], bool],
    weight: float = 1.0,
) -> Iterator[ExaminedQuestion]:
    if found := examined.extracts:
        asked = take_apart(clean_question(question, max_chars=Settings().max_question_chars))
        right = tuple(is_gold(extract) for extract in found)
        known = examined.frequencies, examined.passages
        yield ExaminedQuestion(collection, answerable, asked, found, right, *known, weight)


def _opened(*, reader: bool) -> Citewell:
    """An empty index in a temporary directory, which goes with the process."""
    folder = tempfile.mkdtemp(prefix="citewell-fit-")
    return Citewell.open(Settings(data_dir=Path(folder), reader=reader), create=True)


def _features(one: ExaminedQuestion, names: Sequence[str]) -> Doubles:
    """The features of its sentences, shape (sentences, len(names))."""
    return _matrix([extract.features for extract in one.extracts], names)


def _matrix(rows: Sequence[Mapping[str, float]], names: Sequence[str]) -> Doubles:
    return np.array([[row.get(name, 0.0) for name in names] for row in rows])


if __name__ == "__main__":
    main()
