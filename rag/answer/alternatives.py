"""A question some words of which the documents have others for, as the site's glossary says: searched for and read.

Each step takes whatever fits best. A question gains no weight by having alternatives, and nothing here changes one that
has none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from rag.answer.glossary import Alternative, Glossary, replaced, wordings
from rag.answer.question import Question, take_apart
from rag.answer.word_weights import weight_of
from rag.records import Hit
from rag.records.arrays import FloatVector
from rag.text.words import content_stems, content_words

# Passages that each wording of a word may propose, before the sum decides.
_LOOKED_AT = 1_000

# Words and a number of passages to the BM25 of the best so many, and to how many passages hold each word.
ByWords = Callable[[Sequence[str], int], tuple[Mapping[int, float], Mapping[str, int]]]


def with_alternatives(question: Question, glossary: Glossary) -> Question:
    """`question` with what the glossary knows of its words."""
    found = glossary.alternatives(question.text)
    return replace(question, alternatives=found) if found else question


def looked_for(question: Question) -> tuple[str, ...]:
    """The documents' words that a question is also searched for with, each once."""
    return tuple(dict.fromkeys(words for alternative in question.alternatives for words in alternative.instead))


def embed_wordings(question: Question, embed: Callable[[str], FloatVector]) -> FloatVector:
    """The unit vector of a question: of its own wording, or the direction between those with and without alternatives.

    Of 60 questions to two collections that people ask in other words than the documents, with lines written for them,
    the right passage comes first for .80 so (.53 without a glossary); for .75 with the wordings of the documents alone,
    or with the nearest of all; for .67 with words alone looked for besides.
    """
    vectors = [embed(text) for text in (question.text, *wordings(question.text, question.alternatives))]
    if len(vectors) == 1:
        return vectors[0]
    total = np.sum(vectors, axis=0, dtype=np.float32)
    return np.asarray(total / np.linalg.norm(total), dtype=np.float32)


def scored_by_words(
    question: Question, chunks: int, by_words: ByWords, k: int
) -> tuple[dict[int, float], dict[str, int]]:
    """BM25 of the `k` best of `chunks` passages, and how many hold each word, those of alternatives among them.

    Of several wordings of one word the best counts in each passage, in parts of what it can reach, and for as much as
    the word of the question does.
    """
    asked = [_content(alternative.said, question.language) for alternative in question.alternatives]
    rest = [word for word in question.words if not any(word in words for words in asked)]
    found, frequencies = by_words(rest, _LOOKED_AT)
    scores, counted = dict(found), dict(frequencies)
    for alternative, own in zip(question.alternatives, asked, strict=True):
        best: dict[int, float] = {}
        weight = 0.0
        for words in (own, *(_content(words, question.language) for words in alternative.instead)):
            found, frequencies = by_words(words, _LOOKED_AT)
            counted.update(frequencies)
            reach = sum(weight_of(frequencies.get(word, 0), chunks) for word in words)
            weight = weight or reach  # the question's own words come first
            for passage, score in found.items():
                best[passage] = max(best.get(passage, 0.0), score * weight / reach)
        for passage, score in best.items():
            scores[passage] = scores.get(passage, 0.0) + score
    ordered = sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))
    return dict(ordered[:k]), counted


def as_documents_say(question: Question, hits: Sequence[Hit]) -> Question:
    """`question` as it is read: with the documents' words put in that the best of `hits` hold; else as it is."""
    language = question.language
    held = [set(content_stems(f"{h.chunk.source.title} {h.chunk.section} {h.chunk.text}", language)) for h in hits]
    choices = [(alternative, _best_held(alternative, held, language)) for alternative in question.alternatives]
    text = replaced(question.text, choices)
    if text == question.text:
        return question
    return replace(take_apart(text), expects=question.expects, alternatives=question.alternatives)


def _best_held(alternative: Alternative, held: Sequence[set[str]], language: str) -> str:
    """Of the wordings the one that is held first; that of the question where none is."""
    ways = (alternative.said, *alternative.instead)
    return next(
        (words for stems in held for words in ways if stems.issuperset(content_stems(words, language))), ways[0]
    )


def _content(words: str, language: str) -> list[str]:
    """The content words, folded, each once."""
    return list(dict(content_words(words, language)))
