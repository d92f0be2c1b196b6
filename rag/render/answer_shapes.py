"""The shapes of an answer and of everything in it, and of a citation that was checked."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from rag.records import Answer
from rag.render.links import link_to
from rag.render.shape import Shape, made_of, of
from rag.store.base import Reply

_WEB_SCHEMES = ("http://", "https://")


def _web_address(location: str | None) -> str | None:
    """The location of a document if it is an http or https address; a file's path is nobody else's business."""
    return location if location and location.lower().startswith(_WEB_SCHEMES) else None


def _link(fields: dict[str, Any]) -> str:
    return link_to(fields["document"].id, fields["start"], fields["end"], fields["sha256"])


Start = Annotated[int, Field(ge=0, description="First character, counted in Unicode code points from 0.")]
End = Annotated[int, Field(ge=1, description="One past the last character, in Unicode code points (end exclusive).")]
Sha256 = Annotated[str, Field(description="SHA-256 (hexadecimal) of the document's text in UTF-8.")]
Link = Annotated[str, Field(description="Relative link that opens the document with these characters marked.")]
Page = Annotated[int | None, Field(description="Counted from 1, where the format has pages.")]
Section = Annotated[str, Field(description='The headings above it, "Guide > Install".')]
WebAddress = Annotated[
    str | None, BeforeValidator(_web_address), Field(description="Its http or https address, if it has one.")
]
Position = Annotated[int, Field(ge=0, description="Position in `sentences`, from 0.")]


class SourceBody(Shape):
    """A document as a citation names it."""

    id: str
    title: str
    url: WebAddress = of("location")


class PlaceBody(Shape):
    """A spot in a document."""

    document: SourceBody = of("source")
    page: Page
    section: Section
    start: Start = of("span.start")
    end: End = of("span.end")
    sha256: Sha256 = of("text_sha256")
    link: Link = made_of(_link)


class LeadInBody(Shape):
    """A sentence in front of a quote that the quote cannot be understood without: "You may not:" above a list."""

    text: str = Field(description="The words, exactly as the document has them.")
    start: Start = of("span.start")
    end: End = of("span.end")


class ConfidenceBody(Shape):
    """How likely a quote is to answer the question: the first sentence of an answer, or one of several that may."""

    value: float = Field(ge=0, le=1, description="Calibrated: of all answers shown at 0.8, about 80% are right.")
    label: Literal["high", "medium", "low", "very_low"] = Field(
        description="high: from 0.8 on; medium: from 0.5; low: from 0.2; very_low: below, so probably not the answer."
    )


class CitationBody(Shape):
    """A quote, copied by offset: characters `start` to `end` of the text with this SHA-256 are `quote`."""

    number: int = Field(description="The number that the answer's sentences refer to.")
    document: SourceBody = of("place.source")
    page: Page = of("place.page")
    section: Section = of("place.section")
    lead_in: LeadInBody | None = Field(description="null unless the quote cannot be understood without it.")
    start: Start = of("place.span.start")
    end: End = of("place.span.end")
    quote: str = Field(
        description="The words, exactly as the document has them: one sentence, or up to three that stand side by side."
    )
    before: str = Field(description="Some of the text in front of the quote.")
    after: str = Field(description="Some of the text behind the quote.")
    sha256: Sha256 = of("place.text_sha256")
    link: Link = made_of(_link)
    also_in: list[PlaceBody] = Field(description="Where the same statement stands too.")
    confidence: ConfidenceBody | None = Field(
        description="Of this quote alone, where the answer is `possible`; null where it is `answered`."
    )
    recognised: float | None = Field(
        ge=0,
        le=1,
        description="How surely the quote was recognised (OCR) on a picture of the page, of several sentences the "
        "least sure; compare it with the page. null where the document itself has the text.",
    )
    removed: bool = of(
        "is_removed",
        description="In a conversation: the document was deleted since, and its words with it. `quote`, `before`, "
        "`after`, `section` and the text of the sentence are empty then.",
    )


class PassageBody(Shape):
    """A passage that was found for the question."""

    document: SourceBody = of("chunk.source")
    page: Page = of("chunk.page")
    section: Section = of("chunk.section")
    start: Start = of("chunk.span.start")
    end: End = of("chunk.span.end")
    text: str = of("chunk.text")
    score: float = Field(description="Orders this list; means nothing across questions, and is no measure of trust.")
    sha256: Sha256 = of("chunk.text_sha256")
    link: Link = made_of(_link)


class SearchBody(Shape):
    """Passages for a question, best first."""

    passages: list[PassageBody]


class SentenceBody(Shape):
    """One sentence of an answer, or up to three that stand side by side in the document, word for word.

    `citations` has the numbers of the citations that quote the same.
    """

    text: str
    citations: list[int]


class HighlightBody(Shape):
    """The words that answer, in one sentence of the answer."""

    sentence: Position
    start: Start = of("span.start")
    end: End = of("span.end")


class StatedValueBody(Shape):
    """A value that another document gives differently: its words in a sentence of the answer."""

    sentence: Position
    start: Start = of("span.start")
    end: End = of("span.end")
    citation: int = Field(ge=1, description="The number of its citation.")
    dated: str = Field(
        description="When its document was last changed, or stored where that is not known: ISO 8601, UTC."
    )


class DisagreementBody(Shape):
    """Documents state different values for the same thing."""

    values: list[StatedValueBody] = Field(min_length=2, description="One sentence each, the newest document's first.")


class StepsBody(Shape):
    """The list that the sentences are taken from, where they do not show all of it: the link opens the whole."""

    count: int = Field(description="How many items it has.")
    shown: int = Field(description="How many of them are sentences of the answer.")
    start: Start = of("place.span.start")
    end: End = of("place.span.end")
    sha256: Sha256 = of("place.text_sha256")
    document: SourceBody = of("place.source")
    link: Link = made_of(_link)


class FoundBody(Shape):
    """What the documents say."""

    text: str = Field(description='All sentences with their lead-ins and citation marks: "First. [1] Second. [2]".')
    sentences: list[SentenceBody]
    highlight: HighlightBody | None
    disagreement: DisagreementBody | None = Field(description="null unless documents contradict each other.")
    steps: StepsBody | None = Field(description="null unless the answer shows a part of a list of steps only.")


class AnswerBody(Shape):
    """An answer, quotes that may answer, or why there are none.

    Only `timings_ms` differs when the same is asked of the same documents.
    """

    id: str = of("answer.id")
    question: str = of("answer.question")
    status: Literal["answered", "possible", "no_answer"] = of(
        "answer.status",
        description="answered: one answer, likely right. possible: no answer is given, but `citations` are up to three "
        "quotes from different places that may answer, the likeliest first. no_answer: `reason` says why; that nothing "
        "was found does not mean that the documents do not answer.",
    )
    reason: Literal["not_found", "no_documents", "not_a_question"] | None = of(
        "answer.reason", description="null unless `status` is `no_answer`."
    )
    answer: FoundBody | None = of("answer.found", description="null unless `status` is `answered`.")
    confidence: ConfidenceBody = of("answer.confidence")
    citations: list[CitationBody] = of(
        "answer.citations", description="The quotes of the answer, or those that may answer."
    )
    passages: list[PassageBody] = of(
        "answer.passages", description="The nearest passages, best first, also when there is no answer."
    )
    stand_alone_question: str | None = of(
        "answer.stand_alone_question", description="The question with its missing referents filled in."
    )
    also_searched: list[str] = of(
        "answer.also_searched",
        description="What was looked for besides: words of the documents that the glossary has for words of the "
        "question; empty where it has none.",
    )
    conversation_id: str | None = Field(description="The conversation that keeps this answer; null where none does.")
    turn: int | None = Field(ge=1, description="Its number in that conversation, from 1.")
    documents: int = of(
        "answer.documents", description="How many were searched; 0 in answers kept by a version that did not say."
    )
    index_version: int = of("answer.index_version", description="Grows with every change to the documents.")
    degraded: bool = of(
        "answer.degraded", description="The vector index is being rebuilt; passages were found by words alone."
    )
    timings_ms: dict[str, float] = of(
        "answer.timings_ms", description="Of each stage and in all; `cache` where it was remembered."
    )


def _as_reply(answer: object) -> object:
    return Reply(answer) if isinstance(answer, Answer) else answer


# In a record that holds an answer without a conversation, or within one.
AnswerAlone = Annotated[AnswerBody, BeforeValidator(_as_reply)]


class VerificationBody(Shape):
    """What became of a citation."""

    status: Literal["match", "mismatch", "superseded", "changed", "gone"] = Field(
        description="match: the quote stands there. mismatch: the cited text is known and the quote does not stand "
        "there. superseded: the quote stood there in an earlier text; the document has another by now. changed: the "
        "document has another text by now, and the cited one is not kept. gone: there is no such document."
    )
    document_id: str
    found: str | None = Field(description="What stands there in the cited text, when that is known.")
    still_present: bool | None = Field(description="Of a text replaced since: whether the new one holds the quote.")
    superseded_at: str | None = Field(description="When the cited text was replaced; null when it was not.")
