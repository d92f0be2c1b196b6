"""The command that serves: the page and the REST API, for all others."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

import typer

from rag.app import Citewell
from rag.cli.console import DataDir, Model, make_settings, say
from rag.cli.follow_folders import following
from rag.read.sandbox.restrict import close_to_others
from web.settings import WebSettings


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
    close_to_others()  # all processes that come of this one too
    folders = tuple(map(str, watch)) if watch else None
    settings = make_settings(
        data_dir, model=model, host=host, port=port, suggestions=suggestions, watch=folders, workers=workers
    )
    if settings.workers > 1:
        from rag.cli.server_processes import serve_with_workers  # here: it takes part of a start, and few want it
        from web.app import create_app

        create_app(settings)  # settings that nobody should serve with are told of once, before there are processes
        say(f"Citewell is at {_address(settings)} with {settings.workers} processes (stop with Ctrl-C)")
        serve_with_workers(
            settings, lambda own, citewell, listening, is_first: _serve(own, citewell, listening, watches=is_first)
        )
        return
    with ThreadPoolExecutor(1) as beside:  # half of the start is reading weights, the other half importing
        opening = beside.submit(Citewell.open, settings, create=True, progress=say)
        import web.app
        import web.server.http_server  # noqa: F401 - both are imported while the weights are read
    with opening.result() as citewell:
        _serve(settings, citewell, None, watches=True)


def _serve(settings: WebSettings, citewell: Citewell, listening: socket.socket | None, *, watches: bool) -> None:
    """Answer until told to stop, at a socket that is there or at the address of the settings."""
    from web.app import create_app  # the one place where the library's command line reaches the edge
    from web.server.http_server import server_of
    from web.server.log import configure

    configure(settings)
    citewell.metrics.count("citewell_process_starts_total")
    application = create_app(settings, citewell)
    if listening is None:
        say(f"Citewell is at {_address(settings)} (stop with Ctrl-C)")
    citewell.begin_serving(is_first=watches)
    with following(citewell, [Path(folder) for folder in settings.watch if watches]):
        server_of(application, settings, ends_process=True).run(sockets=[listening] if listening else None)


def _address(settings: WebSettings) -> str:
    """Where a browser finds it."""
    shown = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104 - compared, not bound
    return f"http://{shown}:{settings.port}/"
