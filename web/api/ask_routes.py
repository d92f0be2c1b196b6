"""A question over REST: parse, one call of the library, render; at once or in steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import Response, StreamingResponse

from rag.app import PendingTurn
from rag.errors import RagError
from rag.records import Exchange
from rag.render import shapes, to_json
from web.api import request_examples, schemas
from web.api.responses import problems, reply
from web.dependencies import AccessDep, CitewellDep, json_only, question_place
from web.problems import problem_of
from web.request_facts import address_of

EVENT_MEDIA_TYPE = "text/event-stream"


router = APIRouter(prefix="/api/v1")


@router.post(
    "/ask",
    tags=["questions"],
    summary="Ask a question",
    response_model=shapes.AnswerBody,
    responses=problems(404, 413, 415, 422, 429, 503)
    | {200: {"content": {EVENT_MEDIA_TYPE: {"schema": {"type": "string"}, "example": request_examples.EVENTS}}}},
    dependencies=[Depends(json_only), Depends(question_place)],
)
def ask(
    request: schemas.AskRequest,
    received: Request,
    citewell: CitewellDep,
    access: AccessDep,
    accept: Annotated[str, Header()] = "",
) -> Response:
    """Sentences copied from the documents, each with its citations; or quotes that may answer; or why there are none.

    All three are 200: `status` says which.

    With `keep` the answer becomes a turn of a conversation; it comes without one where it cannot be kept. The same
    `request_id` in the same conversation again gives the same answer and adds nothing.

    With `Accept: text/event-stream` the same comes in steps: `question` where something else was searched for than was
    typed, `passages`, `citations`, `sentence` for each sentence, and `done` with the whole body. `error` carries a
    problem when something fails on the way. Who hangs up before `done` leaves no turn.
    """
    pending = citewell.conversations.begin(
        request.question,
        conversation_id=request.conversation_id,
        keep=request.keep,
        request_id=request.request_id,
        client=address_of(received),
        history=[Exchange(e.question, tuple(e.quotes), tuple(e.topics)) for e in request.history],
        stand_alone=request.stand_alone,
        max_sentences=request.max_sentences,
        access=access,
    )
    if EVENT_MEDIA_TYPE not in accept:
        return reply(shapes.AnswerBody.from_record(pending.answer().keep()))
    return StreamingResponse(_events(pending), media_type=EVENT_MEDIA_TYPE)


def _events(pending: PendingTurn) -> Iterator[str]:
    """The event stream of an answer, its events numbered from 1."""
    number = 0
    try:
        for number, (name, data) in enumerate(_steps(pending), start=1):
            yield _event(name, data, number)
    except RagError as error:
        yield _event("error", problem_of(error).body("/api/v1/ask"), number + 1)


def _steps(pending: PendingTurn) -> Iterator[tuple[str, object]]:
    """Names of events and their contents, each as soon as it is known. The turn is kept just before "done"."""
    if pending.searched != pending.question:
        yield "question", {"question": pending.question, "stand_alone_question": pending.searched}
    yield "passages", [shapes.body_of(shapes.PassageBody, hit) for hit in pending.passages]
    turn = pending.answer()
    yield "citations", [shapes.body_of(shapes.CitationBody, citation) for citation in turn.answer.citations]
    for sentence in turn.answer.sentences:
        yield "sentence", shapes.body_of(shapes.SentenceBody, sentence)
    yield "done", shapes.body_of(shapes.AnswerBody, turn.keep())


def _event(name: str, data: object, number: int) -> str:
    """One event. JSON has no raw line break, so one data line is enough."""
    return f"event: {name}\ndata: {to_json(data)}\nid: {number}\n\n"
