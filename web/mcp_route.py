"""The Model Context Protocol over HTTP ("streamable HTTP"), behind the same sign-in, rights and limits as all else.

Every request stands alone, so any process may answer it, and nothing is held between two. The SDK is loaded with the
first one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from starlette.types import Receive, Scope, Send

from web.dependencies import AccessDep, count_reading
from web.middleware.rate import QuestionLimits
from web.problems import problem_of
from web.request_facts import address_of

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server

    from rag.mcp.caller import Caller

router = APIRouter(include_in_schema=False)


@router.post("/mcp", dependencies=[Depends(count_reading)])
async def serve_mcp(request: Request, access: AccessDep) -> Response:
    """The tools `ask`, `search`, `open_citation` and `verify`, and the documents as resources, for assistants."""
    try:
        server = await run_in_threadpool(_server)
    except ModuleNotFoundError as error:
        raise HTTPException(
            501, f"The package {error.name} is not installed on the server: pip install 'citewell[mcp]'."
        ) from error
    request.state.access = access
    return _Served(server)


class _Served(Response):
    """Leaves the answer to the SDK."""

    def __init__(self, server: Server[Any]) -> None:
        super().__init__()
        self._server = server

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

        manager = StreamableHTTPSessionManager(self._server, json_response=True, stateless=True)
        async with manager.run():
            await manager.handle_request(scope, receive, send)


@cache
def _server() -> Server[Any]:
    """The server for all applications of this process: each request names its own. Raises ModuleNotFoundError."""
    from rag.mcp.mcp_server import make_server

    return make_server(lambda context: _caller(cast(Request, context.request)))


def _caller(request: Request) -> Caller:
    """Who sent a request, found out before it came here."""
    from rag.mcp.caller import Caller, CallRefused

    limits = cast(QuestionLimits, request.app.state.limits)

    @asynccontextmanager
    async def place() -> AsyncIterator[None]:
        try:
            limits.count(address_of(request))
            async with limits.place(request.is_disconnected):
                yield
        except HTTPException as error:
            raise CallRefused(str(error.detail)) from error

    return Caller(
        request.app.state.citewell,
        request.state.access,
        str(request.base_url),
        place=place,
        explain=lambda error: problem_of(error).detail,
    )
