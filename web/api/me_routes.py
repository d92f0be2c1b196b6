"""Who asks, over REST."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from web.api import schemas
from web.api.responses import problems, reply
from web.dependencies import IdentityDep

router = APIRouter(prefix="/api/v1/me", tags=["people"])


@router.get("", summary="Who am I?", response_model=schemas.MeBody, responses=problems(401, 403, 429, 503))
def me(identity: IdentityDep) -> Response:
    """The person that the session or key is of, and what they may do. Where nobody signs in, that is everything."""
    return reply(
        schemas.MeBody(
            person=identity.person,
            groups=sorted(identity.groups),
            roles=sorted(identity.roles),
            edits=sorted(identity.edits),
            method=identity.method,
        )
    )
