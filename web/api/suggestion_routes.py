"""Questions to ask that the documents answer, over REST."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from web.api import schemas
from web.api.responses import problems, reply
from web.dependencies import AccessDep, CitewellDep

router = APIRouter(prefix="/api/v1", tags=["questions"])


@router.get(
    "/suggestions",
    summary="List questions to offer",
    response_model=schemas.SuggestionsBody,
    responses=problems(503),
)
def suggestions(citewell: CitewellDep, access: AccessDep) -> Response:
    """Up to five questions that the documents answer, made from them; none before they are made, after a change."""
    return reply(schemas.SuggestionsBody(suggestions=citewell.insights.suggestions(access=access)))
