"""Words of questions that stand in no document, and which words of the documents come nearest to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rag.insights.open_questions import OpenQuestion
from rag.records.arrays import FloatMatrix
from rag.text.words import content_stems, fold, is_function_word, placed_words, plain_words, stem

# What is listed: beyond that nobody writes a glossary in one sitting.
_MOST_WORDS = 20
_QUESTIONS_SHOWN = 3
_NEAREST_SHOWN = 3
# Words of the passages found for the questions that are compared: those of some twenty passages.
_MOST_COMPARED = 400
_SHORTEST = 3


@dataclass(frozen=True, slots=True)
class MissingWord:
    """A word that people ask with and that no document has."""

    word: str  # as it was asked, without capitals and accents
    asked: int  # how often a question with it was asked
    questions: tuple[str, ...]  # some of them, the most frequent first
    nearest: tuple[str, ...]  # words of the documents, the nearest first


@dataclass(frozen=True, slots=True)
class AskedWord:
    """A word of questions, before it is known what comes near."""

    word: str
    asked: int
    questions: tuple[str, ...]


def words_asked(
    questions: Iterable[OpenQuestion],
    frequencies_of: Callable[[Sequence[str]], Mapping[str, int]],
    known: Iterable[str],
) -> list[AskedWord]:
    """The words of `questions` that no passage holds, the most asked first; forms of a word are one word.

    `known` are words and phrases that need not be listed, as the glossary has something for them.
    """
    ordered = sorted(questions, key=lambda question: (-question.count, question.question))
    found: dict[str, list[OpenQuestion]] = {}
    spelt: dict[str, str] = {}
    for question in ordered:
        for word in dict.fromkeys(plain_words(question.question)):
            if len(word) >= _SHORTEST and not is_function_word(word) and not word[0].isdigit():
                spelt.setdefault(stem(word), word)
                found.setdefault(stem(word), []).append(question)
    passed_over = {one for phrase in known for one in content_stems(phrase)}
    frequencies = frequencies_of(list(spelt.values()))
    missing = [
        AskedWord(
            word,
            sum(question.count for question in {q.id: q for q in found[stemmed]}.values()),
            tuple(dict.fromkeys(question.question for question in found[stemmed]))[:_QUESTIONS_SHOWN],
        )
        for stemmed, word in spelt.items()
        if not frequencies.get(word) and stemmed not in passed_over
    ]
    return sorted(missing, key=lambda one: (-one.asked, one.word))[:_MOST_WORDS]


def nearest_words(word: str, texts: Iterable[str], embed: Callable[[Sequence[str]], FloatMatrix]) -> tuple[str, ...]:
    """The words of `texts` that mean most nearly what `word` does, by the cosine of their embeddings, nearest first."""
    compared = _words_of(texts)[:_MOST_COMPARED]
    if not compared:
        return ()
    vectors = embed([word, *compared])
    cosines = vectors[1:] @ vectors[0]
    best = np.lexsort((np.arange(len(compared)), -cosines))[:_NEAREST_SHOWN]
    return tuple(compared[position] for position in best.tolist())


def _words_of(texts: Iterable[str]) -> list[str]:
    """The content words of `texts` as they are written there, one form of each."""
    found: dict[str, str] = {}
    for text in texts:
        for word, start, end in placed_words(text):
            if len(word) >= _SHORTEST and not is_function_word(word) and not word[0].isdigit():
                found.setdefault(stem(word), text[start:end] if fold(text[start:end]) == word else word)
    return list(found.values())
