"""How much one client, and all together, may ask of the service: rate, questions in work and body size."""

from __future__ import annotations

import math
import time
from contextlib import AbstractAsyncContextManager

from fastapi import HTTPException
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.settings import Settings, cores
from web.errors import Problem, problem_response
from web.places import IsGone, Places

# Bytes. A question of the longest length allowed, every character escaped, is a tenth of this.
MAX_JSON_BYTES = 64 * 1024


class QuestionLimits:
    """Counts questions by client address, and the ones in work. Both refusals are 429 with Retry-After."""

    def __init__(self, settings: Settings) -> None:
        self._rate = RateLimitItemPerMinute(settings.questions_per_minute)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._places = Places(settings.max_concurrent_questions or cores(), settings.max_waiting_questions)

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

    def place(self, is_gone: IsGone) -> AbstractAsyncContextManager[None]:
        """A place for a question in work, to be held while it is answered; see `Places.place`. Raises 429."""
        return self._places.place(is_gone)


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
