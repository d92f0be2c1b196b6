"""The index in memory beside its store and its copy on disk: what is damaged or behind is made again."""

from __future__ import annotations

import shutil
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from rag.errors import StorageDamaged
from rag.index.live import LiveIndex
from rag.store.sqlite.sqlite_store import SqliteStore
from tests.support.access import EVERYTHING
from tests.support.stores import MODEL, open_store, put, unit_rows


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with open_store(tmp_path / "data") as store:
        put(store, "one", "The gate is green.", "The wall is white.")
        yield store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "index"


def damage(folder: Path) -> Path:
    """Flip a byte in the middle of the published vectors."""
    (file,) = folder.glob("gen-*/vectors.faiss")
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0xFF
    file.write_bytes(data)
    return file


def published(store: SqliteStore, folder: Path) -> LiveIndex:
    index = LiveIndex(store, folder, MODEL)
    index.publish()
    return index


def test_change_in_the_store_is_in_the_next_index(store: SqliteStore, folder: Path) -> None:
    index = LiveIndex(store, folder, MODEL)
    first = index.current()
    put(store, "two", "The door is blue.")
    second = index.current()
    assert first and second
    assert (first.size, second.size) == (1, 2)
    assert index.current() is second


def test_once_closed_it_holds_no_file_open(store: SqliteStore, folder: Path) -> None:
    """A generation that was replaced takes its place on the disk as long as anybody has it mapped."""
    index = published(store, folder)
    served = index.current()
    assert served is not None
    mapped = weakref.ref(served.parts[0].words.lengths)
    del served
    assert mapped() is not None
    index.close()
    assert mapped() is None


def test_the_next_index_shares_what_has_not_changed_with_the_one_before(store: SqliteStore, folder: Path) -> None:
    index = LiveIndex(store, folder, MODEL)
    first = index.current()
    put(store, "two", "The door is blue.", "The floor is grey.")
    put(store, "three", "The roof is red.")
    store.delete_document("one")
    second = index.current()
    assert first and second
    assert second.parts[0].vectors is first.parts[0].vectors
    ids, vectors = store.chunk_vectors(EVERYTHING, store.all_chunk_ids().tolist())
    for i, vector in zip(ids.tolist(), vectors, strict=True):
        assert (i, pytest.approx(1.0)) in second.search(vector, second.size)
    put(store, "two", "The door is brown.")
    third = index.current()
    assert third
    assert (third.size, third.newest()) == (2, int(store.all_chunk_ids().max()))
    index.publish()
    whole = index.current()
    assert whole
    assert whole.is_one_piece
    assert index.check().ok


def test_an_index_on_disk_that_is_behind_is_caught_up_with(store: SqliteStore, folder: Path) -> None:
    published(store, folder)
    put(store, "two", "The door is blue.")
    store.delete_document("one")
    index = LiveIndex(store, folder, MODEL).current()
    assert index
    assert (len(index.parts), index.size, index.change_number) == (2, 1, store.change_number())
    assert index.search_words(["door"], 5) != []
    assert index.search_words(["gate"], 5) == []


def test_an_index_of_another_course_of_things_is_made_anew(store: SqliteStore, folder: Path, tmp_path: Path) -> None:
    """The database was put back by hand: the change that the index was made after is not the one of that number."""
    copy = tmp_path / "copy.sqlite"
    store.back_up(copy)
    put(store, "two", "The door is blue.")
    published(store, folder)
    store.close()
    shutil.copy(copy, tmp_path / "data" / "citewell.sqlite")
    with SqliteStore.open(tmp_path / "data") as again:
        put(again, "two", "The roof is red.")
        index = LiveIndex(again, folder, MODEL).current()
        assert index
        assert index.change_number == again.change_number()
        assert (index.search_words(["door"], 5), len(index.search_words(["roof"], 5))) == ([], 1)


def test_a_log_that_was_shortened_too_far_makes_it_anew(store: SqliteStore, folder: Path) -> None:
    index = LiveIndex(store, folder, MODEL)
    index.current()
    put(store, "two", "The door is blue.")
    put(store, "three", "The roof is red.")
    store.forget_changes_before(store.change_number())
    found = index.current()
    assert found
    assert (found.is_one_piece, found.size) == (True, 3)


