"""The page for whoever keeps the documents: what was not answered."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from rag.access.identity import Role
from web.dependencies import CitewellDep, IdentityDep, ServiceKeysDep, SettingsDep
from web.templating import drawn

router = APIRouter(include_in_schema=False)


@router.get("/unanswered")
def page(
    request: Request, citewell: CitewellDep, identity: IdentityDep, settings: SettingsDep, keys: ServiceKeysDep
) -> Response:
    """The page without any data: its script asks for that, with the key where one is needed."""
    if settings.sign_in and not identity.has(Role.OWNER):
        raise HTTPException(403, "What people asked is for the owners of the documents.")
    return drawn(
        request,
        "unanswered.html",
        {
            "needs_key": bool(keys) and not settings.sign_in,
            "uploads": settings.uploads,
            "keep_days": settings.keep_questions_days,
            "suffixes": citewell.documents.suffixes(),
        },
    )
