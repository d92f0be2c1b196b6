"""Dependencies of the routes, each as a one-line alias."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, cast

from fastapi import Depends, Header, HTTPException, Path, Query, Request
from pydantic import StringConstraints

from rag.access.identity import Identity, Role
from rag.app import Citewell
from rag.records import Access
from web.middleware.rate import QuestionLimits
from web.request_facts import address_of
from web.settings import WebSettings
from web.signin.guessing import GuessLimits
from web.signin.identify import identify
from web.signin.service_key import ServiceKeys


def _settings(request: Request) -> WebSettings:
    return cast(WebSettings, request.app.state.settings)


def _citewell(request: Request) -> Citewell:
    return cast(Citewell, request.app.state.citewell)


IdentityDep = Annotated[Identity, Depends(identify)]
CitewellDep = Annotated[Citewell, Depends(_citewell)]


def _access(identity: IdentityDep, citewell: CitewellDep) -> Access:
    """Who asks, and what they may read, by the rules as they are now.

    Raises 403 for somebody who may read nothing, such as a mere auditor.
    """
    if not identity.has(Role.READER):
        raise HTTPException(403, "This needs the role reader, which you do not have. An owner can give it to you.")
    access = identity.access
    if not access.reads_everything:
        citewell.access.refresh()
    return access


def _limits(request: Request) -> QuestionLimits:
    return cast(QuestionLimits, request.app.state.limits)


def _service_keys(request: Request) -> ServiceKeys:
    return cast(ServiceKeys, request.app.state.service_keys)


SettingsDep = Annotated[WebSettings, Depends(_settings)]
AccessDep = Annotated[Access, Depends(_access)]
ServiceKeysDep = Annotated[ServiceKeys, Depends(_service_keys)]
_LimitsDep = Annotated[QuestionLimits, Depends(_limits)]
DocumentId = Annotated[
    str,
    # Not of points alone: browsers fold "." and ".." in addresses away.
    Path(
        max_length=64,
        pattern=r"^\.*[A-Za-z0-9_-][A-Za-z0-9._-]*$",
        description="The document's id.",
        examples=["staff-handbook"],
    ),
]


GroupsQuery = Annotated[
    tuple[Annotated[str, StringConstraints(min_length=1, max_length=200)], ...],
    Query(
        max_length=1_000,
        description="A group that may read it, once for each; without one, the rules of the service decide.",
    ),
]


def check_key(request: Request) -> bool:
    """Whether a request carries a key of the service. A wrong one is counted; raises 429 after too many of them."""
    authorization = request.headers.get("authorization", "")
    guesses = cast(GuessLimits, request.app.state.guesses)
    guesses.check(address_of(request))
    found = _service_keys(request).match(authorization)
    if authorization and not found:
        guesses.failed(address_of(request))
    return found


async def count_request(request: Request, limits: _LimitsDep) -> None:
    """Count a request against its address's minute. Raises 429."""
    limits.count(address_of(request))


async def count_reading(request: Request, limits: _LimitsDep) -> None:
    """Count a request for documents against its address's minute. Raises 429."""
    limits.count_reading(address_of(request))


async def document_place(request: Request, limits: _LimitsDep) -> AsyncIterator[None]:
    """Count it, and hold a place while the text of a document is read. Raises 429.

    For `Depends(document_place, scope="function")`: who reads an answer slowly holds no place.
    """
    limits.count_reading(address_of(request))
    async with limits.document_place(request.is_disconnected):
        yield


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
