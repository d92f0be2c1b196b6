"""How large a body may be."""

from __future__ import annotations

from fastapi import HTTPException
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.openai.openai_errors import PREFIX as CHATS
from web.problems import Problem, problem_response

# Bytes. A question of the longest length allowed, every character escaped, is a tenth of this.
MAX_JSON_BYTES = 64 * 1024
# Bytes. Clients of a chat send all that was said before with every question: a thousand answers.
MAX_CHAT_BYTES = 1024 * 1024


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
        is_chat = scope["path"].startswith(CHATS)
        limit = self._max_document_bytes if scope["method"] == "PUT" else MAX_CHAT_BYTES if is_chat else MAX_JSON_BYTES
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
