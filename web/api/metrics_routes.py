"""What is counted and measured, for a program that watches the service: in the text format of Prometheus."""

from __future__ import annotations

from importlib.metadata import version

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from web.api.exposition import exposition
from web.auth import may_read_metrics
from web.dependencies import CitewellDep

router = APIRouter()
# Version 0.0.4, which every version of Prometheus reads. Others could be asked for, but prometheus-client raises for
# some spellings of what a client accepts, and repeats others.
_MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@router.get("/metrics", include_in_schema=False, dependencies=[Depends(may_read_metrics)])
def metrics(citewell: CitewellDep) -> Response:
    """All metrics, for whoever has the key for them, or is an owner. No label says anything of a person or document."""
    health = citewell.maintenance.health()
    measured = citewell.maintenance.measurements() if health.ready else None
    text = exposition(citewell.metrics, measured, health, version("citewell"))
    return Response(text, headers={"Content-Type": _MEDIA_TYPE})
