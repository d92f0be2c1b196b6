"""Which documents somebody may change: an editor those of the groups that are theirs to edit, an owner all."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import HTTPException

from rag.access.identity import Identity, Role
from rag.app import Citewell
from web.dependencies import CitewellDep, DocumentId, IdentityDep

_NOT_YOURS = "Only documents of groups that are yours to edit can be changed, and only for these groups."


def may_change_this(id: DocumentId, citewell: CitewellDep, identity: IdentityDep) -> None:  # noqa: A002 - as in the address
    """Raises DocumentNotFound where the document is not to be seen, and 403 where it is and may not be changed."""
    if not identity.has(Role.OWNER):
        refuse_unless(identity, citewell.access.groups(id, access=identity.access).groups)


def groups_given(
    document_id: str, location: str, wanted: Sequence[str], citewell: Citewell, identity: Identity
) -> list[str] | None:
    """The groups that a document which is sent is to have by hand; None: those that the rules give.

    An editor of one group need not name it where the rules give none. Raises 403 where a document of others stands
    there, or this one would be for others.
    """
    if identity.has(Role.OWNER):
        return list(wanted) or None
    before = citewell.access.groups_now(document_id)
    if before is not None:
        refuse_unless(identity, before)
    given = frozenset(wanted) or before or citewell.access.groups_of(location)[0]
    if not given and len(identity.edits) == 1:
        wanted = sorted(identity.edits)
        given = frozenset(wanted)
    refuse_unless(identity, given)
    return list(wanted) or None


def refuse_unless(identity: Identity, *groups: frozenset[str]) -> None:
    """Raises 403 unless somebody may edit documents of all these sets of groups."""
    if not all(identity.may_edit(some) for some in groups):
        raise HTTPException(403, _NOT_YOURS)
