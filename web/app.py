"""Builds the web application around one pipeline."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from fastapi.middleware.cors import CORSMiddleware

from rag.pipeline import Pipeline
from rag.settings import Settings
from web import api, assets, conversations, documents, pages, schemas, suggestions, unanswered, widget
from web.errors import add_error_handlers
from web.limits import BodyLimit, QuestionLimits
from web.origins import ForeignPages
from web.security import Guard, check_exposure
from web.tokens import Tokens

_DESCRIPTION = """Answers from your own documents, word for word, each with a citation that anyone can check.

Offsets (`start`, `end`) are **Unicode code points, end exclusive**: neither bytes nor the UTF-16 units that JavaScript
counts. Errors are `application/problem+json` (RFC 9457). Not finding an answer is not an error.
"""


def create_app(settings: Settings, pipeline: Pipeline | None = None) -> FastAPI:
    """The web application. Without `pipeline` it opens one when it starts, and closes it when it stops.

    Raises InvalidSetting when the settings would let anyone on the network change the documents.
    """
    check_exposure(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if pipeline is not None:
            yield
            return
        app.state.pipeline = await run_in_threadpool(Pipeline.open, settings, create=True)
        app.state.pipeline.suggestions()  # begins to make them, behind this, before somebody wants them
        try:
            yield
        finally:
            app.state.pipeline.close()

    # The ready-made documentation pages load scripts from elsewhere, so only /openapi.json is offered.
    app = FastAPI(
        title="Citewell",
        version=version("citewell"),
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
    )
    app.state.settings = settings
    app.state.pipeline = pipeline
    app.state.limits = QuestionLimits(settings)
    app.state.tokens = Tokens(settings)
    for router in (
        api.router,
        conversations.router,
        documents.router,
        documents.files_router,
        api.health_router,
        pages.router,
        suggestions.router,
        unanswered.router,
        unanswered.page_router,
        widget.router,
        widget.page_router,
        assets.router,
    ):
        app.include_router(router)
    add_error_handlers(app)
    _add_layers(app, settings)
    _describe_problems(app)
    return app


def _add_layers(app: FastAPI, settings: Settings) -> None:
    """Wrap the routes. The layer added last is the outermost."""
    app.add_middleware(BodyLimit, max_document_bytes=settings.max_document_bytes)
    if settings.allowed_origins:
        app.add_middleware(ForeignPages, settings=settings, tokens=app.state.tokens)
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.allowed_origins,
            allow_methods=("GET", "POST", "PUT", "PATCH", "DELETE"),
            allow_headers=("Authorization", "Content-Type"),
            expose_headers=("Retry-After",),
        )
    app.add_middleware(Guard, settings=settings)


def _describe_problems(app: FastAPI) -> None:
    """Put the shape of an error into the OpenAPI document, in place of the framework's own."""
    generate = app.openapi

    def openapi() -> dict[str, object]:
        document = generate()
        components = document["components"]["schemas"]
        components["ProblemBody"] = schemas.ProblemBody.model_json_schema()
        for unused in ("HTTPValidationError", "ValidationError"):
            components.pop(unused, None)
        return document

    app.openapi = openapi  # type: ignore[method-assign] # the extension point that FastAPI documents
