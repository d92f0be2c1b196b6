"""What to ask: questions that the documents answer."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from web import schemas
from web.api import problems, reply
from web.dependencies import PipelineDep

router = APIRouter(prefix="/api/v1", tags=["questions"])


@router.get(
    "/suggestions",
    summary="List questions to offer",
    response_model=schemas.SuggestionsBody,
    responses=problems(503),
)
def suggestions(pipeline: PipelineDep) -> Response:
    """Up to five questions that the documents answer, made from them; none before they are made, after a change."""
    return reply(schemas.SuggestionsBody, {"suggestions": pipeline.suggestions()})
