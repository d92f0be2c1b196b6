"""The command that serves: the page and the REST API, for all others."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

import typer

from rag.cli.console import DataDir, Model, make_settings, say
from rag.cli.following import following
from rag.pipeline import Pipeline
from rag.settings import Settings


def serve(
    data_dir: DataDir = None,
    model: Model = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on. Default: 127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on. Default: 8000")] = None,
    suggestions: Annotated[Path | None, typer.Option(help="JSON Lines file of questions to offer on the page.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes that answer. Default: 1")] = None,
    watch: Annotated[
        list[Path] | None, typer.Option(help="Keep the documents in step with this folder. May be given again.")
    ] = None,
) -> None:
    """Serve the page and the REST API."""
    folders = tuple(map(str, watch)) if watch else None
    settings = make_settings(
        data_dir, model=model, host=host, port=port, suggestions=suggestions, watch=folders, workers=workers
    )
    if settings.workers > 1:
        from rag.cli.workers import serve_with_workers  # here: it takes part of a start, and few want it
        from web.app import create_app

        create_app(settings)  # settings that nobody should serve with are told of once, before there are processes
        say(f"Citewell is at {_address(settings)} with {settings.workers} processes (stop with Ctrl-C)")
        serve_with_workers(
            settings, lambda pipeline, listening, is_first: _serve(pipeline, listening, watches=is_first)
        )
        return
    with ThreadPoolExecutor(1) as beside:  # half of the start is reading weights, the other half importing
        opening = beside.submit(Pipeline.open, settings, create=True, progress=say)
        import uvicorn  # noqa: F401 - both are imported while the weights are read

        import web.app  # noqa: F401 - as above
    with opening.result() as pipeline:
        _serve(pipeline, None, watches=True)


def _serve(pipeline: Pipeline, listening: socket.socket | None, *, watches: bool) -> None:
    """Answer until told to stop, at a socket that is there or at the address of the settings."""
    import uvicorn

    from web.app import create_app  # the one place where the library's command line reaches the edge

    settings = pipeline.settings
    application = create_app(settings, pipeline)
    if listening is None:
        say(f"Citewell is at {_address(settings)} (stop with Ctrl-C)")
    config = uvicorn.Config(
        application, host=settings.host, port=settings.port, log_level="warning", server_header=False
    )
    with following(pipeline, [Path(folder) for folder in settings.watch if watches]):
        uvicorn.Server(config).run(sockets=[listening] if listening else None)


def _address(settings: Settings) -> str:
    """Where a browser finds it."""
    shown = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104 - compared, not bound
    return f"http://{shown}:{settings.port}/"
