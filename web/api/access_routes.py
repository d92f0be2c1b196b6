"""Who may read a document: looked up, set for it alone, and that taken back."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from rag.access.identity import Role
from rag.render import shapes
from web.api.responses import problems, reply
from web.api.schemas import DocumentAccessRequest
from web.auth import may_change_documents
from web.dependencies import AccessDep, CitewellDep, DocumentId, IdentityDep, json_only
from web.document_rights import refuse_unless

router = APIRouter(
    prefix="/api/v1/documents/{id}/access", tags=["documents"], dependencies=[Depends(may_change_documents)]
)


@router.get(
    "",
    summary="Look up who may read a document",
    response_model=shapes.DocumentAccessBody,
    responses=problems(401, 403, 404, 422, 503),
)
def get_access(id: DocumentId, citewell: CitewellDep, access: AccessDep) -> Response:  # noqa: A002 - the name in the address
    """The groups that may read it, and who said so: a rule, the source that it came from, or somebody by hand."""
    return reply(shapes.DocumentAccessBody.from_record(citewell.access.groups(id, access=access)))


@router.put(
    "",
    summary="Say who may read a document",
    response_model=shapes.DocumentAccessBody,
    responses=problems(401, 403, 404, 415, 422, 503, 507),
    dependencies=[Depends(json_only)],
)
def put_access(
    id: DocumentId,  # noqa: A002 - the name in the address
    body: DocumentAccessRequest,
    citewell: CitewellDep,
    access: AccessDep,
    identity: IdentityDep,
) -> Response:
    """Let these groups read it, whatever its source or the rules say; null takes that back, and they count again.

    It holds from the next question. An editor may do this with documents of the groups that are theirs to edit, and for
    these groups.
    """
    before = citewell.access.groups(id, access=access).groups
    after = citewell.access.groups_given_back(id) if body.groups is None else frozenset(body.groups)
    if not identity.has(Role.OWNER):
        refuse_unless(identity, before, after)
    return reply(shapes.DocumentAccessBody.from_record(citewell.access.set_groups(id, body.groups, access=access)))
