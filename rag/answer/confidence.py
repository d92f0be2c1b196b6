"""From the extracts of a question to the probability that the best quote answers it.

A logistic regression whose weights were fitted on questions with and without an answer; `rag.training.fit`
fits them again and says on what. The probability is what is shown as confidence; similarity never is.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag.answer.codes import is_about_another_code
from rag.answer.question import Question
from rag.answer.side_by_side import says_one_of, side_by_side
from rag.records import Confidence, Extract


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From `answer` on one answer is given, from `possible` on quotes are shown that may answer; below it nothing."""

    answer: float
    possible: float


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted regression: log-odds = bias + sum of weight * signal; and the thresholds that go with it."""

    bias: float
    weights: Mapping[str, float]
    thresholds: Thresholds


# Without the trained reader. Fitted on 2026-11-23 on 3,034 questions: half of the SQuAD 2.0 development set, open and
# article by article, and seeds/questions.jsonl.
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
    thresholds=Thresholds(answer=0.3, possible=0.15),
)

# With it. Fitted on 2026-11-28 by `rag.training.fit` on 3,029 questions: five desk collections, plain questions to the
# same, three manuals, and 500 questions of the SQuAD 2.0 development half, none of which the reader had learned from.
# With one collection left out at a time, of what is given as an answer from 0.78 on .10 is wrong (of plain questions
# .03, of those to manuals .07), and from 0.22 on one of the quotes is right for .71 of what is answerable (.96; .42).
WITH_READER = Fit(
    bias=-3.805,
    weights={
        "chance": 1.153,
        "chance_covered": -1.334,
        "cover": -2.053,
        "cover_covered": 1.273,
        "cover_near": -0.372,
        "holds": -0.056,
        "many": -0.213,
        "names": -0.093,
        "numbers": -0.029,
        "other_code": -1.366,
        "pairs": -0.530,
        "passage_cover": -0.147,
        "passage_names": 0.363,
        "passage_similarity": 0.131,
        "passage_similarity_covered": -0.750,
        "plain": -0.392,
        "plain_covered": 1.326,
        "rank_agreement": 1.126,
        "reader_alone": 1.556,
        "reader_alone_covered": 1.225,
        "reader_alone_passage_covered": 1.570,
        "reader_answers": 0.277,
        "reader_answers_best": 0.605,
        "reader_answers_covered": 0.245,
        "reader_lead": 0.757,
        "reader_lead_covered": -0.604,
        "reader_relevance": 0.431,
        "reader_relevance_covered": 0.386,
        "reader_span": 0.496,
        "reader_span_covered": -1.016,
        "similarity": 2.124,
        "similarity_covered": -0.031,
        "unseen": -0.645,
        "unseen_names": 0.229,
        "words": 0.672,
    },
    thresholds=Thresholds(answer=0.78, possible=0.22),
)

# From which probability on a name holds; below the last one it is "very_low". One quote in five that is right is the
# least that `possible` begins with, so what is called very low stands beside a better one.
_NAMES = ((0.8, "high"), (0.5, "medium"), (0.2, "low"))


def confidence(found: Mapping[str, float]) -> Confidence:
    """The probability, 0..1, that the best quote answers the question, from its `signals`; 0 without any."""
    if not found:
        return named(0.0)
    fitted = fit_for(found)
    odds = fitted.bias + sum(weight * found[name] for name, weight in fitted.weights.items())
    return named(1 / (1 + math.exp(-odds)))


def confidence_beside(best: Confidence, lead: float) -> Confidence:
    """That of an extract whose score lies `lead` log-odds below the best one's: both are scored by one softmax."""
    return named(best.value * math.exp(-max(0.0, lead)))


def named(value: float) -> Confidence:
    """A probability, rounded, with its name for people."""
    value = round(value, 4)
    return Confidence(value, next((name for least, name in _NAMES if value >= least), "very_low"))


def identity(model_sha256: str, reader_sha256: str) -> str:
    """What tells one source of confidence from another: the models that give the signals, and the regressions."""
    fits = repr([(fit.bias, sorted(fit.weights.items())) for fit in (PLAIN, WITH_READER)])
    return hashlib.sha256(f"{model_sha256}\n{reader_sha256}\n{fits}".encode()).hexdigest()


