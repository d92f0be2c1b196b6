"""Who calls a tool, and how: what differs between a command on this machine and a request over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from rag.app import Citewell
from rag.errors import RagError
from rag.records import Access


class CallRefused(Exception):
    """A call that is not carried out: too many came. The message says what to do."""


@dataclass(frozen=True, slots=True)
class Caller:
    """What a call needs to know of whoever makes it."""

    citewell: Citewell
    access: Access
    # Where this service is reached, for links: "https://host/"; "" where there is no server.
    service: str
    # Held while a question is answered. Raises CallRefused.
    place: Callable[[], AbstractAsyncContextManager[None]]
    # What is said of an error.
    explain: Callable[[RagError], str]
