from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from rag.errors import IndexMissing, StorageError
from rag.store.sqlite.database import refuse_old_sqlite, transaction
from rag.store.sqlite.sqlite_store import SqliteStore
from tests.support.access import EVERYTHING
from tests.support.stores import open_store, parts, put

LINES = ("The harbour froze in January.", "Ships waited outside.", "Naïve ☃ readers 😀 understood.")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with open_store(tmp_path / "data") as opened:
        yield opened


def test_totals_that_are_wrong_are_found_and_counted_again(store: SqliteStore, tmp_path: Path) -> None:
    store.put_document(*parts("a", *LINES))
    before = store.counts(EVERYTHING)
    with apsw.Connection(str(next(tmp_path.rglob("citewell.sqlite")))) as connection:
        connection.execute("UPDATE totals SET count = 7 WHERE name = 'chunks'")
    wrong = [check.detail for check in store.check() if not check.ok]
    assert wrong == ["7 chunks are counted, and 2 are there; `rag rebuild` counts again"]
    store.rebuild_words()
    assert (store.counts(EVERYTHING), [check for check in store.check() if not check.ok]) == (before, [])


class InterruptedConnection(apsw.Connection):
    """One whose user presses Ctrl-C while a transaction begins."""

    def execute(self, statements: str, *values: Any, **options: Any) -> apsw.Cursor:
        cursor = super().execute(statements, *values, **options)
        if statements.startswith("BEGIN"):
            raise KeyboardInterrupt
        return cursor


def test_a_transaction_that_is_interrupted_while_it_begins_is_undone(tmp_path: Path) -> None:
    connection = InterruptedConnection(str(tmp_path / "one.sqlite"))
    with pytest.raises(KeyboardInterrupt), transaction(connection, "BEGIN IMMEDIATE"):
        pass
    assert not connection.in_transaction
    connection.close()


def test_feedback_is_kept(store: SqliteStore, tmp_path: Path) -> None:
    assert store.add_feedback("first", "Why?", "relevant", 1, "yes") == 1
    assert store.add_feedback("second", None, "not_relevant", None, "half \ud83d") == 2
    with pytest.raises(ValueError, match="relevance is 'good'"):
        store.add_feedback("third", None, "good", None, "")
    with apsw.Connection(str(tmp_path / "data" / "citewell.sqlite")) as connection:
        rows = connection.execute(
            "SELECT answer_id, question, relevance, citation_number, comment FROM feedback"
        ).fetchall()
    assert rows == [("first", "Why?", "relevant", 1, "yes"), ("second", None, "not_relevant", None, "half ?")]


def test_everything_is_there_after_reopening(tmp_path: Path) -> None:
    with open_store(tmp_path / "data") as store:
        put(store, "a", *LINES)
        database_id = store.database_id
    with SqliteStore.open(tmp_path / "data", create=False) as store:
        assert (store.database_id, store.change_number(), store.counts(EVERYTHING)) == (database_id, 1, (1, 4, 2))
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == ["citewell.sqlite", "write.lock"]


def test_two_databases_have_different_ids(tmp_path: Path) -> None:
    with SqliteStore.open(tmp_path / "a") as a, SqliteStore.open(tmp_path / "b") as b:
        assert a.database_id != b.database_id


def test_a_new_data_directory_is_private(tmp_path: Path) -> None:
    SqliteStore.open(tmp_path / "deep" / "data").close()
    assert (tmp_path / "deep" / "data").stat().st_mode & 0o777 == 0o700


