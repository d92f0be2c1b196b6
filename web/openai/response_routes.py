"""Responses: like chat completions, and kept as turns of a conversation where that is wanted."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from rag.app import Citewell, Reply
from rag.records import Access
from rag.render import Body
from web.api.responses import reply
from web.dependencies import AccessDep, CitewellDep, json_only, question_place
from web.openai.chat_messages import Asked, asked_in
from web.openai.chat_tasks import task_reply
from web.openai.openai_errors import OpenAiRefusal
from web.openai.openai_requests import ResponseRequest
from web.openai.openai_shapes import OutputMessage, OutputText, ResponseAnnotation, ResponseBody
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

router = APIRouter(prefix="/v1/responses", tags=["openai"])

# Conversation and turn, in the id of a response that was stored.
_STORED = re.compile(r"resp_([A-Za-z0-9_-]{1,64})\.([0-9]{1,4})")
_EVENTS = "event: response.created\ndata: {...}\n\n...\n\nevent: response.completed\ndata: {...}\n\n"


@router.post(
    "",
    summary="Ask as a response",
    response_model=ResponseBody,
    responses=problems(400, 401, 403, 404, 413, 415, 429, 503) | streamed(_EVENTS),
    dependencies=[Depends(json_only), Depends(question_place)],
)
def create_response(given: ResponseRequest, request: Request, citewell: CitewellDep, access: AccessDep) -> Response:
    """Sentences copied from the documents, quotes that may answer, or that nothing was found, in words.

    Citations are `annotations` of the text. Unless `store` is false, the answer becomes a turn of a conversation, which
    goes when others do; `previous_response_id` goes on there. With `stream` the same comes as events.
    """
    check_model(given.model)
    check_format(given.text.format if given.text else None, param="text.format")
    if given.conversation is not None:
        raise OpenAiRefusal(
            "Conversations cannot be named; go on with previous_response_id.",
            code="unsupported_parameter",
            param="conversation",
        )
    asked = Asked(given.input) if isinstance(given.input, str) else asked_in(given.input, param="input")
    task = task_reply(asked.question)
    if task is None:
        found = _ask(asked, given, citewell, access)
        made = write(found, given.model, request)
        stored_as = f"resp_{found.conversation_id}.{found.turn}" if found.conversation_id else ""
    else:
        made, stored_as = write_words(task), ""
    body = _body(made, given, stored_as)
    if not given.stream:
        return reply(body)
    return Response("".join(_events(body, made.text.parts)), media_type=EVENT_MEDIA_TYPE)


def _ask(asked: Asked, given: ResponseRequest, citewell: Citewell, access: Access) -> Reply:
    """The answer, kept where that is wanted. Raises OpenAiRefusal for what `previous_response_id` cannot be."""
    conversations, keep = citewell.conversations, given.store is not False
    if given.previous_response_id is None:
        before = conversations.retold(asked.before)
        return conversations.ask(asked.question, history=before, keep=keep, access=access)
    if asked.before:
        raise OpenAiRefusal(
            "Both previous_response_id and messages before the question were given; expected one of them.",
            code="invalid_value",
            param="input",
        )
    stored = _STORED.fullmatch(given.previous_response_id)
    if stored is None:
        raise OpenAiRefusal(
            "No response was stored under this id; with store set to false none is.",
            code="previous_response_not_found",
            param="previous_response_id",
        )
    history = conversations.until(stored[1], int(stored[2]), access=access)
    if history is None:
        return conversations.ask(asked.question, conversation_id=stored[1], keep=keep, access=access)
    return conversations.ask(asked.question, history=history, keep=keep, access=access)


def _body(made: Written, given: ResponseRequest, stored_as: str) -> ResponseBody:
    annotations = [ResponseAnnotation(**citation.model_dump()) for citation in made.citations]
    content = OutputText(text=made.text.text, annotations=annotations)
    return ResponseBody(
        id=stored_as or f"resp_{made.id}",
        created_at=int(time.time()),
        model=given.model,
        output=[OutputMessage(id=f"msg_{made.id}", content=[content])],
        previous_response_id=given.previous_response_id,
        store=bool(stored_as),
        citewell=made.answer,
    )


def _events(body: ResponseBody, parts: Sequence[str]) -> Iterator[str]:
    """The answer was there before the first of them, so none of them is an error."""
    for number, step in enumerate(_steps(body, parts)):
        yield event({**step, "sequence_number": number}, name=step["type"])


def _steps(body: ResponseBody, parts: Sequence[str]) -> Iterator[Body]:
    """The steps in which a client puts the response together."""
    whole = body.model_dump()
    (message,) = whole["output"]
    (text,) = message["content"]
    begun = {**whole, "status": "in_progress", "output": [], "usage": None, "citewell": None}
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    item = {"output_index": 0, "item": {**message, "status": "in_progress", "content": []}}
    yield {"type": "response.output_item.added", **item}
    where = {"item_id": message["id"], "output_index": 0, "content_index": 0}
    yield {"type": "response.content_part.added", **where, "part": {**text, "text": "", "annotations": []}}
    for part in parts:
        yield {"type": "response.output_text.delta", **where, "delta": part, "logprobs": []}
    for number, annotation in enumerate(text["annotations"]):
        added = {"annotation_index": number, "annotation": annotation}
        yield {"type": "response.output_text.annotation.added", **where, **added}
    yield {"type": "response.output_text.done", **where, "text": text["text"], "logprobs": []}
    yield {"type": "response.content_part.done", **where, "part": text}
    yield {"type": "response.output_item.done", "output_index": 0, "item": message}
    yield {"type": "response.completed", "response": whole}
