"""Chat completions: the last message is the question, those before it are what was said before."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from web.api.responses import reply
from web.dependencies import AccessDep, CitewellDep, json_only, question_place
from web.openai.chat_messages import asked_in
from web.openai.chat_tasks import task_reply
from web.openai.openai_errors import OpenAiRefusal
from web.openai.openai_requests import ChatRequest
from web.openai.openai_shapes import AnswerMessage, ChatAnnotation, ChatCompletion, Choice, Usage
from web.openai.written_answers import (
    EVENT_MEDIA_TYPE,
    Written,
    check_format,
    check_model,
    event,
    problems,
    streamed,
    write,
    write_words,
)

router = APIRouter(prefix="/v1/chat/completions", tags=["openai"])


@router.post(
    "",
    summary="Ask as a chat completion",
    response_model=ChatCompletion,
    responses=problems(400, 401, 403, 404, 413, 415, 429, 503) | streamed("data: {...}\n\ndata: [DONE]\n\n"),
    dependencies=[Depends(json_only), Depends(question_place)],
)
def create_chat_completion(given: ChatRequest, request: Request, citewell: CitewellDep, access: AccessDep) -> Response:
    """Sentences copied from the documents, quotes that may answer, or that nothing was found, in words.

    Citations are `annotations` of the message. Nothing is kept. With `stream` the same comes as events: a sentence in
    each, then the annotations, then the end with `citewell`.
    """
    check_model(given.model)
    check_format(given.response_format, param="response_format")
    if given.n not in (None, 1):
        raise OpenAiRefusal(f"n is {given.n}; a question has one answer.", code="unsupported_value", param="n")
    asked = asked_in(given.messages, param="messages")
    task = task_reply(asked.question)
    if task is None:
        before = citewell.conversations.retold(asked.before)
        made = write(citewell.conversations.ask(asked.question, history=before, access=access), given.model, request)
    else:
        made = write_words(task)
    if not given.stream:
        return reply(_completion(made, given.model))
    with_usage = given.stream_options is not None and given.stream_options.include_usage
    return Response("".join(_events(made, given.model, with_usage=with_usage)), media_type=EVENT_MEDIA_TYPE)


def _completion(made: Written, model: str) -> ChatCompletion:
    message = AnswerMessage(content=made.text.text, annotations=_annotations(made))
    return ChatCompletion(
        id=f"chatcmpl-{made.id}",
        created=int(time.time()),
        model=model,
        choices=[Choice(message=message)],
        citewell=made.answer,
    )


def _annotations(made: Written) -> list[ChatAnnotation]:
    return [ChatAnnotation(url_citation=citation) for citation in made.citations]


def _events(made: Written, model: str, *, with_usage: bool) -> Iterator[str]:
    """The answer was there before the first of them, so none of them is an error."""
    head = {"id": f"chatcmpl-{made.id}", "object": "chat.completion.chunk", "created": int(time.time()), "model": model}

    def chunk(delta: dict[str, Any], finish_reason: str | None = None, **more: Any) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return event({**head, "choices": [choice], **more})

    yield chunk({"role": "assistant", "content": "", "refusal": None})
    for part in made.text.parts:
        yield chunk({"content": part})
    if made.citations:
        yield chunk({"annotations": [annotation.model_dump() for annotation in _annotations(made)]})
    yield chunk({}, "stop", citewell=made.answer.model_dump() if made.answer else None)
    if with_usage:
        yield event({**head, "choices": [], "usage": Usage().model_dump()})
    yield "data: [DONE]\n\n"
