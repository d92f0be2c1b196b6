"""Conversations over REST: listed, opened, shared, renamed, exported, deleted by whom they belong to."""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request
from fastapi.responses import Response

from rag import render
from rag.render import shapes, to_json
from rag.render.examples import CONVERSATION, conversation_markdown
from web.api import schemas
from web.api.responses import problems, reply
from web.dependencies import AccessDep, CitewellDep, IdentityDep, count_request, json_only
from web.downloads import attachment, safe_name

router = APIRouter(prefix="/api/v1/conversations", tags=["conversations"])

# Of any form: an id that none can have is one that none has, 404 and not 422.
_Id = Annotated[str, Path(max_length=64, description="The conversation's id.", examples=[CONVERSATION.id])]


@router.get(
    "",
    summary="List my conversations",
    response_model=shapes.ConversationListBody,
    responses=problems(401, 403, 404, 429, 503),
    dependencies=[Depends(count_request)],
)
def list_conversations(citewell: CitewellDep, identity: IdentityDep, access: AccessDep) -> Response:
    """Those of whoever has signed in, the one asked in last first. Where nobody has to, no list is given: 404."""
    if not identity.person:
        raise HTTPException(404)
    found = citewell.conversations.all(access=access)
    return reply(shapes.ConversationListBody.from_record({"conversations": found}))


@router.put(
    "/{id}/group",
    summary="Share a conversation",
    status_code=204,
    responses=problems(401, 403, 404, 413, 415, 422, 429, 503),
    dependencies=[Depends(json_only), Depends(count_request)],
)
def share_conversation(
    id: _Id,  # noqa: A002 - the name in the address
    given: schemas.ShareRequest,
    citewell: CitewellDep,
    access: AccessDep,
) -> None:
    """Let a group that you are in open it by its link; "" takes that back. They see only what they may read."""
    citewell.conversations.share(id, given.group, access=access)


@router.get(
    "/{id}",
    summary="Open a conversation",
    response_model=shapes.ConversationBody,
    responses=problems(404, 422, 429, 503),
    dependencies=[Depends(count_request)],
)
def open_conversation(id: _Id, citewell: CitewellDep, access: AccessDep) -> Response:  # noqa: A002 - the name in the address
    """All its questions and answers, as they were shown. 404 when it was deleted, or its time is over."""
    conversation = citewell.conversations.get(id, access=access)
    citewell.audit.reopened(conversation)
    return reply(shapes.ConversationBody.from_record(conversation))


@router.patch(
    "/{id}",
    summary="Rename a conversation",
    response_model=shapes.ConversationHeadBody,
    responses=problems(403, 404, 413, 415, 422, 429, 503),
    dependencies=[Depends(json_only), Depends(count_request)],
)
def rename_conversation(
    id: _Id,  # noqa: A002 - the name in the address
    given: schemas.RenameRequest,
    citewell: CitewellDep,
    access: AccessDep,
) -> Response:
    """Give it another title. That does not make it stay longer."""
    return reply(shapes.ConversationHeadBody.from_record(citewell.conversations.rename(id, given.title, access=access)))


@router.delete(
    "/{id}",
    summary="Delete a conversation",
    status_code=204,
    responses=problems(403, 404, 422, 429, 503),
    dependencies=[Depends(count_request)],
)
def delete_conversation(id: _Id, citewell: CitewellDep, access: AccessDep) -> None:  # noqa: A002 - the name in the address
    """Delete it for good: its words leave the disk too."""
    citewell.conversations.delete(id, access=access)


@router.get(
    "/{id}/export",
    summary="Export a conversation",
    response_model=shapes.ConversationExportBody,
    responses=problems(404, 422, 429, 503)
    | {
        200: {
            "description": "A file to be saved, without the conversation's id.",
            "content": {"text/markdown": {"schema": {"type": "string"}, "example": conversation_markdown()}},
        }
    },
    dependencies=[Depends(count_request)],
)
def export_conversation(
    id: _Id,  # noqa: A002 - the name in the address
    request: Request,
    citewell: CitewellDep,
    access: AccessDep,
    format: Annotated[Literal["markdown", "json"], Query(description="Of the file.")] = "markdown",  # noqa: A002 - as above
) -> Response:
    """Questions, quoted sentences with their marks, and numbered sources whose links lead to this service."""
    conversation = citewell.conversations.get(id, access=access)
    citewell.audit.reopened(conversation)
    if format == "json":
        body = shapes.body_of(shapes.ConversationExportBody, conversation)
        text, suffix, media_type = to_json(body), "json", "application/json"
    else:
        text, suffix, media_type = render.to_markdown(conversation, str(request.base_url)), "md", "text/markdown"
    data = text.encode()
    name = f"{safe_name(conversation.title)}.{suffix}"
    return attachment(data, name=name, media_type=media_type, etag=hashlib.sha256(data).hexdigest())
