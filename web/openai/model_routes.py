"""The "models" that can be asked: two ways to write the same answer."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from fastapi.responses import Response

from web.api.responses import reply
from web.dependencies import AccessDep, count_request
from web.openai.openai_shapes import ModelBody, ModelListBody
from web.openai.written_answers import MODELS, check_model, problems

router = APIRouter(prefix="/v1/models", tags=["openai"], dependencies=[Depends(count_request)])


@router.get("", summary="List the models", response_model=ModelListBody, responses=problems(401, 403, 429))
def list_models(_access: AccessDep) -> Response:
    """What can be given as `model`: two ways to write the same answer."""
    return reply(ModelListBody(data=[ModelBody(id=name) for name in MODELS]))


@router.get("/{model}", summary="Look up a model", response_model=ModelBody, responses=problems(401, 403, 404, 429))
def get_model(
    model: Annotated[str, Path(max_length=100, description="Its name.", examples=["citewell"])], _access: AccessDep
) -> Response:
    """One of those in the list."""
    check_model(model)
    return reply(ModelBody(id=model))
