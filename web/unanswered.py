"""What was not answered: the page and the routes for whoever keeps the documents, and for nobody else."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import Response

from rag import render
from web import schemas
from web.api import problems, reply
from web.attachment import attachment
from web.dependencies import PipelineDep, SettingsDep, address_of, json_only, question_place
from web.security import is_loopback, key_matches
from web.spreadsheet import to_csv
from web.templating import templates

router = APIRouter(prefix="/api/v1/unanswered", tags=["unanswered"])
page_router = APIRouter(include_in_schema=False)

_PROXY_HEADERS = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
_COLUMNS = ("group", "question", "asked", "outcome", "votes against", "votes for", "last asked", "comments")

Days = Annotated[int, Query(ge=1, le=366, description="How many days, today among them.")]


async def owner_only(settings: SettingsDep, request: Request) -> None:
    """Raises 401 without the key of the service, and 403 where none is set and others than this machine may ask."""
    if settings.api_key:
        if key_matches(request.headers.get("authorization", ""), settings.api_key):
            return
        raise HTTPException(
            401,
            'What people asked is for the owner of the documents: "Authorization: Bearer <key>" with the key of this'
            " service.",
            headers={"WWW-Authenticate": "Bearer"},
        )
    if not (is_loopback(settings.host) and is_loopback(address_of(request)) and _is_direct(request)):
        raise HTTPException(
            403,
            "What people asked is for the owner of the documents. Others can reach this service, so that needs a key:"
            " set CITEWELL_API_KEY to a secret.",
        )


def _is_direct(request: Request) -> bool:
    """Whether a request came without a proxy, and not from the page of another site."""
    headers = request.headers
    origin = headers.get("origin")
    own = origin is None or origin.partition("://")[2] == headers.get("host")
    is_own_page = own and headers.get("sec-fetch-site", "none") in ("same-origin", "none")
    return is_own_page and not any(name in headers for name in _PROXY_HEADERS)


@router.get(
    "",
    summary="List what was not answered",
    response_model=schemas.UnansweredBody,
    responses=problems(401, 403, 422, 503),
    dependencies=[Depends(owner_only)],
)
def unanswered(pipeline: PipelineDep, days: Days = 30) -> Response:
    """How questions ended day by day and, where texts are kept, those declined or voted down, similar ones together."""
    return reply(schemas.UnansweredBody, render.unanswered_body(pipeline.unanswered(days)))


@router.post(
    "/ask",
    summary="Ask questions again",
    response_model=schemas.AskedAgainListBody,
    responses=problems(401, 403, 413, 415, 422, 429, 503),
    dependencies=[Depends(owner_only), Depends(json_only), Depends(question_place)],
)
def ask_again(request: schemas.QuestionIdsRequest, pipeline: PipelineDep) -> Response:
    """Ask kept questions of the documents of today. Those that are answered now leave the list.

    One that was voted down stays on it until it is dismissed: only a person can say whether it is right now.
    """
    asked = [render.asked_again_body(again) for again in pipeline.ask_again(request.ids)]
    return reply(schemas.AskedAgainListBody, {"asked": asked})


@router.post(
    "/dismiss",
    summary="Forget some questions",
    status_code=204,
    responses=problems(401, 403, 413, 415, 422, 503, 507),
    dependencies=[Depends(owner_only), Depends(json_only)],
)
def dismiss(request: schemas.QuestionIdsRequest, pipeline: PipelineDep) -> None:
    """Delete these questions, with all who asked the same in the same words. Asked again, they are back."""
    pipeline.dismiss_questions(request.ids)


@router.get(
    "/export",
    summary="Save the list as CSV",
    response_class=Response,
    responses=problems(401, 403, 422, 503)
    | {200: {"content": {"text/csv": {"schema": {"type": "string"}, "example": ",".join(_COLUMNS)}}}},
    dependencies=[Depends(owner_only)],
)
def export(pipeline: PipelineDep, days: Days = 30) -> Response:
    """The questions as RFC 4180, in UTF-8 with a byte order mark. No cell is a formula to a spreadsheet program."""
    body = render.unanswered_body(pipeline.unanswered(days))
    rows = [
        (
            group["questions"][0]["question"],
            question["question"],
            question["count"],
            question["outcome"],
            question["down"],
            question["up"],
            question["last_asked"],
            "\n".join(question["comments"]),
        )
        for group in body["groups"]
        for question in group["questions"]
    ]
    data, today = to_csv(_COLUMNS, rows), datetime.now(UTC).date().isoformat()
    digest = hashlib.sha256(data).hexdigest()
    return attachment(data, name=f"unanswered-{today}.csv", media_type="text/csv", etag=digest)


@router.delete(
    "",
    summary="Forget all questions",
    status_code=204,
    responses=problems(401, 403, 503, 507),
    dependencies=[Depends(owner_only)],
)
def forget(pipeline: PipelineDep) -> None:
    """Delete the texts of all questions, and all comments on answers. The counts of the days stay."""
    pipeline.forget_questions()


@page_router.get("/unanswered")
def page(request: Request, pipeline: PipelineDep, settings: SettingsDep) -> Response:
    """The page without any data: its script asks for that, with the key where one is needed."""
    return templates.TemplateResponse(
        request,
        "unanswered.html",
        {
            "needs_key": bool(settings.api_key),
            "uploads": settings.uploads,
            "keep_days": settings.keep_questions_days,
            "suffixes": pipeline.suffixes(),
        },
    )
