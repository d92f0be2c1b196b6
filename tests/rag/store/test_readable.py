"""What reads for a person reads through the views of what the person may read, and through nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from rag.errors import DocumentNotFound
from rag.records import Access
from rag.store.sqlite.readable import reading_as
from rag.store.sqlite.sqlite_store import SqliteStore
from tests.support.access import EVERYTHING, READ_FOR_A_PERSON
from tests.support.stores import WITHOUT_ACCESS, open_store, parts

ANN = Access("ann", frozenset({"staff"}))
# Tables with words, vectors or places of documents.
GUARDED = {
    "documents",
    "blocks",
    "originals",
    "sentences",
    "chunks",
    "sentence_vectors",
    "chunk_vectors",
    "versions",
    "document_access",
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with open_store(tmp_path / "data") as opened:
        opened.put_document(*parts("a", "The harbour is 1.5 m deep.", "Ships wait."), groups=["staff"])
        yield opened


@pytest.mark.parametrize("name", READ_FOR_A_PERSON)
def test_no_table_is_read_but_through_a_view(store: SqliteStore, name: str) -> None:
    """SQLite says of every column that a statement reads which view it was asked for by, if any."""
    past: set[tuple[str, str]] = set()

    def note(operation: int, table: str | None, column: str | None, _database: str | None, asked_by: str | None) -> int:
        if operation == apsw.SQLITE_READ and table in GUARDED and asked_by is None:
            past.add((str(table), str(column)))
        return apsw.SQLITE_OK

    with store.database.reading() as connection:
        connection.authorizer = note
        try:
            getattr(store, name)(ANN, *READ_FOR_A_PERSON[name])
        finally:
            connection.authorizer = None
    # A part of an original is read by the number of a row that a view gave, which for SQLite is no column.
    assert past == ({("originals", "")} if name == "original_part" else set())


def test_a_connection_reads_for_nobody_until_it_is_told_for_whom(store: SqliteStore) -> None:
    count = "SELECT count(*) FROM readable_documents"
    with store.database.reading() as connection:
        assert connection.execute(count).get == 0
        with reading_as(connection, ANN):
            assert connection.execute(count).get == 1
            with reading_as(connection, EVERYTHING):
                assert connection.execute(count).get == 1
            with reading_as(connection, Access("bob", frozenset())):
                assert connection.execute(count).get == 0
            assert connection.execute(count).get == 1
        assert connection.execute(count).get == 0


def test_what_writes_has_no_views(store: SqliteStore) -> None:
    with (
        store.database.writing() as connection,
        pytest.raises(TypeError, match="no views"),
        reading_as(connection, EVERYTHING),
    ):
        pass


def test_everything_belongs_to_everybody_in_a_database_of_the_format_before(tmp_path: Path) -> None:
    """Nothing is lost, and whoever is somebody reads all of it."""
    with open_store(tmp_path / "data") as store:
        store.put_document(*parts("a", "The harbour froze.", "Ships wait."), keep_versions=1)
        store.put_document(*parts("a", "The harbour is open."), keep_versions=1)
        store.put_document(*parts("b", "A gate."))
        listed = store.documents(EVERYTHING)
        counts = store.counts(EVERYTHING)
    connection = apsw.Connection(str(tmp_path / "data" / "citewell.sqlite"))
    connection.execute(f"{WITHOUT_ACCESS}; PRAGMA user_version = 8").fetchall()
    connection.close()
    with SqliteStore.open(tmp_path / "data", create=False) as store:
        bob = Access("bob", frozenset())
        assert (store.documents(bob), store.counts(bob)) == (listed, counts)
        assert len(store.versions(bob, "a")) == 1
        assert store.counts(Access("", frozenset())) == (0, 0, 0)
        assert all(check.ok for check in store.check())
        before = store.content_number(bob)
        store.put_document(*parts("c", "New."))
        assert (store.content_number(bob), store.counts(EVERYTHING)[0]) == (before, 3)


@pytest.mark.parametrize("name", ["document", "document_info", "original_sha256", "sentences"])
def test_a_forbidden_document_takes_as_many_steps_as_an_absent_one(store: SqliteStore, name: str) -> None:
    """Steps of SQLite's machine, but for the few between an entry of the index of ids and its row."""
    store.put_document(*parts("forbidden", "The board meets at noon."), groups=["board"])

    def steps(document_id: str) -> int:
        taken = 0

        def step() -> bool:
            nonlocal taken
            taken += 1
            return False

        with store.database.reading() as connection:
            connection.set_progress_handler(step, 1)
            try:
                with pytest.raises(DocumentNotFound):
                    getattr(store, name)(ANN, document_id)
            finally:
                connection.set_progress_handler(None, 1)
        return taken

    assert steps("absent")  # the first time prepares the statement
    assert abs(steps("forbidden") - steps("absent")) <= 3
