"""Questions of files in the SQuAD layout, as the reader learns from them."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rag.models.reader import ReadPassage
from rag.records import Span
from rag.training.example import Draw, LabelledPassage, PassageGroup
from rag.training.likeness import long_words

# How often a paragraph has the title of its article as heading, and how often a wrong paragraph of the article beside.
_HEADED, _WITH_WRONG = 0.5, 0.5
# Other paragraphs of the article that a wrong one is chosen from: the one with most words of the question.
_CHOSEN_FROM = 12
# Our own name beside the others of the layout.
_SENTENCES = "sentences"


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of an article, split."""

    title: str
    text: str
    sentences: tuple[Span, ...]
    words: frozenset[str]  # those of four letters and more, folded


@dataclass(frozen=True, slots=True)
class SquadQuestion:
    """A question to a paragraph. Without `answer` nothing answers; `keep` is the sentence that does or seems to."""

    question: str
    paragraph: Paragraph
    article: tuple[Paragraph, ...]
    answer: Span | None
    keep: int | None

    @property
    def draw(self) -> Draw:
        """What draws passages for it."""
        return partial(_draw, self)


def read_squad_questions(path: Path) -> Iterator[SquadQuestion]:
    """The questions of a file. One whose first answer does not stand at its offset is left out."""
    for article in json.loads(path.read_text(encoding="utf-8"))["data"]:
        title = str(article.get("title") or "").replace("_", " ")
        paragraphs = tuple(_paragraph(title, item) for item in article["paragraphs"])
        for paragraph, item in zip(paragraphs, article["paragraphs"], strict=True):
            for line in item["qas"]:
                if asked := _asked(line, paragraph, paragraphs):
                    yield asked


def _paragraph(title: str, item: dict[str, Any]) -> Paragraph:
    """A paragraph, split, unless `with_sentences` has done that before."""
    text = item["context"]
    sentences = tuple(Span(*bounds) for bounds in item[_SENTENCES]) if _SENTENCES in item else _split(text)
    return Paragraph(title, text, sentences, long_words(text))


def with_sentences(path: Path) -> dict[str, Any]:
    """The content of a file with the bounds of the sentences of each paragraph, so that it is split no more."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    for article in content["data"]:
        for item in article["paragraphs"]:
            item[_SENTENCES] = [[span.start, span.end] for span in _split(item["context"])]
    return content


def _split(text: str) -> tuple[Span, ...]:
    from rag.split import split_sentences

    return tuple(split_sentences(text))


def _asked(line: dict[str, Any], paragraph: Paragraph, article: tuple[Paragraph, ...]) -> SquadQuestion | None:
    question = line["question"].strip()
    if line.get("is_impossible"):
        seems = line.get("plausible_answers") or []
        keep = _sentence_at(paragraph.sentences, seems[0]["answer_start"]) if seems else None
        return SquadQuestion(question, paragraph, article, None, keep)
    if not line["answers"]:
        return None
    text, start = line["answers"][0]["text"], line["answers"][0]["answer_start"]
    keep = _sentence_at(paragraph.sentences, start)
    if not text or not paragraph.text.startswith(text, start) or keep is None:
        return None
    return SquadQuestion(question, paragraph, article, Span(start, start + len(text)), keep)


def _sentence_at(sentences: Sequence[Span], start: int) -> int | None:
    """Which sentence holds that place."""
    return next((i for i, sentence in enumerate(sentences) if sentence.start <= start < sentence.end), None)


def _draw(asked: SquadQuestion, rng: random.Random) -> PassageGroup:
    """The paragraph, with or without its title, and for half of the answered questions a wrong one of the article."""
    is_headed = rng.random() < _HEADED
    right = frozenset(() if asked.answer is None or asked.keep is None else (asked.keep,))
    passages = [
        LabelledPassage(_to_read(asked.paragraph, is_headed), right, words=asked.answer, keep=asked.keep),
    ]
    if asked.answer and rng.random() < _WITH_WRONG and (wrong := _wrong(asked, asked.answer, rng)):
        passages.append(LabelledPassage(_to_read(wrong, is_headed)))
    return PassageGroup(asked.question, tuple(passages))


def _wrong(asked: SquadQuestion, answer: Span, rng: random.Random) -> Paragraph | None:
    """Of some paragraphs of the article the nearest to the question, unless it holds the answer's words too."""
    others = [p for p in asked.article if p is not asked.paragraph]
    if not others:
        return None
    words = long_words(asked.question)
    nearest = max(rng.sample(others, min(_CHOSEN_FROM, len(others))), key=lambda p: len(words & p.words))
    return None if answer.of(asked.paragraph.text) in nearest.text else nearest


def _to_read(paragraph: Paragraph, is_headed: bool) -> ReadPassage:
    return ReadPassage(paragraph.title if is_headed else "", paragraph.text, paragraph.sentences)
