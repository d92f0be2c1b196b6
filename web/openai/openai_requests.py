"""What a request in OpenAI's shapes may hold.

Clients send many options of language models along, and more with every version: what is not named here is taken and not
looked at.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from rag.render import has_half_character

_MOST_MESSAGES = 2_000


def _whole(text: str) -> str:
    if has_half_character(text):
        raise ValueError("it holds a code point from U+D800 to U+DFFF, which is no character")
    return text


_Text = Annotated[str, AfterValidator(_whole)]
_Role = Literal["system", "developer", "user", "assistant", "tool", "function"]


def _example(value: dict[str, Any]) -> ConfigDict:
    return ConfigDict(extra="ignore", json_schema_extra={"examples": [value]})


class ContentPart(BaseModel):
    """A part of a message. Only text is read."""

    type: str = Field(description="`text`, `input_text` or `output_text`; a question of anything else is refused.")
    text: _Text | None = None
    annotations: list[dict[str, Any]] | None = Field(None, description="As they came with an answer.")


class ChatMessage(BaseModel):
    """What somebody said."""

    role: _Role = Field(
        description="The last message is the question, of the `user`. Instructions of `system` and `developer` are not"
        " looked at: nothing here could follow them."
    )
    content: _Text | list[ContentPart] | None = None
    annotations: list[dict[str, Any]] | None = Field(
        None, description="As they came with an answer: the titles help to understand what follows."
    )


class StreamOptions(BaseModel):
    """How an answer comes in steps."""

    include_usage: bool = False


class Format(BaseModel):
    """The form of the text."""

    type: str = Field("text", description="Only `text` can be had.")


class ChatRequest(BaseModel):
    """A question, behind what was said before."""

    model_config = _example(
        {"model": "citewell", "messages": [{"role": "user", "content": "How long may I keep a book?"}]}
    )
    model: str = Field(description="`citewell`, or `citewell-markdown` for programs that show Markdown.")
    messages: list[ChatMessage] = Field(min_length=1, max_length=_MOST_MESSAGES)
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    n: int | None = Field(None, description="Only 1 can be had: the same question has the same answer.")
    response_format: Format | None = None


class InputItem(BaseModel):
    """What somebody said. Items of other types than `message` are not looked at."""

    type: str = "message"
    role: _Role | None = None
    content: _Text | list[ContentPart] | None = None


class TextOptions(BaseModel):
    """How the text is to be."""

    format: Format | None = None


class ResponseRequest(BaseModel):
    """A question, behind what was said before."""

    model_config = _example({"model": "citewell", "input": "How long may I keep a book?", "store": False})
    model: str = Field(description="`citewell`, or `citewell-markdown` for programs that show Markdown.")
    input: _Text | Annotated[list[InputItem], Field(min_length=1, max_length=_MOST_MESSAGES)]
    previous_response_id: str | None = Field(
        None, max_length=100, description="The response that this is a follow-up to, where it was stored."
    )
    conversation: Any = Field(None, description="Cannot be had: go on with `previous_response_id`.")
    store: bool | None = Field(
        None, description="Whether the answer is kept, as a turn of a conversation; it is unless this is false."
    )
    stream: bool | None = None
    text: TextOptions | None = None
