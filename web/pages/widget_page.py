"""The chat alone, as a page for a frame in pages of other sites."""

from __future__ import annotations

from typing import cast

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import Response

from rag.errors import InvalidQuestion
from rag.render import Body, to_json
from rag.render.shapes import AnswerBody, body_of
from web.dependencies import AccessDep, CitewellDep, SettingsDep, question_place_for_page
from web.middleware.guard import content_security_policy
from web.middleware.widget_tokens import WidgetTokens
from web.request_facts import BEARER
from web.templating import drawn

router = APIRouter(include_in_schema=False)


@router.get("/widget", dependencies=[Depends(question_place_for_page)])
def frame(
    request: Request,
    citewell: CitewellDep,
    access: AccessDep,
    settings: SettingsDep,
    q: str = "",
    token: str = "",
    theme: str = "",
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
            headers=BEARER | policy,
        )
    question = q.strip()
    turn: Body = {"question": question, "answer": None, "complaint": "", "relevance": None}
    if question:
        try:
            turn["answer"] = body_of(AnswerBody, citewell.conversations.ask(question, access=access))
        except InvalidQuestion as error:
            turn["complaint"] = str(error)
    turns = [turn] if question else []
    return drawn(
        request,
        "widget.html",
        {
            "turns": turns,
            "turns_json": to_json(turns),
            "suggestions": [] if turns else citewell.insights.suggestions(access=access),
            "document_count": citewell.documents.count(access=access),
            "max_question_chars": settings.max_question_chars,
            "token": token,
            "theme": theme if theme in ("light", "dark") else "",
        },
        status_code=422 if turn["complaint"] else 200,
        headers=policy,
    )


def _tokens(request: Request) -> WidgetTokens:
    return cast(WidgetTokens, request.app.state.tokens)
