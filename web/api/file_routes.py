"""The REST API of files: those that are sent under their names, and those that could not be read."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from fastapi.responses import Response

from rag.app import IngestStatus
from rag.render import shapes
from web.api.responses import problems, reply
from web.auth import may_change_documents
from web.dependencies import AccessDep, CitewellDep, GroupsQuery, IdentityDep, raw_body
from web.document_rights import groups_given

router = APIRouter(prefix="/api/v1/files", tags=["documents"])

_FILE_BODY = {
    "requestBody": {
        "required": True,
        "description": "The file's bytes, up to CITEWELL_MAX_DOCUMENT_BYTES. Its Content-Type is not looked at.",
        "content": {
            "application/octet-stream": {
                "schema": {"type": "string", "format": "binary"},
                "example": "# Books\n\nA loan lasts four weeks.",
            }
        },
    }
}


@router.get(
    "/failed",
    summary="List the files that could not be read",
    response_model=shapes.FailedFileListBody,
    responses=problems(503),
)
def list_failed_files(citewell: CitewellDep, access: AccessDep) -> Response:
    """The files of synchronised folders that did not become documents when they were last tried, and why.

    Their names are for whoever may read everything; for others there are none.
    """
    failed = citewell.documents.failed_files() if access.reads_everything else []
    return reply(shapes.FailedFileListBody.from_record({"failed": failed}))


@router.put(
    "/{name}",
    summary="Add or replace a file",
    response_model=shapes.IngestBody,
    responses=problems(401, 403, 413, 415, 422, 503, 507)
    | {
        200: {"description": "Replaced (`updated`), or exactly this was stored already (`unchanged`)."},
        201: {"description": "Stored (`created`).", "model": shapes.IngestBody},
    },
    openapi_extra=_FILE_BODY,
    dependencies=[Depends(may_change_documents)],
)
def put_file(
    name: Annotated[
        str,
        Path(max_length=255, description="The file's name. Its suffix says the format.", examples=["library rules.md"]),
    ],
    citewell: CitewellDep,
    identity: IdentityDep,
    data: Annotated[bytes, Depends(raw_body)],
    group: GroupsQuery = (),
) -> Response:
    """Store a file in place of the one sent under this name before. Its document's id comes back as `id`."""
    source = citewell.documents.uploaded(name)
    groups = groups_given(source.id, source.location, group, citewell, identity)
    result = citewell.documents.put_file(name, data, groups=groups)
    created = result.status is IngestStatus.CREATED
    return reply(
        shapes.IngestBody.from_record(result),
        status=201 if created else 200,
        headers={"Location": f"/api/v1/documents/{result.document_id}"} if created else None,
    )
