"""What is known of a request before it is known who asks: its address, and whether a proxy has sent it on."""

from __future__ import annotations

from fastapi import Request

# Headers of an answer to who must name themselves.
BEARER = {"WWW-Authenticate": "Bearer"}

_PROXY_HEADERS = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


def address_of(request: Request) -> str:
    """The client's address, as the server sees it; behind a named proxy, that which the proxy gives."""
    return request.client.host if request.client else "unknown"


def is_forwarded(request: Request) -> bool:
    """Whether a header says that a proxy has sent it on."""
    return any(name in request.headers for name in _PROXY_HEADERS)
