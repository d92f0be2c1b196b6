"""How much one client, and all together, may ask of the service: rate, concurrency and body size."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import HTTPException
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.settings import Settings
from web.errors import Problem, problem_response

# Bytes. A question of the longest length allowed, every character escaped, is a tenth of this.
MAX_JSON_BYTES = 64 * 1024
# Seconds to wait when all places are taken: an answer takes well under one.
_BUSY_RETRY_SECONDS = 1


class QuestionLimits:
    """Counts questions by client address, and the ones in work. Both refusals are 429 with Retry-After."""

    def __init__(self, settings: Settings) -> None:
        self._rate = RateLimitItemPerMinute(settings.questions_per_minute)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._places = threading.BoundedSemaphore(settings.max_concurrent_questions)

    def count(self, address: str) -> None:
        """Count one request from `address`. Raises 429 when it has used up its minute."""
        if self._limiter.hit(self._rate, address):
            return
        window = self._limiter.get_window_stats(self._rate, address)
        seconds = max(1, math.ceil(window.reset_time - time.time()))
        raise HTTPException(
            429,
            f"More than {self._rate.amount} questions in a minute came from this address. Try again in {seconds} s.",
            headers={"Retry-After": str(seconds)},
        )

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold one of the places for questions in work. Raises 429 at once when all are taken."""
        if not self._places.acquire(blocking=False):
            raise HTTPException(
                429,
                "The service is working on as many questions as it can. Try again in a moment.",
                headers={"Retry-After": str(_BUSY_RETRY_SECONDS)},
            )
        try:
            yield
        finally:
            self._places.release()


class BodyLimit:
    """Answers 413 to a body that is announced too large, or grows too large while it is read."""

    def __init__(self, app: ASGIApp, *, max_document_bytes: int) -> None:
        self._app = app
        self._max_document_bytes = max_document_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 413."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._max_document_bytes if scope["method"] == "PUT" else MAX_JSON_BYTES
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdecimal() and int(announced) > limit:
            refusal = problem_response(_too_large(limit), scope["path"])
            await refusal(scope, receive, send)
            return
        received = 0

        async def receive_within_limit() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                problem = _too_large(limit)
                raise HTTPException(problem.status, problem.detail)
            return message

        await self._app(scope, receive_within_limit, send)


def _too_large(limit: int) -> Problem:
    return Problem(413, f"The body is larger than {limit:,} bytes, which is the most that is accepted here.")
