"""The cookie that a session is known by.

Over https it is `__Host-citewell-session`: browsers take it from this very host alone, with Secure and for all paths,
so no other host of the domain can plant one. Over plain http there is a cookie for this machine only, under another
name, and none at all for others: it could be read on the way.
"""

from __future__ import annotations

from fastapi import HTTPException, Request
from fastapi.responses import Response

from rag.hosts import is_loopback

_SECURE = "__Host-citewell-session"
_LOCAL = "citewell-session"


def session_secret(request: Request) -> str:
    """What the cookie of a session holds; "" without one."""
    return request.cookies.get(_SECURE if _is_secure(request) else _LOCAL, "")


def check_may_sign_in(request: Request) -> None:
    """Raises 403 where a password, and the cookie, would go over the network for everybody to read."""
    if not _is_secure(request) and not is_loopback(request.url.hostname or ""):
        raise HTTPException(
            403,
            "This page was reached over plain http, where others can read what is sent. Sign in over https: put a proxy"
            " with TLS in front of the service, which sends X-Forwarded-Proto.",
        )


def set_session(request: Request, response: Response, secret: str, *, seconds: int) -> None:
    """Let the browser keep a session."""
    is_secure = _is_secure(request)
    response.set_cookie(
        _SECURE if is_secure else _LOCAL,
        secret,
        max_age=seconds,
        path="/",
        secure=is_secure,
        httponly=True,
        samesite="lax",
    )


def forget_session(request: Request, response: Response) -> None:
    """Let the browser forget it."""
    is_secure = _is_secure(request)
    response.delete_cookie(_SECURE if is_secure else _LOCAL, path="/", secure=is_secure, httponly=True, samesite="lax")


def _is_secure(request: Request) -> bool:
    return request.url.scheme == "https"
