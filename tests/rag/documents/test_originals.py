"""The bytes that a document was read from are kept as long as it is, and no longer."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import apsw
import pytest

from rag.app import Citewell
from rag.documents.originals import file_name
from rag.errors import DocumentNotFound, OriginalNotFound, UnreadableDocument
from rag.read.formats import content_of
from rag.read.layout import Content
from rag.records import Source
from rag.settings import Settings
from rag.store.base import IngestStatus
from rag.store.sqlite.backup import restore
from rag.store.sqlite.sqlite_store import SqliteStore
from tests.support.access import EVERYTHING
from tests.support.restart import restart
from tests.support.stores import WITHOUT_TALK, open_store, parts

FIRST = b"The pier closes at 18:00. Quagmirebirds are welcome.\r\n"
SECOND = b"The pier closes at 17:30.\r\n"
FILE = "citewell.sqlite"


def put(citewell: Citewell, data: bytes) -> IngestStatus:
    return citewell.documents.put("pier", data, media_type="text/plain").status


def without_originals(citewell: Citewell) -> None:
    """As after an update of the program: the documents are there, and none of their files."""
    with apsw.Connection(str(citewell.settings.data_dir / FILE)) as connection:
        connection.execute("DELETE FROM originals")


def is_on_disk(data_dir: Path, words: bytes) -> bool:
    """Whether any file has these bytes. Another process looks: this one must not open and close the database's file."""
    look = (
        "import sys, pathlib; data, words = pathlib.Path(sys.argv[1]), sys.argv[2].encode()\n"
        "print(any(words in p.read_bytes() for p in data.rglob('*') if p.is_file()))"
    )
    arguments = [sys.executable, "-c", look, str(data_dir), words.decode()]
    return subprocess.run(arguments, capture_output=True, text=True, check=True).stdout == "True\n"


def test_the_bytes_come_back_as_they_were_given(empty_citewell: Citewell) -> None:
    put(empty_citewell, FIRST)
    kept = empty_citewell.documents.original("pier", access=EVERYTHING)
    assert (kept.data, kept.media_type, kept.name) == (FIRST, "text/plain", "pier.txt")
    assert kept.sha256 == empty_citewell.documents.get("pier", access=EVERYTHING).content_sha256
    assert empty_citewell.documents.has_original("pier", access=EVERYTHING)


def test_each_file_of_a_folder_and_of_an_archive_is_kept(empty_citewell: Citewell, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "one.txt").write_bytes(FIRST)
    with zipfile.ZipFile(docs / "more.zip", "w") as archive:
        archive.writestr("inner/two.md", SECOND)
    results = empty_citewell.documents.ingest([docs])
    kept = {
        o.name: o.data
        for o in (empty_citewell.documents.original(str(result.document_id), access=EVERYTHING) for result in results)
    }
    assert kept == {"one.txt": FIRST, "two.md": SECOND}


def test_an_update_replaces_the_original_and_leaves_nothing_of_it(empty_citewell: Citewell) -> None:
    restart(empty_citewell, keep_versions=0)
    put(empty_citewell, FIRST)
    assert is_on_disk(empty_citewell.settings.data_dir, b"Quagmirebirds")
    put(empty_citewell, SECOND)
    assert empty_citewell.documents.original("pier", access=EVERYTHING).data == SECOND
    assert not is_on_disk(empty_citewell.settings.data_dir, b"Quagmirebirds")


def test_a_deleted_document_leaves_no_original_behind(empty_citewell: Citewell) -> None:
    """The words in the markup are in the original alone."""
    hidden = b"<p>The pier closes at 18:00.</p><!-- Quagmirebirds " + b"x" * 20_000 + b" Quagmirebirds -->"
    empty_citewell.documents.put("pier", hidden, media_type="text/html")
    assert is_on_disk(empty_citewell.settings.data_dir, b"Quagmirebirds")
    empty_citewell.documents.remove("pier")
    with pytest.raises(DocumentNotFound):
        empty_citewell.documents.original("pier", access=EVERYTHING)
    with pytest.raises(DocumentNotFound):
        empty_citewell.documents.has_original("pier", access=EVERYTHING)
    assert not is_on_disk(empty_citewell.settings.data_dir, b"Quagmirebirds")


def test_with_the_setting_off_none_is_kept(empty_citewell: Citewell) -> None:
    put(empty_citewell, FIRST)
    restart(empty_citewell, keep_originals=False)
    put(empty_citewell, SECOND)
    assert not empty_citewell.documents.has_original("pier", access=EVERYTHING)
    with pytest.raises(OriginalNotFound, match="'pier' was read from is not kept"):
        empty_citewell.documents.original("pier", access=EVERYTHING)


def test_a_document_from_before_gets_its_original_when_it_is_given_again(citewell: Citewell, library: Path) -> None:
    put(citewell, FIRST)
    before = citewell.maintenance.health().index_version
    without_originals(citewell)
    assert not any(
        citewell.documents.has_original(info.source.id, access=EVERYTHING)
        for info in citewell.documents.all(access=EVERYTHING)
    )
    assert put(citewell, FIRST) is IngestStatus.UNCHANGED
    assert citewell.documents.original("pier", access=EVERYTHING).data == FIRST
    assert {result.status for result in citewell.documents.ingest([library])} == {IngestStatus.UNCHANGED}
    assert all(
        citewell.documents.has_original(info.source.id, access=EVERYTHING)
        for info in citewell.documents.all(access=EVERYTHING)
    )
    assert citewell.maintenance.health().index_version == before, "no document has changed"
    assert all(check.ok for check in citewell.maintenance.check())


