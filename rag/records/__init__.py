"""The nouns of Citewell: every value that travels between the steps of the data path.

Frozen, slotted dataclasses and nothing else: no I/O, no third-party import. Offsets are Unicode code points of
`Document.text`, half-open (`end` is exclusive), on every record here. A browser counts UTF-16 units instead, which is
why a `Citation` also carries `before`, `quote` and `after`. The types of arrays, which need numpy, are in `arrays`.
"""

from __future__ import annotations

from rag.records.answers import (
    Answer,
    AnswerSentence,
    AnswerStatus,
    Citation,
    Confidence,
    Disagreement,
    Exchange,
    Highlight,
    LeadIn,
    NoAnswerReason,
    Place,
    StatedValue,
    Steps,
)
from rag.records.asker import ALONE, EVERYBODY, Access, GivenBy
from rag.records.texts import (
    Block,
    BlockKind,
    Chunk,
    Document,
    Extract,
    Hit,
    ModelIdentity,
    Passage,
    RecognisedWord,
    Sentence,
    SentenceKind,
    Source,
    Span,
    StoredSentence,
)

__all__ = [
    "ALONE",
    "EVERYBODY",
    "Access",
    "Answer",
    "AnswerSentence",
    "AnswerStatus",
    "Block",
    "BlockKind",
    "Chunk",
    "Citation",
    "Confidence",
    "Disagreement",
    "Document",
    "Exchange",
    "Extract",
    "GivenBy",
    "Highlight",
    "Hit",
    "LeadIn",
    "ModelIdentity",
    "NoAnswerReason",
    "Passage",
    "Place",
    "RecognisedWord",
    "Sentence",
    "SentenceKind",
    "Source",
    "Span",
    "StatedValue",
    "Steps",
    "StoredSentence",
]
