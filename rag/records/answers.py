"""What comes of a question: an answer with its citations, quotes that may answer, or why there is nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from rag.records.texts import Hit, Source, Span


class AnswerStatus(StrEnum):
    """How far the documents answered."""

    ANSWERED = "answered"  # one answer, likely right
    POSSIBLE = "possible"  # up to three quotes from different places, each of which may answer; no answer is given
    NO_ANSWER = "no_answer"


class NoAnswerReason(StrEnum):
    """Why there is no answer."""

    NOT_FOUND = "not_found"  # which is not to say that the documents do not answer
    NO_DOCUMENTS = "no_documents"
    NOT_A_QUESTION = "not_a_question"


@dataclass(frozen=True, slots=True)
class Place:
    """A spot in a stored document that anyone can check."""

    source: Source
    text_sha256: str
    span: Span
    section: str = ""
    page: int | None = None


@dataclass(frozen=True, slots=True)
class LeadIn:
    """A sentence in front of a quote that the quote cannot be understood without: "You may not:" above a list.

    `text` is what stands at `span` in the document of the citation, word for word.
    """

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Confidence:
    """A calibrated probability that a quote answers the question, and its name for people."""

    value: float  # 0..1
    label: str  # "high", "medium", "low" or "very_low"


@dataclass(frozen=True, slots=True)
class Citation:
    """A quote and the place it was copied from. `text[span] == quote` holds for the text with that SHA-256."""

    number: int  # from 1, in the order of the answer's sentences
    place: Place
    quote: str
    before: str  # up to a hundred or so characters of context
    after: str
    also_in: tuple[Place, ...] = ()  # where the same statement stands too
    lead_in: LeadIn | None = None
    confidence: Confidence | None = None  # of this quote alone, where an answer is only possible
    recognised: float | None = None  # of its sentences, that which was recognised least surely; see `Sentence`

    @property
    def is_removed(self) -> bool:
        """Whether its document was deleted since, and its words with it."""
        return not self.quote

    def without_words(self) -> Citation:
        """The citation of a document that was deleted: number, title and place are left."""
        place = replace(self.place, section="")
        return replace(self, place=place, quote="", before="", after="", lead_in=None)


@dataclass(frozen=True, slots=True)
class AnswerSentence:
    """One sentence of an answer, or some that stand side by side, word for word, and the numbers of its citations."""

    text: str
    citations: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Highlight:
    """The answering words inside one of the answer's sentences, in code points of that one's text."""

    sentence: int  # position in Answer.sentences, from 0
    span: Span


@dataclass(frozen=True, slots=True)
class StatedValue:
    """One of the values that documents give differently, and where the answer quotes it."""

    sentence: int  # position in Answer.sentences, from 0
    span: Span  # the words that state it, in code points of that sentence's text
    citation: int  # its number
    dated: str  # ISO 8601, UTC: when the document was last changed, or stored where that is not known


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Documents state different values for the same thing: at least two, the newest document's first."""

    values: tuple[StatedValue, ...]


@dataclass(frozen=True, slots=True)
class Steps:
    """The list that the sentences of an answer are taken from, where they do not show all of it."""

    place: Place  # from its first item to its last
    count: int  # of its items
    shown: int  # of them, in the answer


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a question, quotes that may answer it, or why there are none."""

    id: str  # derived from question, options and index version: the same again gives the same id
    question: str
    status: AnswerStatus
    reason: NoAnswerReason | None
    sentences: tuple[AnswerSentence, ...]
    highlight: Highlight | None
    confidence: Confidence
    citations: tuple[Citation, ...]
    passages: tuple[Hit, ...]
    index_version: int
    degraded: bool = False  # the vector index is being rebuilt: found by words alone
    stand_alone_question: str | None = None
    disagreement: Disagreement | None = None
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    documents: int = 0  # how many were searched; 0 in answers that were kept before this was counted
    steps: Steps | None = None
    also_searched: tuple[str, ...] = ()  # words of the documents that the glossary has for words of the question

    @property
    def text(self) -> str:
        """The sentences with their citation marks, "First. [1] Second. [2]"; empty when there is no answer.

        In front of a sentence stands its lead-in, if it has one. Of a sentence that was removed with its document only
        the marks are left.
        """
        return " ".join(
            " ".join(part for part in (self.lead_in_of(s), s.text, "".join(f"[{n}]" for n in s.citations)) if part)
            for s in self.sentences
        )

    def lead_in_of(self, sentence: AnswerSentence) -> str:
        """The words that a sentence of the answer cannot be understood without; "" where there are none."""
        lead_ins = (c.lead_in for c in self.citations if c.number in sentence.citations)
        return next((lead_in.text for lead_in in lead_ins if lead_in), "")

    @property
    def found(self) -> Answer | None:
        """Itself where it has sentences; None where no sentence is given as the answer."""
        return self if self.sentences else None


@dataclass(frozen=True, slots=True)
class Exchange:
    """An earlier question of a conversation, and what was quoted to it: what a follow-up may refer to."""

    question: str  # as it was searched for, with its referents filled in
    quotes: tuple[str, ...] = ()  # the sentences of the answer; none when the documents did not say
    topics: tuple[str, ...] = ()  # titles and innermost headings of what was cited, the first citation's first
