"""Serves the application: with limits on connections, and an end within ten seconds of being told to."""

from __future__ import annotations

import logging
import os
import threading
from types import FrameType

import uvicorn
from fastapi import FastAPI

from web.server.connections import ConnectionLimits, watching
from web.server.open_files import raise_open_files, room_for_connections
from web.settings import WebSettings

_log = logging.getLogger("citewell.server")

# Seconds after SIGTERM: for requests in work to end, and after which the process ends with whatever is left. What was
# acknowledged is on the disk by then, as after a power cut.
_GRACE_SECONDS = 6
_END_SECONDS = 9.0
_WAITING_CONNECTIONS = 128


def server_of(
    application: FastAPI, settings: WebSettings, *, limits: ConnectionLimits | None = None, ends_process: bool = False
) -> uvicorn.Server:
    """The server; with `ends_process` it ends the process when its end takes too long."""
    if limits is None:
        limits = ConnectionLimits(connections=room_for_connections(settings.max_connections, raise_open_files()))
    config = uvicorn.Config(
        application,
        host=settings.host,
        port=settings.port,
        http=watching(limits),
        ws="none",
        backlog=_WAITING_CONNECTIONS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # `web.middleware.proxies` does it, and knows which proxies are named
    )
    return _Server(config) if ends_process else uvicorn.Server(config)


class _Server(uvicorn.Server):
    """Ends the process when a thread, or a client, keeps it from ending by itself."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop, and see to it that it comes to an end."""
        if not self.should_exit:
            last = threading.Timer(_END_SECONDS, _end_process)
            last.daemon = True
            last.start()
        super().handle_exit(sig, frame)


def _end_process() -> None:
    _log.warning("the server did not come to an end in %d s and is ended; nothing acknowledged is lost", _END_SECONDS)
    logging.shutdown()
    os._exit(0)
