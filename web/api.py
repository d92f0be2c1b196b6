"""The REST API: parse, one pipeline call, render."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel

from rag import render
from rag.errors import RagError
from rag.pipeline import Step
from rag.records import Exchange
from rag.render import Body, to_json
from web import examples, schemas
from web.dependencies import PipelineDep, count_request, json_only, question_place
from web.errors import PROBLEM_MEDIA_TYPE, Problem, problem_of, problem_response

EVENT_MEDIA_TYPE = "text/event-stream"


def problems(*statuses: int) -> dict[int | str, dict[str, object]]:
    """The OpenAPI entries of the errors that a route may answer with."""
    content = {PROBLEM_MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}}
    return {status: {"description": "Problem (RFC 9457)", "content": content} for status in statuses}


def reply(model: type[BaseModel], body: Body, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """`body` as JSON, after checking that it is what `model` documents."""
    model.model_validate(body)
    return Response(to_json(body), status_code=status, headers=headers, media_type="application/json")


router = APIRouter(prefix="/api/v1")
health_router = APIRouter()


@router.post(
    "/ask",
    tags=["questions"],
    summary="Ask a question",
    response_model=schemas.AnswerBody,
    responses=problems(404, 413, 415, 422, 429, 503)
    | {200: {"content": {EVENT_MEDIA_TYPE: {"schema": {"type": "string"}, "example": examples.EVENTS}}}},
    dependencies=[Depends(json_only), Depends(question_place)],
)
def ask(request: schemas.AskRequest, pipeline: PipelineDep, accept: Annotated[str, Header()] = "") -> Response:
    """Sentences copied from the documents, each with its citations, or `no_answer` with a reason: both are 200.

    With `keep` the answer becomes a turn of a conversation; it comes without one where it cannot be kept. The same
    `request_id` in the same conversation again gives the same answer and adds nothing.

    With `Accept: text/event-stream` the same comes in steps: `question` where something else was searched for than was
    typed, `passages`, `citations`, `sentence` for each sentence, and `done` with the whole body. `error` carries a
    problem when something fails on the way. Who hangs up before `done` leaves no turn.
    """
    steps = pipeline.converse_in_steps(
        request.question,
        conversation_id=request.conversation_id,
        keep=request.keep,
        request_id=request.request_id,
        history=[Exchange(e.question, tuple(e.quotes), tuple(e.topics)) for e in request.history],
        stand_alone=request.stand_alone,
        max_sentences=request.max_sentences,
    )
    if EVENT_MEDIA_TYPE not in accept:
        *_, (_, body) = steps
        return reply(schemas.AnswerBody, body)
    first = next(steps)  # before the response starts, so that an invalid question still gets its status
    return StreamingResponse(_events(chain([first], steps)), media_type=EVENT_MEDIA_TYPE)


@router.get(
    "/search",
    tags=["questions"],
    summary="Find passages",
    response_model=schemas.SearchBody,
    responses=problems(422, 429, 503),
    dependencies=[Depends(question_place)],
)
def search(
    pipeline: PipelineDep,
    q: Annotated[str, Query(description="A question or a few words.", examples=["renew a loan"])],
    k: Annotated[int, Query(ge=1, le=100, description="How many passages.")] = 10,
) -> Response:
    """The passages nearest to a question, best first."""
    return reply(schemas.SearchBody, {"passages": [render.hit_body(hit) for hit in pipeline.search(q, k)]})


@router.post(
    "/verify",
    tags=["citations"],
    summary="Check a citation",
    response_model=schemas.VerificationBody,
    responses=problems(413, 415, 422, 429, 503),
    dependencies=[Depends(json_only), Depends(count_request)],
)
def verify(citation: schemas.VerifyRequest, pipeline: PipelineDep) -> Response:
    """Whether the quote still stands where a citation says, in the very text that it names."""
    verification = pipeline.verify(
        citation.document_id, sha256=citation.sha256, start=citation.start, end=citation.end, quote=citation.quote
    )
    return reply(schemas.VerificationBody, render.verification_body(verification))


@router.post(
    "/feedback",
    tags=["questions"],
    summary="Say whether an answer helped",
    status_code=204,
    responses=problems(403, 404, 413, 415, 422, 429, 503),
    dependencies=[Depends(json_only), Depends(count_request)],
)
def feedback(given: schemas.FeedbackRequest, pipeline: PipelineDep) -> None:
    """Keep what somebody thought of an answer, and with the turn of the conversation that shows it, if it has one."""
    turn = None
    if given.conversation_id is not None and given.turn is not None:
        turn = (given.conversation_id, given.turn)
    pipeline.feedback(
        given.id,
        relevance=given.relevance,
        citation_number=given.citation_number,
        comment=given.comment,
        turn=turn,
    )


@health_router.get("/healthz", tags=["health"], summary="Is it alive?", response_model=schemas.AliveBody)
async def healthz() -> Response:
    """200 as long as the process answers."""
    return reply(schemas.AliveBody, {"alive": True})


@health_router.get(
    "/readyz",
    tags=["health"],
    summary="Can it answer questions?",
    response_model=schemas.HealthBody,
    responses=problems(503),
)
def readyz(pipeline: PipelineDep) -> Response:
    """200 when questions can be answered, `degraded` included; 503 until then."""
    health = pipeline.health()
    if not health.ready:
        return problem_response(Problem(503, health.detail), "/readyz")
    return reply(schemas.HealthBody, render.health_body(health))


def _events(steps: Iterator[Step]) -> Iterator[str]:
    """The event stream of an answer, its events numbered from 1."""
    number = 0
    try:
        for number, (name, data) in enumerate(steps, start=1):
            if name == "done":
                schemas.AnswerBody.model_validate(data)
            yield _event(name, data, number)
    except RagError as error:
        yield _event("error", problem_of(error).body("/api/v1/ask"), number + 1)


def _event(name: str, data: object, number: int) -> str:
    """One event. JSON has no raw line break, so one data line is enough."""
    return f"event: {name}\ndata: {to_json(data)}\nid: {number}\n\n"
