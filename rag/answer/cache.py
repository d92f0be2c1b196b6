"""Answers that are remembered, so that a question asked again, with nothing changed, costs nothing.

Kept in memory only, the last ones asked for. What an answer depends on is its key: the question as typed, what was
asked before it, what whoever asks may read and the state of that, how much is wanted, the threshold. So nothing need be
taken out when a document or a right changes: what was remembered before is not found any more, and makes room in time.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from rag.records import Answer, Hit

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class CachedAnswer:
    """What was searched for, its embedding, the passages found, and the answer made from them."""

    searched: str
    hits: tuple[Hit, ...]
    answer: Answer


class LastUsed(Generic[K, V]):
    """The values that were asked for last. Safe to use from several threads."""

    def __init__(self, at_most: int) -> None:
        """`at_most` values are kept; 0 keeps none."""
        self._at_most = at_most
        self._kept: OrderedDict[K, V] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: K) -> V | None:
        """What was kept under `key`, which makes it the last one asked for."""
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def keep(self, key: K, value: V) -> None:
        """Keep it, in place of the one that was asked for the longest time ago if there is no more room."""
        with self._lock:
            self._kept[key] = value
            self._kept.move_to_end(key)
            while len(self._kept) > self._at_most:
                self._kept.popitem(last=False)


class AnswerCache(LastUsed[Hashable, CachedAnswer]):
    """The last answers, of some 40 kB each."""
