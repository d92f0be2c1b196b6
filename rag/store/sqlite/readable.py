"""What a person may read, as views: whatever reads for a person names these, and no table beneath them.

The views belong to each connection that reads, as temporary ones, and ask it who reads. Who has not been named reads
nothing. So a statement that forgets to ask for the right of the person cannot be written with them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import ref

import apsw

from rag.records import Access

_NOBODY = Access("", frozenset())

# Each view has the columns of its table. `reads_everything()` is asked once for each statement, so that whoever may
# read everything pays nothing for the rest.
_VIEWS = """
CREATE TEMP VIEW permitted_sets AS SELECT DISTINCT access_set FROM main.access_names
    WHERE name IN (SELECT value FROM json_each(names_of_reader()));
CREATE TEMP VIEW readable_documents AS SELECT * FROM main.documents t WHERE reads_everything() OR EXISTS (
    SELECT 1 FROM main.document_access a WHERE a.document = t.number AND a.access_set IN permitted_sets);
CREATE TEMP VIEW readable_blocks AS SELECT * FROM main.blocks t WHERE reads_everything() OR EXISTS (
    SELECT 1 FROM main.document_access a WHERE a.document = t.document AND a.access_set IN permitted_sets);
CREATE TEMP VIEW readable_originals AS SELECT * FROM main.originals t WHERE reads_everything() OR EXISTS (
    SELECT 1 FROM main.document_access a WHERE a.document = t.document AND a.access_set IN permitted_sets);
CREATE TEMP VIEW readable_sentences AS SELECT * FROM main.sentences t WHERE reads_everything() OR EXISTS (
    SELECT 1 FROM main.document_access a WHERE a.document = t.document AND a.access_set IN permitted_sets);
CREATE TEMP VIEW readable_chunks AS SELECT * FROM main.chunks t WHERE reads_everything() OR EXISTS (
    SELECT 1 FROM main.document_access a WHERE a.document = t.document AND a.access_set IN permitted_sets);
CREATE TEMP VIEW readable_sentence_vectors AS SELECT * FROM main.sentence_vectors t WHERE reads_everything() OR EXISTS (
    SELECT 1 FROM main.sentences s JOIN main.document_access a ON a.document = s.document
    WHERE s.id = t.sentence AND a.access_set IN permitted_sets);
CREATE TEMP VIEW readable_chunk_vectors AS SELECT * FROM main.chunk_vectors t WHERE reads_everything() OR EXISTS (
    SELECT 1 FROM main.chunks c JOIN main.document_access a ON a.document = c.document
    WHERE c.id = t.chunk AND a.access_set IN permitted_sets);
CREATE TEMP VIEW readable_versions AS SELECT * FROM main.versions t WHERE reads_everything() OR EXISTS (
    SELECT 1 FROM main.documents d JOIN main.document_access a ON a.document = d.number
    WHERE d.id = t.document_id AND a.access_set IN permitted_sets);
CREATE TEMP VIEW readable_access AS SELECT * FROM main.document_access t WHERE reads_everything()
    OR t.access_set IN permitted_sets;
"""


class ReadingConnection(apsw.Connection):
    """A connection that reads for one person at a time, whoever that is; at first for nobody, who reads nothing."""

    reader: Access = _NOBODY


def make_views(connection: ReadingConnection) -> None:
    """Give the connection its views. It must have the tables of today's format by the time they are used."""
    known = ref(connection)  # a function that held its connection would keep it from being closed when it is let go

    def reader() -> Access:
        return found.reader if (found := known()) else _NOBODY

    # Deterministic in SQLite's sense, the same throughout a statement: `reading_as` changes it only between two.
    connection.create_scalar_function(
        "reads_everything", lambda *_: int(reader().reads_everything), 0, deterministic=True
    )
    connection.create_scalar_function(
        "names_of_reader", lambda *_: json.dumps(sorted(reader().names)), 0, deterministic=True
    )
    connection.execute("PRAGMA temp_store = MEMORY").fetchall()
    connection.execute(_VIEWS).fetchall()


@contextmanager
def reading_as(connection: apsw.Connection, access: Access) -> Iterator[None]:
    """Let the views of the connection show what `access` allows while the block runs."""
    if not isinstance(connection, ReadingConnection):
        raise TypeError(f"{connection} has no views to read through; expected a connection for reading")
    before, connection.reader = connection.reader, access
    try:
        yield
    finally:
        connection.reader = before


def reads_everything(connection: apsw.Connection) -> bool:
    """Whether the views of the connection show everything now."""
    return isinstance(connection, ReadingConnection) and connection.reader.reads_everything
