"""The visitor of another site's page, by the token that the page's server has signed."""

from __future__ import annotations

from typing import cast

from fastapi import HTTPException, Request
from fastapi.concurrency import run_in_threadpool

from rag.access.audit import AuditKind
from rag.access.identity import Identity
from rag.access.sign_on import BY_PAGE
from rag.app import Citewell
from rag.errors import SignInRefused
from web.middleware.widget_tokens import ASKING, FRAME, WidgetTokens
from web.origins import is_own
from web.request_facts import BEARER
from web.signin.refusals import WIDGET_TOKEN, tell_of_refusal

_SIGNED = "eyJ"  # what every JSON Web Token begins with, and nothing else that is sent here


async def by_visitor(request: Request) -> Identity | None:
    """Whom the page's server names. Raises 401 for a token that does not hold, 403 for what is more than asking."""
    is_frame = request.url.path == FRAME
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if is_frame and not scheme:
        text = request.query_params.get("token", "")
    elif scheme.lower() != "bearer":
        return None
    text = text.strip()
    if not text.startswith(_SIGNED):
        return None
    origin = request.headers.get("origin", "")
    if is_own(origin, request.headers.get("host", "").lower()):
        origin = ""  # the frame: its page is of this service, wherever it is framed
    visitor = cast(WidgetTokens, request.app.state.tokens).visitor(text, origin)
    if visitor is None:
        if not scheme:  # with a header it is put down where all refusals of keys are
            await tell_of_refusal(request, AuditKind.KEY_FAILED, WIDGET_TOKEN)
        raise HTTPException(401, "The page's token does not hold, or not any more. Reload the page.", headers=BEARER)
    if not is_frame and (request.method, request.url.path) not in ASKING:
        raise HTTPException(403, "The token of a page is good for asking and nothing else.")
    sign_on = cast(Citewell, request.app.state.citewell).sign_on
    try:
        return await run_in_threadpool(sign_on.asking, visitor.person, visitor.groups)
    except SignInRefused:
        await tell_of_refusal(request, AuditKind.SIGN_IN_FAILED, BY_PAGE)
        raise
