"""Reading processes that serve one Citewell after the other: to start one takes longer than most tests do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from rag.metrics import Metrics
from rag.read.sandbox import Limits, Parser, Recognition

_Kept = dict[tuple[int, Limits], list]


class KeptParser(Parser):
    """A Parser that leaves its processes to the next one with the same limits. Those of a fork are its own."""

    kept: _Kept = {}  # noqa: RUF012 - of all of them

    def __init__(
        self, limits: Limits, metrics: Metrics | None = None, *, recognition: Recognition | None = None
    ) -> None:
        super().__init__(limits, metrics, recognition=recognition)
        self._idle = self.kept.setdefault((os.getpid(), limits), [])

    def close(self) -> None:
        """Nothing: they end with the session."""


@contextmanager
def reading_processes_kept() -> Iterator[None]:
    """While it lasts, every Citewell reads by a KeptParser."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rag.app.citewell.Parser", KeptParser)
        yield
    end_reading_processes()


def end_reading_processes() -> None:
    """End those that are kept: the next file starts one."""
    for idle in KeptParser.kept.values():
        while idle:
            idle.pop().end()
