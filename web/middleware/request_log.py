"""The layer inside that of proxies: each request has an id, for its answer and its lines of the log; access log."""

from __future__ import annotations

import logging
import re
import secrets
import time

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.metrics import Metrics
from web.server.log import REQUEST, RequestOrigin, one_line

_log = logging.getLogger("citewell.access")
_MAX_PATH_CHARS = 300
# Whoever knows the id of a conversation may open it, so it is not written down.
_CONVERSATION = re.compile(r"(/conversations/)[^/]+")


class RequestLog:
    """Counts each request and writes a line for it, when it is answered or given up. Never what was asked."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        client = scope.get("client")
        origin = RequestOrigin(secrets.token_hex(8), client[0] if client else "-")
        token, started = REQUEST.set(origin), time.perf_counter()
        status, sent = 0, 0

        async def send_with_id(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = origin.id
            sent += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        finally:
            if status:
                self._metrics.count("citewell_http_responses_total", f"{status // 100}xx")
            if _log.isEnabledFor(logging.INFO):
                _write(scope, status, sent, (time.perf_counter() - started) * 1000)
            REQUEST.reset(token)


def _write(scope: Scope, status: int, sent: int, milliseconds: float) -> None:
    path = _CONVERSATION.sub(r"\1...", one_line(scope["path"]))[:_MAX_PATH_CHARS]
    fields = {"method": scope["method"], "path": path, "status": status, "bytes": sent, "ms": round(milliseconds, 1)}
    _log.info("%s %s %d %d B %.1f ms", *fields.values(), extra={"fields": fields})
