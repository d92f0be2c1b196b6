"""What comes back in OpenAI's shapes, each with an example about the handbook of `rag.render.examples`."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from rag.render.examples import ANSWER
from rag.render.shapes import AnswerBody, Shape
from web.openai.openai_errors import error_body

_QUOTE = ANSWER.citations[0].quote
_CITED = {
    "start_index": 0,
    "end_index": len(_QUOTE) - 1,
    "url": "https://docs.example/documents/library-rules?start=76&end=100&sha256=0f2a8c3b9d1e#cited",
    "title": "Library rules",
}
_MODEL = {"id": "citewell", "object": "model", "created": 0, "owned_by": "citewell"}
_USAGE = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}


def _example(**value: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [value]})


class UrlCitation(Shape):
    """Where a quote in the text comes from."""

    start_index: int = Field(ge=0, description="First character of the quote in the text, in Unicode code points.")
    end_index: int = Field(
        ge=0, description="**Last** character of the quote, as OpenAI has it: not one past it, as elsewhere here."
    )
    url: str = Field(description="Opens the document with the quote marked.")
    title: str = Field(description="Of the document.")


class Usage(Shape):
    """Tokens of a language model: none."""

    prompt_tokens: Literal[0] = 0
    completion_tokens: Literal[0] = 0
    total_tokens: Literal[0] = 0


class ErrorDetail(BaseModel):
    """What is wrong."""

    message: str
    type: str
    param: str | None
    code: str


class OpenAiError(BaseModel):
    """An error, as clients of OpenAI's API expect it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                error_body(
                    404,
                    "There is no model 'gpt-4o'; expected one of citewell, citewell-markdown.",
                    code="model_not_found",
                    param="model",
                )
            ]
        }
    )
    error: ErrorDetail


class ModelBody(Shape):
    """A way to write an answer."""

    model_config = _example(**_MODEL)
    id: str = Field(
        description="`citewell`: quotes word for word. `citewell-markdown`: for programs that show Markdown."
    )
    object: Literal["model"] = "model"
    created: Literal[0] = Field(default=0, description="Nothing was trained for it.")
    owned_by: Literal["citewell"] = "citewell"


class ModelListBody(Shape):
    """What can be given as `model`."""

    model_config = _example(object="list", data=[_MODEL])
    object: Literal["list"] = "list"
    data: list[ModelBody]


class ChatAnnotation(Shape):
    """A citation."""

    type: Literal["url_citation"] = "url_citation"
    url_citation: UrlCitation


class AnswerMessage(Shape):
    """What is answered: quotes, citation marks and fixed words."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = Field(default=None, description="Always null: that nothing was found is said in `content`.")
    annotations: list[ChatAnnotation]


class Choice(Shape):
    """The one answer."""

    index: Literal[0] = 0
    message: AnswerMessage
    logprobs: None = None
    finish_reason: Literal["stop"] = "stop"


class ChatCompletion(Shape):
    """An answer as a chat completion."""

    model_config = _example(
        id=f"chatcmpl-{ANSWER.id}",
        object="chat.completion",
        created=1795507920,
        model="citewell",
        choices=[
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": f"{_QUOTE} [1]",
                    "refusal": None,
                    "annotations": [{"type": "url_citation", "url_citation": _CITED}],
                },
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        usage=_USAGE,
        citewell=None,
    )
    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int = Field(description="Seconds since 1970, UTC.")
    model: str
    choices: list[Choice]
    usage: Usage = Usage()
    citewell: AnswerBody | None = Field(
        description="The same as POST /api/v1/ask gives, with all of each citation; null for what is no question."
    )


class ResponseAnnotation(UrlCitation):
    """A citation."""

    type: Literal["url_citation"] = "url_citation"


class OutputText(Shape):
    """The text of an answer: quotes, citation marks and fixed words."""

    type: Literal["output_text"] = "output_text"
    text: str
    annotations: list[ResponseAnnotation]
    logprobs: list[None] = Field(default=[])


class OutputMessage(Shape):
    """What is answered."""

    id: str
    type: Literal["message"] = "message"
    role: Literal["assistant"] = "assistant"
    status: Literal["in_progress", "completed"] = "completed"
    content: list[OutputText]


class ResponseUsage(Shape):
    """Tokens of a language model: none."""

    input_tokens: Literal[0] = 0
    input_tokens_details: dict[str, int] = Field(default={"cached_tokens": 0, "cache_write_tokens": 0})
    output_tokens: Literal[0] = 0
    output_tokens_details: dict[str, int] = Field(default={"reasoning_tokens": 0})
    total_tokens: Literal[0] = 0


class ResponseBody(Shape):
    """An answer as a response."""

    model_config = _example(
        id="resp_xJ3q0Vw8nYpK5tRbZ2cLmA.1",
        object="response",
        created_at=1795507920,
        status="completed",
        error=None,
        incomplete_details=None,
        instructions=None,
        model="citewell",
        output=[
            {
                "id": f"msg_{ANSWER.id}",
                "type": "message",
                "role": "assistant",
                "status": "completed",
                "content": [
                    {
                        "type": "output_text",
                        "text": f"{_QUOTE} [1]",
                        "annotations": [{**_CITED, "type": "url_citation"}],
                        "logprobs": [],
                    }
                ],
            }
        ],
        parallel_tool_calls=False,
        previous_response_id=None,
        store=True,
        tool_choice="none",
        tools=[],
        metadata={},
        usage=None,
        citewell=None,
    )
    id: str = Field(description="For `previous_response_id`, if it was stored.")
    object: Literal["response"] = "response"
    created_at: int = Field(description="Seconds since 1970, UTC.")
    status: Literal["in_progress", "completed"] = "completed"
    error: None = None
    incomplete_details: None = None
    instructions: None = None
    model: str
    output: list[OutputMessage]
    parallel_tool_calls: Literal[False] = False
    previous_response_id: str | None
    store: bool = Field(description="Whether it was stored; false also where nothing can be kept.")
    tool_choice: Literal["none"] = "none"
    tools: list[None] = Field(default=[])
    metadata: dict[str, str] = Field(default={})
    usage: ResponseUsage | None = ResponseUsage()
    citewell: AnswerBody | None = Field(
        description="The same as POST /api/v1/ask gives, with all of each citation; null for what is no question."
    )
