"""Conversations over REST: opened, renamed, exported, deleted by whoever knows their id. No list of them is given."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from rag import render
from web import examples, schemas
from web.api import problems, reply
from web.attachment import attachment, safe_name
from web.dependencies import PipelineDep, count_request, json_only


@asynccontextmanager
async def _without_expired(app: FastAPI) -> AsyncIterator[None]:
    """When the server starts, the conversations go whose time was over meanwhile."""
    await run_in_threadpool(app.state.pipeline.forget_expired_conversations)
    yield


router = APIRouter(prefix="/api/v1/conversations", tags=["conversations"], lifespan=_without_expired)

# Of any form: an id that none can have is one that none has, 404 and not 422.
_Id = Annotated[
    str, Path(max_length=64, description="The conversation's id.", examples=[examples.CONVERSATION_HEAD["id"]])
]


@router.get(
    "/{id}",
    summary="Open a conversation",
    response_model=schemas.ConversationBody,
    responses=problems(404, 422, 429, 503),
    dependencies=[Depends(count_request)],
)
def open_conversation(id: _Id, pipeline: PipelineDep) -> Response:  # noqa: A002 - the name in the address
    """All its questions and answers, as they were shown. 404 when it was deleted, or its time is over."""
    return reply(schemas.ConversationBody, render.conversation_body(pipeline.conversation(id)))


@router.patch(
    "/{id}",
    summary="Rename a conversation",
    response_model=schemas.ConversationHeadBody,
    responses=problems(403, 404, 413, 415, 422, 429, 503),
    dependencies=[Depends(json_only), Depends(count_request)],
)
def rename_conversation(
    id: _Id,  # noqa: A002 - the name in the address
    given: schemas.RenameRequest,
    pipeline: PipelineDep,
) -> Response:
    """Give it another title. That does not make it stay longer."""
    return reply(schemas.ConversationHeadBody, render.conversation_head(pipeline.rename_conversation(id, given.title)))


@router.delete(
    "/{id}",
    summary="Delete a conversation",
    status_code=204,
    responses=problems(403, 404, 422, 429, 503),
    dependencies=[Depends(count_request)],
)
def delete_conversation(id: _Id, pipeline: PipelineDep) -> None:  # noqa: A002 - the name in the address
    """Delete it for good: its words leave the disk too."""
    pipeline.delete_conversation(id)


@router.get(
    "/{id}/export",
    summary="Export a conversation",
    response_model=schemas.ConversationExportBody,
    responses=problems(404, 422, 429, 503)
    | {
        200: {
            "description": "A file to be saved, without the conversation's id.",
            "content": {"text/markdown": {"schema": {"type": "string"}, "example": examples.CONVERSATION_MARKDOWN}},
        }
    },
    dependencies=[Depends(count_request)],
)
def export_conversation(
    id: _Id,  # noqa: A002 - the name in the address
    request: Request,
    pipeline: PipelineDep,
    format: Annotated[Literal["markdown", "json"], Query(description="Of the file.")] = "markdown",  # noqa: A002 - as above
) -> Response:
    """Questions, quoted sentences with their marks, and numbered sources whose links lead to this service."""
    conversation = pipeline.conversation(id)
    if format == "json":
        body = render.exported_body(conversation)
        schemas.ConversationExportBody.model_validate(body)
        text, suffix, media_type = render.to_json(body), "json", "application/json"
    else:
        text, suffix, media_type = pipeline.markdown(conversation, str(request.base_url)), "md", "text/markdown"
    data = text.encode()
    name = f"{safe_name(conversation.title)}.{suffix}"
    return attachment(data, name=name, media_type=media_type, etag=hashlib.sha256(data).hexdigest())
