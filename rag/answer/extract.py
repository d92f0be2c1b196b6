"""The sentences of the found passages that may answer a question, best first. Needs no trained reader.

Each quotable sentence gets features: how similar it and its neighbours are to the question, which of the question's
words it holds, whether it holds the kind of thing that is asked for. A fixed weight for each feature (`WEIGHTS`) makes
the score. The weights were fitted once, on questions of other texts; `rag.training.fit` says how.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import pairwise

from rag.answer.candidates import find_candidates, has_pattern
from rag.answer.question import Question
from rag.answer.repetition import is_question, repeats
from rag.answer.word_weights import cover_of
from rag.records import Extract, Hit, SentenceKind, Span, StoredSentence
from rag.text.english import POINTING_WORDS
from rag.text.words import content_stems, scripts_of

# Listwise logistic regression over the sentences of the ten best passages, on 6,463 questions of four training sets
# (encyclopaedia, newer encyclopaedia, forum posts, privacy policies); rag.training.fit fits them again.
WEIGHTS: Mapping[str, float] = {
    "asks": -0.773,
    "best_cover": 0.275,
    "best_similarity": 0.346,
    "cover": 2.759,
    "cover_near": 1.76,
    "cover_refers_back": 1.527,
    "cover_wide": 1.36,
    "density": -2.021,
    "first": 0.124,
    "holds": 0.387,
    "holds_amount": 0.602,
    "holds_cover": -0.345,
    "holds_duration": 1.062,
    "holds_manner": -0.359,
    "holds_money": 0.789,
    "holds_near": 0.996,
    "holds_person": 0.269,
    "holds_place": 0.039,
    "holds_reason": 0.399,
    "holds_time": 0.591,
    "length": -0.092,
    "names": -1.339,
    "news": 0.269,
    "numbers": 0.704,
    "pairs": 1.57,
    "passage_cover": 2.518,
    "passage_first": 0.078,
    "passage_names": 2.067,
    "passage_score": 2.116,
    "passage_similarity": 5.971,
    "refers_back": 0.132,
    "related": 3.053,
    "similarity": 5.163,
    "similarity_after": 0.083,
    "similarity_before": 0.024,
}

_PRONOUN_START = re.compile(rf"^[\W_]*(?:{'|'.join(POINTING_WORDS)})\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Read:
    """One sentence of a passage, taken apart once."""

    sentence: StoredSentence
    stems: tuple[str, ...]
    held: frozenset[str]  # the same, each once
    similarity: float
    cover: float  # the share of the question's weight that it holds


def extract(question: Question, hits: Sequence[Hit], weights: Mapping[str, float]) -> list[Extract]:
    """Every quotable sentence of `hits` with its score, best first; ties keep the order of the hits and the text.

    Sentences in another script than the question are none of them. `weights` is what `word_weights` gives. A sentence
    that stands in two hits counts once, where it scores best.
    """
    if not hits:
        return []
    scripts = scripts_of(question.text)
    best_score = hits[0].score or 1.0
    found: dict[int, Extract] = {}
    for rank, hit in enumerate(hits):
        read = zip(hit.chunk.sentences, hit.similarities, strict=True)
        quotable = [
            _read(s, similarity, weights, question.language)
            for s, similarity in read
            if s.kind is SentenceKind.STATEMENT and not repeats(question, s.text)
        ]
        passage = _passage_features(question, hit, quotable, weights, rank, best_score)
        for position, item in enumerate(quotable):
            if not _same_script(scripts, item.sentence.text):
                continue
            spans = find_candidates(question, item.sentence.text)
            features = passage | _sentence_features(question, quotable, position, weights, spans)
            score = sum(WEIGHTS.get(name, 0.0) * value for name, value in features.items())
            known = found.get(item.sentence.id)
            if known is None or score > known.score:
                found[item.sentence.id] = Extract(hit, item.sentence, _highlight(item, spans), score, features)
    return sorted(found.values(), key=lambda extract: -extract.score)


def _same_script(scripts: frozenset[str], text: str) -> bool:
    """Whether a sentence has letters of a script of the question, or one of them has no letters at all.

    No word could match, and to models that know one script a question in another one is noise that they may well
    take for something.
    """
    own = scripts_of(text)
    return not scripts or not own or not scripts.isdisjoint(own)


def _read(sentence: StoredSentence, similarity: float, weights: Mapping[str, float], language: str) -> _Read:
    stems = content_stems(sentence.text, language)
    held = frozenset(stems)
    return _Read(sentence, stems, held, similarity, cover_of(weights, held))


def _passage_features(
    question: Question, hit: Hit, quotable: Sequence[_Read], weights: Mapping[str, float], rank: int, best_score: float
) -> dict[str, float]:
    """What is the same for all sentences of a passage."""
    heading = set(content_stems(f"{hit.chunk.source.title} {hit.chunk.section}", question.language))
    stems = heading.union(*(r.held for r in quotable))
    return {
        "passage_similarity": hit.dense,
        "passage_score": hit.score / best_score,
        "passage_first": float(rank == 0),
        "passage_cover": cover_of(weights, stems),
        "passage_names": _share(question.names | question.numbers, stems),
    }


def _sentence_features(
    question: Question, quotable: Sequence[_Read], position: int, weights: Mapping[str, float], spans: Sequence[Span]
) -> dict[str, float]:
    """What one sentence, seen with its neighbours, says to the question. All between about -1 and 3.

    `spans` are the candidates in it.
    """
    item = quotable[position]
    text = item.sentence.text
    before = quotable[position - 1] if position else None
    after = quotable[position + 1] if position + 1 < len(quotable) else None
    stems = item.held
    near = stems | before.held if before else stems
    wide = near | after.held if after else near
    refers_back = float(bool(_PRONOUN_START.match(text)))
    cover, cover_near = item.cover, cover_of(weights, near)
    return {
        "similarity": item.similarity,
        "best_similarity": float(all(item.similarity >= other.similarity for other in quotable)),
        "similarity_before": before.similarity if before else item.similarity,
        "similarity_after": after.similarity if after else item.similarity,
        "cover": cover,
        "best_cover": float(cover > 0 and all(cover >= other.cover for other in quotable)),
        "related": _related(weights, stems),
        "cover_near": cover_near,
        "cover_wide": cover_of(weights, wide),
        "cover_refers_back": refers_back * (cover_near - cover),
        "density": cover / math.log(8 + len(item.stems)),
        "pairs": _pairs(question.stems, item.stems),
        "names": _share(question.names, stems),
        "numbers": _share(question.numbers, stems),
        "news": math.log1p(len(stems - set(question.stems))),
        "length": math.log1p(len(item.stems)),
        "refers_back": refers_back,
        "first": float(position == 0),
        "asks": float(is_question(text)),
        **_kind_features(question, text, cover, spans),
    }


def _kind_features(question: Question, text: str, cover: float, spans: Sequence[Span]) -> dict[str, float]:
    """Whether the sentence holds what the question expects: 1, or -1 where a pattern exists and finds nothing.

    `holds_near` is how close, in words, the expected thing stands to a word of the question, 0..1.
    """
    name = f"holds_{question.expects.name.lower()}"
    if not has_pattern(question):
        return {"holds": 0.0, name: 0.0, "holds_near": 0.0, "holds_cover": 0.0}
    value = 1.0 if spans else -1.0
    near = max((_nearness(question, text, span) for span in spans), default=0.0)
    return {"holds": value, name: value, "holds_near": near, "holds_cover": value * cover}


def _nearness(question: Question, text: str, span: Span) -> float:
    """How many of the question's stems stand within eight words of `span`, as a share of them all."""
    before = content_stems(text[: span.start], question.language)[-8:]
    after = content_stems(text[span.end :], question.language)[:8]
    return len(set(question.stems) & {*before, *after}) / len(question.stems)


