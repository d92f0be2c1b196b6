"""The REST API of documents: list, read, put, delete."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import Response

from rag import render
from rag.records import IngestStatus
from web import schemas
from web.api import problems, reply
from web.attachment import attachment
from web.dependencies import (
    DocumentId,
    PipelineDep,
    document_media_type,
    may_change_documents,
    raw_body,
)

router = APIRouter(prefix="/api/v1/documents", tags=["documents"])
files_router = APIRouter(prefix="/api/v1/files", tags=["documents"])

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


@router.get("", summary="List the documents", response_model=schemas.DocumentListBody, responses=problems(503))
def list_documents(pipeline: PipelineDep) -> Response:
    """All documents, by title, without their text."""
    return reply(schemas.DocumentListBody, {"documents": [render.document_body(info) for info in pipeline.documents()]})


@router.get(
    "/{id}",
    summary="Look up one document",
    response_model=schemas.DocumentBody,
    responses=problems(404, 422, 503),
)
def get_document(id: DocumentId, pipeline: PipelineDep) -> Response:  # noqa: A002 - the name in the address
    """One document, without its text."""
    return reply(schemas.DocumentBody, render.document_body(pipeline.document_info(id)))


@router.get(
    "/{id}/versions",
    summary="List the earlier texts of a document",
    response_model=schemas.VersionListBody,
    responses=problems(404, 422, 503),
)
def list_versions(id: DocumentId, pipeline: PipelineDep) -> Response:  # noqa: A002 - the name in the address
    """The texts that this one replaced, newest first, as far as they are kept. Nothing in them is found or quoted."""
    versions = [render.version_body(version) for version in pipeline.versions(id)]
    return reply(schemas.VersionListBody, {"versions": versions})


@router.get(
    "/{id}/text",
    summary="Fetch the text that citations point into",
    response_class=Response,
    responses=problems(404, 422, 503)
    | {200: {"content": {"text/plain": {"schema": {"type": "string"}, "example": "A loan lasts four weeks."}}}},
)
def get_document_text(
    id: DocumentId,  # noqa: A002 - the name in the address
    pipeline: PipelineDep,
    sha256: Annotated[
        str,
        Query(pattern=r"^([0-9a-f]{64})?$", description="Of the text that is wanted; without it, today's."),
    ] = "",
) -> Response:
    """The text in UTF-8, as an attachment. Offsets of citations count its Unicode code points; ETag is its SHA-256."""
    document = pipeline.document(id, sha256=sha256)
    return Response(
        document.text.encode("utf-8"),
        media_type="text/plain",
        headers={
            "Content-Disposition": f'attachment; filename="{id}.txt"',
            "ETag": f'"{document.text_sha256}"',
        },
    )


@router.get(
    "/{id}/original",
    summary="Fetch the file that a document was read from",
    response_class=Response,
    responses=problems(404, 422, 503)
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
def get_original(id: DocumentId, pipeline: PipelineDep) -> Response:  # noqa: A002 - the name in the address
    """The bytes as they came, as an attachment under the file's name; ETag is their SHA-256.

    Its type is the document's where no script can be in it, else `application/octet-stream`. 404 also when the file is
    not kept: it came before files were, or `CITEWELL_KEEP_ORIGINALS` was off.
    """
    original = pipeline.original(id)
    return attachment(original.data, name=original.name, media_type=original.media_type, etag=original.sha256)


@router.put(
    "/{id}",
    summary="Add or replace a document",
    response_model=schemas.IngestBody,
    responses=problems(401, 403, 413, 415, 422, 503, 507)
    | {
        200: {"description": "Replaced (`updated`), or exactly this was stored already (`unchanged`)."},
        201: {"description": "Stored (`created`).", "model": schemas.IngestBody},
    },
    openapi_extra=_DOCUMENT_BODY,
    dependencies=[Depends(may_change_documents)],
)
def put_document(
    id: DocumentId,  # noqa: A002 - the name in the address
    pipeline: PipelineDep,
    media_type: Annotated[str, Depends(document_media_type)],
    data: Annotated[bytes, Depends(raw_body)],
    title: Annotated[
        str, Query(max_length=300, description="For people; without it, the title found in the document.")
    ] = "",
) -> Response:
    """Store the body under this id. Once this answers, the document can be quoted and survives a crash."""
    result = pipeline.put_document(id, data, media_type=media_type, title=title)
    created = result.status is IngestStatus.CREATED
    return reply(
        schemas.IngestBody,
        render.ingest_body(result),
        status=201 if created else 200,
        headers={"Location": f"/api/v1/documents/{id}"} if created else None,
    )


@router.post(
    "/{id}/read",
    summary="Read a document again",
    response_model=schemas.IngestBody,
    responses=problems(401, 403, 404, 422, 503, 507),
    dependencies=[Depends(may_change_documents)],
)
def read_document_again(id: DocumentId, pipeline: PipelineDep) -> Response:  # noqa: A002 - the name in the address
    """Read a document anew from the file that is kept, as after an update of the program. Mostly `unchanged`."""
    return reply(schemas.IngestBody, render.ingest_body(pipeline.read_again(id)))


@files_router.get(
    "/failed",
    summary="List the files that could not be read",
    response_model=schemas.FailedFileListBody,
    responses=problems(503),
)
def list_failed_files(pipeline: PipelineDep) -> Response:
    """The files of synchronised folders that did not become documents when they were last tried, and why."""
    failed = [render.failed_file_body(file) for file in pipeline.failed_files()]
    return reply(schemas.FailedFileListBody, {"failed": failed})


@files_router.put(
    "/{name}",
    summary="Add or replace a file",
    response_model=schemas.IngestBody,
    responses=problems(401, 403, 413, 415, 422, 503, 507)
    | {
        200: {"description": "Replaced (`updated`), or exactly this was stored already (`unchanged`)."},
        201: {"description": "Stored (`created`).", "model": schemas.IngestBody},
    },
    openapi_extra=_FILE_BODY,
    dependencies=[Depends(may_change_documents)],
)
def put_file(
    name: Annotated[
        str,
        Path(max_length=255, description="The file's name. Its suffix says the format.", examples=["library rules.md"]),
    ],
    pipeline: PipelineDep,
    data: Annotated[bytes, Depends(raw_body)],
) -> Response:
    """Store a file in place of the one sent under this name before. Its document's id comes back as `id`."""
    result = pipeline.put_file(name, data)
    created = result.status is IngestStatus.CREATED
    return reply(
        schemas.IngestBody,
        render.ingest_body(result),
        status=201 if created else 200,
        headers={"Location": f"/api/v1/documents/{result.document_id}"} if created else None,
    )


@router.delete(
    "/{id}",
    summary="Remove a document",
    status_code=204,
    responses=problems(401, 403, 404, 422, 503),
    dependencies=[Depends(may_change_documents)],
)
def delete_document(id: DocumentId, pipeline: PipelineDep) -> None:  # noqa: A002 - the name in the address
    """Remove a document: once this answers, nothing of it can be found or quoted."""
    pipeline.remove(id)
