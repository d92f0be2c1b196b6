"""Builds the web application around one data directory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from fastapi.middleware.cors import CORSMiddleware

from rag.app import Citewell
from rag.metrics import Metrics
from rag.records import Access
from rag.render.examples import responses
from web import assets, mcp_route
from web.api import (
    access_routes,
    ask_routes,
    audit_routes,
    conversation_routes,
    document_routes,
    feedback_routes,
    file_routes,
    health_routes,
    me_routes,
    metrics_routes,
    people_routes,
    schemas,
    search_routes,
    source_routes,
    suggestion_routes,
    unanswered_routes,
    widget_routes,
)
from web.auth import check_exposure
from web.i18n import check_language
from web.middleware.body_limit import BodyLimit
from web.middleware.foreign_pages import ForeignPages
from web.middleware.guard import Guard
from web.middleware.proxies import Proxies
from web.middleware.rate import QuestionLimits
from web.middleware.request_log import RequestLog
from web.middleware.widget_tokens import WidgetTokens
from web.openai import chat_routes, model_routes, response_routes
from web.openai.openai_errors import PREFIX as OPENAI
from web.openai.openai_shapes import OpenAiError
from web.pages import (
    access_page,
    account_page,
    ask_page,
    audit_page,
    document_pages,
    people_page,
    sign_in_page,
    unanswered_page,
    widget_page,
)
from web.problems import add_error_handlers
from web.settings import WebSettings
from web.signin import oidc_pages
from web.signin.guessing import GuessLimits
from web.signin.identify import authenticators
from web.signin.pending import PendingSignIns
from web.signin.refusals import Refusals
from web.signin.service_key import ServiceKeys
from web.traces import stages_told_to, telemetry, tracer_provider

if TYPE_CHECKING:
    from rag.access.oidc import OpenIdProvider

_DESCRIPTION = """Answers from your own documents, word for word, each with a citation that anyone can check.

Offsets (`start`, `end`) are **Unicode code points, end exclusive**: neither bytes nor the UTF-16 units that JavaScript
counts. Errors are `application/problem+json` (RFC 9457). Not finding an answer is not an error.
"""


def create_app(settings: WebSettings, citewell: Citewell | None = None) -> FastAPI:
    """The web application. Without `citewell` it opens one when it starts, and closes it when it stops.

    Raises InvalidSetting when the settings would let anyone on the network change the documents, or name a language
    that there are no texts for.
    """
    check_exposure(settings)
    check_language(settings)
    metrics = citewell.metrics if citewell else Metrics()
    traces = tracer_provider(settings.traces_url)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            if app.state.provider is not None:
                stack.callback(app.state.provider.close)
            if traces is not None:
                stack.push_async_callback(run_in_threadpool, traces.shutdown)
            async with opened(app):
                # The conversations go whose time was over meanwhile.
                await run_in_threadpool(app.state.citewell.conversations.forget_expired)
                if traces is not None:
                    app.state.citewell.told_of_answers.append(stages_told_to(traces.get_tracer("citewell")))
                yield

    @asynccontextmanager
    async def opened(app: FastAPI) -> AsyncIterator[None]:
        if citewell is not None:
            await run_in_threadpool(citewell.access.deny_by_default, is_on=bool(settings.sign_in))
            yield
            return
        app.state.citewell = await run_in_threadpool(Citewell.open, settings, create=True, metrics=metrics)
        await run_in_threadpool(app.state.citewell.access.deny_by_default, is_on=bool(settings.sign_in))
        # They begin to be made, behind this, before somebody wants them.
        app.state.citewell.insights.suggestions(access=Access.everything())
        app.state.citewell.begin_serving()
        try:
            yield
        finally:
            app.state.citewell.close()

    # The ready-made documentation pages load scripts from elsewhere, so only /openapi.json is offered.
    app = FastAPI(
        title="Citewell",
        version=version("citewell"),
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
        telemetry=telemetry(traces),
    )
    app.state.settings = settings
    app.state.citewell = citewell
    app.state.metrics = metrics
    app.state.limits = QuestionLimits(settings, metrics)
    app.state.tokens = WidgetTokens(settings)
    app.state.service_keys = ServiceKeys(settings)
    app.state.guesses = GuessLimits(metrics)
    app.state.refusals = Refusals()
    app.state.authenticators = authenticators(settings)
    app.state.provider = _provider(settings)
    app.state.pending_sign_ins = PendingSignIns(settings)
    for part in (
        ask_routes,
        search_routes,
        feedback_routes,
        conversation_routes,
        document_routes,
        access_routes,
        file_routes,
        source_routes,
        health_routes,
        me_routes,
        metrics_routes,
        people_routes,
        ask_page,
        sign_in_page,
        oidc_pages,
        account_page,
        people_page,
        access_page,
        document_pages,
        suggestion_routes,
        unanswered_routes,
        unanswered_page,
        audit_routes,
        audit_page,
        widget_routes,
        widget_page,
        model_routes,
        chat_routes,
        response_routes,
        mcp_route,
        assets,
    ):
        # Not by include_router, which makes each route a second time when it is first looked for: the first request for
        # the page took 66 ms longer by it. A router's lifespan is not run so.
        app.router.routes.extend(part.router.routes)
    add_error_handlers(app)
    _add_layers(app, settings)
    _complete_openapi(app)
    return app


def _provider(settings: WebSettings) -> OpenIdProvider | None:
    """Where people sign in, if they do so at a provider. Nothing is asked of it yet. Raises InvalidSetting."""
    if "oidc" not in settings.sign_in:
        return None
    from rag.access.oidc import OpenIdProvider  # here: it takes part of a start, and not everybody has a provider

    return OpenIdProvider(settings)


def _add_layers(app: FastAPI, settings: WebSettings) -> None:
    """Wrap the routes. The layer added last is the outermost."""
    app.add_middleware(BodyLimit, max_document_bytes=settings.max_document_bytes)
    if settings.allowed_origins:
        app.add_middleware(ForeignPages, settings=settings, tokens=app.state.tokens, keys=app.state.service_keys)
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.allowed_origins,
            allow_methods=("GET", "POST", "PUT", "PATCH", "DELETE"),
            allow_headers=("Authorization", "Content-Type"),
            expose_headers=("Retry-After",),
        )
    app.add_middleware(Guard, settings=settings)
    app.add_middleware(RequestLog, metrics=app.state.metrics)
    app.add_middleware(Proxies, settings=settings)


def _complete_openapi(app: FastAPI) -> None:
    """Put examples of the shapes into the OpenAPI document, and the shape of an error in place of the framework's."""
    generate = app.openapi

    def openapi() -> dict[str, object]:
        document = generate()
        components = document["components"]["schemas"]
        components["ProblemBody"] = schemas.ProblemBody.model_json_schema()
        openai_error = OpenAiError.model_json_schema(ref_template="#/components/schemas/{model}")
        components.update(openai_error.pop("$defs"), OpenAiError=openai_error)
        for unused in ("HTTPValidationError", "ValidationError"):
            components.pop(unused, None)
        for path, operations in document["paths"].items():
            if path.startswith(OPENAI):  # which the framework says on its own, where another status is given
                for operation in operations.values():
                    operation["responses"].pop("422", None)
        for name, found in responses().items():
            components[name]["examples"] = found
        return document

    app.openapi = openapi  # type: ignore[method-assign] # the extension point that FastAPI documents
