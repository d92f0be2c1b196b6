"""What is read ahead changes nothing but when it is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from rag import read
from rag.app import Citewell
from rag.ingest.prepare import Preparer
from rag.ingest.sources.folder import FoundFile, named
from rag.ingest.sources.intake import Tools
from rag.ingest.sources.prefetch import Prefetch
from rag.ingest.sources.sync import SyncOptions
from rag.records import Document, Source
from rag.store.base import IngestStatus
from tests.support.fakes import HashEmbedder


@pytest.fixture
def tools(citewell: Citewell) -> Tools:
    return citewell.documents._tools()


@pytest.fixture
def files(tmp_path: Path) -> list[FoundFile]:
    folder = tmp_path / "papers"
    folder.mkdir()
    for number in range(6):
        (folder / f"{number}.txt").write_text(f"Boat {number} came in at noon. It was late by {number} hours.")
    return [named(path) for path in sorted(folder.iterdir())]


@pytest.fixture
def document() -> Document:
    source = Source("id", "Boats", "/boats.txt", "text/plain")
    return read.read_bytes(b"The boat came in at noon. It was late by two hours.", source)


def source_of(found: FoundFile) -> Source:
    """What a file that was never seen is read as."""
    return Source(read.id_of(found.key), "", str(found.path), "text/plain")


class Counting:
    """Counts how often each text is read."""

    def __init__(self, read: Callable) -> None:
        self.read = read
        self.texts: list[bytes] = []

    def __call__(self, data: bytes, source: object) -> Document:
        self.texts.append(data)
        return self.read(data, source)


def test_each_file_is_read_once_and_the_results_are_in_order(citewell: Citewell, files: list[FoundFile]) -> None:
    told: list[tuple[int, int]] = []
    results = citewell.documents.ingest(
        [f.path for f in files], on_result=lambda _, number, total: told.append((number, total))
    )
    assert [result.location for result in results] == [str(f.path) for f in files]
    assert told == [(number, 6) for number in range(1, 7)]
    assert {result.status for result in results} == {IngestStatus.CREATED}


def test_no_file_is_read_twice(tools: Tools, files: list[FoundFile]) -> None:
    counting = Counting(tools.read)
    with Prefetch(replace(tools, read=counting), files) as ahead:
        for position, found in enumerate(files):
            ahead.reach(position)
            data = found.path.read_bytes()
            assert ahead.read(data, source_of(found)).text.startswith(f"Boat {position} ")
    assert len(counting.texts) == len(files)


def test_a_file_that_changes_before_its_turn_is_read_as_it_is_then(tools: Tools, files: list[FoundFile]) -> None:
    with Prefetch(tools, files) as ahead:
        ahead.reach(0)
        ahead.read(files[1].path.read_bytes(), source_of(files[1]))  # what was begun is done now
        files[1].path.write_text("The harbour was closed.")
        ahead.reach(1)
        assert ahead.read(files[1].path.read_bytes(), source_of(files[1])).text == "The harbour was closed."


def test_a_file_that_fails_ahead_fails_in_its_turn_and_the_others_do_not(
    citewell: Citewell, files: list[FoundFile]
) -> None:
    files[2].path.write_bytes(b"  ")
    files[4].path.unlink()
    files[4].path.symlink_to("/no/such/file")
    results = citewell.documents.ingest([files[0].path.parent])
    assert [result.status.value for result in results if result.status is not IngestStatus.CREATED] == ["failed"]
    assert str(results[2].error).endswith("the file is empty; a document with text was expected")


def test_what_the_store_knows_is_not_begun(citewell: Citewell, files: list[FoundFile]) -> None:
    citewell.documents.ingest([f.path for f in files])
    counting = Counting(citewell.documents._tools().read)
    with Prefetch(replace(citewell.documents._tools(), read=counting), files) as ahead:
        for position in range(len(files)):
            ahead.reach(position)
    assert counting.texts == []


def test_what_was_made_ahead_of_another_text_is_not_used(document: Document) -> None:
    preparer = Preparer(HashEmbedder(), "en")
    preparer.prepare_ahead(replace(document, text=document.text.upper()))
    assert preparer.prepare(document).sentences == Preparer(HashEmbedder(), "en").prepare(document).sentences


def test_what_was_made_ahead_is_used_though_its_date_was_not_known(document: Document) -> None:
    preparer = Preparer(HashEmbedder(), "en")
    preparer.prepare_ahead(document)
    (_, made), *_ = preparer._ahead.values()
    assert preparer.prepare(replace(document, modified_at="2026-01-01T00:00:00Z")) is made


@pytest.fixture
def prepared(citewell: Citewell, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The locations of the documents that Citewell makes ahead of their turn."""
    tools, made = citewell.documents._tools(), []

    def prepare(document: Document) -> None:
        made.append(document.source.location)
        tools.prepare(document)

    monkeypatch.setattr(citewell.documents, "_tools", lambda: replace(tools, prepare=prepare))
    return made


def test_a_sync_reads_new_files_ahead(citewell: Citewell, files: list[FoundFile], prepared: list[str]) -> None:
    report = citewell.documents.sync([files[0].path.parent])
    assert [result.status for result in report.results] == [IngestStatus.CREATED] * len(files)
    assert sorted(prepared) == [str(found.path) for found in files[1:]]  # the first is wanted at once


def test_a_sync_does_not_read_what_may_have_been_moved(
    citewell: Citewell, files: list[FoundFile], prepared: list[str]
) -> None:
    citewell.documents.sync([files[0].path.parent])
    prepared.clear()
    moved = files[0].path.parent / "later"
    moved.mkdir()
    for found in files:
        found.path.rename(moved / found.path.name)
    report = citewell.documents.sync([files[0].path.parent])
    assert [result.status for result in report.results] == [IngestStatus.MOVED] * len(files)
    assert prepared == []
    assert citewell.documents.sync([moved.parent], SyncOptions(dry_run=True)).results == ()


def test_a_dry_run_reads_nothing_ahead(citewell: Citewell, files: list[FoundFile], prepared: list[str]) -> None:
    report = citewell.documents.sync([files[0].path.parent], SyncOptions(dry_run=True))
    assert len(report.results) == len(files)
    assert prepared == []
