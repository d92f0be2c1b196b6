"""What a request may hold, each with an example, and the few responses that no record is behind.

All other responses are in `rag.render.shapes`, which the commands give too. The examples are in
`web.api.request_examples`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from rag.access.identity import Role
from rag.render.shapes import ConversationId, End, GivenShape, Sha256, Shape, Start
from web.api import request_examples

_Text = Annotated[str, Field(max_length=4_000)]


def _example(value: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [value]})


class ExchangeBody(GivenShape):
    """An earlier question and what was quoted to it."""

    question: _Text = Field(description="As it was searched for: `stand_alone_question`, or else `question`.")
    quotes: list[_Text] = Field(default=[], max_length=10, description="The sentences of its answer.")
    topics: list[_Text] = Field(
        default=[], max_length=20, description="Titles and innermost headings of what was cited, in order."
    )


class AskRequest(GivenShape):
    """A question, by itself or in a conversation."""

    model_config = _example(request_examples.ASK)
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
        "conversation and id comes again. Of 22 characters and more, 6 of them different, it is known without a "
        "conversation too, from the same address: it must be random then.",
    )
    history: list[ExchangeBody] = Field(
        default=[],
        max_length=10,
        description="What was asked before, oldest first, where no conversation is kept; not beside `conversation_id`. "
        "Only the last 5 are looked at.",
    )
    stand_alone: bool = Field(False, description="Whether the question is taken as it is: nothing is filled in.")
    max_sentences: int | None = Field(None, ge=1, le=1_000, description="The most sentences the answer may have.")


class VerifyRequest(GivenShape):
    """A citation to check, with the values that it carries."""

    model_config = _example(request_examples.VERIFY)
    document_id: str
    sha256: Sha256
    start: Start
    end: End
    quote: str


class FeedbackRequest(GivenShape):
    """What somebody thought of an answer."""

    model_config = _example(request_examples.FEEDBACK)
    id: str = Field(min_length=1, max_length=200, description="The answer's id.")
    relevance: Literal["relevant", "not_relevant"]
    citation_number: int | None = Field(
        None, ge=1, le=1_000, description="The citation that is meant; null for the answer."
    )
    comment: str = Field("", max_length=2_000)
    conversation_id: ConversationId | None = Field(None, description="With `turn`: where the answer is kept.")
    turn: int | None = Field(None, ge=1, le=1_000_000, description="Its number in that conversation.")

    @model_validator(mode="after")
    def _check_turn(self) -> Self:
        if (self.conversation_id is None) != (self.turn is None):
            raise ValueError("conversation_id and turn belong together: give both, or neither.")
        return self


class RenameRequest(GivenShape):
    """Another title for a conversation."""

    model_config = _example(request_examples.RENAME)
    title: str = Field(max_length=1_000, description="1 to 200 characters are left of it without control characters.")


class DocumentAccessRequest(GivenShape):
    """Who may read a document."""

    model_config = _example(request_examples.DOCUMENT_ACCESS)
    groups: list[Annotated[str, Field(min_length=1, max_length=200)]] | None = Field(
        max_length=1_000,
        description="The groups that may read it, and nobody else but owners; null: those that its source says, or the"
        " rules.",
    )


_Names = Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(max_length=1_000)]


class NewPersonRequest(GivenShape):
    """Somebody to be added."""

    model_config = _example(request_examples.NEW_PERSON)
    name: str = Field(max_length=100, description="What they will sign in with: small letters, digits and `._@+-`.")
    shown_as: str = Field("", max_length=200, description="Their name for people.")
    mail: str = Field("", max_length=200)
    roles: list[Role] = Field(default=[Role.READER], max_length=4)
    groups: _Names = Field(default=[])
    edits: _Names = Field(default=[], description="Groups whose documents they change, with the role `editor`.")
    is_service: bool = Field(False, description="A program: it has keys, and no password.")


class ChangePersonRequest(GivenShape):
    """What is to be another way about somebody; what is left out stays."""

    model_config = _example({"roles": ["reader", "editor"], "edits": ["readers-desk"], "suspended": False})
    roles: list[Role] | None = Field(None, max_length=4, description="In place of those of before.")
    groups: _Names | None = Field(None, description="In place of those that an owner gave; others say theirs.")
    edits: _Names | None = Field(None, description="In place of those of before; without the role `editor` none.")
    suspended: bool | None = Field(None, description="True keeps them out, whatever they hold; false lets them in.")


class InvitationRequest(GivenShape):
    """How long an invitation holds."""

    model_config = _example({"days": 3})
    days: int = Field(3, ge=1, le=30)


class ShareRequest(GivenShape):
    """Who may open a conversation too."""

    model_config = _example({"group": "readers-desk"})
    group: str = Field(max_length=200, description="A group that you are in; empty for nobody any more.")


class QuestionIdsRequest(GivenShape):
    """Questions of the list."""

    model_config = _example({"ids": [17, 23]})
    ids: list[Annotated[int, Field(ge=1, lt=2**63)]] = Field(min_length=1, max_length=1_000)


class TokenRequest(GivenShape):
    """What a token is for."""

    model_config = _example({"origin": "https://intranet.example"})
    origin: str = Field("", max_length=300, description="The one origin it is for; without it, all that are allowed.")


class TokenBody(Shape):
    """A token of the widget."""

    model_config = _example(request_examples.TOKEN)
    token: str
    expires_at: str = Field(description="ISO 8601, UTC.")
    expires_in: int = Field(description="Seconds.")


class SuggestionsBody(Shape):
    """Questions to offer."""

    model_config = _example({"suggestions": ["How long does a loan last?"]})
    suggestions: list[str]


class MeBody(Shape):
    """Who asks, and what they may do."""

    model_config = _example(
        {"person": "ida", "groups": ["readers-desk"], "roles": ["reader"], "edits": [], "method": "local"}
    )
    person: str = Field(description="Empty for nobody in particular.")
    groups: list[str]
    roles: list[str] = Field(description="`reader`, `editor`, `owner`, `auditor`.")
    edits: list[str] = Field(description="Groups whose documents an editor may change.")
    method: str = Field(description="How it was found out: `local`, `key`, `oidc`, `proxy`, `single-user`.")


class AliveBody(Shape):
    """The process runs and answers."""

    model_config = _example({"alive": True})
    alive: bool


class ProblemBody(BaseModel):
    """An error (RFC 9457)."""

    model_config = ConfigDict(json_schema_extra={"examples": [request_examples.PROBLEM]})
    type: str
    title: str
    status: int
    detail: str
    instance: str = Field(description="The path that was asked for.")
    errors: list[dict[str, str]] = Field(default=[], description="For 422: each field that is wrong, and why.")
