"""Tokens for the chat inside the pages of other sites, over REST."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import cast

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from rag.errors import InvalidSetting
from web.api import schemas
from web.api.responses import problems, reply
from web.auth import with_key
from web.dependencies import SettingsDep, json_only
from web.middleware.widget_tokens import WidgetTokens

router = APIRouter(prefix="/api/v1/widget", tags=["widget"])


@router.post(
    "/tokens",
    summary="Get a token for a page",
    response_model=schemas.TokenBody,
    responses=problems(401, 403, 413, 415, 422, 503),
    dependencies=[Depends(with_key), Depends(json_only)],
)
def make_token(given: schemas.TokenRequest, request: Request, settings: SettingsDep) -> Response:
    """A token with which pages of the listed origins may ask, and do nothing else, for some minutes.

    To be called by the server of such a page, never by the page: the key stays on the server. A token is nobody's in
    particular, so one may serve all visitors until shortly before it expires.
    """
    if given.origin and given.origin not in settings.allowed_origins:
        raise InvalidSetting(f"origin is {given.origin!r}, which is not among CITEWELL_ALLOWED_ORIGINS.")
    token = _tokens(request).issue(given.origin)
    expires_at = datetime.fromtimestamp(token.expires_at, UTC).isoformat()
    return reply(schemas.TokenBody(token=token.text, expires_at=expires_at, expires_in=settings.widget_token_seconds))


def _tokens(request: Request) -> WidgetTokens:
    return cast(WidgetTokens, request.app.state.tokens)
