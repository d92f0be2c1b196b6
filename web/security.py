"""What protects the people who use the service: headers on every response, and refusals before any route runs.

Refused are hosts that this service does not answer to (DNS rebinding), requests from other sites' pages that would
change something (CSRF), and settings that would leave documents open for anyone on the network to change.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.errors import InvalidSetting
from rag.settings import Settings
from web.errors import Problem, problem_response, unexpected_response


def content_security_policy(frame_ancestors: Sequence[str] = ()) -> str:
    """What a page may load and do, and the origins whose pages may frame it; none by default."""
    return "; ".join(
        (
            "default-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            f"frame-ancestors {' '.join(frame_ancestors) or _NONE}",
            # The scripts build their nodes one by one; in browsers that know this rule, markup from a string is an
            # error.
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    )


_NONE = "'none'"
_HEADERS = {
    "Content-Security-Policy": content_security_policy(),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})


def check_exposure(settings: Settings) -> None:
    """Raise InvalidSetting when anyone on the network could add and remove documents."""
    if settings.uploads and not settings.api_key and not is_loopback(settings.host):
        raise InvalidSetting(
            f"host is {settings.host!r}, which other machines can reach, and anyone there could add and remove "
            f"documents. Set CITEWELL_API_KEY to a secret, or CITEWELL_UPLOADS=false, or keep host at 127.0.0.1."
        )


def key_matches(authorization: str, api_key: str) -> bool:
    """Whether an Authorization header carries the key; takes the same time wherever a wrong key differs."""
    scheme, _, given = authorization.partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), api_key.encode())


class Guard:
    """The outermost layer: refuses, adds the headers to every response, and turns what escapes into a plain 500."""

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self._app = app
        self._hosts = _LOCAL_HOSTS | {_bracketed(host).lower() for host in (settings.host, *settings.allowed_hosts)}
        self._origins = frozenset(settings.allowed_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                _add_headers(message, scope["path"])
            await send(message)

        refusal = self._refusal(scope["method"], Headers(scope=scope))
        if refusal:
            await problem_response(refusal, scope["path"])(scope, receive, send_with_headers)
            return
        try:
            await self._app(scope, receive, send_with_headers)
        except Exception as error:
            if started:  # too late for a status; the server closes the connection and logs
                raise
            await unexpected_response(scope["path"], error)(scope, receive, send_with_headers)

    def _refusal(self, method: str, headers: Headers) -> Problem | None:
        """Why a request is not let in, or None."""
        host = headers.get("host", "").lower()
        if _without_port(host) not in self._hosts:
            return Problem(
                421,
                f"This service does not answer to the host name {_without_port(host)!r}. "
                f"Whoever runs it can add the name to CITEWELL_ALLOWED_HOSTS.",
            )
        if method not in _SAFE_METHODS and not self._is_own_page(host, headers):
            return Problem(403, "This request comes from a page of another site, which is not on the list of origins.")
        return None

    def _is_own_page(self, host: str, headers: Headers) -> bool:
        """Whether a request comes from a page of this service, of a listed origin, or from no page at all."""
        origin = headers.get("origin")
        if origin is None:
            return headers.get("sec-fetch-site", "none") in ("same-origin", "none")
        return origin in self._origins or is_own(origin, host)


def _add_headers(message: Message, path: str) -> None:
    """Put the security headers on a response, and say that only static files may be kept, unless it says so itself."""
    headers = MutableHeaders(scope=message)
    for name, value in _HEADERS.items():
        headers.setdefault(name, value)  # a file that is sent to be saved has a stricter policy of its own
    headers.setdefault("Cache-Control", "no-cache" if path.startswith("/static/") else "no-store")


def is_own(origin: str, host: str) -> bool:
    """Whether an Origin header names the service itself, which answers to `host`."""
    return origin.lower() in (f"http://{host}", f"https://{host}")


def _without_port(host: str) -> str:
    """The name alone: "localhost" for "localhost:8000", "[::1]" for "[::1]:8000"."""
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdecimal() else host


def _bracketed(host: str) -> str:
    """A host as a Host header writes it: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
