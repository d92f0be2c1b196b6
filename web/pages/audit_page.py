"""The page for auditors: the lines of the audit log, newest first, and whether it is whole. It needs no script."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from rag.access.audit import AuditEntry, AuditFilter, AuditKind
from web.api.audit_routes import TIME
from web.auth import auditor_only
from web.dependencies import CitewellDep
from web.templating import drawn

router = APIRouter(include_in_schema=False)

_SHOWN = 100
# Facts that a page has no room for; they are in the file that can be saved.
_LONG = ("documents", "passages", "cited", "files")

Time = Annotated[str, Query(pattern=TIME)]


@router.get("/audit", dependencies=[Depends(auditor_only)])
def show_audit(
    request: Request,
    citewell: CitewellDep,
    since: Time = "",
    until: Time = "",
    person: Annotated[str, Query(max_length=200)] = "",
    kind: Annotated[str, Query(max_length=40)] = "",
    check: bool = False,
) -> Response:
    """The last lines that are wanted, newest first; with `check` what was found when all of them were checked."""
    wanted = AuditFilter(since, until, person.strip(), kind if kind in set(AuditKind) else "")
    entries = [_shown(entry) for entry in reversed(deque(citewell.audit.entries(wanted), maxlen=_SHOWN))]
    report = citewell.audit.check() if check else None
    citewell.audit.was_read(wanted, what="page", lines=len(entries))
    return drawn(
        request,
        "audit.html",
        {
            "is_on": citewell.audit.is_on,
            "entries": entries,
            "most": _SHOWN,
            "wanted": wanted,
            "kinds": [kind.value for kind in AuditKind],
            "report": report,
        },
    )


def _shown(entry: AuditEntry) -> AuditEntry:
    """An entry with the facts that a page has room for, and how many there are of the others."""
    facts = {name: len(value) if name in _LONG else value for name, value in entry.facts.items()}
    return replace(entry, facts=facts)
