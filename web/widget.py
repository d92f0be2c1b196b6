"""The chat inside the pages of other sites: tokens for them, and the same as a page for a frame.

The script that such a page loads is static/widget.js, at /widget.js.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import cast

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import Response

from rag.errors import InvalidQuestion, InvalidSetting
from rag.render import Body, to_json
from web import schemas
from web.api import problems, reply
from web.dependencies import PipelineDep, SettingsDep, json_only, question_place_for_page
from web.security import content_security_policy, key_matches
from web.templating import templates
from web.tokens import Tokens

router = APIRouter(prefix="/api/v1/widget", tags=["widget"])
page_router = APIRouter(include_in_schema=False)

_BEARER = {"WWW-Authenticate": "Bearer"}


async def with_key(settings: SettingsDep, request: Request) -> None:
    """Raises 403 where no key is set, 401 without the right one."""
    if not settings.api_key:
        raise HTTPException(
            403,
            "Tokens are given to who has the key of this service, and none is set. Set CITEWELL_API_KEY to a secret,"
            " or CITEWELL_WIDGET_PUBLIC=true to do without tokens.",
        )
    if not key_matches(request.headers.get("authorization", ""), settings.api_key):
        raise HTTPException(
            401, 'A token needs the key of this service: "Authorization: Bearer <key>".', headers=_BEARER
        )


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
    body = {
        "token": token.text,
        "expires_at": datetime.fromtimestamp(token.expires_at, UTC).isoformat(),
        "expires_in": settings.widget_token_seconds,
    }
    return reply(schemas.TokenBody, body)


@page_router.get("/widget", dependencies=[Depends(question_place_for_page)])
def frame(
    request: Request, pipeline: PipelineDep, settings: SettingsDep, q: str = "", token: str = "", theme: str = ""
) -> Response:
    """The chat alone, for an iframe. 401 without a valid token, unless the widget is public.

    Who may frame it is up to `frame-ancestors`, so it does not matter here which origin a token is bound to. Once open
    it goes on without one: its own requests come from this service's page.
    """
    policy = {"Content-Security-Policy": content_security_policy(settings.allowed_origins)}
    if not (settings.widget_public or _tokens(request).holds(token)):
        raise HTTPException(
            401,
            "This frame needs a token, and has none that is valid. Reload the page around it; if that does not help,"
            " tell whoever runs that page.",
            headers=_BEARER | policy,
        )
    question = q.strip()
    turn: Body = {"question": question, "answer": None, "complaint": "", "relevance": None}
    if question:
        try:
            turn["answer"] = pipeline.converse(question)
        except InvalidQuestion as error:
            turn["complaint"] = str(error)
    turns = [turn] if question else []
    return templates.TemplateResponse(
        request,
        "widget.html",
        {
            "turns": turns,
            "turns_json": to_json(turns),
            "suggestions": [] if turns else pipeline.suggestions(),
            "document_count": pipeline.health().documents,
            "max_question_chars": settings.max_question_chars,
            "token": token,
            "theme": theme if theme in ("light", "dark") else "",
        },
        status_code=422 if turn["complaint"] else 200,
        headers=policy,
    )


def _tokens(request: Request) -> Tokens:
    return cast(Tokens, request.app.state.tokens)