def test_nothing_is_created_unless_asked(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing, match=r"holds no documents yet.*rag ingest"):
        SqliteStore.open(tmp_path / "data", create=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("version", ["3.40.1", "3.51.2", "3.9.9"])
def test_an_sqlite_that_loses_commits_is_refused(version: str) -> None:
    with pytest.raises(StorageError, match=rf"SQLite {version} can lose.*expected 3\.51\.3 or newer.*apsw"):
        refuse_old_sqlite(version)
    refuse_old_sqlite("3.51.3")


def test_commits_are_on_the_disk_before_they_are_acknowledged(store: SqliteStore) -> None:
    with store.database.writing() as connection:
        found = {
            name: connection.pragma(name) for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}


def test_readers_and_a_writer_do_not_disturb_each_other(store: SqliteStore) -> None:
    """Every version of the document says its number in every sentence: a torn read would mix two, or lack some."""
    put(store, "a", *(f"Version 0 line x{line}." for line in range(6)))
    stop, problems, reads = threading.Event(), [], [0] * 4

    def versions(text: str) -> set[str]:
        return {word for word in text.split() if word.isdecimal()}

    def read(reader: int) -> None:
        while not stop.is_set():
            try:
                sentences = store.sentences(EVERYTHING, "a")
                document = store.document(EVERYTHING, "a")
                chunks = store.chunks(
                    EVERYTHING, [chunk_id for chunk_id, _ in store.search_words(EVERYTHING, ["version"], 10)]
                )
            except Exception as error:  # noqa: BLE001 - any error at all fails the test
                problems.append(repr(error))
                return
            if (len(sentences), len(document.blocks)) != (7, 7):
                problems.append(f"{len(sentences)} sentences, {len(document.blocks)} blocks")
            texts = ["\n".join(sentence.text for sentence in sentences), document.text]
            for chunk in chunks.values():
                texts.append(chunk.text)
                if chunk.text != "\n".join(sentence.text for sentence in chunk.sentences):
                    problems.append(str(chunk))
            problems.extend(text for text in texts if len(versions(text)) != 1)
            reads[reader] += 1

    threads = [threading.Thread(target=read, args=(reader,)) for reader in range(4)]
    for thread in threads:
        thread.start()
    version = 0
    while version < 20 or (min(reads) < 20 and not problems):
        version += 1
        put(store, "a", *(f"Version {version} line x{line}." for line in range(6)))
    stop.set()
    for thread in threads:
        thread.join()
    assert problems[:3] == []


@pytest.mark.parametrize(
    ("damage", "name", "detail"),
    [
        pytest.param(
            "UPDATE sentences SET text = 'Ships sank.' WHERE position = 2",
            "texts",
            "1 sentences or chunks",
            id="sentence",
        ),
        pytest.param("UPDATE documents SET text = text || '!'", "texts", "not the one that was hashed", id="text"),
        pytest.param("DELETE FROM chunk_vectors WHERE chunk = 1", "vectors", "2 chunks have 1 vectors", id="missing"),
        pytest.param("UPDATE sentence_vectors SET vector = x'00'", "vectors", "3 have the wrong dimension", id="short"),
        pytest.param(
            "UPDATE sentence_vectors SET vector = x'0000803f0000803f0000000000000000' WHERE sentence = 2",
            "vectors",
            "1 are not of length 1",
            id="long",
        ),
        pytest.param(
            "INSERT INTO chunk_vectors VALUES (77, x'00000000000000000000000000000000')",
            "database",
            "a row of chunk_vectors belongs to no row of chunks",
            id="orphan",
        ),
        pytest.param("DELETE FROM document_access", "database", "nobody may read document a", id="access"),
    ],
)
def test_a_check_finds_rows_that_do_not_belong_together(
    store: SqliteStore, tmp_path: Path, damage: str, name: str, detail: str
) -> None:
    put(store, "a", *LINES)
    with apsw.Connection(str(tmp_path / "data" / "citewell.sqlite")) as connection:
        connection.execute(damage)
    found = {check.name: check for check in store.check()}
    assert not found[name].ok
    assert detail in found[name].detail


def test_a_chunk_cannot_be_changed_behind_the_word_index(store: SqliteStore, tmp_path: Path) -> None:
    put(store, "a", *LINES)
    connection = apsw.Connection(str(tmp_path / "data" / "citewell.sqlite"))
    with pytest.raises(apsw.ConstraintError, match="never updated"):
        connection.execute("UPDATE chunks SET search_text = ''")
    connection.close()


def test_a_database_in_a_folder_that_others_see_is_for_its_owner_alone(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    data.chmod(0o755)
    with open_store(data) as store:
        put(store, "a", "The harbour is deep.")
        modes = {path.name: path.stat().st_mode & 0o077 for path in data.glob("citewell.sqlite*")}
    assert modes["citewell.sqlite"] == 0
    assert set(modes.values()) == {0}, "neither may its log be read"
