"""Over REST, what people think of answers."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from web.api import schemas
from web.api.responses import problems
from web.dependencies import AccessDep, CitewellDep, count_request, json_only

router = APIRouter(prefix="/api/v1")


@router.post(
    "/feedback",
    tags=["questions"],
    summary="Say whether an answer helped",
    status_code=204,
    responses=problems(403, 404, 413, 415, 422, 429, 503),
    dependencies=[Depends(json_only), Depends(count_request)],
)
def feedback(given: schemas.FeedbackRequest, citewell: CitewellDep, access: AccessDep) -> None:
    """Keep what somebody thought of an answer, and with the turn of the conversation that shows it, if it has one."""
    turn = None
    if given.conversation_id is not None and given.turn is not None:
        turn = (given.conversation_id, given.turn)
    citewell.conversations.add_feedback(
        given.id,
        access=access,
        relevance=given.relevance,
        citation_number=given.citation_number,
        comment=given.comment,
        turn=turn,
    )
