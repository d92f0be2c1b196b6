"""For owners: the rules of who may read what, and what somebody sees by them. Works without JavaScript."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from rag.access.identity import Role
from rag.app import Citewell
from rag.render import Body
from web.auth import needs, sign_in_is_on
from web.dependencies import CitewellDep
from web.templating import drawn

router = APIRouter(include_in_schema=False, dependencies=[Depends(sign_in_is_on), Depends(needs(Role.OWNER))])

# Documents that are listed for one person; the number of all is said.
_LISTED = 100


@router.get("/access")
def access_page(
    request: Request, citewell: CitewellDep, person: Annotated[str, Query(max_length=100)] = ""
) -> Response:
    """The rules with how many documents each decides about; with `person`, what that person may read and by what."""
    overview = citewell.access.overview()
    return drawn(
        request,
        "access.html",
        {
            "overview": overview,
            "names": [one.name for one in citewell.people.accounts.all()],
            "person": person.strip(),
            "seen": _seen_by(citewell, person.strip()) if person.strip() else None,
            "listed": _LISTED,
        },
    )


def _seen_by(citewell: Citewell, name: str) -> Body | None:
    """What somebody may read now: how many documents, and the first of them with the groups that let them."""
    identity = citewell.people.accounts.identity(name, "")
    if identity is None:
        return None
    found = citewell.documents.all(access=identity.access) if identity.has(Role.READER) else []
    return {
        "count": len(found),
        "everything": identity.access.reads_everything,
        "documents": [
            {
                "id": info.source.id,
                "title": info.source.title,
                "through": sorted(citewell.access.explain(identity.access, info.source.id).through),
            }
            for info in found[:_LISTED]
        ],
    }