def fit_for(found: Mapping[str, float]) -> Fit:
    """The fit that belongs to these signals: the reader's are among them, or not."""
    return WITH_READER if "reader_answers" in found else PLAIN


# The more passages there are, the more of them look right and are not: the reader's best sentence is right for two in
# three of the questions to six documents, and for one in three of those to a manual of a hundred, and it is as sure of
# them. Nothing is known of fewer passages than these, or of more.
_FEW_PASSAGES, _MANY_PASSAGES = 50, 1_600

# What the reader says means less, or more, the more of the question's words the sentence has: a question in the
# documents' own words is answered with more certainty than the reader shows. So each of these counts as it is and
# times the cover; what it says of the sentence alone also times the cover of the passage.
_TIMES_COVER = (
    "chance",
    "cover",
    "passage_similarity",
    "plain",
    "reader_alone",
    "reader_answers",
    "reader_lead",
    "reader_relevance",
    "reader_span",
    "similarity",
)


def signals(
    question: Question, extracts: Sequence[Extract], frequencies: Mapping[str, int], passages: int
) -> dict[str, float]:
    """What confidence is computed from; all between about -2 and 4, comparable across questions and collections.

    `frequencies` has the number of passages that hold each word of the question, `passages` is that of all that may be
    read. Empty without extracts.
    """
    if not extracts:
        return {}
    best = extracts[0]
    features = best.features
    quote = side_by_side(best, extracts)
    chance = share_of_quote(quote, extracts)
    unseen = sum(frequencies.get(word, 0) == 0 for word in question.words)
    found = {
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
        "other_code": float(_has_other_code(question, quote)),
        "many": math.log(min(max(passages, _FEW_PASSAGES), _MANY_PASSAGES) / _FEW_PASSAGES),
    }
    if read := _reader_signals(quote, extracts):
        found |= read
        found |= {f"{name}_covered": found[name] * found["cover"] for name in _TIMES_COVER}
        found["reader_alone_passage_covered"] = found["reader_alone"] * found["passage_cover"]
    return found


def _reader_signals(quote: Sequence[Extract], extracts: Sequence[Extract]) -> dict[str, float]:
    """What the trained reader adds: its opinions of the best extract, and how far behind is what is not quoted."""
    best = extracts[0]
    if "reader" not in best.features:
        return {}
    others = [e.score for e in extracts if not says_one_of(quote, e)]
    return {
        # Of another one, as in a fit that orders them anew, nothing is known but what its passage says.
        "reader_alone": best.features.get("reader_alone", best.features["reader_answers"]) / 4,
        "reader_answers": best.features["reader_answers"] / 4,
        "reader_answers_best": max(e.features["reader_answers"] for e in extracts) / 4,
        "reader_relevance": best.features["reader_relevance"] / 4,
        "reader_lead": min(2.0, (best.score - max(others, default=best.score - 8.0)) / 4),
        "reader_span": best.features["reader_span"] / 4,
        "plain": best.features["plain"] / 4,
    }


def share_of_quote(quote: Sequence[Extract], extracts: Sequence[Extract]) -> float:
    """The share of a quote in the odds of all, 0..1: near 1 when nothing else comes close.

    Extracts that say the same as a sentence of it count with it.
    """
    top = extracts[0].score
    odds = [math.exp(max(-50.0, extract.score - top)) for extract in extracts]
    same = sum(odd for odd, e in zip(odds, extracts, strict=True) if says_one_of(quote, e))
    return same / sum(odds)


def _has_other_code(question: Question, quote: Sequence[Extract]) -> bool:
    chunk = quote[0].hit.chunk
    said = " ".join(extract.sentence.text for extract in quote)
    return is_about_another_code(question.text, f"{chunk.source.title} {chunk.section}", said)


def _unseen_names(question: Question, frequencies: Mapping[str, int]) -> float:
    """1 when a name or number of the question stands nowhere in the documents, else 0."""
    named = question.names | question.numbers
    pairs = zip(question.words, question.stems, strict=True)
    return float(any(frequencies.get(word, 0) == 0 for word, stem in pairs if stem in named or word in named))
