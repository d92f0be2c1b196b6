"""What the tools take. Each class is also the JSON schema that assistants are shown."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from rag.records import Exchange
from rag.render.shapes import End, GivenShape, Sha256, Start

_Text = Annotated[str, Field(max_length=4_000)]


class EarlierQuestion(GivenShape):
    """An earlier question and what was quoted to it."""

    question: _Text
    quotes: list[_Text] = Field([], max_length=10, description="The quotes of its answer.")


class AskArguments(GivenShape):
    """A question."""

    question: str = Field(description="In full words, as one would ask a colleague, about the documents.")
    history: list[EarlierQuestion] = Field(
        [], max_length=10, description="What was asked before, oldest first, if it follows."
    )


class SearchArguments(GivenShape):
    """A search."""

    query: str = Field(description="A question or a few words.")
    limit: int = Field(10, ge=1, le=50, description="How many passages.")


class CitationPlace(GivenShape):
    """Where a citation points."""

    document_id: str = Field(max_length=64)
    sha256: Sha256
    start: Start
    end: End


class QuotedPlace(CitationPlace):
    """A citation with its quote."""

    quote: str


def exchanges_of(history: list[EarlierQuestion]) -> list[Exchange]:
    """As the library takes them."""
    return [Exchange(earlier.question, tuple(earlier.quotes)) for earlier in history]
