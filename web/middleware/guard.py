"""The layer around all routes: headers on every response, and refusals before any route runs.

Refused are hosts that this service does not answer to (DNS rebinding), requests from other sites' pages that would
change something (CSRF) or use up what a visitor may ask, requests whose length two servers could read differently, and
headers of more than 32 kB. A HEAD is answered as the GET of the same address, without the body.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.origins import is_own
from web.problems import Problem, problem_response, unexpected_response
from web.settings import WebSettings


def content_security_policy(frame_ancestors: Sequence[str] = (), form_targets: Sequence[str] = ()) -> str:
    """What a page may load and do, the origins whose pages may frame it, and those its forms may lead on to.

    None by default.
    """
    return "; ".join(
        (
            "default-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            " ".join(("form-action 'self'", *form_targets)),
            f"frame-ancestors {' '.join(frame_ancestors) or _NONE}",
            # The scripts build their nodes one by one; in browsers that know this rule, markup from a string is an
            # error.
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    )


_NONE = "'none'"
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_FOR_OTHER_SITES = ("/widget", "/static/")
_CLOSE = {"Connection": "close"}
_MAX_HEADERS, _MAX_HEADER_BYTES = 100, 32_768
_LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})


class Guard:
    """Refuses, adds the headers to every response, and turns what escapes into a plain 500."""

    def __init__(self, app: ASGIApp, *, settings: WebSettings) -> None:
        self._app = app
        self._hosts = _LOCAL_HOSTS | {_bracketed(host).lower() for host in (settings.host, *settings.allowed_hosts)}
        self._origins = frozenset(settings.allowed_origins)
        policy = content_security_policy(form_targets=_sign_out(settings))
        self._headers = _HEADERS | {"Content-Security-Policy": policy}

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
                _add_headers(message, scope["path"], self._headers)
            await send(message)

        if scope["method"] == "HEAD":  # the server leaves the body out, by the method that it saw itself
            scope = {**scope, "method": "GET"}
        refusal = self._refusal(scope, Headers(scope=scope))
        if refusal:
            await problem_response(refusal, scope["path"])(scope, receive, send_with_headers)
            return
        try:
            await self._app(scope, receive, send_with_headers)
        except Exception as error:
            if started:  # too late for a status; the server closes the connection and logs
                raise
            await unexpected_response(scope["path"], error)(scope, receive, send_with_headers)

    def _refusal(self, scope: Scope, headers: Headers) -> Problem | None:
        """Why a request is not let in, or None."""
        if "content-length" in headers and "transfer-encoding" in headers:  # RFC 9112, 6.1
            return Problem(400, "The request says its length in two ways, which may differ.", headers=_CLOSE)
        if (
            len(scope["headers"]) > _MAX_HEADERS
            or sum(len(n) + len(v) for n, v in scope["headers"]) > _MAX_HEADER_BYTES
        ):
            return Problem(
                431, f"The headers are more than {_MAX_HEADERS} or {_MAX_HEADER_BYTES:,} bytes.", headers=_CLOSE
            )
        host = headers.get("host", "").lower()
        if _without_port(host) not in self._hosts:
            return Problem(
                421,
                f"This service does not answer to the host name {_without_port(host)!r}. "
                f"Whoever runs it can add the name to CITEWELL_ALLOWED_HOSTS.",
            )
        if scope["method"] not in _SAFE_METHODS and not self._is_own_page(host, headers):
            return Problem(403, "This request comes from a page of another site, which is not on the list of origins.")
        if self._is_hidden_visit(scope["path"], headers):
            return Problem(403, "A page of another site loads this without its visitor seeing it; only links may.")
        return None

    def _is_hidden_visit(self, path: str, headers: Headers) -> bool:
        """Whether a page of another site, which is not listed, makes its visitor's browser ask, other than by a link.

        What such a page may load stays open: the widget's script and frame, and files.
        """
        if headers.get("sec-fetch-site") != "cross-site" or path.startswith(_FOR_OTHER_SITES):
            return False
        if headers.get("origin") in self._origins:
            return False
        is_link = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") in (None, "document")
        return not is_link

    def _is_own_page(self, host: str, headers: Headers) -> bool:
        """Whether a request comes from a page of this service, of a listed origin, or from no page at all."""
        origin = headers.get("origin")
        if origin is None:
            return headers.get("sec-fetch-site", "none") in ("same-origin", "none")
        return origin in self._origins or is_own(origin, host)


def _sign_out(settings: WebSettings) -> tuple[str, ...]:
    """Where the form for signing out leads on to: browsers ask for leave for that too."""
    hosts = {urlsplit(settings.oidc_issuer).netloc, *settings.oidc_hosts} if settings.oidc_issuer else set()
    scheme = urlsplit(settings.oidc_issuer).scheme
    return tuple(f"{scheme}://{host}" for host in sorted(hosts))


def _add_headers(message: Message, path: str, added: Mapping[str, str]) -> None:
    """Put the security headers on a response, and say that only static files may be kept, unless it says so itself."""
    headers = MutableHeaders(scope=message)
    for name, value in added.items():
        headers.setdefault(name, value)  # a file that is sent to be saved has a stricter policy of its own
    headers.setdefault("Cache-Control", "no-cache" if path.startswith("/static/") else "no-store")


def _without_port(host: str) -> str:
    """The name alone: "localhost" for "localhost:8000", "[::1]" for "[::1]:8000"."""
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdecimal() else host


def _bracketed(host: str) -> str:
    """A host as a Host header writes it: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host
