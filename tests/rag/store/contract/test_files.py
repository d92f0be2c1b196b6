"""What each file was when it was last read, and the document that came of it."""

from __future__ import annotations

from dataclasses import replace

from rag.store.base import UNTRUSTED, FileRecord, IngestStatus, Stamp, Store
from tests.support.access import EVERYTHING
from tests.support.stores import parts

READ_AT = "2026-11-23T09:00:00+00:00"


def file(name: str, document_id: str = "", *, error: str = "", sha256: str = "") -> FileRecord:
    return FileRecord(
        f"/documents/{name}".encode(), f"/documents/{name}", Stamp(7, 8, 9), sha256, document_id, error, READ_AT, "v1"
    )


def test_a_file_is_remembered_with_its_document_in_one_commit(store: Store) -> None:
    given, record = parts("a", "The harbour froze."), file("a.txt", "a")
    assert store.put_document(*given, file=record) is IngestStatus.CREATED
    known = store.known_file(b"/documents/a.txt")
    assert known is not None
    assert (known.record, known.source, known.content_sha256) == (
        record,
        given.document.source,
        given.document.content_sha256,
    )
    assert store.owner_of("a") == (b"/documents/a.txt", "/documents/a.txt")
    assert (store.known_file(b"/documents/b.txt"), store.owner_of("b"), store.change_number()) == (None, None, 1)


def test_a_folder_gives_its_files_by_path_and_then_documents_without_one(store: Store) -> None:
    store.put_document(*parts("loose", "Nobody remembers its file."))
    store.put_document(*parts("b", "Ships waited."), file=file("b.txt", "b"))
    store.put_document(*parts("a", "The harbour froze."), file=file("a.txt", "a"))
    store.remember_files([FileRecord(b"/documents2/c", "/documents2/c", UNTRUSTED, "", "", "no", READ_AT, "v1")])
    found = store.known_files(b"/documents/", "/documents/")
    assert [(known.record.path, known.source.id if known.source else None) for known in found] == [
        (b"/documents/a.txt", "a"),
        (b"/documents/b.txt", "b"),
        (b"", "loose"),
    ]
    assert store.document_at("loose", "/documents/loose.txt") == found[-1]
    assert store.document_at("a", "/documents/a.txt") is None


def test_a_file_that_failed_is_listed_until_it_is_read_or_forgotten(store: Store) -> None:
    failed = [file("a.txt", "a", error="it is empty"), file("b.txt", "b", error="it is empty")]
    store.remember_files(failed)
    assert (store.failed_files(), store.change_number()) == (failed, 0)
    store.put_document(*parts("a", "The harbour froze."), file=file("a.txt", "a"))
    assert store.failed_files() == failed[1:]
    store.remember_files([], gone=[b"/documents/b.txt"])
    assert (store.failed_files(), store.known_file(b"/documents/b.txt")) == ([], None)


def test_a_document_that_moved_keeps_its_text_and_counts_as_a_change(store: Store) -> None:
    store.put_document(*parts("a", "The harbour froze."), file=file("a.txt", "a"))
    store.remember_files(
        [file("c.txt", "a")], relocated=[("a", "/documents/c.txt", READ_AT)], gone=[b"/documents/a.txt"]
    )
    document = store.document(EVERYTHING, "a")
    assert (document.source.location, document.modified_at) == ("/documents/c.txt", READ_AT)
    assert document.text == parts("a", "The harbour froze.").document.text
    assert (store.owner_of("a"), store.change_number()) == ((b"/documents/c.txt", "/documents/c.txt"), 2)


def test_a_deleted_document_takes_its_file_along_or_leaves_it_as_given(store: Store) -> None:
    for name in ("a", "b"):
        store.put_document(*parts(name, "The harbour froze."), file=file(f"{name}.txt", name))
    failed = file("b.txt", "b", error="it became too large")
    store.delete_document("a")
    store.delete_document("b", file=failed)
    assert (store.known_file(b"/documents/a.txt"), store.failed_files()) == (None, [failed])


def test_documents_of_the_same_bytes_are_named(store: Store) -> None:
    given = parts("a", "The harbour froze.")
    store.put_document(*given)
    store.put_document(*parts("b", "Ships waited."))
    assert store.same_content() == []
    same = replace(given.document, source=parts("c").document.source)
    store.put_document(same, *given[1:])
    sha256 = given.document.content_sha256
    assert store.same_content() == [(sha256, "/documents/a.txt"), (sha256, "/documents/c.txt")]
