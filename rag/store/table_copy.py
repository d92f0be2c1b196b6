"""All rows of a store, copied into another kind of store, and compared by checksums.

Both kinds have the same tables and columns. What is derived from others (words, counts, the log of changes) is not
copied: whoever writes the rows makes it. Rows go in the order of their keys, some at a time, each lot in one commit, so
that a copy which was broken off goes on behind the last key that is there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

# A value as both have it: a vector is its numbers, little-endian float32; yes and no are 1 and 0. No text has NUL.
RowValue = int | float | str | bytes | None
TableRow = tuple[RowValue, ...]
Counted = Callable[[str, int], None]

# Rows of one lot; of tables with long ones, fewer.
_AT_ONCE = 1_000
_LONG_AT_ONCE = {"documents": 20, "versions": 20, "originals": 1}


@dataclass(frozen=True, slots=True)
class StoredTable:
    """A table that is copied: its columns, those of its key in front, how many of them are the key."""

    name: str
    columns: tuple[str, ...]
    keys: int = 1
    is_numbered: bool = False  # it gives each row a number of its own, and none twice

    @property
    def key(self) -> tuple[str, ...]:
        """The columns by which rows are ordered, and none is like another."""
        return self.columns[: self.keys]


def _table(name: str, columns: str, keys: int = 1, *, is_numbered: bool = False) -> StoredTable:
    return StoredTable(name, tuple(columns.split()), keys, is_numbered)


# What others refer to comes first.
COPIED = (
    _table(
        "documents",
        "number id title location media_type content_sha256 text_sha256 characters warnings created_at updated_at"
        " modified_at text",
        is_numbered=True,
    ),
    _table("access_sets", "id names", is_numbered=True),
    _table("access_names", "name access_set", 2),
    _table("originals", "document data"),
    _table("blocks", "document position span_start span_end kind level section page turns recognised", 2),
    _table("sentences", "id document position span_start span_end kind section page text recognised", is_numbered=True),
    _table(
        "chunks",
        "id document position first_sentence last_sentence span_start span_end section page text search_text",
        is_numbered=True,
    ),
    _table("sentence_vectors", "sentence vector"),
    _table("chunk_vectors", "chunk vector"),
    _table("document_access", "document access_set by_hand sentences chunks stamp source_set"),
    _table(
        "versions",
        "id document_id text_sha256 title location media_type content_sha256 stored_at superseded_at modified_at blocks"
        " text",
        is_numbered=True,
    ),
    _table("files", "path location size mtime_ns inode content_sha256 document_id error read_at read_with"),
    _table(
        "feedback",
        "id answer_id question relevance citation_number comment created_at person",
        is_numbered=True,
    ),
    _table("conversations", "number id title created_at updated_at owner shared_with", is_numbered=True),
    _table("turns", "id conversation number request_id answer asked_at relevance", is_numbered=True),
    _table("turn_documents", "document_id turn", 2),
    _table("questions", "id answer_id question outcome confidence index_version vector asked_at", is_numbered=True),
    _table("outcomes", "day outcome count", 2),
    _table(
        "people",
        "number name shown_as mail is_service password suspended created_at signed_in_at",
        is_numbered=True,
    ),
    _table("belongings", "person kind value said_by", 4),
    _table("invitations", "person digest ends_at"),
    _table("sessions", "digest person method details started_at seen_at ends_at"),
    _table("keys", "number id digest person name scopes created_at ends_at used_at", is_numbered=True),
)


class RowSource(Protocol):
    """The rows of one moment of a store."""

    def read_rows(self, table: StoredTable, after: TableRow | None, count: int) -> list[TableRow]:
        """At most `count` rows in the order of their keys, which are above `after`."""

    def facts(self) -> Mapping[str, int | str]:
        """What is written down about the whole: all but what names the database itself."""

    def last_number(self, table: StoredTable) -> int:
        """The highest number that a numbered table has given to a row, which may be gone."""


class RowTarget(RowSource, Protocol):
    """A store into which rows are copied, and which nobody else uses meanwhile."""

    def last_key(self, table: StoredTable) -> TableRow | None:
        """The key of the last row that is there."""

    def write_rows(self, table: StoredTable, rows: Sequence[TableRow]) -> None:
        """Write these rows in one commit, and what is derived from them."""

    def half_moved(self) -> str:
        """What names the source whose rows are being copied into this store; "" when none are."""

    def set_half_moved(self, source: str) -> None:
        """Note that rows of this source are being copied, or with "" that all are there."""

    def finish(self, facts: Mapping[str, int | str], numbers: Mapping[str, int]) -> None:
        """Write the facts, and let tables give no number up to these; the log of changes begins here."""


@dataclass(frozen=True, slots=True)
class TableSum:
    """The rows of a table, and what tells them from any others."""

    table: str
    rows: int
    sha256: str


def copy_rows(source: RowSource, target: RowTarget, *, counted: Counted | None = None) -> None:
    """Copy all rows that are not there yet."""
    for table in COPIED:
        after = target.last_key(table)
        while rows := source.read_rows(table, after, _LONG_AT_ONCE.get(table.name, _AT_ONCE)):
            target.write_rows(table, rows)
            after = rows[-1][: table.keys]
            if counted is not None:
                counted(table.name, len(rows))
    numbers = {table.name: source.last_number(table) for table in COPIED if table.is_numbered}
    target.finish(source.facts(), numbers)


def sums_of(source: RowSource) -> Iterator[TableSum]:
    """The sum of each table, and of the facts under the name "facts"."""
    for table in COPIED:
        digest, count = hashlib.sha256(), 0
        after: TableRow | None = None
        while rows := source.read_rows(table, after, _LONG_AT_ONCE.get(table.name, _AT_ONCE)):
            for row in rows:
                digest.update(repr(row).encode())
            count += len(rows)
            after = rows[-1][: table.keys]
        yield TableSum(table.name, count, digest.hexdigest())
    facts = sorted(source.facts().items())
    yield TableSum("facts", len(facts), hashlib.sha256(repr(facts).encode()).hexdigest())
