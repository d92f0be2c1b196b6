"""How much work something takes, by the processor's clock: what else the machine does is not counted."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# Other work on the machine only ever adds: the shortest of three runs is what something takes, or of more where the
# machine was busy all the while.
_LEAST_RUNS, _MOST_RUNS = 3, 30


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
    """Fail when the shortest of thirty runs of `long` takes more than `times` as long as the shortest of `short`.

    Both are given the number of the run, so that none has to do what is remembered from the one before.
    """
    of_short, of_long = math.inf, math.inf
    for number in range(_MOST_RUNS):
        of_short, of_long = min(of_short, _seconds(short, number)), min(of_long, _seconds(long, number))
        if number + 1 >= _LEAST_RUNS and of_long <= times * of_short:
            return
    raise AssertionError(f"it took {of_long / of_short:.0f} times as long; expected at most {times:g} times")


def _seconds(work: Callable[[int], object], number: int) -> float:
    started = time.thread_time()
    work(number)
    return time.thread_time() - started
