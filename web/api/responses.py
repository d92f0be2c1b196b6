"""The answers of all routes of the REST API: a shape as JSON, and problems."""

from __future__ import annotations

from fastapi.responses import Response
from pydantic import BaseModel

from rag.render import to_json
from web.problems import PROBLEM_MEDIA_TYPE


def problems(*statuses: int) -> dict[int | str, dict[str, object]]:
    """The OpenAPI entries of the errors that a route may answer with."""
    content = {PROBLEM_MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}}
    return {status: {"description": "Problem (RFC 9457)", "content": content} for status in statuses}


def reply(shape: BaseModel, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A shape as JSON."""
    return Response(to_json(shape.model_dump()), status_code=status, headers=headers, media_type="application/json")
