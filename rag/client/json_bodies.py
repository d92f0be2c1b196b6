"""The bodies that come back, as REST gives them; docs/rest.md says what each field means.

Made by make docs of the OpenAPI document. A newer service may send more fields.
"""

from __future__ import annotations

from typing import Literal, TypedDict


class SentenceJson(TypedDict):
    """SentenceBody."""

    text: str
    citations: list[int]


class HighlightJson(TypedDict):
    """HighlightBody."""

    sentence: int
    start: int
    end: int


class StatedValueJson(TypedDict):
    """StatedValueBody."""

    sentence: int
    start: int
    end: int
    citation: int
    dated: str


class DisagreementJson(TypedDict):
    """DisagreementBody."""

    values: list[StatedValueJson]


class SourceJson(TypedDict):
    """SourceBody."""

    id: str
    title: str
    url: str | None


class StepsJson(TypedDict):
    """StepsBody."""

    count: int
    shown: int
    start: int
    end: int
    sha256: str
    document: SourceJson
    link: str


class FoundJson(TypedDict):
    """FoundBody."""

    text: str
    sentences: list[SentenceJson]
    highlight: HighlightJson | None
    disagreement: DisagreementJson | None
    steps: StepsJson | None


class ConfidenceJson(TypedDict):
    """ConfidenceBody."""

    value: float
    label: Literal["high", "medium", "low", "very_low"]


class LeadInJson(TypedDict):
    """LeadInBody."""

    text: str
    start: int
    end: int


class PlaceJson(TypedDict):
    """PlaceBody."""

    document: SourceJson
    page: int | None
    section: str
    start: int
    end: int
    sha256: str
    link: str


class CitationJson(TypedDict):
    """CitationBody."""

    number: int
    document: SourceJson
    page: int | None
    section: str
    lead_in: LeadInJson | None
    start: int
    end: int
    quote: str
    before: str
    after: str
    sha256: str
    link: str
    also_in: list[PlaceJson]
    confidence: ConfidenceJson | None
    recognised: float | None
    removed: bool


class PassageJson(TypedDict):
    """PassageBody."""

    document: SourceJson
    page: int | None
    section: str
    start: int
    end: int
    text: str
    score: float
    sha256: str
    link: str


class AnswerJson(TypedDict):
    """AnswerBody."""

    id: str
    question: str
    status: Literal["answered", "possible", "no_answer"]
    reason: Literal["not_found", "no_documents", "not_a_question"] | None
    answer: FoundJson | None
    confidence: ConfidenceJson
    citations: list[CitationJson]
    passages: list[PassageJson]
    stand_alone_question: str | None
    also_searched: list[str]
    conversation_id: str | None
    turn: int | None
    documents: int
    index_version: int
    degraded: bool
    timings_ms: dict[str, float]


class VerificationJson(TypedDict):
    """VerificationBody."""

    status: Literal["match", "mismatch", "superseded", "changed", "gone"]
    document_id: str
    found: str | None
    still_present: bool | None
    superseded_at: str | None


class DocumentJson(TypedDict):
    """DocumentBody."""

    id: str
    title: str
    url: str | None
    location: str
    media_type: str
    content_sha256: str
    text_sha256: str
    characters: int
    pages: int | None
    sentences: int
    chunks: int
    created_at: str
    updated_at: str
    warnings: list[str]


class DocumentsJson(TypedDict):
    """DocumentListBody."""

    documents: list[DocumentJson]


class EarlierJson(TypedDict):
    """ExchangeBody."""

    question: str
    quotes: list[str]
    topics: list[str]


class MeJson(TypedDict):
    """MeBody."""

    person: str
    groups: list[str]
    roles: list[str]
    edits: list[str]
    method: str


class IngestJson(TypedDict):
    """IngestBody."""

    id: str
    status: Literal["created", "updated", "unchanged"]
    pages: int | None
    sentences: int
    chunks: int
    warnings: list[str]
    seconds: float


class PassagesJson(TypedDict):
    """SearchBody."""

    passages: list[PassageJson]
