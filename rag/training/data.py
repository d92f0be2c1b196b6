"""Training examples for the reader, read from question-answering files given by path."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from rag.records import Span
from rag.split import split_sentences
from rag.training.example import Example, join
from rag.training.unanswerable import nearest


def read_squad_examples(path: Path) -> list[Example]:
    """The questions of a SQuAD file. One whose first answer does not stand at its offset is left out."""
    examples: list[Example] = []
    for article in json.loads(path.read_text(encoding="utf-8"))["data"]:
        examples += article_examples(article)
    return examples


def article_examples(article: dict[str, Any]) -> list[Example]:
    """The questions of one article of a SQuAD file."""
    examples = []
    for paragraph in article["paragraphs"]:
        text = paragraph["context"]
        sentences = tuple(split_sentences(text))
        examples += [e for asked in paragraph["qas"] if (e := _example(text, sentences, asked))]
    return examples


def read_sentence_examples(path: Path, rng: random.Random, known: frozenset[str] = frozenset()) -> list[Example]:
    """(question, answer sentence) pairs as passages: the sentence among four of its neighbours by words.

    Questions in `known` are left out.
    """
    data = json.loads(path.read_text(encoding="utf-8"))
    questions, sentences = data["questions"], data["answers"]
    near = list(nearest(sentences, sentences, 12))
    examples = []
    for position, question in enumerate(questions):
        if question.strip() in known:
            continue
        others = [sentences[i] for i in near[position] if sentences[i] != sentences[position]][:8]
        parts = [*rng.sample(others, min(4, len(others))), sentences[position]]
        rng.shuffle(parts)
        passage, spans = join(parts)
        examples.append(Example(question.strip(), passage, spans, parts.index(sentences[position])))
    return examples


def _example(text: str, sentences: tuple[Span, ...], asked: dict[str, Any]) -> Example | None:
    question = asked["question"].strip()
    if asked.get("is_impossible"):
        # What looks like an answer and is none: a cut of a long passage keeps it.
        looks = asked.get("plausible_answers") or [{"answer_start": 0}]
        return Example(question, text, sentences, -1, around=max(0, _position(sentences, looks[0]["answer_start"])))
    if not asked["answers"]:
        return None
    answer, start = asked["answers"][0]["text"], asked["answers"][0]["answer_start"]
    position = _position(sentences, start)
    if not answer or not text.startswith(answer, start) or position < 0:
        return None
    return Example(question, text, sentences, position, Span(start, start + len(answer)))


def _position(sentences: tuple[Span, ...], start: int) -> int:
    """Which sentence holds that place, or -1."""
    return next((i for i, sentence in enumerate(sentences) if sentence.start <= start < sentence.end), -1)
