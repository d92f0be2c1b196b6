"""Passages for a question over REST, and whether a citation still holds."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from rag.render import shapes
from web.api import schemas
from web.api.responses import problems, reply
from web.dependencies import AccessDep, CitewellDep, count_request, json_only, question_place

router = APIRouter(prefix="/api/v1")


@router.get(
    "/search",
    tags=["questions"],
    summary="Find passages",
    response_model=shapes.SearchBody,
    responses=problems(422, 429, 503),
    dependencies=[Depends(question_place)],
)
def search(
    citewell: CitewellDep,
    access: AccessDep,
    q: Annotated[str, Query(description="A question or a few words.", examples=["renew a loan"])],
    k: Annotated[int, Query(ge=1, le=100, description="How many passages.")] = 10,
) -> Response:
    """The passages nearest to a question, best first."""
    passages = citewell.questions.search(q, k, access=access)
    citewell.audit.searched(q, passages, access=access)
    return reply(shapes.SearchBody.from_record({"passages": passages}))


@router.post(
    "/verify",
    tags=["citations"],
    summary="Check a citation",
    response_model=shapes.VerificationBody,
    responses=problems(413, 415, 422, 429, 503),
    dependencies=[Depends(json_only), Depends(count_request)],
)
def verify(citation: schemas.VerifyRequest, citewell: CitewellDep, access: AccessDep) -> Response:
    """Whether the quote still stands where a citation says, in the very text that it names."""
    verification = citewell.questions.verify(
        citation.document_id,
        sha256=citation.sha256,
        start=citation.start,
        end=citation.end,
        quote=citation.quote,
        access=access,
    )
    return reply(shapes.VerificationBody.from_record(verification))
