"""What all answers in OpenAI's shapes have in common: how one is written, its citations, events, errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from rag.app import Reply
from rag.render import CitedText, address_of, markdown_text, plain_text, to_json
from rag.render.shapes import AnswerBody
from web.openai.openai_errors import OpenAiRefusal
from web.openai.openai_requests import Format
from web.openai.openai_shapes import UrlCitation

EVENT_MEDIA_TYPE = "text/event-stream"
# What can be given as `model`: two ways to write the same answer.
PLAIN, MARKDOWN = "citewell", "citewell-markdown"
MODELS = (PLAIN, MARKDOWN)


@dataclass(frozen=True, slots=True)
class Written:
    """An answer ready to be put into a shape."""

    id: str
    text: CitedText
    citations: tuple[UrlCitation, ...] = ()
    answer: AnswerBody | None = None


def write(reply: Reply, model: str, request: Request) -> Written:
    """An answer as `model` writes it, its links leading to where the client reaches this service."""
    service = str(request.base_url)
    text = markdown_text(reply.answer, service) if model == MARKDOWN else plain_text(reply.answer)
    citations = tuple(
        UrlCitation(
            start_index=quoted.span.start,
            end_index=quoted.span.end - 1,
            url=address_of(quoted.citation.place, service),
            title=quoted.citation.place.source.title,
        )
        for quoted in text.quotes
    )
    return Written(reply.answer.id, text, citations, AnswerBody.from_record(reply))


def write_words(words: str) -> Written:
    """What is given for something that is no question."""
    return Written("task", CitedText((words,), ()))


def check_model(model: str) -> None:
    """Raise OpenAiRefusal, with 404, for a model that there is not."""
    if model not in MODELS:
        raise OpenAiRefusal(
            f"There is no model {model[:100]!r}; expected one of {', '.join(MODELS)}.",
            code="model_not_found",
            param="model",
            status=404,
        )


def check_format(form: Format | None, *, param: str) -> None:
    """Raise OpenAiRefusal where another form than text is wanted."""
    if form is not None and form.type != "text":
        raise OpenAiRefusal(
            f"The answer was wanted as {form.type[:50]!r}; it is made of quotes, so it can be had as text only.",
            code="unsupported_value",
            param=param,
        )


def problems(*statuses: int) -> dict[int | str, dict[str, object]]:
    """The OpenAPI entries of the errors that a route may answer with."""
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/OpenAiError"}}}
    return {status: {"description": "Error, in OpenAI's shape", "content": content} for status in statuses}


def streamed(example: str) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI entry of an answer that may come as events."""
    return {200: {"content": {EVENT_MEDIA_TYPE: {"schema": {"type": "string"}, "example": example}}}}


def event(body: Mapping[str, Any], *, name: str = "") -> str:
    """A server-sent event."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {to_json(body)}\n\n"
