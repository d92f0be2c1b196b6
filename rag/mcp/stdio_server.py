"""The server over the standard streams of a command, for an assistant on the same machine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from mcp.server.stdio import stdio_server

from rag.app import Citewell
from rag.mcp.caller import Caller
from rag.mcp.mcp_server import make_server
from rag.records import Access


@asynccontextmanager
async def _at_once() -> AsyncIterator[None]:
    """Whoever starts the command has it alone."""
    yield


def serve_stdio(citewell: Citewell) -> None:
    """Serve until the other side closes the stream. Whoever runs the command reads everything, as with any command."""
    caller = Caller(citewell, Access.everything(), "", place=_at_once, explain=str)
    server = make_server(lambda _context: caller)

    async def serve() -> None:
        async with stdio_server() as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())

    anyio.run(serve)
