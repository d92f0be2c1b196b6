"""The public shapes of the REST API: what a request may hold, and what a response holds, each with an example.

Responses are made by `rag.render` and checked against these models before they are sent, so that nothing leaves that
is not documented here.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from web import examples


class _Body(BaseModel):
    """No unknown fields: a misspelt option is an error, and a response has nothing that is not described."""

    model_config = ConfigDict(extra="forbid")


def _example(value: dict[str, Any]) -> ConfigDict:
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [value]})


Start = Annotated[int, Field(ge=0, description="First character, counted in Unicode code points from 0.")]
End = Annotated[int, Field(ge=1, description="One past the last character, in Unicode code points (end exclusive).")]
Sha256 = Annotated[str, Field(description="SHA-256 (hexadecimal) of the document's text in UTF-8.")]
Link = Annotated[str, Field(description="Relative link that opens the document with these characters marked.")]


ConversationId = Annotated[
    str, Field(max_length=64, description="The conversation's id. Whoever knows it may open, rename and delete it.")
]
_Text = Annotated[str, Field(max_length=4_000)]


class ExchangeBody(_Body):
    """An earlier question and what was quoted to it."""

    question: _Text = Field(description="As it was searched for: `stand_alone_question`, or else `question`.")
    quotes: list[_Text] = Field(default=[], max_length=10, description="The sentences of its answer.")
    topics: list[_Text] = Field(
        default=[], max_length=20, description="Titles and innermost headings of what was cited, in order."
    )


class AskRequest(_Body):
    """A question, by itself or in a conversation."""

    model_config = _example(examples.ASK)
    question: str = Field(description="In words, as one would ask a colleague.")
    conversation_id: ConversationId | None = Field(
        None, description="The conversation that the question belongs to: a follow-up is understood from it."
    )
    keep: bool = Field(
        False, description="Whether the answer is kept: as a turn of that conversation, or as the first of a new one."
    )
    request_id: str = Field(
        "",
        max_length=64,
        pattern=r"^[A-Za-z0-9_-]*$",
        description="Made up by the client, to ask again after a lost connection: what was kept for the same "
        "conversation and id comes again. Of 22 characters and more, it is known without a conversation too.",
    )
    history: list[ExchangeBody] = Field(
        default=[],
        max_length=10,
        description="What was asked before, oldest first, where no conversation is kept; not beside `conversation_id`. "
        "Only the last 5 are looked at.",
    )
    stand_alone: bool = Field(False, description="Whether the question is taken as it is: nothing is filled in.")
    max_sentences: int | None = Field(None, ge=1, description="The most sentences the answer may have.")


class SourceBody(_Body):
    """A document as a citation names it."""

    id: str
    title: str
    url: str | None = Field(description="Its http or https address, if it has one.")


class PlaceBody(_Body):
    """A spot in a document."""

    document: SourceBody
    page: int | None = Field(description="Counted from 1, where the format has pages.")
    section: str = Field(description='The headings above it, "Guide > Install".')
    start: Start
    end: End
    sha256: Sha256
    link: Link


class CitationBody(_Body):
    """A quote, copied by offset: characters `start` to `end` of the text with this SHA-256 are `quote`."""

    number: int = Field(description="The number that the answer's sentences refer to.")
    document: SourceBody
    page: int | None = Field(description="Counted from 1, where the format has pages.")
    section: str = Field(description='The headings above it, "Guide > Install".')
    start: Start
    end: End
    quote: str = Field(description="The words, exactly as the document has them.")
    before: str = Field(description="Some of the text in front of the quote.")
    after: str = Field(description="Some of the text behind the quote.")
    sha256: Sha256
    link: Link
    also_in: list[PlaceBody] = Field(description="Where the same statement stands too.")
    removed: bool = Field(
        False,
        description="In a conversation: the document was deleted since, and its words with it. `quote`, `before`, "
        "`after`, `section` and the text of the sentence are empty then.",
    )


class PassageBody(_Body):
    """A passage that was found for the question."""

    document: SourceBody
    page: int | None = Field(description="Counted from 1, where the format has pages.")
    section: str = Field(description='The headings above it, "Guide > Install".')
    start: Start
    end: End
    text: str
    score: float = Field(description="Orders this list; means nothing across questions, and is no measure of trust.")
    sha256: Sha256
    link: Link


class SentenceBody(_Body):
    """One sentence of an answer, word for word, and the numbers of its citations."""

    text: str
    citations: list[int]


class HighlightBody(_Body):
    """The words that answer, in one sentence of the answer."""

    sentence: int = Field(ge=0, description="Position in `sentences`, from 0.")
    start: Start
    end: End


class StatedValueBody(_Body):
    """A value that another document gives differently: its words in a sentence of the answer."""

    sentence: int = Field(ge=0, description="Position in `sentences`, from 0.")
    start: Start
    end: End
    citation: int = Field(ge=1, description="The number of its citation.")
    dated: str = Field(
        description="When its document was last changed, or stored where that is not known: ISO 8601, UTC."
    )


class DisagreementBody(_Body):
    """Documents state different values for the same thing."""

    values: list[StatedValueBody] = Field(min_length=2, description="One sentence each, the newest document's first.")


class FoundBody(_Body):
    """What the documents say."""

    text: str = Field(description='All sentences with their citation marks: "First. [1] Second. [2]".')
    sentences: list[SentenceBody]
    highlight: HighlightBody | None
    disagreement: DisagreementBody | None = Field(description="null unless documents contradict each other.")


class ConfidenceBody(_Body):
    """How likely the first sentence is to answer the question."""

    value: float = Field(ge=0, le=1, description="Calibrated: of all answers shown at 0.8, about 80% are right.")
    label: Literal["high", "medium", "low"]


class AnswerBody(_Body):
    """An answer, or why there is none. Only `timings_ms` differs when the same is asked of the same documents."""

    model_config = _example(examples.ANSWER)
    id: str
    question: str
    status: Literal["answered", "no_answer"]
    reason: Literal["not_in_documents", "low_confidence", "no_documents", "not_a_question"] | None
    answer: FoundBody | None
    confidence: ConfidenceBody
    citations: list[CitationBody]
    passages: list[PassageBody] = Field(description="The nearest passages, best first, also when there is no answer.")
    stand_alone_question: str | None = Field(description="The question with its missing referents filled in.")
    conversation_id: str | None = Field(description="The conversation that keeps this answer; null where none does.")
    turn: int | None = Field(ge=1, description="Its number in that conversation, from 1.")
    index_version: int = Field(description="Grows with every change to the documents.")
    degraded: bool = Field(description="The vector index is being rebuilt; passages were found by words alone.")
    timings_ms: dict[str, float] = Field(description="Of each stage and in all; `cache` where it was remembered.")


class SearchBody(_Body):
    """Passages for a question, best first."""

    model_config = _example({"passages": [examples.PASSAGE]})
    passages: list[PassageBody]


class DocumentBody(SourceBody):
    """A stored document, without its text."""

    model_config = _example(examples.DOCUMENT)
    location: str = Field(description="Its address, its file's name, or api:<id> when it came over REST.")
    media_type: str
    content_sha256: str = Field(description="SHA-256 of the bytes as they were read.")
    text_sha256: Sha256
    characters: int = Field(description="Length of the text in Unicode code points.")
    pages: int | None = Field(description="The last page, slide or sheet with a sentence; null in formats without.")
    sentences: int
    chunks: int = Field(description="Passages it was cut into for searching.")
    created_at: str = Field(description="ISO 8601, UTC.")
    updated_at: str = Field(description="ISO 8601, UTC.")
    warnings: list[str]


class DocumentListBody(_Body):
    """All documents, by title."""

    model_config = _example({"documents": [examples.DOCUMENT]})
    documents: list[DocumentBody]


class FailedFileBody(_Body):
    """A file of a folder that did not become a document."""

    model_config = _example(examples.FAILED_FILE)
    location: str
    error: str = Field(description="Why, and what to do about it.")
    tried_at: str = Field(description="ISO 8601, UTC.")


class FailedFileListBody(_Body):
    """The files that could not be read when they were last tried, by path."""

    model_config = _example({"failed": [examples.FAILED_FILE]})
    failed: list[FailedFileBody]


class VersionBody(_Body):
    """An earlier text of a document."""

    model_config = _example(examples.VERSION)
    sha256: str = Field(description="Of the text in UTF-8: what citations of this version carry.")
    title: str
    characters: int
    stored_at: str
    superseded_at: str


class VersionListBody(_Body):
    """The earlier texts of a document that are kept, newest first."""

    model_config = _example({"versions": [examples.VERSION]})
    versions: list[VersionBody]


class IngestBody(_Body):
    """What became of a document that was sent."""

    model_config = _example(examples.INGEST)
    id: str
    status: Literal["created", "updated", "unchanged"]
    pages: int | None = Field(description="The last page with a sentence; null when unchanged, or without pages.")
    sentences: int = Field(description="Sentences stored; 0 when unchanged.")
    chunks: int = Field(description="Passages stored; 0 when unchanged.")
    warnings: list[str] = Field(description="What was left out or is doubtful, and why.")
    seconds: float = Field(description="What reading and storing took.")


class VerifyRequest(_Body):
    """A citation to check, with the values that it carries."""

    model_config = _example(examples.VERIFY)
    document_id: str
    sha256: Sha256
    start: Start
    end: End
    quote: str


class VerificationBody(_Body):
    """What became of a citation."""

    model_config = _example(examples.VERIFICATION)
    status: Literal["match", "mismatch", "superseded", "changed", "gone"] = Field(
        description="match: the quote stands there. mismatch: the cited text is known and the quote does not stand "
        "there. superseded: the quote stood there in an earlier text; the document has another by now. changed: the "
        "document has another text by now, and the cited one is not kept. gone: there is no such document."
    )
    document_id: str
    found: str | None = Field(description="What stands there in the cited text, when that is known.")
    still_present: bool | None = Field(description="Of a text replaced since: whether the new one holds the quote.")
    superseded_at: str | None = Field(description="When the cited text was replaced; null when it was not.")


class FeedbackRequest(_Body):
    """What somebody thought of an answer."""

    model_config = _example(examples.FEEDBACK)
    id: str = Field(min_length=1, max_length=200, description="The answer's id.")
    relevance: Literal["relevant", "not_relevant"]
    citation_number: int | None = Field(None, ge=1, description="The citation that is meant; null for the answer.")
    comment: str = Field("", max_length=2_000)
    conversation_id: ConversationId | None = Field(None, description="With `turn`: where the answer is kept.")
    turn: int | None = Field(None, ge=1, le=1_000_000, description="Its number in that conversation.")

    @model_validator(mode="after")
    def _check_turn(self) -> Self:
        if (self.conversation_id is None) != (self.turn is None):
            raise ValueError("conversation_id and turn belong together: give both, or neither.")
        return self


class TurnBody(_Body):
    """A question of a conversation, and its answer as it was shown."""

    number: int = Field(ge=1, description="From 1.")
    asked_at: str = Field(description="ISO 8601, UTC.")
    answer: AnswerBody
    relevance: Literal["relevant", "not_relevant"] | None = Field(description="What was said of it last.")


class ConversationHeadBody(_Body):
    """A conversation without its questions."""

    model_config = _example(examples.CONVERSATION_HEAD)
    id: ConversationId
    title: str
    created_at: str = Field(description="ISO 8601, UTC.")
    updated_at: str = Field(description="Of its last question.")
    expires_at: str = Field(description="When it is deleted, unless something is asked in it before.")


class ConversationBody(ConversationHeadBody):
    """A conversation, with its answers as they were shown."""

    model_config = _example(examples.CONVERSATION)
    turns: list[TurnBody]


class ConversationExportBody(_Body):
    """A conversation for others to read: without its id, by which they could change it."""

    model_config = _example(examples.CONVERSATION_EXPORT)
    title: str
    created_at: str = Field(description="ISO 8601, UTC.")
    updated_at: str
    turns: list[TurnBody]


class RenameRequest(_Body):
    """Another title for a conversation."""

    model_config = _example(examples.RENAME)
    title: str = Field(max_length=1_000, description="1 to 200 characters are left of it without control characters.")


class TokenRequest(_Body):
    """What a token is for."""

    model_config = _example({"origin": "https://intranet.example"})
    origin: str = Field("", max_length=300, description="The one origin it is for; without it, all that are allowed.")


class TokenBody(_Body):
    """A token of the widget."""

    model_config = _example(examples.TOKEN)
    token: str
    expires_at: str = Field(description="ISO 8601, UTC.")
    expires_in: int = Field(description="Seconds.")


class SuggestionsBody(_Body):
    """Questions to offer."""

    model_config = _example({"suggestions": ["How long does a loan last?"]})
    suggestions: list[str]


class TotalBody(_Body):
    """How the questions of some time ended."""

    asked: int = Field(description="`answered` and `declined` together.")
    answered: int
    declined: int
    voted_down: int = Field(description="Votes given against an answer in that time.")


class DayBody(TotalBody):
    """The same of one day."""

    day: str = Field(description="ISO 8601, UTC.")


class OpenQuestionBody(_Body):
    """A question in one wording."""

    id: int = Field(description="Stands for everybody who asked it in these words.")
    question: str = Field(description="As it was searched for: of a follow-up, what it was understood as.")
    count: int = Field(description="How often it was asked.")
    outcome: str = Field(description='How it ended the last time: "answered", or the reason why not.')
    confidence: float
    last_asked: str = Field(description="ISO 8601, UTC.")
    up: int = Field(description="Votes for its answers.")
    down: int = Field(description="Votes against them.")
    comments: list[str] = Field(description="On its answers, newest first.")


class QuestionGroupBody(_Body):
    """Questions that ask for much the same, the one that went wrong most often first."""

    count: int = Field(description="How often they were asked.")
    before: int | None = Field(
        description="How often in as many days before; null where texts are not kept for long enough to know."
    )
    last_asked: str = Field(description="ISO 8601, UTC.")
    questions: list[OpenQuestionBody]


class UnansweredBody(_Body):
    """What was not answered."""

    model_config = _example(examples.UNANSWERED)
    days: int
    keep_questions_days: int = Field(description="Days that texts are kept; 0: they are only counted.")
    total: TotalBody
    before: TotalBody = Field(description="Of as many days before.")
    reasons: dict[str, int] = Field(description="How many were declined for each reason.")
    per_day: list[DayBody] = Field(description="Every day, today last.")
    groups: list[QuestionGroupBody] = Field(
        description="What went wrong most often first; none where texts are not kept."
    )
    left_out: int = Field(description="Wordings that are not grouped because there are too many: the oldest ones.")


class QuestionIdsRequest(_Body):
    """Questions of the list."""

    model_config = _example({"ids": [17, 23]})
    ids: list[Annotated[int, Field(ge=1, lt=2**63)]] = Field(min_length=1, max_length=1_000)


class AskedAgainBody(_Body):
    """A question and its answer of today."""

    id: int = Field(description="The id that was asked for.")
    answer: AnswerBody


class AskedAgainListBody(_Body):
    """The questions that were asked again; those that are no longer kept are left out."""

    model_config = _example({"asked": [{"id": 17, "answer": examples.ANSWER}]})
    asked: list[AskedAgainBody]


class AliveBody(_Body):
    """The process runs and answers."""

    model_config = _example({"alive": True})
    alive: bool


class HealthBody(_Body):
    """Whether questions can be answered now, and how well."""

    model_config = _example(examples.HEALTH)
    ready: bool
    degraded: bool = Field(description="Answers come, found by words alone while the vector index is rebuilt.")
    detail: str
    documents: int
    chunks: int
    index_version: int
    model: str


class ProblemBody(BaseModel):
    """An error (RFC 9457)."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.PROBLEM]})
    type: str
    title: str
    status: int
    detail: str
    instance: str = Field(description="The path that was asked for.")
    errors: list[dict[str, str]] = Field(default=[], description="For 422: each field that is wrong, and why.")
