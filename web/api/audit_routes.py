"""The audit log over REST, for auditors and for nobody else."""

from __future__ import annotations

from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query
from fastapi.responses import Response, StreamingResponse

from rag.access.audit import AuditFilter, AuditKind, as_csv, as_json_lines
from rag.render import shapes
from web.api.responses import problems, reply
from web.auth import auditor_only
from web.dependencies import CitewellDep

router = APIRouter(prefix="/api/v1/audit", tags=["audit"], dependencies=[Depends(auditor_only)])

TIME = r"^(\d{4}-\d\d-\d\d(T\d\d(:\d\d(:\d\d(\.\d{1,6})?)?)?Z?)?)?$"
SinceQuery = Annotated[
    str, Query(pattern=TIME, description="From this day or moment on, UTC.", examples=["2026-11-24"])
]
UntilQuery = Annotated[str, Query(pattern=TIME, description="Before this day or moment, UTC.", examples=["2026-11-25"])]
PersonQuery = Annotated[str, Query(max_length=200, description="Who did it, or whom it was done to; or a pseudonym.")]
KindQuery = Annotated[str, Query(max_length=40, description="Events of this kind alone.")]


@router.get(
    "",
    summary="List lines of the audit log",
    response_model=shapes.AuditListBody,
    responses=problems(401, 403, 422, 503),
)
def list_audit(
    citewell: CitewellDep,
    since: SinceQuery = "",
    until: UntilQuery = "",
    person: PersonQuery = "",
    kind: KindQuery = "",
    after: Annotated[int, Query(ge=0, description="Lines behind the one of this number.")] = 0,
    limit: Annotated[int, Query(ge=1, le=1_000, description="How many lines.")] = 100,
) -> Response:
    """The lines that are wanted, oldest first. The next ones are those `after` the last number. It is put down."""
    wanted = _filter(since, until, person, kind, after)
    found = list(islice(citewell.audit.entries(wanted), limit))
    citewell.audit.was_read(wanted, what="lines", lines=len(found))
    return reply(shapes.AuditListBody.from_record({"entries": found}))


@router.get(
    "/check", summary="Check the audit log", response_model=shapes.AuditCheckBody, responses=problems(401, 403, 503)
)
def check_audit(citewell: CitewellDep) -> Response:
    """Read all of it and say whether each line has the hash of the one before, and none is missing at the end."""
    return reply(shapes.AuditCheckBody.from_record(citewell.audit.check()))


@router.get(
    "/export",
    summary="Save the audit log",
    response_class=Response,
    responses=problems(401, 403, 422, 503)
    | {
        200: {
            "content": {
                "application/jsonl": {"schema": {"type": "string"}, "example": '{"number": 1, "kind": "asked"}\n'},
                "text/csv": {"schema": {"type": "string"}, "example": "number,at,kind\n1,2026-11-24,asked\n"},
            }
        }
    },
)
def export_audit(
    citewell: CitewellDep,
    form: Annotated[
        str, Query(alias="format", pattern="^(json|csv)$", description="`json`, an object a line, or `csv`.")
    ] = "json",
    since: SinceQuery = "",
    until: UntilQuery = "",
    person: PersonQuery = "",
    kind: KindQuery = "",
) -> Response:
    """The lines that are wanted, as a file. That it was saved is put down."""
    wanted = _filter(since, until, person, kind)
    entries = list(citewell.audit.entries(wanted))
    citewell.audit.was_exported(wanted, form=form, lines=len(entries))
    lines, media_type, ending = (
        (as_csv(entries), "text/csv", "csv")
        if form == "csv"
        else (as_json_lines(entries), "application/jsonl", "jsonl")
    )
    headers = {"Content-Disposition": f'attachment; filename="audit.{ending}"'}
    return StreamingResponse(lines, media_type=f"{media_type}; charset=utf-8", headers=headers)


def _filter(since: str, until: str, person: str, kind: str, after: int = 0) -> AuditFilter:
    """Raises 422 for a kind that there is none of."""
    if kind and kind not in set(AuditKind):
        raise HTTPException(422, f"kind is {kind!r}; expected one of {', '.join(AuditKind)}.")
    return AuditFilter(since, until, person, kind, after)
