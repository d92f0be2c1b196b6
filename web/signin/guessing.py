"""Guessing is made slow: whoever was wrong too often waits, by address and by the name that was tried.

Only failures are counted, so whoever knows a password or key is never held up by using it, unless somebody else guesses
from the same address or at the same name. Each process counts by itself.
"""

from __future__ import annotations

import math
import time

from fastapi import HTTPException
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from rag.access.audit import AuditKind
from rag.metrics import Metrics

_MINUTES = 5
# Failures in five minutes. An address may be that of a whole office; a name is one person, who may be kept waiting by
# whoever guesses at it, which is better than being guessed.
_BY_ADDRESS = RateLimitItemPerMinute(30, _MINUTES, namespace="address")
_BY_NAME = RateLimitItemPerMinute(10, _MINUTES, namespace="name")


class TooManyGuesses(HTTPException):
    """Whoever was wrong too often waits. `kind` is what they tried."""

    def __init__(self, kind: AuditKind, seconds: int) -> None:
        self.kind = kind
        super().__init__(
            429,
            f"Too many wrong passwords or keys were tried. Try again in {seconds} s.",
            headers={"Retry-After": str(seconds)},
        )


class GuessLimits:
    """Counts failures to say who one is."""

    def __init__(self, metrics: Metrics | None = None) -> None:
        """They are counted in `metrics` too, if there are any."""
        self._metrics = metrics or Metrics()
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def check(self, address: str, name: str = "", *, kind: AuditKind = AuditKind.KEY_FAILED) -> None:
        """Raises TooManyGuesses, 429, when too many failures came from this address, or for this name, of late."""
        for item, key in self._counted(address, name):
            if not self._limiter.test(item, key):
                window = self._limiter.get_window_stats(item, key)
                raise TooManyGuesses(kind, max(1, math.ceil(window.reset_time - time.time())))

    def failed(self, address: str, name: str = "") -> None:
        """Count a failure."""
        self._metrics.count("citewell_wrong_credentials_total")
        for item, key in self._counted(address, name):
            self._limiter.hit(item, key)

    @staticmethod
    def _counted(address: str, name: str) -> list[tuple[RateLimitItem, str]]:
        by_name: list[tuple[RateLimitItem, str]] = [(_BY_NAME, name.casefold()[:100])] if name else []
        return [(_BY_ADDRESS, address), *by_name]
