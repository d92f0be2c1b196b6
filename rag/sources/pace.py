"""How fast a source is asked, and when it has taken long enough."""

from __future__ import annotations

import time
from collections.abc import Callable

from rag.errors import FetchFailed

# A slow line.
_BYTES_A_SECOND = 500_000


class SourceTimeOver(FetchFailed):
    """A source has taken as long as it may, or asks to be left alone for longer; what is left is for the next time."""


class Pace:
    """Lets one request after the other go, not too fast, until the time is over."""

    def __init__(
        self,
        *,
        per_second: float,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """So many requests `per_second` at most, for so many `seconds` in all."""
        self._between = 1 / per_second
        self._seconds = seconds
        self._clock = clock
        self._sleep = sleep
        self._until = clock() + seconds
        self._next = clock()

    def left(self) -> float:
        """Seconds that are left, more than 0. Raises SourceTimeOver when there are none."""
        left = self._until - self._clock()
        if left <= 0:
            raise SourceTimeOver(
                f"it took longer than the {self._seconds / 60:g} minutes that it may; the rest comes the next time, or"
                " raise max_minutes"
            )
        return left

    def seconds_for(self, max_bytes: int, small: float) -> float:
        """How long an answer of so many bytes may take, a small one `small` seconds. Raises SourceTimeOver."""
        return min(small + max_bytes / _BYTES_A_SECOND, self.left())

    def step(self) -> None:
        """Wait until the next request may go. Raises SourceTimeOver when there is no time for it."""
        self.left()
        wait = self._next - self._clock()
        if wait > 0:
            self._sleep(wait)
        self._next = max(self._clock(), self._next) + self._between
        self.left()

    def wait(self, seconds: float) -> bool:
        """Leave the source alone for so long, and whether that was done: not where the time would be over by then."""
        if seconds >= self.left():
            return False
        self._sleep(seconds)
        return True
