"""What pages of other sites may do here: those of the listed origins ask, with a token, and nothing else.

CORS decides who may read an answer; this decides who gets one. A request without an Origin, or with the service's own,
is none of its business. A listed page with the API key may do what anybody with the key may.
"""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from rag.errors import RagError
from rag.settings import Settings
from web.errors import Problem, problem_of, problem_response
from web.security import is_own, key_matches
from web.tokens import Tokens

WIDGET_SCRIPT = "/widget.js"
_FILES = "/static/"
_ASKING = frozenset(
    {
        ("POST", "/api/v1/ask"),
        ("POST", "/api/v1/feedback"),
        ("POST", "/api/v1/verify"),
        ("GET", "/api/v1/search"),
        ("GET", "/api/v1/suggestions"),
    }
)
_BEARER = {"WWW-Authenticate": "Bearer"}


class ForeignPages:
    """Refuses, with 401, what a page of a listed origin may not do. It stands inside the CORS layer."""

    def __init__(self, app: ASGIApp, *, settings: Settings, tokens: Tokens) -> None:
        self._app = app
        self._settings = settings
        self._tokens = tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        if refusal:
            await problem_response(refusal, scope["path"])(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> Problem | None:
        headers, path = Headers(scope=scope), scope["path"]
        origin = headers.get("origin", "")
        if origin not in self._settings.allowed_origins or is_own(origin, headers.get("host", "").lower()):
            return None
        authorization = headers.get("authorization", "")
        if path == WIDGET_SCRIPT or path.startswith(_FILES) or self._has_key(authorization):
            return None
        if (scope["method"], path) not in _ASKING:
            return Problem(401, "A page of another site may only ask questions here.", headers=_BEARER)
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
            headers=_BEARER,
        )

    def _has_key(self, authorization: str) -> bool:
        api_key = self._settings.api_key
        return bool(api_key) and key_matches(authorization, api_key)
