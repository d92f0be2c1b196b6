"""Whether the service is alive, and whether it can answer questions."""

from __future__ import annotations

from dataclasses import replace

from fastapi import APIRouter
from fastapi.responses import Response

from rag.render import shapes
from web.api import schemas
from web.api.responses import problems, reply
from web.dependencies import CitewellDep, SettingsDep
from web.problems import Problem, problem_response

router = APIRouter()


@router.get("/livez", tags=["health"], summary="Is it alive? As Kubernetes calls it", response_model=schemas.AliveBody)
@router.get("/healthz", tags=["health"], summary="Is it alive?", response_model=schemas.AliveBody)
async def healthz() -> Response:
    """200 as long as the process answers."""
    return reply(schemas.AliveBody(alive=True))


@router.get(
    "/readyz",
    tags=["health"],
    summary="Can it answer questions?",
    response_model=shapes.HealthBody,
    responses=problems(503),
)
def readyz(citewell: CitewellDep, settings: SettingsDep) -> Response:
    """200 when questions can be answered, `degraded` included; 503 when they cannot.

    `problems` has all that is wrong, also what stops changes alone: a disk that is nearly full, a data directory that
    cannot be written. Nobody need sign in for this. Where people do otherwise, nothing is said of the documents: all
    numbers are 0.
    """
    health = citewell.maintenance.health()
    if not health.ready:
        return problem_response(Problem(503, health.detail), "/readyz")
    if settings.sign_in:
        detail = health.detail if health.problems else "ready"
        health = replace(health, documents=0, chunks=0, index_version=0, detail=detail)
    return reply(shapes.HealthBody.from_record(health))
