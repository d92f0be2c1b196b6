"""Answers that are remembered, so that a question asked again, with nothing changed, costs nothing.

Kept in memory only, the last ones asked for. What an answer depends on is its key: the question as typed, what was
asked before it, who asks, how much is wanted, the number of the last change to the documents, the threshold. So nothing
need be taken out when a document changes: what was remembered before is not found any more, and makes room in time.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

from rag.records import Answer, Hit


@dataclass(frozen=True, slots=True)
class Asked:
    """What was searched for, the passages found, and the answer made from them."""

    searched: str
    hits: tuple[Hit, ...]
    answer: Answer


class Remembered:
    """The last answers. Safe to use from several threads."""

    def __init__(self, at_most: int) -> None:
        """`at_most` answers are kept, of some 40 kB each; 0 keeps none."""
        self._at_most = at_most
        self._kept: OrderedDict[Hashable, Asked] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Asked | None:
        """What was kept under `key`, which makes it the last one asked for."""
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def keep(self, key: Hashable, asked: Asked) -> None:
        """Keep it, in place of the one that was asked for the longest time ago if there is no more room."""
        with self._lock:
            self._kept[key] = asked
            self._kept.move_to_end(key)
            while len(self._kept) > self._at_most:
                self._kept.popitem(last=False)
