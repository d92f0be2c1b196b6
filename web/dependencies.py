"""What a route asks for, each as a one-line alias."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, cast

from fastapi import Depends, Header, HTTPException, Path, Request

from rag.pipeline import Pipeline
from rag.settings import Settings
from web.limits import QuestionLimits
from web.security import key_matches


def _settings(request: Request) -> Settings:
    return cast(Settings, request.app.state.settings)


def _pipeline(request: Request) -> Pipeline:
    return cast(Pipeline, request.app.state.pipeline)


def _limits(request: Request) -> QuestionLimits:
    return cast(QuestionLimits, request.app.state.limits)


SettingsDep = Annotated[Settings, Depends(_settings)]
PipelineDep = Annotated[Pipeline, Depends(_pipeline)]
_LimitsDep = Annotated[QuestionLimits, Depends(_limits)]
DocumentId = Annotated[
    str,
    Path(pattern=r"^[A-Za-z0-9._-]{1,64}$", description="The document's id.", examples=["staff-handbook"]),
]


def address_of(request: Request) -> str:
    """The client's address, as the server sees it; behind a proxy, uvicorn puts the real one there."""
    return request.client.host if request.client else "unknown"


async def count_request(request: Request, limits: _LimitsDep) -> None:
    """Count a request against its address's minute. Raises 429."""
    limits.count(address_of(request))


async def question_place(request: Request, limits: _LimitsDep) -> AsyncIterator[None]:
    """Count a question, wait for a place and hold it until the response is sent, or the client has gone. Raises 429."""
    limits.count(address_of(request))
    async with limits.place(request.is_disconnected):
        yield


async def question_place_for_page(request: Request, limits: _LimitsDep, q: str = "") -> AsyncIterator[None]:
    """The same for the page, which asks only when `q` holds something."""
    if not q.strip():
        yield
        return
    limits.count(address_of(request))
    async with limits.place(request.is_disconnected):
        yield


async def json_only(content_type: Annotated[str, Header(include_in_schema=False)] = "") -> None:
    """Raises 415 for a body that is not declared as JSON: a form on another site cannot declare that."""
    if _media_type(content_type) != "application/json":
        raise HTTPException(415, f"The body is {content_type or 'of no declared type'}; expected application/json.")


async def may_change_documents(settings: SettingsDep, request: Request) -> None:
    """Raises 403 when uploads are off, 401 without the right key."""
    if not settings.uploads:
        raise HTTPException(403, "Documents cannot be added or removed over HTTP here: uploads are off.")
    if settings.api_key and not key_matches(request.headers.get("authorization", ""), settings.api_key):
        raise HTTPException(
            401,
            'Adding and removing documents needs the key of this service: "Authorization: Bearer <key>".',
            headers={"WWW-Authenticate": "Bearer"},
        )


async def document_media_type(content_type: Annotated[str, Header(include_in_schema=False)] = "") -> str:
    """The media type of a document that is sent. Raises 415 when none is declared."""
    media_type = _media_type(content_type)
    if not media_type:
        raise HTTPException(415, "The document is of no declared type; expected a Content-Type, such as text/markdown.")
    return media_type


async def raw_body(request: Request) -> bytes:
    """The body as it came."""
    return await request.body()


def _media_type(content_type: str) -> str:
    """The bare type: "text/html" for "Text/HTML; charset=utf-8"."""
    return content_type.partition(";")[0].strip().lower()
