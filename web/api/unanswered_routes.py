"""Questions that were not answered, over REST, for whoever keeps the documents and for nobody else."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from rag.render import shapes
from web.api import schemas
from web.api.responses import problems, reply
from web.auth import owner_only
from web.csv_export import to_csv
from web.dependencies import AccessDep, CitewellDep, json_only, question_place
from web.downloads import attachment

router = APIRouter(prefix="/api/v1/unanswered", tags=["unanswered"])

_COLUMNS = ("group", "question", "asked", "outcome", "votes against", "votes for", "last asked", "comments")

Days = Annotated[int, Query(ge=1, le=366, description="How many days, today among them.")]


@router.get(
    "",
    summary="List what was not answered",
    response_model=shapes.UnansweredBody,
    responses=problems(401, 403, 422, 503),
    dependencies=[Depends(owner_only)],
)
def unanswered(citewell: CitewellDep, days: Days = 30) -> Response:
    """How questions ended day by day and, where texts are kept, those declined or voted down, similar ones together."""
    return reply(shapes.UnansweredBody.from_record(citewell.insights.unanswered(days)))


@router.get(
    "/words",
    summary="List words that no document has",
    response_model=shapes.MissingWordListBody,
    responses=problems(401, 403, 422, 429, 503),
    dependencies=[Depends(owner_only), Depends(question_place)],
)
def missing_words(citewell: CitewellDep, days: Days = 30) -> Response:
    """Words of the open questions that stand in no document, with the nearest ones that do: lines for a glossary."""
    words = citewell.glossary.missing_words(days)
    return reply(shapes.MissingWordListBody.from_record({"days": days, "words": words}))


@router.post(
    "/ask",
    summary="Ask questions again",
    response_model=shapes.AskedAgainListBody,
    responses=problems(401, 403, 413, 415, 422, 429, 503),
    dependencies=[Depends(owner_only), Depends(json_only), Depends(question_place)],
)
def ask_again(request: schemas.QuestionIdsRequest, citewell: CitewellDep, access: AccessDep) -> Response:
    """Ask kept questions of the documents of today. Those that are answered now leave the list.

    One that was voted down stays on it until it is dismissed: only a person can say whether it is right now.
    """
    return reply(
        shapes.AskedAgainListBody.from_record({"asked": citewell.insights.ask_again(request.ids, access=access)})
    )


@router.post(
    "/dismiss",
    summary="Forget some questions",
    status_code=204,
    responses=problems(401, 403, 413, 415, 422, 503, 507),
    dependencies=[Depends(owner_only), Depends(json_only)],
)
def dismiss(request: schemas.QuestionIdsRequest, citewell: CitewellDep) -> None:
    """Delete these questions, with all who asked the same in the same words. Asked again, they are back."""
    citewell.insights.dismiss(request.ids)


@router.get(
    "/export",
    summary="Save the list as CSV",
    response_class=Response,
    responses=problems(401, 403, 422, 503)
    | {200: {"content": {"text/csv": {"schema": {"type": "string"}, "example": ",".join(_COLUMNS)}}}},
    dependencies=[Depends(owner_only)],
)
def export(citewell: CitewellDep, days: Days = 30) -> Response:
    """The questions as RFC 4180, in UTF-8 with a byte order mark. No cell is a formula to a spreadsheet program."""
    report = citewell.insights.unanswered(days)
    rows = [
        (
            group.questions[0].question,
            question.question,
            question.count,
            question.outcome,
            question.down,
            question.up,
            question.last_asked,
            "\n".join(question.comments),
        )
        for group in report.groups
        for question in group.questions
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
def forget(citewell: CitewellDep) -> None:
    """Delete the texts of all questions, and all comments on answers. The counts of the days stay."""
    citewell.insights.forget_all()
