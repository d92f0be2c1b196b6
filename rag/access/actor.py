"""Who acts just now, for what is put down of it far from where that was found out.

It holds for one request, or one command. A thread that a request's work is given to has it too; one that is started
apart, as those that follow folders are, has nobody.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, and how that is known. Nothing is permitted by it: that says `rag.records.Access`."""

    person: str = ""  # "" for nobody in particular
    method: str = ""  # "session", "key", "cli", ...; "" for the program itself
    address: str = ""  # where it came from, where that is known


_NOBODY = Actor()
_acting: ContextVar[Actor] = ContextVar("acting", default=_NOBODY)


def acting() -> Actor:
    """Who acts just now."""
    return _acting.get()


def act_as(actor: Actor) -> None:
    """From now on, in this request or command, it is `actor` who acts."""
    _acting.set(actor)


@contextmanager
def acting_as(actor: Actor) -> Iterator[None]:
    """The same while the block runs."""
    before = _acting.set(actor)
    try:
        yield
    finally:
        _acting.reset(before)
