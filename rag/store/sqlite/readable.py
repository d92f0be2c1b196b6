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
from rag.store.sqlite.storable import storable

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
-- An absent document is in the set -1, so that the rights are asked for all the same; nobody may read that.
CREATE TEMP VIEW wanted_document AS SELECT CASE WHEN reads_everything() OR coalesce(
    (SELECT a.access_set FROM main.document_access a WHERE a.document = t.number), -1) IN permitted_sets
    THEN t.number END AS number
    FROM (SELECT id_of_wanted() AS id) w LEFT JOIN main.documents t ON t.id = w.id;
"""


class ReadingConnection(apsw.Connection):
    """A connection that reads for one person at a time, whoever that is; at first for nobody, who reads nothing."""

    reader: Access = _NOBODY
    wanted: str = ""  # the id of the document that is asked for by its id


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
    connection.create_scalar_function(
        "id_of_wanted", lambda *_: found.wanted if (found := known()) else "", 0, deterministic=True
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


def readable_number(connection: apsw.Connection, document_id: str) -> int | None:
    """The number of a document that may be read, else None: in as many steps for a forbidden one as for an absent one.

    The other views ask for rights only where there is a document, and the time would say that there is.
    """
    if not isinstance(connection, ReadingConnection):
        raise TypeError(f"{connection} has no views to read through; expected a connection for reading")
    connection.wanted = storable(document_id)
    found: int | None = connection.execute("SELECT number FROM wanted_document").get
    return found


def reads_everything(connection: apsw.Connection) -> bool:
    """Whether the views of the connection show everything now."""
    return isinstance(connection, ReadingConnection) and connection.reader.reads_everything