def _related(weights: Mapping[str, float], stems: AbstractSet[str]) -> float:
    """The share of the question's weight that is missing but has a relative here, a word with the same beginning.

    "announcement" has the relative "announced": five letters or more are the same.
    """
    total = sum(weights.values())
    beginnings = {stem[:5] for stem in stems if len(stem) >= 5}
    found = sum(w for stem, w in weights.items() if stem not in stems and len(stem) >= 5 and stem[:5] in beginnings)
    return found / total if total else 0.0


def _share(wanted: frozenset[str], stems: AbstractSet[str]) -> float:
    """The share of `wanted` found, minus one half; 0 when nothing is wanted, so that it neither helps nor harms."""
    return len(wanted & stems) / len(wanted) - 0.5 if wanted else 0.0


def _pairs(asked: Sequence[str], stems: Sequence[str]) -> float:
    """The share of the question's neighbouring word pairs that stand side by side in the sentence, 0..1."""
    pairs = set(pairwise(asked))
    return len(pairs & set(pairwise(stems))) / len(pairs) if pairs else 0.0


def _highlight(item: _Read, spans: Sequence[Span]) -> Span:
    """The words of the sentence to mark, in code points of the document: the first fitting span, else all of it."""
    sentence = item.sentence.span
    if not spans:
        return sentence
    return Span(sentence.start + spans[0].start, sentence.start + spans[0].end)
