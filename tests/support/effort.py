"""How much work something takes, by the processor's clock: what else the machine does is not counted."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Fail when the block kept this process's processors busy for longer.

    `seconds` is ten times or more what it takes, so that a slow machine passes: what is looked for takes minutes.
    """
    started = time.process_time()
    yield
    took = time.process_time() - started
    assert took < seconds, f"it took {took:.1f} s of the processor; expected less than {seconds} s"