def test_a_large_index_is_not_written_again_for_a_small_change(
    store: SqliteStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("rag.index.live", "rag.index.search_index"):
        monkeypatch.setattr(f"{module}.FEW", 2)
    put(store, "two", "The door is blue.", "The floor is grey.", "The roof is red.", "The sky is dark.")
    index = published(store, folder)
    put(store, "three", "The stair is steep.")
    assert not index.is_unpublished()
    put(store, "four", "The bell is loud.", "The rope is long.", "The lamp is lit.")
    assert index.is_unpublished()
    index.publish()
    whole = LiveIndex(store, folder, MODEL).current()
    assert whole
    assert (whole.is_one_piece, whole.size) == (True, len(store.all_chunk_ids()))


def test_another_process_takes_the_generation_that_a_writer_made_of_an_outgrown_index(
    store: SqliteStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("rag.index.live", "rag.index.search_index"):
        monkeypatch.setattr(f"{module}.FEW", 2)
    published(store, folder)
    other = LiveIndex(store, folder, MODEL)
    other.current()
    put(store, "two", *[f"The door of house {number} is blue." for number in range(8)])
    outgrown = other.current()
    assert outgrown
    assert outgrown.is_outgrown
    published(store, folder)
    put(store, "three", "The roof is red.")
    found = other.current()
    assert found
    assert (found.is_outgrown, found.size) == (False, len(store.all_chunk_ids()))


@pytest.mark.parametrize("bit", [0, 22, 31])
def test_check_finds_one_bit_turned_over_in_a_vector_of_the_database(
    store: SqliteStore, folder: Path, tmp_path: Path, bit: int
) -> None:
    published(store, folder)
    with apsw.Connection(str(tmp_path / "data" / "citewell.sqlite")) as connection:
        ((chunk, blob),) = connection.execute("SELECT chunk, vector FROM chunk_vectors").fetchall()
        assert isinstance(blob, bytes)
        vector = bytearray(blob)
        vector[bit // 8] ^= 1 << bit % 8
        connection.execute("UPDATE chunk_vectors SET vector = ? WHERE chunk = ?", (bytes(vector), chunk))
    check = LiveIndex(store, folder, MODEL).check()
    assert not check.ok
    assert "1 of 1 vectors are not those of the database" in check.detail


def test_index_of_an_empty_store_can_be_searched(tmp_path: Path) -> None:
    """Another process may add the first document between the index being taken and the question being asked of it."""
    with SqliteStore.open(tmp_path / "empty") as store:
        index = LiveIndex(store, tmp_path / "empty" / "index", MODEL).current()
        assert index
        assert index.search(unit_rows(1)[0], 5) == []


def test_it_is_unpublished_until_published_and_again_after_a_change(store: SqliteStore, folder: Path) -> None:
    index = LiveIndex(store, folder, MODEL)
    assert index.is_unpublished()
    index.publish()
    assert not index.is_unpublished()
    reopened = LiveIndex(store, folder, MODEL)
    reopened.current()
    assert not reopened.is_unpublished()
    put(store, "two", "The door is blue.")
    assert reopened.is_unpublished()


def test_damaged_generation_is_set_aside_and_made_again_behind_the_questions(store: SqliteStore, folder: Path) -> None:
    published(store, folder)
    damage(folder)
    index = LiveIndex(store, folder, MODEL)
    index.current()
    index.close()  # waits for the rebuild
    rebuilt = index.current()
    assert rebuilt
    assert (rebuilt.size, rebuilt.change_number) == (1, store.change_number())
    assert index.is_unpublished()
    assert len(list(folder.glob("gen-1.corrupt-*/vectors.faiss"))) == 1


def test_check_still_says_what_was_damaged_after_it_was_set_aside(store: SqliteStore, folder: Path) -> None:
    published(store, folder)
    file = damage(folder)
    index = LiveIndex(store, folder, MODEL)
    index.current()
    check = index.check()
    assert not check.ok
    assert f"{file} is not the file that was saved" in check.detail
    assert check.detail.endswith("None is on disk for 1 passages.")
    index.publish()
    assert index.check().ok


def test_rebuild_that_cannot_read_the_store_tells_the_next_question(
    store: SqliteStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(store, folder)
    damage(folder)

    asked = threading.Event()

    def unreadable(**_: int) -> None:
        asked.wait(10)
        raise StorageDamaged("page 7 does not read back")

    monkeypatch.setattr(store, "chunk_blocks", unreadable)
    index = LiveIndex(store, folder, MODEL)
    assert index.current() is None
    asked.set()
    index.close()
    with pytest.raises(StorageDamaged, match="page 7"):
        index.current()
    assert "page 7" in index.check().detail
