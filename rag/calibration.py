"""From the extracts of a question to the probability that the best one answers it.

A logistic regression whose weights were fitted on questions with and without an answer; `rag.training.confidence`
fits them again and says on what. The probability is what is shown as confidence; similarity never is.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag.question import Question
from rag.records import Confidence, Extract
from rag.statements import same_statement


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted regression: log-odds = bias + sum of weight * signal; below `threshold` nothing is quoted."""

    bias: float
    weights: Mapping[str, float]
    threshold: float


# Fitted on 2026-11-23 on 3,034 questions: half of the SQuAD 2.0 development set, open and article by article, each
# asked of a reader that had not learned from it, and seeds/questions.jsonl. From 0.25 to 0.35 a higher threshold
# declines somewhat more unanswerable questions than it loses right answers; 0.3 lies in the middle.

# Without the trained reader.
PLAIN = Fit(
    bias=-4.662,
    weights={
        "chance": 1.241,
        "cover": 0.431,
        "cover_near": 2.293,
        "holds": 0.075,
        "names": -0.626,
        "numbers": 0.033,
        "pairs": -0.913,
        "passage_cover": -2.016,
        "passage_names": 0.857,
        "passage_similarity": 1.230,
        "rank_agreement": -0.091,
        "similarity": 2.748,
        "unseen": 0.618,
        "unseen_names": -0.302,
        "words": 0.606,
    },
    threshold=0.3,
)

# With it.
WITH_READER = Fit(
    bias=-3.866,
    weights={
        "chance": 0.468,
        "cover": -0.531,
        "cover_near": 1.646,
        "holds": -0.216,
        "names": -0.193,
        "numbers": 0.111,
        "pairs": -0.822,
        "passage_cover": -2.483,
        "passage_names": 0.458,
        "passage_similarity": 0.012,
        "plain": 0.734,
        "rank_agreement": 0.031,
        "reader": 1.508,
        "reader_best": -0.426,
        "reader_lead": -0.239,
        "reader_passage": -0.470,
        "reader_span": 0.509,
        "reader_span_best": 0.020,
        "similarity": 0.160,
        "unseen": 2.415,
        "unseen_names": -0.367,
        "words": 0.607,
    },
    threshold=0.3,
)

_HIGH, _MEDIUM = 0.8, 0.5


def confidence(found: Mapping[str, float]) -> Confidence:
    """The probability, 0..1, that the best extract answers the question, from its `signals`; 0 without any."""
    if not found:
        return Confidence(0.0, "low")
    fitted = fit_for(found)
    odds = fitted.bias + sum(weight * found[name] for name, weight in fitted.weights.items())
    value = round(1 / (1 + math.exp(-odds)), 4)
    return Confidence(value, "high" if value >= _HIGH else "medium" if value >= _MEDIUM else "low")


def identity(model_sha256: str, reader_sha256: str) -> str:
    """What tells one source of confidence from another: the models that give the signals, and the regressions."""
    fits = repr([(fit.bias, sorted(fit.weights.items())) for fit in (PLAIN, WITH_READER)])
    return hashlib.sha256(f"{model_sha256}\n{reader_sha256}\n{fits}".encode()).hexdigest()


def fit_for(found: Mapping[str, float]) -> Fit:
    """The fit that belongs to these signals: the reader's are among them, or not."""
    return WITH_READER if "reader" in found else PLAIN


def signals(question: Question, extracts: Sequence[Extract], frequencies: Mapping[str, int]) -> dict[str, float]:
    """What confidence is computed from; all between about -2 and 3, comparable across questions and collections.

    `frequencies` has the number of passages that hold each word of the question. Empty without extracts.
    """
    if not extracts:
        return {}
    best = extracts[0]
    features = best.features
    chance = share_of_first(extracts)
    unseen = sum(frequencies.get(word, 0) == 0 for word in question.words)
    return {
        "chance": math.log(chance / (1 - chance + 1e-6) + 1e-6) / 4,
        "similarity": features["similarity"],
        "passage_similarity": features["passage_similarity"],
        "cover": features["cover"],
        "cover_near": features["cover_near"],
        "passage_cover": features["passage_cover"],
        "passage_names": features["passage_names"],
        "names": features["names"],
        "numbers": features["numbers"],
        "holds": features["holds"],
        "pairs": features["pairs"],
        "unseen": unseen / len(question.words),
        "unseen_names": _unseen_names(question, frequencies),
        "words": math.log1p(len(question.words)),
        "rank_agreement": features["passage_first"],
        **_reader_signals(extracts),
    }


def _reader_signals(extracts: Sequence[Extract]) -> dict[str, float]:
    """What the trained reader adds: its log-odds for the best extract, and by how much the best other one is behind."""
    best = extracts[0]
    if "reader" not in best.features:
        return {}
    own = best.features["reader"]
    text = best.sentence.text
    others = [e.features["reader"] for e in extracts[1:] if not same_statement(text, e.sentence.text)]
    return {
        "reader": own / 4,
        "reader_lead": (own - max(others, default=own - 8.0)) / 4,
        "reader_best": max(e.features["reader"] for e in extracts) / 4,
        "reader_passage": best.features["reader_passage"] / 4,
        "reader_span": best.features["reader_span"] / 4,
        "reader_span_best": max(e.features["reader_span"] for e in extracts) / 4,
        "plain": best.features["plain"] / 4,
    }


def share_of_first(extracts: Sequence[Extract]) -> float:
    """The best statement's share of the odds of all, 0..1: near 1 when nothing else comes close.

    Extracts that say the same as the first count with it.
    """
    top = extracts[0].score
    odds = [math.exp(max(-50.0, extract.score - top)) for extract in extracts]
    first = extracts[0].sentence.text
    same = sum(odd for odd, e in zip(odds, extracts, strict=True) if same_statement(first, e.sentence.text))
    return same / sum(odds)


def _unseen_names(question: Question, frequencies: Mapping[str, int]) -> float:
    """1 when a name or number of the question stands nowhere in the documents, else 0."""
    named = question.names | question.numbers
    pairs = zip(question.words, question.stems, strict=True)
    return float(any(frequencies.get(word, 0) == 0 for word, stem in pairs if stem in named or word in named))
