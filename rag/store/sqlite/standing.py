"""How much somebody may read, added up once for each change of the documents: questions ask for it several times."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

import apsw

from rag.records import Access
from rag.store.sqlite.change_log import change_number
from rag.store.sqlite.readable import reading_as

# Numbers that JavaScript has exactly.
_EXACT_NUMBERS = 1 << 53
_MOST_KEPT = 1_000


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

    def of(self, connection: apsw.Connection, access: Access) -> Standing:
        """That of whoever asks, who may not read everything."""
        key = (change_number(connection), access.names)
        with self._lock:
            found = self._kept.get(key)
        if found is None:
            with reading_as(connection, access):
                found = _standing(connection)
            with self._lock:
                self._kept[key] = found
                while len(self._kept) > _MOST_KEPT:
                    self._kept.popitem(last=False)
        return found


def _standing(connection: apsw.Connection) -> Standing:
    """What the connection's reader may read, one document at a time."""
    row = connection.execute(
        "SELECT count(*), ifnull(sum(sentences), 0), ifnull(sum(chunks), 0), ifnull(sum(stamp), 0),"
        " ifnull(sum(document), 0), ifnull(max(document), 0) FROM readable_access"
    ).fetchone()
    documents, sentences, chunks, stamps, numbers, newest = (int(value) for value in row or (0,) * 6)
    state = (documents, stamps, numbers, newest)
    return Standing(documents, sentences, chunks, stamps % _EXACT_NUMBERS, state)
