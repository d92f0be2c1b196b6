"""Training examples for the reader, from question-answering files given by path, and unanswerable ones made of them.

An example is a question, a passage cut into sentences, and which sentence answers (none: -1), with the answer's span
where the file has one. Three kinds of unanswerable example are made: the best wrong passage by words, the right passage
without its answering sentence, and the right passage with a name or number of the question swapped for another one.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rag.records import Span
from rag.split import split_sentences

# Shares of the answerable questions that also appear as an unanswerable example of each kind.
_WRONG_PASSAGE, _SENTENCE_REMOVED, _SWAPPED = 0.18, 0.12, 0.10
# Candidates by words among which the wrong passage is looked for.
_NEIGHBOURS = 6
_SWAPPABLE = re.compile(r"\b(?:[A-Z][\w-]+(?:\s[A-Z][\w-]+)*|\d[\d.,]*)\b")


@dataclass(frozen=True, slots=True)
class Example:
    """One thing to learn. `answer` is a position in `sentences`, or -1; `span` lies in `passage`."""

    question: str
    passage: str
    sentences: tuple[Span, ...]
    answer: int
    span: Span | None = None


def read_squad_examples(path: Path) -> list[Example]:
    """The questions of a SQuAD file. One whose first answer does not stand at its offset is left out."""
    examples = []
    for article in json.loads(path.read_text(encoding="utf-8"))["data"]:
        for paragraph in article["paragraphs"]:
            text = paragraph["context"]
            sentences = tuple(split_sentences(text))
            examples += [e for asked in paragraph["qas"] if (e := _example(text, sentences, asked))]
    return examples


def read_sentence_examples(path: Path, rng: random.Random) -> list[Example]:
    """(question, answer sentence) pairs as passages: the sentence among four of its neighbours by words."""
    data = json.loads(path.read_text(encoding="utf-8"))
    questions, sentences = data["questions"], data["answers"]
    near = list(_nearest(sentences, sentences, 12))
    examples = []
    for position, question in enumerate(questions):
        others = [sentences[i] for i in near[position] if sentences[i] != sentences[position]][:8]
        parts = [*rng.sample(others, min(4, len(others))), sentences[position]]
        rng.shuffle(parts)
        passage, spans = _join(parts)
        examples.append(Example(question.strip(), passage, spans, parts.index(sentences[position])))
    return examples


def with_unanswerables(examples: Sequence[Example], rng: random.Random) -> list[Example]:
    """`examples` and unanswerable ones made of them, in random order."""
    passages = list(dict.fromkeys(e.passage for e in examples))
    sentences = {e.passage: e.sentences for e in examples}
    answerable = [e for e in examples if e.answer >= 0]
    near = _nearest([e.question for e in answerable], passages, _NEIGHBOURS)
    made: list[Example] = []
    for example, candidates in zip(answerable, near, strict=True):
        chance = rng.random()
        if chance < _WRONG_PASSAGE:
            made += _wrong_passage(example, [passages[i] for i in candidates], sentences)
        elif chance < _WRONG_PASSAGE + _SENTENCE_REMOVED:
            made += _sentence_removed(example)
        elif chance < _WRONG_PASSAGE + _SENTENCE_REMOVED + _SWAPPED:
            made += _swapped(example, rng.choice(answerable))
    result = [*examples, *made]
    rng.shuffle(result)
    return result


def _example(text: str, sentences: tuple[Span, ...], asked: dict[str, Any]) -> Example | None:
    if asked.get("is_impossible") or not asked["answers"]:
        return Example(asked["question"].strip(), text, sentences, -1) if asked.get("is_impossible") else None
    answer, start = asked["answers"][0]["text"], asked["answers"][0]["answer_start"]
    if not answer or not text.startswith(answer, start):
        return None
    span = Span(start, start + len(answer))
    for position, sentence in enumerate(sentences):
        if sentence.start <= start < sentence.end:
            return Example(asked["question"].strip(), text, sentences, position, span)
    return None


def _nearest(queries: Sequence[str], texts: Sequence[str], k: int) -> Iterator[list[int]]:
    """For each query the positions of the `k` texts, or all, that share the most telling words, best first."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    if not queries:
        return
    k = min(k, len(texts))
    vectorizer = TfidfVectorizer(stop_words="english", sublinear_tf=True)
    columns = vectorizer.fit_transform(texts).T.tocsc()
    rows = vectorizer.transform(queries)
    for start in range(0, rows.shape[0], 500):
        scores = (rows[start : start + 500] @ columns).toarray()
        best = np.argpartition(-scores, range(k), axis=1)[:, :k]
        yield from best.tolist()


def _wrong_passage(
    example: Example, candidates: Sequence[str], sentences: dict[str, tuple[Span, ...]]
) -> Iterator[Example]:
    """The nearest passage that does not hold the answer's words."""
    answer = (example.span or example.sentences[example.answer]).of(example.passage).casefold()
    for passage in candidates:
        if passage != example.passage and answer not in passage.casefold():
            yield Example(example.question, passage, sentences[passage], -1)
            return


def _sentence_removed(example: Example) -> Iterator[Example]:
    """The same passage without the sentence that answers, if another one is left."""
    kept = [s.of(example.passage) for i, s in enumerate(example.sentences) if i != example.answer]
    answer = example.span.of(example.passage).casefold() if example.span else ""
    if len(kept) >= 2 and answer and answer not in " ".join(kept).casefold():
        passage, spans = _join(kept)
        yield Example(example.question, passage, spans, -1)


def _swapped(example: Example, other: Example) -> Iterator[Example]:
    """The question with one of its names or numbers replaced by one of another question, of the same kind."""
    mine = [m for m in _SWAPPABLE.finditer(example.question) if m.start() > 0]
    theirs = [m.group() for m in _SWAPPABLE.finditer(other.question) if m.start() > 0]
    for found in mine:
        fitting = [
            t
            for t in theirs
            if t[0].isdigit() == found.group()[0].isdigit()
            and t.casefold() != found.group().casefold()  # the question would stay answerable
            and t not in example.passage
        ]
        if fitting:
            question = example.question[: found.start()] + fitting[0] + example.question[found.end() :]
            yield Example(question, example.passage, example.sentences, -1)
            return


def _join(parts: Sequence[str]) -> tuple[str, tuple[Span, ...]]:
    """The parts as one text with single spaces, and where each of them stands in it."""
    spans, start = [], 0
    for part in parts:
        spans.append(Span(start, start + len(part)))
        start += len(part) + 1
    return " ".join(parts), tuple(spans)
