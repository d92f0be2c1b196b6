"""The command that serves: the page and the REST API, for all others."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

import typer

from rag.cli.console import DataDir, Model, make_settings, say
from rag.cli.following import following
from rag.pipeline import Pipeline


def serve(
    data_dir: DataDir = None,
    model: Model = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on. Default: 127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on. Default: 8000")] = None,
    suggestions: Annotated[Path | None, typer.Option(help="JSON Lines file of questions to offer on the page.")] = None,
    watch: Annotated[
        list[Path] | None, typer.Option(help="Keep the documents in step with this folder. May be given again.")
    ] = None,
) -> None:
    """Serve the page and the REST API."""
    folders = tuple(map(str, watch)) if watch else None
    settings = make_settings(data_dir, model=model, host=host, port=port, suggestions=suggestions, watch=folders)
    with ThreadPoolExecutor(1) as beside:  # half of the start is reading weights, the other half importing
        opening = beside.submit(Pipeline.open, settings, create=True, progress=say)
        import uvicorn

        from web.app import create_app  # the one place where the library's command line reaches the edge
    with opening.result() as pipeline:
        application = create_app(settings, pipeline)
        shown = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104 - compared, not bound
        say(f"Citewell is at http://{shown}:{settings.port}/ (stop with Ctrl-C)")
        with following(pipeline, [Path(folder) for folder in settings.watch]):
            uvicorn.run(application, host=settings.host, port=settings.port, log_level="warning", server_header=False)
