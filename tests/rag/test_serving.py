"""The index in memory beside its store and its copy on disk: what is damaged or behind is made again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest
from samples import MODEL, open_store, put, unit_rows

from rag.errors import StorageDamaged
from rag.serving import ServingIndex
from rag.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
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


def published(store: Store, folder: Path) -> ServingIndex:
    index = ServingIndex(store, folder, MODEL)
    index.publish()
    return index


def test_change_in_the_store_is_in_the_next_index(store: Store, folder: Path) -> None:
    index = ServingIndex(store, folder, MODEL)
    first = index.current()
    put(store, "two", "The door is blue.")
    second = index.current()
    assert first and second
    assert (first.size, second.size) == (1, 2)
    assert index.current() is second


def test_the_next_index_shares_what_has_not_changed_with_the_one_before(store: Store, folder: Path) -> None:
    index = ServingIndex(store, folder, MODEL)
    first = index.current()
    put(store, "two", "The door is blue.", "The floor is grey.")
    put(store, "three", "The roof is red.")
    store.delete_document("one")
    second = index.current()
    assert first and second
    assert second.base is first.base
    ids, vectors = store.chunk_vectors()
    assert [second.holds(int(i), vector) for i, vector in zip(ids, vectors, strict=True)] == [True] * second.size
    put(store, "two", "The door is brown.")
    third = index.current()
    assert third
    assert (third.size, third.newest()) == (2, int(store.all_chunk_ids().max()))
    index.publish()
    whole = index.current()
    assert whole
    assert whole.is_one_piece
    assert index.check().ok


def test_an_index_on_disk_that_is_behind_is_made_anew(store: Store, folder: Path) -> None:
    """It may be of a database that was put back by hand and went another way since."""
    published(store, folder)
    put(store, "two", "The door is blue.")
    index = ServingIndex(store, folder, MODEL).current()
    assert index
    assert (index.is_one_piece, index.size) == (True, 2)


@pytest.mark.parametrize("bit", [0, 22, 31])
def test_check_finds_one_bit_turned_over_in_a_vector_of_the_database(
    store: Store, folder: Path, tmp_path: Path, bit: int
) -> None:
    published(store, folder)
    with apsw.Connection(str(tmp_path / "data" / "citewell.sqlite")) as connection:
        ((chunk, blob),) = connection.execute("SELECT chunk, vector FROM chunk_vectors").fetchall()
        vector = bytearray(blob)
        vector[bit // 8] ^= 1 << bit % 8
        connection.execute("UPDATE chunk_vectors SET vector = ? WHERE chunk = ?", (bytes(vector), chunk))
    check = ServingIndex(store, folder, MODEL).check()
    assert not check.ok
    assert "1 of 1 vectors are not those of the database" in check.detail


def test_index_of_an_empty_store_can_be_searched(tmp_path: Path) -> None:
    """Another process may add the first document between the index being taken and the question being asked of it."""
    with Store.open(tmp_path / "empty") as store:
        index = ServingIndex(store, tmp_path / "empty" / "index", MODEL).current()
        assert index
        assert index.search(unit_rows(1)[0], 5) == []


def test_it_is_unpublished_until_published_and_again_after_a_change(store: Store, folder: Path) -> None:
    index = ServingIndex(store, folder, MODEL)
    assert index.is_unpublished()
    index.publish()
    assert not index.is_unpublished()
    reopened = ServingIndex(store, folder, MODEL)
    reopened.current()
    assert not reopened.is_unpublished()
    put(store, "two", "The door is blue.")
    assert reopened.is_unpublished()


def test_damaged_generation_is_set_aside_and_made_again_behind_the_questions(store: Store, folder: Path) -> None:
    published(store, folder)
    damage(folder)
    index = ServingIndex(store, folder, MODEL)
    index.current()
    index.close()  # waits for the rebuild
    rebuilt = index.current()
    assert rebuilt
    assert (rebuilt.size, rebuilt.change_number) == (1, store.change_number())
    assert index.is_unpublished()
    assert len(list(folder.glob("gen-1.corrupt-*/vectors.faiss"))) == 1


def test_check_still_says_what_was_damaged_after_it_was_set_aside(store: Store, folder: Path) -> None:
    published(store, folder)
    file = damage(folder)
    index = ServingIndex(store, folder, MODEL)
    index.current()
    check = index.check()
    assert not check.ok
    assert f"{file} is not the file that was saved" in check.detail
    assert check.detail.endswith("None is on disk for 1 passages.")
    index.publish()
    assert index.check().ok


def test_rebuild_that_cannot_read_the_store_tells_the_next_question(
    store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(store, folder)
    damage(folder)

    asked = threading.Event()

    def unreadable() -> None:
        asked.wait(10)
        raise StorageDamaged("page 7 does not read back")

    monkeypatch.setattr(store, "chunk_vectors", unreadable)
    index = ServingIndex(store, folder, MODEL)
    assert index.current() is None
    asked.set()
    index.close()
    with pytest.raises(StorageDamaged, match="page 7"):
        index.current()
    assert "page 7" in index.check().detail
