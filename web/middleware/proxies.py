"""Believes named reverse proxies about for whom they ask, and remembers from where the connection really comes."""

from __future__ import annotations

from typing import Any, cast

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from web.settings import WebSettings

_PEER = "citewell.peer"
_THIS_MACHINE = ["127.0.0.1"]


class Proxies:
    """Puts the client that a named proxy asks for (X-Forwarded-For, X-Forwarded-Proto) in the place of the proxy.

    Without a name in the settings, proxies on this machine are believed. The server's own such layer has to be off:
    behind it nobody knows from where a connection comes.
    """

    def __init__(self, app: ASGIApp, *, settings: WebSettings) -> None:
        # Any: the server describes what it passes on in other words than the framework does.
        self._app: Any = ProxyHeadersMiddleware(
            cast(Any, app), trusted_hosts=list(settings.proxy_addresses) or _THIS_MACHINE
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] == "http":
            client = scope.get("client")
            scope = {**scope, _PEER: client[0] if client else ""}
        await self._app(scope, receive, send)


def peer_of(request: Request) -> str:
    """The address that the connection comes from: the proxy's where there is one; "" where it is not known."""
    return str(request.scope.get(_PEER, ""))
