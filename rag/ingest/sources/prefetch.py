"""The files that come next, read and embedded while those before them are stored: both cores have something to do.

The next two are begun here, and those after them are offered to other nodes, where there are any: what nobody has taken
when it is among the next two is begun here after all. Nothing is stored here and nothing told of. A file is taken from
here only if its bytes, when its turn comes, are those that were read; otherwise all that was done for it is forgotten.
Files that the store knows are left alone: most of them have not changed.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from rag import read
from rag.errors import InputError
from rag.ingest.sources.folder import FoundFile
from rag.ingest.sources.intake import Tools
from rag.ingest.spread.offers import LARGEST_BYTES
from rag.records import Document, Source

# Files begun at once, each in a thread. While one is embedded, the next is read.
_AHEAD = 2
# A larger file keeps the cores busy by itself, and would be held in memory meanwhile.
_LARGEST_BYTES = 2_000_000
# How long an interruption waits for what is begun; a file that takes longer is left to its thread.
_PATIENCE_SECONDS = 5


@dataclass(frozen=True, slots=True)
class _Begun:
    """What came of a file ahead of its turn: a document, or why there is none."""

    data: bytes
    source: Source
    outcome: Document | InputError


class Prefetch:
    """Reads ahead in a list of files. `read` stands in the place of the tools' own; leaving waits for what is begun."""

    def __init__(self, tools: Tools, files: Sequence[FoundFile]) -> None:
        self._tools = tools
        self._files = files
        self._next = 1  # the first file is wanted at once
        self._begun: dict[str, Future[_Begun | None]] = {}
        self._offers = tools.offers
        self._next_offered = 1
        self._offered: dict[str, str] = {}  # the keys of offers by location

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        wait(self._begun.values(), timeout=_PATIENCE_SECONDS)
        if self._offers is not None:
            self._offers.close()

    def reach(self, position: int) -> None:
        """Say that the file at `position` is next; those after it are begun."""
        for location in [location for location, future in self._begun.items() if future.done()]:
            if location not in self._wanted(position):
                del self._begun[location]
        self._next = max(self._next, position + 1)
        while self._next < len(self._files) and self._next <= position + _AHEAD:
            if not self._is_with_others(self._files[self._next]):
                self._begin(self._files[self._next])
            self._next += 1
        self._offer()

    def _offer(self) -> None:
        """Offer others files that are not begun here, as many as they may have."""
        if self._offers is None:
            return
        self._next_offered = max(self._next_offered, self._next)
        while self._next_offered < len(self._files) and self._offers.room() > 0:
            found = self._files[self._next_offered]
            self._next_offered += 1
            had = None if self._is_left_alone(found) else self._had(found, LARGEST_BYTES)
            if had is not None:
                self._offered[had[1].location] = self._offers.offer(*had)

    def _is_with_others(self, found: FoundFile) -> bool:
        """Whether another node has begun with a file, or is done with it."""
        key = self._offered.get(read.printable(found.path))
        return key is not None and self._offers is not None and not self._offers.withdraw(key)

    def _wanted(self, position: int) -> set[str]:
        return {read.printable(found.path) for found in self._files[position : position + _AHEAD + 1]}

    def read(self, data: bytes, source: Source) -> Document:
        """The document in `data`. Raises what the tools' own `read` raises."""
        if self._offers is not None and source.location in self._offered:
            del self._offered[source.location]
            document = self._offers.document(data, source)
            if document is not None:
                return document
        future = self._begun.get(source.location)
        begun = future.result() if future else None
        if begun is None or (begun.data, begun.source) != (data, source):
            return self._tools.read(data, source)
        if isinstance(begun.outcome, InputError):
            raise begun.outcome
        return begun.outcome

    def _is_left_alone(self, found: FoundFile) -> bool:
        """Whether nothing of a file is done ahead."""
        return found.is_archive or self._tools.store.known_file(found.key) is not None

    def _begin(self, found: FoundFile) -> None:
        if self._is_left_alone(found):
            return
        future: Future[_Begun | None] = Future()
        self._begun[read.printable(found.path)] = future

        def work() -> None:
            begun = None
            try:
                begun = self._make(found)
            finally:
                future.set_result(begun)

        # One that hangs does not keep the program from ending.
        threading.Thread(target=work, name="ahead", daemon=True).start()

    def _make(self, found: FoundFile) -> _Begun | None:
        """What comes of one file; None where it cannot be had: whoever takes it in its turn says why."""
        had = self._had(found, _LARGEST_BYTES)
        if had is None:
            return None
        data, source = had
        try:
            document = self._tools.read(data, source)
        except InputError as error:
            return _Begun(data, source, error)
        self._tools.prepare(document)
        return _Begun(data, source, document)

    def _had(self, found: FoundFile, most_bytes: int) -> tuple[bytes, Source] | None:
        """The bytes of a file that has at most so many, and what they are read as."""
        location = read.printable(found.path)
        try:
            media_type = read.media_type_of(location, self._tools.media_types)
            with read.open_regular(found.path, follow=found.follow) as file:
                if os.fstat(file.fileno()).st_size > most_bytes:
                    return None
                data = read.read_open(file, found.path, self._tools.max_bytes)
        except InputError:
            return None
        return data, Source(read.id_of(found.key), "", location, media_type)
