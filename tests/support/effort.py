"""How much work something takes, by the processor's clock: what else the machine does is not counted."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# A neighbour on the machine can slow one measurement down and not the other; not so often as this in a row.
_TRIES = 30


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Fail when the block kept this process's processors busy for longer.

    `seconds` is ten times or more what it takes, so that a slow machine passes: what is looked for takes minutes.
    """
    started = time.process_time()
    yield
    took = time.process_time() - started
    assert took < seconds, f"it took {took:.1f} s of the processor; expected less than {seconds} s"


def grows_at_most(times: float, short: Callable[[int], object], long: Callable[[int], object]) -> None:
    """Fail when `long` takes more than `times` as long as `short` in each of thirty tries; one that does not is enough.

    What grows too fast does so in every try, what merely met a busy machine does not. Both are given the number of the
    try, so that none has to do what is remembered from the one before.
    """
    least = math.inf
    for number in range(_TRIES):
        least = min(least, _seconds(long, number) / max(_seconds(short, number), 1e-6))
        if least <= times:
            return
    raise AssertionError(f"it took {least:.0f} times as long; expected at most {times:g} times")


def _seconds(work: Callable[[int], object], number: int) -> float:
    started = time.thread_time()
    work(number)
    return time.thread_time() - started
