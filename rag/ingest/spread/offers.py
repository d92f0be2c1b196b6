"""The files that a node hands to others while it brings documents in, and what they have made of them."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import astuple

from rag.errors import InputError, StorageError
from rag.ingest.prepare import Embedded
from rag.ingest.spread.parcel import unpack
from rag.records import Document, Source
from rag.store.job_store import JobStore

_log = logging.getLogger("citewell.ingest")

# Files that wait with each helper: while one is read, the next is there, and one more while this node stores.
_FOR_EACH = 3
# Larger ones this node reads itself: each is in the memory of several programs.
LARGEST_BYTES = 100_000_000
# Seconds between two looks how many helpers there are, and whether a file is done.
_LOOK, _PAUSE = 2.0, 0.1


class Offers:
    """Of one `ingest` or sync. Used by one thread."""

    def __init__(
        self, jobs: JobStore, made_with: str, adopt: Callable[[Document, Embedded], None], tell: Callable[[], None]
    ) -> None:
        """`adopt` is given what others have made, before the document is used; `tell` is called for each such file."""
        self._jobs = jobs
        self._made_with = made_with
        self._adopt = adopt
        self._tell = tell
        self._open: set[str] = set()  # keys
        self._has_offered = False
        self._helpers = 0
        self._looked_at = 0.0

    def room(self) -> int:
        """How many more files may be handed out now: none where nobody takes them."""
        if time.monotonic() >= self._looked_at + _LOOK or not self._looked_at:
            self._looked_at = time.monotonic()
            self._helpers = self._jobs.helpers(self._made_with)
        return _FOR_EACH * self._helpers - len(self._open)

    def offer(self, data: bytes, source: Source) -> str:
        """Hand a file out; its key."""
        key = self._key(data, source)
        self._jobs.offer(key, source, data, made_with=self._made_with)
        self._open.add(key)
        self._has_offered = True
        return key

    def withdraw(self, key: str) -> bool:
        """Whether a file is this node's to read now, as nobody has begun with it."""
        if self._jobs.withdraw(key):
            self._open.discard(key)
        return key not in self._open

    def document(self, data: bytes, source: Source) -> Document | None:
        """What another node has made of a file that was handed out, for which this waits where one is at it.

        None where there is nothing, and this node has to read it.
        """
        key = self._key(data, source)
        while key in self._open:
            made = self._jobs.outcome(key)
            if made is not None:
                self._open.discard(key)
                return self._used(made, data, source) if made else None
            if not self.withdraw(key):
                time.sleep(_PAUSE)
        return None

    def close(self) -> None:
        """Take back what nobody needs any more."""
        self._open.clear()
        if not self._has_offered:
            return
        with suppress(StorageError):
            self._jobs.forget()

    def _used(self, made: bytes, data: bytes, source: Source) -> Document | None:
        try:
            document, embedded = unpack(made, data, source)
            self._adopt(document, embedded)
        except (InputError, ValueError) as error:
            _log.warning("A file is read again: %s", error)
            return None
        self._tell()
        return document

    def _key(self, data: bytes, source: Source) -> str:
        """Another one for other bytes, another place, or another way of reading."""
        digest = hashlib.sha256(data).hexdigest()
        return hashlib.sha256(repr((self._made_with, astuple(source), digest)).encode("utf-8", "replace")).hexdigest()