def test_bytes_that_the_document_was_not_read_from_are_refused(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        with pytest.raises(ValueError, match="the original has the SHA-256"):
            store.put_document(*parts("a", "The harbour is deep."), original=b"something else")
        assert store.documents(EVERYTHING) == []


def test_verify_finds_a_damaged_original(empty_citewell: Citewell) -> None:
    put(empty_citewell, FIRST)
    with apsw.Connection(str(empty_citewell.settings.data_dir / FILE)) as connection:
        connection.execute("UPDATE originals SET data = ?", (SECOND,))
    wrong = [(found.name, found.detail) for found in empty_citewell.maintenance.check() if not found.ok]
    assert wrong == [("originals", "the original of document pier is not the one that was hashed")]


def test_a_backup_holds_the_originals(empty_citewell: Citewell, tmp_path: Path) -> None:
    put(empty_citewell, FIRST)
    empty_citewell.maintenance.back_up(tmp_path / "backup")
    restore(tmp_path / "backup", tmp_path / "other", replace=False)
    with SqliteStore.open(tmp_path / "other") as store:
        found = store.original(EVERYTHING, "pier")
    assert found is not None
    assert found[2] == FIRST


@pytest.mark.parametrize(
    "undo",
    [f"{WITHOUT_TALK}; DROP TABLE originals; PRAGMA user_version = 3",
     f"{WITHOUT_TALK}; DROP TABLE originals; DROP TABLE versions; DROP TABLE files; PRAGMA user_version = 2"],
    ids=["third", "second"],
)  # fmt: skip
def test_a_backup_of_an_older_format_can_be_put_back(empty_citewell: Citewell, tmp_path: Path, undo: str) -> None:
    put(empty_citewell, FIRST)
    empty_citewell.maintenance.back_up(tmp_path / "backup")
    with apsw.Connection(str(tmp_path / "backup")) as connection:
        connection.execute(undo)
    restore(tmp_path / "backup", tmp_path / "other", replace=False)
    with SqliteStore.open(tmp_path / "other") as store:
        assert store.document(EVERYTHING, "pier").text.startswith("The pier")
        assert store.original(EVERYTHING, "pier") is None
        assert all(check.ok for check in store.check())


def test_the_setting_is_read_from_the_environment() -> None:
    assert Settings.from_env({}).keep_originals
    assert not Settings.from_env({"CITEWELL_KEEP_ORIGINALS": "false"}).keep_originals


@pytest.mark.parametrize(
    ("location", "media_type", "name"),
    [
        ("/docs/old/report 2.PDF", "application/pdf", "report 2.PDF"),
        ("/docs/old.zip!/a/b.pdf", "application/pdf", "b.pdf"),
        ("upload:Ärger.docx.pdf", "application/pdf", "Ärger.docx.pdf"),
        ("api:handbook", "text/markdown", "handbook.md"),
        ("api:handbook.v2", "application/pdf", "handbook.v2.pdf"),
        ("https://docs.example/a/b%20c.html?d=e.f#g", "text/html", "b c.html"),
        ("https://docs.example/", "text/html", "the-id.html"),
        ("upload:C:\\users\\a.txt", "text/plain", "a.txt"),
        ("squad:12", "x/unknown", "squad:12"),
        ("", "text/plain", "the-id.txt"),
    ],
)
def test_an_original_is_named_as_its_file_was(location: str, media_type: str, name: str) -> None:
    assert file_name(Source("the-id", "T", location, media_type)) == name


class TestReadingAgain:
    def test_the_same_reader_changes_nothing(self, empty_citewell: Citewell) -> None:
        empty_citewell.documents.put(
            "a", b"# Bees\n\nThe hives stand here.\n", media_type="text/markdown", title="Mine"
        )
        before = empty_citewell.documents.get("a", access=EVERYTHING)
        assert empty_citewell.documents.read_again("a").status is IngestStatus.UNCHANGED
        assert empty_citewell.documents.get("a", access=EVERYTHING) == before

    def test_a_better_reader_makes_a_new_version_with_the_same_id_and_title(
        self, empty_citewell: Citewell, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        empty_citewell.documents.put("a", b"The hives stand here.\n", media_type="text/plain", title="Mine")
        monkeypatch.setattr(
            empty_citewell.documents, "_parser", lambda data, _: content_of(b"# Bees\n\n" + data, "text/markdown")
        )
        assert empty_citewell.documents.read_again("a").status is IngestStatus.UPDATED
        document = empty_citewell.documents.get("a", access=EVERYTHING)
        assert (document.text, document.source.title) == ("Bees\n\nThe hives stand here.", "Mine")
        assert empty_citewell.documents.original("a", access=EVERYTHING).data == b"The hives stand here.\n"
        assert len(empty_citewell.documents.versions("a", access=EVERYTHING)) == 1

    def test_one_that_fails_leaves_the_document_as_it_was(
        self, empty_citewell: Citewell, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(_data: bytes, _media_type: str) -> Content:
            raise UnreadableDocument("it is bad")

        empty_citewell.documents.put("a", b"The hives stand here.\n", media_type="text/plain")
        monkeypatch.setattr(empty_citewell.documents, "_parser", fail)
        with pytest.raises(UnreadableDocument, match="it is bad"):
            empty_citewell.documents.read_again("a")
        assert empty_citewell.documents.get("a", access=EVERYTHING).text == "The hives stand here.\n"

    def test_one_whose_original_is_not_kept_says_so(self, empty_citewell: Citewell) -> None:
        restart(empty_citewell, keep_originals=False)
        empty_citewell.documents.put("a", b"The hives stand here.\n", media_type="text/plain")
        with pytest.raises(OriginalNotFound):
            empty_citewell.documents.read_again("a")
