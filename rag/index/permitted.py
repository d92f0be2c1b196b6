"""The index of what somebody may read: that of everything with a bit for each passage, made once for many questions.

It gives what an index of the permitted passages alone would give: which words are common, how long passages are and
which are near is worked out from them, and from no others.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

from rag.index.search_index import SearchIndex
from rag.records import Access
from rag.records.arrays import IntVector
from rag.store.base import IndexSource

# Passages of all the indexes that are kept, each time they are in one: they take five bytes each.
_MOST_KEPT = 20_000_000
# How many are kept at most.
_MOST_INDEXES = 256


@dataclass(frozen=True, slots=True)
class _Sets:
    """The set of groups that may read each passage, by passages' ids, as of one moment."""

    ids: IntVector  # ascending, (n,)
    sets: IntVector  # (n,)
    changes: int  # how often groups had been changed by then

    def of(self, ids: IntVector) -> IntVector:
        """The set of each of these passages, (m,); -1 where none is known."""
        if not len(self.ids):
            return np.full(len(ids), -1, dtype=np.int64)
        places = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
        return np.where(self.ids[places] == ids, self.sets[places], -1)


# What an index of what may be read is for: the changes to documents and to groups, and the sets that may be read.
_Key = tuple[int, int, frozenset[int]]


class PermittedIndexes:
    """For each of several rights the index of what they allow. Safe to use from several threads."""

    def __init__(self, store: IndexSource) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._sets: _Sets | None = None
        self._kept: OrderedDict[_Key, SearchIndex] = OrderedDict()

    def of(self, index: SearchIndex, access: Access) -> SearchIndex:
        """`index` with the passages that `access` allows to be read, by what the store says of it now."""
        with self._store.snapshot():
            changes = self._store.groups_changes()
            permitted = self._store.permitted_sets(access)
            key = (index.change_number, changes, permitted)
            with self._lock:
                found = self._kept.get(key)
                if found is not None:
                    self._kept.move_to_end(key)
                    return found
                sets = self._sets_now(changes, index.newest())
        wanted = np.array(sorted(permitted), dtype=np.int64)
        found = index.only([np.isin(sets.of(part.ids), wanted) for part in index.parts])
        self._keep(key, found)
        return found

    def forget(self) -> None:
        """Let all go that is known: the files of indexes stay open as long as they are held."""
        with self._lock:
            self._kept.clear()
            self._sets = None

    def _sets_now(self, changes: int, newest: int) -> _Sets:
        """The sets of all passages up to `newest`; only those that came since are read, unless groups have changed."""
        known = self._sets
        if known is None or known.changes != changes:
            known = _Sets(*self._store.sets_of_chunks(), changes)
        elif not len(known.ids) or known.ids[-1] < newest:
            above = int(known.ids[-1]) if len(known.ids) else 0
            ids, sets = self._store.sets_of_chunks(above=above)
            known = _Sets(np.concatenate([known.ids, ids]), np.concatenate([known.sets, sets]), changes)
        self._sets = known
        return known

    def _keep(self, key: _Key, index: SearchIndex) -> None:
        """Keep an index in place of those of earlier moments, and of those that were asked for the longest time ago."""
        with self._lock:
            for old in [old for old in self._kept if old[:2] < key[:2]]:
                del self._kept[old]
            self._kept[key] = index
            rows = sum(len(part.ids) for part in index.parts)
            while len(self._kept) > 1 and (len(self._kept) > _MOST_INDEXES or len(self._kept) * rows > _MOST_KEPT):
                self._kept.popitem(last=False)
