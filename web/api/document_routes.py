"""The REST API of documents: list, read, put, delete."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from rag.app import IngestStatus
from rag.render import shapes
from web.api.responses import problems, reply
from web.auth import may_change_documents
from web.dependencies import (
    AccessDep,
    CitewellDep,
    DocumentId,
    GroupsQuery,
    IdentityDep,
    count_reading,
    document_media_type,
    document_place,
    raw_body,
)
from web.document_rights import groups_given, may_change_this
from web.downloads import attachment_in_parts, content_disposition

router = APIRouter(prefix="/api/v1/documents", tags=["documents"])


_DOCUMENT_BODY = {
    "requestBody": {
        "required": True,
        "description": "The document's bytes, up to CITEWELL_MAX_DOCUMENT_BYTES.",
        "content": {
            media_type: {"schema": {"type": "string", "format": "binary"}, "example": example}
            for media_type, example in (
                ("text/plain", "A loan lasts four weeks."),
                ("text/markdown", "# Books\n\nA loan lasts four weeks."),
                ("text/html", "<p>A loan lasts four weeks.</p>"),
            )
        },
    }
}


@router.get(
    "",
    summary="List the documents",
    response_model=shapes.DocumentListBody,
    responses=problems(429, 503),
    dependencies=[Depends(count_reading)],
)
def list_documents(citewell: CitewellDep, access: AccessDep) -> Response:
    """All documents, by title, without their text."""
    return reply(shapes.DocumentListBody.from_record({"documents": citewell.documents.all(access=access)}))


@router.get(
    "/{id}",
    summary="Look up one document",
    response_model=shapes.DocumentBody,
    responses=problems(404, 422, 429, 503),
    dependencies=[Depends(count_reading)],
)
def get_document(id: DocumentId, citewell: CitewellDep, access: AccessDep) -> Response:  # noqa: A002 - the name in the address
    """One document, without its text."""
    return reply(shapes.DocumentBody.from_record(citewell.documents.info(id, access=access)))


@router.get(
    "/{id}/versions",
    summary="List the earlier texts of a document",
    response_model=shapes.VersionListBody,
    responses=problems(404, 422, 429, 503),
    dependencies=[Depends(count_reading)],
)
def list_versions(id: DocumentId, citewell: CitewellDep, access: AccessDep) -> Response:  # noqa: A002 - the name in the address
    """The texts that this one replaced, newest first, as far as they are kept. Nothing in them is found or quoted."""
    return reply(shapes.VersionListBody.from_record({"versions": citewell.documents.versions(id, access=access)}))


@router.get(
    "/{id}/text",
    summary="Fetch the text that citations point into",
    response_class=Response,
    dependencies=[Depends(document_place, scope="function")],
    responses=problems(404, 422, 429, 503)
    | {200: {"content": {"text/plain": {"schema": {"type": "string"}, "example": "A loan lasts four weeks."}}}},
)
def get_document_text(
    id: DocumentId,  # noqa: A002 - the name in the address
    citewell: CitewellDep,
    access: AccessDep,
    sha256: Annotated[
        str,
        Query(pattern=r"^([0-9a-f]{64})?$", description="Of the text that is wanted; without it, today's."),
    ] = "",
) -> Response:
    """The text in UTF-8, as an attachment. Offsets of citations count its Unicode code points; ETag is its SHA-256."""
    document = citewell.documents.get(id, sha256=sha256, access=access)
    citewell.audit.opened(id, what="text", sha256=document.text_sha256)
    return Response(
        document.text.encode("utf-8"),
        media_type="text/plain",
        headers={
            "Content-Disposition": content_disposition(f"{id}.txt"),
            "ETag": f'"{document.text_sha256}"',
        },
    )


@router.get(
    "/{id}/original",
    summary="Fetch the file that a document was read from",
    response_class=Response,
    dependencies=[Depends(count_reading)],
    responses=problems(404, 422, 429, 503)
    | {
        200: {
            "content": {
                "application/octet-stream": {
                    "schema": {"type": "string", "format": "binary"},
                    "example": "# Books\n\nA loan lasts four weeks.",
                }
            }
        }
    },
)
def get_original(id: DocumentId, citewell: CitewellDep, access: AccessDep) -> Response:  # noqa: A002 - the name in the address
    """The bytes as they came, as an attachment under the file's name; ETag is their SHA-256.

    Its type is the document's where no script can be in it, else `application/octet-stream`. 404 also when the file is
    not kept: it came before files were, or `CITEWELL_KEEP_ORIGINALS` was off.
    """
    original = citewell.documents.original_in_parts(id, access=access)
    citewell.audit.opened(id, what="original", sha256=original.sha256)
    return attachment_in_parts(
        original.parts,
        size=original.size,
        name=original.name,
        media_type=original.media_type,
        etag=original.sha256,
    )


@router.put(
    "/{id}",
    summary="Add or replace a document",
    response_model=shapes.IngestBody,
    responses=problems(401, 403, 413, 415, 422, 503, 507)
    | {
        200: {"description": "Replaced (`updated`), or exactly this was stored already (`unchanged`)."},
        201: {"description": "Stored (`created`).", "model": shapes.IngestBody},
    },
    openapi_extra=_DOCUMENT_BODY,
    dependencies=[Depends(may_change_documents)],
)
def put_document(
    id: DocumentId,  # noqa: A002 - the name in the address
    citewell: CitewellDep,
    identity: IdentityDep,
    media_type: Annotated[str, Depends(document_media_type)],
    data: Annotated[bytes, Depends(raw_body)],
    title: Annotated[
        str, Query(max_length=300, description="For people; without it, the title found in the document.")
    ] = "",
    group: GroupsQuery = (),
) -> Response:
    """Store the body under this id. Once this answers, the document can be quoted and survives a crash."""
    groups = groups_given(id, f"api:{id}", group, citewell, identity)
    result = citewell.documents.put(id, data, media_type=media_type, title=title, groups=groups)
    created = result.status is IngestStatus.CREATED
    return reply(
        shapes.IngestBody.from_record(result),
        status=201 if created else 200,
        headers={"Location": f"/api/v1/documents/{id}"} if created else None,
    )


@router.post(
    "/{id}/read",
    summary="Read a document again",
    response_model=shapes.IngestBody,
    responses=problems(401, 403, 404, 422, 503, 507),
    dependencies=[Depends(may_change_documents), Depends(may_change_this)],
)
def read_document_again(id: DocumentId, citewell: CitewellDep) -> Response:  # noqa: A002 - the name in the address
    """Read a document anew from the file that is kept, as after an update of the program. Mostly `unchanged`."""
    return reply(shapes.IngestBody.from_record(citewell.documents.read_again(id)))


@router.delete(
    "/{id}",
    summary="Remove a document",
    status_code=204,
    responses=problems(401, 403, 404, 422, 503),
    dependencies=[Depends(may_change_documents), Depends(may_change_this)],
)
def delete_document(id: DocumentId, citewell: CitewellDep) -> None:  # noqa: A002 - the name in the address
    """Remove a document: once this answers, nothing of it can be found or quoted."""
    citewell.documents.remove(id)
