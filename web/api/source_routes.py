"""The REST API of sources that are followed: which there are, and what each brought."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from rag.render import shapes
from web.api.responses import problems, reply
from web.dependencies import AccessDep, CitewellDep

router = APIRouter(prefix="/api/v1/sources", tags=["documents"])


@router.get(
    "",
    summary="List the sources that are followed",
    response_model=shapes.SourceListBody,
    responses=problems(503),
)
def list_sources(citewell: CitewellDep, access: AccessDep) -> Response:
    """The sources that `citewell.toml` names, and what each brought when it was read last, or why it did not.

    They are for whoever may read everything; for others there are none.
    """
    found = citewell.sources.overview() if access.reads_everything else {"error": "", "sources": []}
    return reply(shapes.SourceListBody.from_record(found))
