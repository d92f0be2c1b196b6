"""The question itself in a document: who writes it there word for word must not earn anything by it.

A page that repeats what people are likely to ask, each time with a sentence of its own beside it, would otherwise come
before every page that knows the answer: nothing is as similar to a question as the question. So a sentence that repeats
it is not quoted, is not read, and adds nothing to what its passage is worth. Pages of questions and answers are found
by their answers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.answer.question import Question
from rag.text.words import content_stems, plain_words

# What a question begins with. "Notice period" and "how to apply" stand in what answers them.
_BEGINS = re.compile(
    r"(?:(?:about|after|at|before|by|for|from|in|of|on|since|to|under|until|with) )?"
    r"(?:who|whom|whose|what|which|when|where|why|how)\b(?! to\b)|"
    r"(?:is|are|was|were|am|do|does|did|has|have|had|can|could|will|would|should|shall|must|may|might)\b"
)
# Shorter ones are repeated by chance.
_LEAST_WORDS = 4
# Marks that may stand behind the question mark of a sentence.
_CLOSING = "\"')]\u201d\u2019 "


def is_question(text: str) -> bool:
    """Whether a sentence ends in a question mark."""
    return text.rstrip(_CLOSING).endswith("?")


def repeats(question: Question, text: str) -> bool:
    """Whether a sentence has the question in it word for word, or is itself a question with its words of content."""
    stems, said = set(question.stems), set(content_stems(text, question.language))
    if not stems <= said:  # so for nearly all: their stems are at hand, their words are not
        return False
    if is_question(text) and said == stems:
        return True
    asked = plain_words(question.text)
    return len(asked) >= _LEAST_WORDS and bool(_BEGINS.match(" ".join(asked))) and _stands_in(asked, plain_words(text))


def _stands_in(asked: Sequence[str], words: Sequence[str]) -> bool:
    starts = range(len(words) - len(asked) + 1)
    return any(words[at] == asked[0] and words[at : at + len(asked)] == asked for at in starts)
