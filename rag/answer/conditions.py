"""Yes and no with what belongs to it: the condition that a rule has, and the exception to it, where they stand near.

Words of English; in another language nothing is found, and the answer stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.answer.question import Expects, Question
from rag.records import Extract
from rag.text.words import content_stems

# Sentences between a rule and what limits it, at most, both in one section.
_NEAR = 3

_ASKS = re.compile(
    r"(?:^|[,.;:?!\u2013-]\s*|\b(?:and|so|or|but)\s)"
    r"(?:am|are|is|can|could|may|might|must|should|shall|do|does|did|will|would|have|has)"
    r"\s(?:i|we|they|you|he|she|it|my|our|the|an?|every\w*|any\w*|employees?|staff)\b"
    r"|\b(?:allowed|permitted|ok|okay|all right)\s*\?",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"\b(?:if|provided|as long as|so long as|only (?:if|when|with|after|where|for|once|in|by)|once|subject to"
    r"|on condition|requires?|needs? (?:\w+\s){0,3}(?:consent|approval|permission|agreement|certificate)"
    r"|with (?:\w+\s){0,3}(?:consent|approval|permission|agreement)"
    r"|must (?:\w+\s){0,6}(?:first|before|beforehand|in advance))\b",
    re.IGNORECASE,
)
_EXCEPTION = re.compile(
    r"\b(?:except(?:ions?|ed|ing)?|unless|however|but not|apart from|other than|excluded|never"
    r"|(?:do|does|is|are) not (?:apply|included|covered|allowed|permitted|valid))\b|^(?:not|but)\b",
    re.IGNORECASE,
)
# What begins so goes on about what stands before it.
GOES_ON = re.compile(r"^[\W_]*(?:however|but|otherwise|except(?:ions?)?|not|unless|only)\b", re.IGNORECASE)


def asks_yes_or_no(question: Question) -> bool:
    """Whether a question is for yes or no: "May I ...?", "If it rains, do I have to ...?", "Is that allowed?"."""
    return question.expects is Expects.CHOICE or bool(_ASKS.search(question.text))


def with_conditions(
    question: Question, best: Extract, further: Sequence[Extract], extracts: Sequence[Extract], most: int
) -> list[Extract]:
    """At most `most` sentences to stand after `best`, in text order: its condition and its exception, then `further`.

    One of each at most, the nearest, of the same section; none of a kind that `best` states itself.
    """
    near = [e for e in extracts if _is_near(best, e) and _is_about(question, best, e)]
    near.sort(key=lambda e: (abs(e.sentence.position - best.sentence.position), e.sentence.position))
    found: list[Extract] = []
    for kind in (_CONDITION, _EXCEPTION):
        if kind.search(best.sentence.text):
            continue
        first = next((e for e in near if kind.search(e.sentence.text)), None)
        if first is not None and first not in found:
            found.append(first)
    rest = [extract for extract in further if extract not in found]
    return sorted([*found, *rest][:most], key=lambda extract: extract.sentence.position) if found else list(further)


def _is_near(best: Extract, other: Extract) -> bool:
    """Whether another sentence stands in the same section, a few sentences away at most."""
    distance = abs(other.sentence.position - best.sentence.position)
    return (
        other.hit.chunk.source.id == best.hit.chunk.source.id
        and other.sentence.section == best.sentence.section
        and 0 < distance <= _NEAR
    )


def _is_about(question: Question, best: Extract, other: Extract) -> bool:
    """Whether another sentence shares a word with the question or the rule, or goes on about the sentence before it."""
    if GOES_ON.match(other.sentence.text) or other.features.get("refers_back"):
        return other.sentence.position == best.sentence.position + 1
    stems = {*question.stems, *content_stems(best.sentence.text, question.language)}
    return not stems.isdisjoint(content_stems(other.sentence.text, question.language))
