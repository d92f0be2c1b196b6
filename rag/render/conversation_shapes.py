"""The shapes of a conversation: to open it, and to give it to others."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from rag.render.answer_shapes import AnswerAlone
from rag.render.shape import Shape

ConversationId = Annotated[
    str,
    Field(
        max_length=64,
        description="The conversation's id. Where nobody signs in, whoever knows it may open, rename and delete it.",
    ),
]


class TurnBody(Shape):
    """A question of a conversation, and its answer as it was shown."""

    number: int = Field(ge=1, description="From 1.")
    asked_at: str = Field(description="ISO 8601, UTC.")
    answer: AnswerAlone
    relevance: Literal["relevant", "not_relevant"] | None = Field(description="What was said of it last.")

    @model_validator(mode="after")
    def _number_the_answer(self) -> Self:
        self.answer.turn = self.number
        return self


class ConversationHeadBody(Shape):
    """A conversation without its questions."""

    id: ConversationId
    title: str
    created_at: str = Field(description="ISO 8601, UTC.")
    updated_at: str = Field(description="Of its last question.")
    expires_at: str = Field(description="When it is deleted, unless something is asked in it before.")


class SharedHeadBody(ConversationHeadBody):
    """A conversation in the list of whom it belongs to."""

    shared_with: str = Field(description="A group that may open it too; empty for none.")


class ConversationListBody(Shape):
    """The conversations of a person, the one asked in last first."""

    conversations: list[SharedHeadBody]


class ConversationBody(ConversationHeadBody):
    """A conversation, with its answers as they were shown."""

    turns: list[TurnBody]

    @model_validator(mode="after")
    def _name_the_conversation(self) -> Self:
        for turn in self.turns:
            turn.answer.conversation_id = self.id
        return self


class ConversationExportBody(Shape):
    """A conversation for others to read: without its id, by which they could change it."""

    title: str
    created_at: str = Field(description="ISO 8601, UTC.")
    updated_at: str
    turns: list[TurnBody]
