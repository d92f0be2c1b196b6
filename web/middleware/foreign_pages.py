"""Lets pages of the listed origins ask, with a token, and do nothing else.

CORS decides who may read an answer; this decides who gets one. A request without an Origin, or with the service's own,
is none of its business. A listed page with the API key may do what anybody with the key may.
"""

from __future__ import annotations

from http import HTTPStatus

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from rag.access.audit import AuditKind
from rag.errors import RagError
from web.middleware.widget_tokens import ASKING, WidgetTokens
from web.origins import is_own
from web.problems import Problem, problem_of, problem_response
from web.request_facts import BEARER
from web.settings import WebSettings
from web.signin.guessing import GuessLimits, TooManyGuesses
from web.signin.refusals import TOKENS, TOO_MANY, kind_of_key, put_down_refusal
from web.signin.service_key import ServiceKeys

WIDGET_SCRIPT = "/widget.js"
_FILES = "/static/"


class ForeignPages:
    """Refuses, with 401, what a page of a listed origin may not do. It stands inside the CORS layer."""

    def __init__(self, app: ASGIApp, *, settings: WebSettings, tokens: WidgetTokens, keys: ServiceKeys) -> None:
        self._app = app
        self._settings = settings
        self._tokens = tokens
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        refusal = self._counted_refusal(scope) if scope["type"] == "http" else None
        if refusal:
            await run_in_threadpool(_put_down, scope, refusal)
            await problem_response(refusal, scope["path"])(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _counted_refusal(self, scope: Scope) -> Problem | None:
        """The refusal of a request; a wrong key is counted, so that keys cannot be guessed from such a page either."""
        headers = Headers(scope=scope)
        given = headers.get("authorization", "").partition(" ")[2].strip()
        # Tokens run out on pages that are open for long, and nobody guesses at them.
        if not given or given.startswith(TOKENS) or headers.get("origin", "") not in self._settings.allowed_origins:
            return self._refusal(scope)
        guesses: GuessLimits = scope["app"].state.guesses
        address = scope["client"][0] if scope.get("client") else "unknown"
        try:
            guesses.check(address)
        except TooManyGuesses as error:
            return Problem(error.status_code, str(error.detail), headers=error.headers or {})
        refusal = self._refusal(scope)
        if refusal:
            guesses.failed(address)
        return refusal

    def _refusal(self, scope: Scope) -> Problem | None:
        headers, path = Headers(scope=scope), scope["path"]
        origin = headers.get("origin", "")
        if origin not in self._settings.allowed_origins or is_own(origin, headers.get("host", "").lower()):
            return None
        authorization = headers.get("authorization", "")
        if path == WIDGET_SCRIPT or path.startswith(_FILES) or self._has_key(authorization):
            return None
        if (scope["method"], path) not in ASKING:
            return Problem(401, "A page of another site may only ask questions here.", headers=BEARER)
        if self._settings.widget_public:
            return None
        try:
            if self._tokens.holds(authorization.partition(" ")[2].strip(), origin):
                return None
        except RagError as error:
            return problem_of(error)
        return Problem(
            401,
            "The page needs a token to ask, and sent none that is valid. Its server gets one from"
            " POST /api/v1/widget/tokens; reload the page if it has been open for long.",
            headers=BEARER,
        )

    def _has_key(self, authorization: str) -> bool:
        return self._keys.match(authorization)


def _put_down(scope: Scope, refusal: Problem) -> None:
    """Tell the audit log of a key or token that was refused; of a page that sent none there is nothing to tell."""
    request = Request(scope)
    given = request.headers.get("authorization", "")
    if given and refusal.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS):
        is_refused = refusal.status == HTTPStatus.UNAUTHORIZED
        put_down_refusal(request, AuditKind.KEY_FAILED, kind_of_key(given) if is_refused else TOO_MANY)
