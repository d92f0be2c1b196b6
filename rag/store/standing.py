"""How much somebody may read, added up once for each change of the documents: questions ask for it several times."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

# Numbers that JavaScript has exactly.
_EXACT_NUMBERS = 1 << 53
_MOST_KEPT = 1_000
# What a store asks of its `readable_access` for `standing_of`.
SUMS = (
    "SELECT count(*), coalesce(sum(sentences), 0), coalesce(sum(chunks), 0), coalesce(sum(stamp), 0),"
    " coalesce(sum(document), 0), coalesce(max(document), 0) FROM readable_access"
)


@dataclass(frozen=True, slots=True)
class Standing:
    """What may be read of one moment, in numbers."""

    documents: int
    sentences: int
    chunks: int
    number: int  # stands for it: the same for the same documents, whatever else is stored
    state: tuple[int, ...]  # tells moments apart: no text that somebody thinks up brings one back


class Standings:
    """Those of the last moment. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[int, frozenset[str]], Standing] = OrderedDict()

    def of(self, change_number: int, names: frozenset[str], add_up: Callable[[], Standing]) -> Standing:
        """That of whoever reads by these names after that change; `add_up` gives it where it is not known."""
        key = (change_number, names)
        with self._lock:
            found = self._kept.get(key)
        if found is None:
            found = add_up()
            with self._lock:
                self._kept[key] = found
                while len(self._kept) > _MOST_KEPT:
                    self._kept.popitem(last=False)
        return found


def standing_of(row: Sequence[Any] | None) -> Standing:
    """The standing of the one row that SUMS gives."""
    documents, sentences, chunks, stamps, numbers, newest = (int(value) for value in row or (0,) * 6)
    state = (documents, stamps, numbers, newest)
    return Standing(documents, sentences, chunks, stamps % _EXACT_NUMBERS, state)
