"""The list of documents, one document, and a page of its file as a picture. All work without JavaScript."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import Response

from rag.access.identity import Role
from rag.errors import PageNotFound
from rag.render import LINK_SHA256_DIGITS, Body
from rag.render.shapes import DocumentBody, FailedFileBody, SourceBody, SourceListBody, body_of
from web.dependencies import (
    AccessDep,
    CitewellDep,
    DocumentId,
    IdentityDep,
    ServiceKeysDep,
    SettingsDep,
    count_reading,
    document_place,
)
from web.pages.document_view import Marking, in_parts, is_text, marking, marks_of, part_to_show
from web.templating import drawn

router = APIRouter(include_in_schema=False)

_DOCUMENTS_A_PAGE = 100


@router.get("/documents", dependencies=[Depends(count_reading)])
def list_documents(
    request: Request,
    citewell: CitewellDep,
    access: AccessDep,
    identity: IdentityDep,
    settings: SettingsDep,
    keys: ServiceKeysDep,
    q: Annotated[str, Query(max_length=200)] = "",
    page: Annotated[int, Query(ge=1)] = 1,
) -> Response:
    """The documents by title, a page of them at a time; with `q` those whose title or file name has all its words."""
    everything = [body_of(DocumentBody, info) for info in citewell.documents.all(access=access)]
    words = q.casefold().split()
    found = [body for body in everything if all(word in _searched(body) for word in words)]
    pages = max(1, -(-len(found) // _DOCUMENTS_A_PAGE))
    page = min(page, pages)
    return drawn(
        request,
        "documents.html",
        {
            "documents": found[(page - 1) * _DOCUMENTS_A_PAGE : page * _DOCUMENTS_A_PAGE],
            "found": len(found),
            "total": len(everything),
            "query": q.strip(),
            "page": page,
            "pages": pages,
            "uploads": settings.uploads and identity.has(Role.EDITOR),
            "needs_key": bool(keys) and not settings.sign_in,
            "suffixes": citewell.documents.suffixes(),
            "maintained": citewell.maintenance.last_report() if access.reads_everything else None,
            "followed": body_of(SourceListBody, citewell.sources.overview()) if access.reads_everything else None,
            # Names of files tell of what is there; they are for whoever may read everything.
            "failed": [
                body_of(FailedFileBody, f) for f in citewell.documents.failed_files() if access.reads_everything
            ],
        },
    )


def _searched(body: Body) -> str:
    return f"{body['title']} {body['location']}".casefold()


@router.get("/documents/{id}", dependencies=[Depends(document_place, scope="function")])
def show_document(
    request: Request,
    id: DocumentId,  # noqa: A002 - the name in the address
    citewell: CitewellDep,
    access: AccessDep,
    start: Annotated[int | None, Query(ge=0)] = None,
    end: Annotated[int | None, Query(ge=1)] = None,
    sha256: Annotated[str, Query(pattern=r"^[0-9a-f]*$", max_length=64)] = "",
    part: Annotated[int, Query(ge=0)] = 0,
) -> Response:
    """One document's text, with the characters marked that a citation points at, and the page that they stand on.

    A long one comes in parts: part `part`, from 1, or else that with the mark, or the first.
    When the document has another text by now, the cited one is shown if it is kept, and said to be superseded.
    """
    document, version = citewell.documents.get(id, access=access), None
    if len(sha256) >= LINK_SHA256_DIGITS and not is_text(document, sha256):
        earlier = citewell.documents.version(id, sha256, access=access)
        if earlier is not None:
            version, document = earlier
    citewell.audit.opened(id, what="page", sha256=document.text_sha256)
    outcome, span = marking(document, start, end, sha256)
    parts = in_parts(document)
    shown = part_to_show(document, parts, part, span)
    view = citewell.documents.page_view(document, span, access=access) if span is not None and version is None else None
    return drawn(
        request,
        "document.html",
        {
            "document": document,
            "source": body_of(SourceBody, document.source),
            "blocks": shown.blocks,
            "part": shown.number,
            "parts": len(parts),
            "changed": outcome is Marking.CHANGED,
            "misplaced": outcome is Marking.MISPLACED,
            "marked": span is not None,
            "version": version,
            "has_original": version is None and citewell.documents.has_original(id, access=access),
            "view": view,
            "marks": marks_of(view) if view else [],
        },
    )


@router.get("/documents/{id}/pages/{number}.png", dependencies=[Depends(count_reading)])
def show_page(
    id: DocumentId,  # noqa: A002 - the name in the address
    number: int,
    citewell: CitewellDep,
    access: AccessDep,
    sha256: Annotated[str, Query(pattern=r"^[0-9a-f]*$", max_length=64)] = "",
    if_none_match: Annotated[str, Header()] = "",
) -> Response:
    """A page of the PDF or picture that a document was read from, drawn; with `sha256`, of the file with this one.

    404 when there is no such page or file, or another one by now; 422 when the page cannot be drawn.
    """
    name = citewell.documents.picture_name(id, number, access=access)
    if not name.startswith(sha256):
        raise PageNotFound("the document was read from another file since; its page is another one now.")
    # A browser may keep it, but asks each time whether it still may show it: a deleted document is gone for it too.
    headers = {"ETag": f'"{name}"', "Cache-Control": "private, no-cache"}
    if f'"{name}"' in if_none_match:
        return Response(status_code=304, headers=headers)
    picture = citewell.documents.page_picture(id, number, access=access)
    citewell.audit.opened(id, what="picture", page=number)
    return Response(picture.png, media_type="image/png", headers=headers)
