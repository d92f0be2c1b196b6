"""What the audit log is told of refusals, and no more of them than it can bear: strangers cause them.

Of one address it is told of thirty in five minutes; of what comes then, once in five minutes, only that there was more.
"""

from __future__ import annotations

from typing import cast

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from rag.access.actor import Actor, acting_as
from rag.access.audit import AuditKind
from rag.app import Citewell
from web.request_facts import address_of

TOO_MANY = "too_many"
WIDGET_TOKEN = "widget_token"  # noqa: S105 - a kind of key
# What tokens of the widget begin with, and those that servers of pages sign.
TOKENS = ("v1.", "eyJ")
_MINUTES = 5
_TOLD_OF = RateLimitItemPerMinute(30, _MINUTES)
_MORE = RateLimitItemPerMinute(1, _MINUTES)


class Refusals:
    """Puts refusals down. Each process counts by itself."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def put_down(self, citewell: Citewell, kind: AuditKind, reason: str, address: str) -> None:
        """Put down that somebody at an address was refused, and why in a word; nothing of what was sent."""
        if reason == TOO_MANY or not self._limiter.hit(_TOLD_OF, address):
            if not self._limiter.hit(_MORE, f"{kind} {address}"):
                return
            reason = TOO_MANY
        with acting_as(Actor(address=address)):
            citewell.audit.note(kind, reason=reason)


def kind_of_key(authorization: str) -> str:
    """What an Authorization header has that was refused, as it is put down: a token of the widget, or any other key."""
    return WIDGET_TOKEN if authorization.partition(" ")[2].strip().startswith(TOKENS) else "refused"


def put_down_refusal(request: Request, kind: AuditKind, reason: str) -> None:
    """The same of a request. Where no data directory is open yet, nothing is put down."""
    citewell = getattr(request.app.state, "citewell", None)
    if citewell is not None:
        refusals = cast(Refusals, request.app.state.refusals)
        refusals.put_down(cast(Citewell, citewell), kind, reason, address_of(request))


async def tell_of_refusal(request: Request, kind: AuditKind, reason: str) -> None:
    """The same where nothing may wait for the disk."""
    await run_in_threadpool(put_down_refusal, request, kind, reason)
