"""Places for questions in work: so many at once, the others wait in line, and whoever would wait too long is refused.

First come, first served. Everything happens in the event loop, so nothing here is locked, and who waits holds no
thread: pages, documents and health checks go on whatever the length of the line. How long an answer takes is measured,
and from that and the line comes what is said to those who are refused: 429, with the seconds until the line is done.
"""

from __future__ import annotations

import asyncio
import math
import statistics
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from fastapi import HTTPException

# Seconds. Who asks in a page has given up by then; what they wait for is better worked on by nobody.
MAX_WAIT_SECONDS = 10.0
# Seconds between two looks at whether those in line are still there.
_LOOK_SECONDS = 0.2
# Answers whose time is remembered. Their median: one request that asks fifty questions says nothing about the next.
_REMEMBERED = 32
# Seconds that an answer is taken to need before the first one is known.
_FIRST_GUESS = 0.2

IsGone = Callable[[], Awaitable[bool]]


class QueueMeter:
    """Hears what happens in a line. This one passes it over."""

    def changed(self, *, waiting: int, in_work: int) -> None:
        """So many wait, and so many have a place, from now on."""

    def waited(self, seconds: float) -> None:
        """Somebody got a place after so long."""

    def refused(self) -> None:
        """Somebody was refused."""


_NOBODY = QueueMeter()


class QuestionQueue:
    """Places for questions in work, and the line for them. For one event loop."""

    def __init__(
        self,
        places: int,
        longest_line: int,
        *,
        max_wait_seconds: float = MAX_WAIT_SECONDS,
        work: str = "questions to answer",
        meter: QueueMeter = _NOBODY,
    ) -> None:
        """`places` at once, and at most `longest_line` waiting, none of them for longer than `max_wait_seconds`.

        `work` says what for, in a refusal. `meter` hears what happens.
        """
        self._work = work
        self._meter = meter
        self._places = places
        self._free = places
        self._longest_line = longest_line
        self._max_wait_seconds = max_wait_seconds
        self._line: deque[asyncio.Future[None]] = deque()
        self._lasted: deque[float] = deque(maxlen=_REMEMBERED)

    @asynccontextmanager
    async def place(self, is_gone: IsGone) -> AsyncIterator[None]:
        """Hold a place while the block runs, after waiting for it in line.

        `is_gone` says whether the client has hung up: it then leaves the line. Raises 429 with Retry-After when the
        line is full, or would take longer than anybody waits.
        """
        came = time.monotonic()
        await self._take(is_gone)
        started = time.monotonic()
        self._meter.waited(started - came)
        try:
            yield
        finally:
            self._lasted.append(time.monotonic() - started)
            self._pass_on()

    def expected_seconds(self) -> float:
        """How long one that comes now would wait for its place, by the answers of late."""
        if self._free:
            return 0.0
        one = statistics.median(self._lasted) if self._lasted else _FIRST_GUESS
        return one * (len(self._line) + 1) / self._places

    async def _take(self, is_gone: IsGone) -> None:
        if self._free:  # then nobody waits
            self._free -= 1
            self._tell()
            return
        if len(self._line) >= self._longest_line or self.expected_seconds() > self._max_wait_seconds:
            raise self._refusal()
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append(turn)
        self._tell()
        try:
            await self._wait(turn, is_gone)
        except BaseException:
            if turn.done():  # its turn came at the same moment
                self._pass_on()
            else:
                self._line.remove(turn)
                self._tell()
            raise

    async def _wait(self, turn: asyncio.Future[None], is_gone: IsGone) -> None:
        """Until it is the turn of `turn`. Raises 429 after too long, and 408, which nobody reads, for who has gone."""
        until = time.monotonic() + self._max_wait_seconds
        while not turn.done():
            await asyncio.wait((turn,), timeout=_LOOK_SECONDS)
            if await is_gone():
                raise HTTPException(408, "The client hung up while it waited.")
            if not turn.done() and time.monotonic() > until:
                raise self._refusal()

    def _pass_on(self) -> None:
        """Give a place that is done with to the first in line."""
        if self._line:
            self._line.popleft().set_result(None)
        else:
            self._free += 1
        self._tell()

    def _tell(self) -> None:
        self._meter.changed(waiting=len(self._line), in_work=self._places - self._free)

    def _refusal(self) -> HTTPException:
        self._meter.refused()
        seconds = max(1, math.ceil(self.expected_seconds()))
        return HTTPException(
            429,
            f"The service has as many {self._work} as it can, and {len(self._line)} wait in line. Try again in"
            f" {seconds} s.",
            headers={"Retry-After": str(seconds)},
        )
