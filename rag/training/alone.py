"""Groups in which each passage is one sentence: what the reader says of the best sentence when it reads nothing else.

Confidence leans on that reading most of all (`rag.answer.rescore.with_best_read_alone`), so it is learned as such and
not only from whole passages.
"""

from __future__ import annotations

import random
from dataclasses import replace

from rag.models.reader import ReadPassage
from rag.records import Span
from rag.training.example import LabelledPassage, PassageGroup
from rag.training.likeness import long_words

# How often the wrong sentence of a passage is the one with most words of the question, and not any of them.
_MOST_ALIKE = 0.6


def alone(group: PassageGroup, rng: random.Random) -> PassageGroup:
    """The group with one sentence in place of each passage, and a wrong one beside each that answers.

    A passage that answers gives its answering sentence, another one the sentence that only seems to, where it is known,
    and else one of its own.
    """
    asked = long_words(group.question)
    passages: list[LabelledPassage] = []
    for labelled in group.passages:
        if labelled.right:
            passages.append(_only(labelled, rng.choice(sorted(labelled.right))))
            wrong = _wrong(labelled, asked, rng)
        else:
            wrong = labelled.keep if labelled.keep is not None else _wrong(labelled, asked, rng)
        if wrong is not None:
            passages.append(_only(labelled, wrong))
    return PassageGroup(group.question, tuple(passages))


def _wrong(labelled: LabelledPassage, asked: frozenset[str], rng: random.Random) -> int | None:
    """A sentence of the passage that does not answer and is no part of the answer; None where there is none."""
    text = labelled.passage.text
    others = [i for i in range(len(labelled.passage.sentences)) if i not in labelled.right | labelled.more]
    if not others:
        return None
    if rng.random() < _MOST_ALIKE:
        return max(others, key=lambda i: len(asked & long_words(labelled.passage.sentences[i].of(text))))
    return rng.choice(others)


def _only(labelled: LabelledPassage, number: int) -> LabelledPassage:
    """The sentence of that number as a passage of its own, under the same heading."""
    span = labelled.passage.sentences[number]
    text = span.of(labelled.passage.text)
    words = labelled.words
    inside = words is not None and number in labelled.right and span.start <= words.start and words.end <= span.end
    return replace(
        labelled,
        passage=ReadPassage(labelled.passage.heading, text, (Span(0, len(text)),)),
        right=frozenset((0,) if number in labelled.right else ()),
        more=frozenset(),
        words=Span(words.start - span.start, words.end - span.start) if words and inside else None,
        keep=0 if number in labelled.right else None,
    )
