"""A folder changes, and the documents follow; whatever looks like an accident removes nothing."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rag.answer.verify import VerificationStatus
from rag.app import Citewell
from rag.errors import InvalidSetting, StorageBusy
from rag.ingest.sources import SyncOptions
from rag.read.layout import Content
from rag.read.version import READING_VERSION
from rag.settings import Settings
from rag.store.base import IngestStatus
from tests.support.access import EVERYTHING
from tests.support.fakes import HashEmbedder, ReadsHere
from tests.support.folders import LONG_AGO, Sync, told, write
from tests.support.processes import python_process

GATE = "The gate opens at eight in the morning.\n"
FERRY = "The ferry leaves at noon from the old pier.\n"
CRANE = "The crane lifts nine tonnes in calm weather.\n"


@pytest.fixture
def three(docs: Path, sync: Sync) -> Path:
    """`docs` with three files that were synced."""
    write(docs / "gate.txt", GATE)
    write(docs / "ferry.txt", FERRY)
    write(docs / "sub" / "crane.txt", CRANE)
    assert told(sync()) == [("created", "crane.txt"), ("created", "ferry.txt"), ("created", "gate.txt")]
    return docs


def ids(citewell: Citewell) -> dict[str, str]:
    """The id of each document by the name of its file."""
    return {Path(info.source.location).name: info.source.id for info in citewell.documents.all(access=EVERYTHING)}


def texts(citewell: Citewell) -> dict[str, str]:
    return {
        Path(i.source.location).name: citewell.documents.get(i.source.id, access=EVERYTHING).text
        for i in citewell.documents.all(access=EVERYTHING)
    }


# -- what changed ----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("three")
def test_nothing_changed_is_nothing_done(sync: Sync, empty_citewell: Citewell) -> None:
    before = empty_citewell.maintenance.health().index_version
    report = sync()
    assert (told(report), report.unchanged, report.problems) == ([], 3, ())
    assert empty_citewell.maintenance.health().index_version == before


def test_new_changed_and_deleted_files_are_seen(three: Path, sync: Sync, empty_citewell: Citewell) -> None:
    write(three / "gate.txt", "The gate opens at nine.\n", at=LONG_AGO + 1)
    (three / "ferry.txt").unlink()
    write(three / "pump.md", "# Pump\n\nIt runs at night.\n")
    report = sync()
    assert told(report) == [("created", "pump.md"), ("removed", "ferry.txt"), ("updated", "gate.txt")]
    assert report.unchanged == 1
    assert texts(empty_citewell)["gate.txt"] == "The gate opens at nine.\n"
    assert not any(
        "ferry" in hit.chunk.text
        for hit in empty_citewell.questions.search("When does the ferry leave?", access=EVERYTHING)
    )


def test_an_unchanged_file_is_not_opened(three: Path, sync: Sync, empty_citewell: Citewell) -> None:
    """Other bytes behind the same size, time and place are not noticed: nobody looked."""
    file = three / "gate.txt"
    with file.open("r+b") as opened:
        opened.write(GATE.replace("eight", "seven").encode())
    os.utime(file, ns=(LONG_AGO, LONG_AGO))
    assert sync().unchanged == 3
    assert texts(empty_citewell)["gate.txt"] == GATE


def test_a_file_that_replaces_another_of_the_same_size_and_time_is_read(three: Path, sync: Sync) -> None:
    new = write(three / ".new", GATE.replace("eight", "seven"))
    new.rename(three / "gate.txt")
    assert told(sync()) == [("updated", "gate.txt")]


def test_a_file_changed_only_just_now_is_looked_into_again(docs: Path, sync: Sync) -> None:
    """A second change may fall within the same tick of the clock, with the same size."""
    file = write(docs / "a.txt", GATE, at=None)
    sync()
    moment = file.stat().st_mtime_ns
    with file.open("r+b") as opened:
        opened.write(GATE.replace("eight", "seven").encode())
    os.utime(file, ns=(moment, moment))
    assert told(sync()) == [("updated", "a.txt")]


def test_a_touched_file_is_neither_read_nor_embedded_again(three: Path, sync: Sync, empty_citewell: Citewell) -> None:
    os.utime(three / "gate.txt", ns=(LONG_AGO, LONG_AGO + 86_400 * 10**9))
    chunks = empty_citewell._store.chunk_ids(EVERYTHING, ids(empty_citewell)["gate.txt"])
    report = sync()
    assert (told(report), report.unchanged) == ([], 3)
    assert empty_citewell._store.chunk_ids(EVERYTHING, ids(empty_citewell)["gate.txt"]) == chunks, (
        "the same rows as before"
    )
    document = empty_citewell.documents.get(ids(empty_citewell)["gate.txt"], access=EVERYTHING)
    assert document.modified_at == "2020-09-14T12:26:40+00:00"


@pytest.mark.usefixtures("three")
def test_a_document_that_was_removed_comes_back_while_its_file_is_there(sync: Sync, empty_citewell: Citewell) -> None:
    empty_citewell.documents.remove(ids(empty_citewell)["gate.txt"])
    assert told(sync()) == [("created", "gate.txt")]


@pytest.mark.usefixtures("three")
def test_a_document_that_was_replaced_over_rest_is_brought_back(sync: Sync, empty_citewell: Citewell) -> None:
    empty_citewell.documents.put(ids(empty_citewell)["gate.txt"], FERRY.encode(), media_type="text/plain")
    assert told(sync()) == [("updated", "gate.txt")]
    assert texts(empty_citewell)["gate.txt"] == GATE


def test_documents_from_elsewhere_are_left_alone(three: Path, sync: Sync, empty_citewell: Citewell) -> None:
    outside = write(three.parent / "docs2" / "outside.txt", "Outside it rains.\n")
    empty_citewell.documents.ingest([outside])
    where = f"{three}/not-a-file.txt"
    empty_citewell.documents.put("own-id", GATE.encode(), media_type="text/plain", title="Own", location=where)
    outside.unlink()
    assert told(sync()) == []
    assert {"outside.txt", "not-a-file.txt"} <= set(ids(empty_citewell))


def test_what_an_earlier_version_stored_without_remembering_files_is_taken_over(
    docs: Path, sync: Sync, empty_citewell: Citewell
) -> None:
    for name, text in {"gate.txt": GATE, "ferry.txt": FERRY, "crane.txt": CRANE}.items():
        empty_citewell.documents.ingest([write(docs / name, text)])
    before = ids(empty_citewell)
    empty_citewell._store.remember_files([], gone=[os.fsencode(docs / name) for name in before])
    (docs / "ferry.txt").unlink()
    report = sync()
    assert (told(report), report.unchanged) == ([("removed", "ferry.txt")], 2)
    assert ids(empty_citewell) == {name: before[name] for name in ("gate.txt", "crane.txt")}


def test_same_content_is_stored_twice_and_reported(three: Path, sync: Sync, empty_citewell: Citewell) -> None:
    copy = write(three / "copy.txt", GATE)
    report = sync()
    assert told(report) == [("created", "copy.txt")]
    assert report.duplicates == ((str(copy), str(three / "gate.txt")),)
    assert len(ids(empty_citewell)) == 4
    copy.unlink()
    assert sync().duplicates == ()


def test_links_are_not_followed(three: Path, sync: Sync) -> None:
    outside = write(three.parent / "outside" / "secret.txt", "The code is 4711.\n")
    (three / "link.txt").symlink_to(outside)
    (three / "folder").symlink_to(outside.parent)
    assert told(sync()) == []
    (three / "gate.txt").unlink()
    (three / "gate.txt").symlink_to(outside)
    assert told(sync()) == [("removed", "gate.txt")]


def test_a_dry_run_changes_nothing_and_tells_all(three: Path, sync: Sync, empty_citewell: Citewell) -> None:
    write(three / "gate.txt", "The gate opens at nine.\n", at=LONG_AGO + 1)
    (three / "ferry.txt").unlink()
    (three / "sub" / "crane.txt").rename(three / "lifting.txt")
    write(three / "pump.md", "# Pump\n\nIt runs at night.\n")
    before = (texts(empty_citewell), empty_citewell.maintenance.health().index_version)
    dry = sync(dry_run=True)
    assert dry.dry_run
    assert (texts(empty_citewell), empty_citewell.maintenance.health().index_version) == before
    assert told(dry) == told(sync())
    assert told(dry) == [
        ("created", "pump.md"),
        ("moved", "lifting.txt"),
        ("removed", "ferry.txt"),
        ("updated", "gate.txt"),
    ]


def test_the_data_directory_is_not_looked_into(tmp_path: Path) -> None:
    write(tmp_path / "gate.txt", GATE)
    settings = Settings(data_dir=tmp_path / "data", reader=False)
    with Citewell.open(settings, embedder=HashEmbedder(), create=True) as citewell:
        write(tmp_path / "data" / "models" / "vocabulary.txt", "one two three\n")
        assert told(citewell.documents.sync([tmp_path])) == [("created", "gate.txt")]


# -- moves -----------------------------------------------------------------------------------------------------------


def test_a_moved_document_keeps_its_id_and_its_citations_hold(
    three: Path, sync: Sync, empty_citewell: Citewell
) -> None:
    (citation,) = empty_citewell.questions.ask(
        "What leaves at noon from the old pier?", max_sentences=1, access=EVERYTHING
    ).citations or [None]
    document_id = ids(empty_citewell)["ferry.txt"]
    chunks = empty_citewell._store.chunk_ids(EVERYTHING, document_id)
    (three / "away").mkdir()
    (three / "ferry.txt").rename(three / "away" / "ferry.txt")
    report = sync()
    (moved,) = report.results
    assert (moved.status, moved.document_id) == (IngestStatus.MOVED, document_id)
    assert (moved.previous, moved.location) == (str(three / "ferry.txt"), str(three / "away" / "ferry.txt"))
    assert empty_citewell.documents.get(document_id, access=EVERYTHING).source.location == moved.location
    assert empty_citewell._store.chunk_ids(EVERYTHING, document_id) == chunks, "nothing was embedded again"
    assert citation is not None
    place = citation.place
    checked = empty_citewell.questions.verify(
        document_id,
        sha256=place.text_sha256,
        start=place.span.start,
        end=place.span.end,
        quote=citation.quote,
        access=EVERYTHING,
    )
    assert checked.status is VerificationStatus.MATCH
    assert (told(sync()), sync().unchanged) == ([], 3)


def test_a_renamed_document_without_a_title_of_its_own_gets_the_new_name(
    three: Path, sync: Sync, empty_citewell: Citewell
) -> None:
    document_id = ids(empty_citewell)["ferry.txt"]
    (three / "ferry.txt").rename(three / "timetable_2024.txt")
    assert told(sync()) == [("moved", "timetable_2024.txt")]
    assert empty_citewell.documents.get(document_id, access=EVERYTHING).source.title == "timetable 2024"
    assert empty_citewell.questions.search("timetable", access=EVERYTHING)[0].chunk.source.id == document_id


def test_a_moved_and_edited_file_is_another_document(three: Path, sync: Sync) -> None:
    (three / "ferry.txt").unlink()
    write(three / "boat.txt", FERRY + "It carries cars.\n")
    assert told(sync()) == [("created", "boat.txt"), ("removed", "ferry.txt")]


def test_a_new_file_in_the_place_of_a_moved_one_gets_an_id_of_its_own(
    three: Path, sync: Sync, empty_citewell: Citewell
) -> None:
    """The id made from the path went along with the document that was moved."""
    document_id = ids(empty_citewell)["ferry.txt"]
    (three / "ferry.txt").rename(three / "boat.txt")
    sync()
    write(three / "ferry.txt", "The new ferry leaves at one.\n")
    assert told(sync()) == [("created", "ferry.txt")]
    found = ids(empty_citewell)
    assert found["boat.txt"] == document_id != found["ferry.txt"]
    empty_citewell.documents.ingest([three / "ferry.txt", three / "boat.txt"])
    assert ids(empty_citewell) == found, "ingest knows the same ids"
    (three / "ferry.txt").unlink()
    sync()
    write(three / "ferry.txt", "The newest ferry leaves at two.\n")
    sync()
    assert ids(empty_citewell) == found, "and it is the same each time"


def test_a_file_moved_over_another_is_a_change_of_that_one(three: Path, sync: Sync, empty_citewell: Citewell) -> None:
    before = ids(empty_citewell)
    (three / "gate.txt").rename(three / "ferry.txt")
    assert told(sync()) == [("removed", "gate.txt"), ("updated", "ferry.txt")]
    assert ids(empty_citewell)["ferry.txt"] == before["ferry.txt"]
    assert texts(empty_citewell)["ferry.txt"] == GATE


def test_of_two_copies_the_one_with_the_same_name_is_the_moved_one(
    docs: Path, sync: Sync, empty_citewell: Citewell
) -> None:
    write(docs / "a" / "one.txt", GATE)
    write(docs / "a" / "two.txt", GATE)
    sync()
    before = ids(empty_citewell)
    (docs / "a").rename(docs / "b")
    assert told(sync()) == [("moved", "one.txt"), ("moved", "two.txt")]
    assert ids(empty_citewell) == before


def test_a_move_between_two_folders_that_are_synced_together_keeps_the_id(
    three: Path, sync: Sync, empty_citewell: Citewell
) -> None:
    before = ids(empty_citewell)
    other = three.parent / "other"
    other.mkdir()
    (three / "gate.txt").rename(other / "gate.txt")
    assert told(sync(three, other)) == [("moved", "gate.txt")]
    assert ids(empty_citewell) == before


# -- failures --------------------------------------------------------------------------------------------------------


def test_a_failure_is_told_once_and_remembered_with_its_reason(
    three: Path, sync: Sync, empty_citewell: Citewell
) -> None:
    bad = write(three / "bad.txt", "")
    first = sync()
    assert told(first) == [("failed", "bad.txt")]
    (remembered,) = empty_citewell.documents.failed_files()
    assert remembered.location == str(bad)
    assert remembered.error == first.results[0].error == f"{bad}: the file is empty; a document with text was expected"
    assert remembered.read_at.endswith("+00:00")
    again = sync()
    assert (told(again), again.unchanged, again.failed_before) == ([], 3, 1)
    assert told(sync(retry=True)) == [("failed", "bad.txt")]
    write(bad, "Now it says something.\n", at=LONG_AGO + 1)
    assert told(sync()) == [("created", "bad.txt")]
    assert empty_citewell.documents.failed_files() == []


def test_a_failed_file_that_is_deleted_is_forgotten(three: Path, sync: Sync, empty_citewell: Citewell) -> None:
    bad = write(three / "bad.txt", "")
    sync()
    bad.unlink()
    assert (told(sync()), empty_citewell.documents.failed_files()) == ([], [])


def test_a_failure_is_tried_again_when_the_limit_was_raised(
    three: Path, tmp_path: Path, embedder: HashEmbedder
) -> None:
    def run(limit: int) -> list[tuple[str, str]]:
        settings = Settings(data_dir=tmp_path / "small", reader=False, max_document_bytes=limit)
        with Citewell.open(settings, embedder=embedder, create=True) as citewell:
            return told(citewell.documents.sync([three]))

    assert run(len(GATE)) == [("created", "gate.txt"), ("failed", "crane.txt"), ("failed", "ferry.txt")]
    assert run(len(GATE)) == []
    assert run(1_000) == [("created", "crane.txt"), ("created", "ferry.txt")]


def test_a_document_whose_file_no_longer_holds_one_is_removed(
    three: Path, sync: Sync, empty_citewell: Citewell
) -> None:
    """What it said cannot be checked in the file any more. The id is the same when the file is well again."""
    before = ids(empty_citewell)
    write(three / "gate.txt", "", at=LONG_AGO + 1)
    assert told(sync()) == [("failed", "gate.txt"), ("removed", "gate.txt")]
    assert [file.location for file in empty_citewell.documents.failed_files()] == [str(three / "gate.txt")]
    assert (told(sync()), sync().failed_before) == ([], 1)
    write(three / "gate.txt", GATE, at=LONG_AGO + 2)
    assert told(sync()) == [("created", "gate.txt")]
    assert ids(empty_citewell) == before


def test_many_files_that_fail_at_once_keep_their_documents(three: Path, sync: Sync, empty_citewell: Citewell) -> None:
    """As after an accident: all that is left of them are zeros."""
    for file in three.rglob("*.txt"):
        write(file, "\0" * 100, at=LONG_AGO + 1)
    report = sync()
    assert {status for status, _ in told(report)} == {"failed"}
    assert len(report.kept) == len(ids(empty_citewell)) == 3
    assert "3 of its 3 documents would be removed" in report.problems[0]


@pytest.fixture
def reads_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.app.citewell.Parser", ReadsHere)


@contextmanager
def ordinary_user(*folders: Path) -> Iterator[None]:
    """For the superuser, who may read anything, be nobody for a while; nobody owns the folders then."""
    before = os.geteuid()
    if before == 0:
        for folder in folders:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, 65534, -1)
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(before)


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A folder that any user may enter; tmp_path is closed to others."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.usefixtures("reads_here")
def test_what_cannot_be_read_for_now_is_kept_and_tried_each_time(open_place: Path) -> None:
    docs, data = open_place / "docs", open_place / "data"
    data.mkdir()
    for name, text in {"gate.txt": GATE, "closed/ferry.txt": FERRY, "crane.txt": CRANE}.items():
        write(docs / name, text)
    with ordinary_user(open_place):
        settings = Settings(data_dir=data, reader=False)
        with Citewell.open(settings, embedder=HashEmbedder(), create=True) as citewell:
            citewell.documents.sync([docs])
            os.utime(docs / "gate.txt", ns=(LONG_AGO, LONG_AGO + 1))
            (docs / "gate.txt").chmod(0)
            (docs / "closed").chmod(0)
            report = citewell.documents.sync([docs])
            assert told(report) == [("failed", "closed"), ("failed", "gate.txt")]
            assert len(citewell.documents.all(access=EVERYTHING)) == 3
            assert told(citewell.documents.sync([docs])) == [("failed", "closed")]
            (docs / "gate.txt").chmod(0o644)
            (docs / "closed").chmod(0o755)
            report = citewell.documents.sync([docs])
            assert (told(report), report.unchanged, report.failed_before) == ([], 3, 0)
            assert citewell.documents.failed_files() == []


@pytest.mark.usefixtures("reads_here")
def test_a_folder_that_cannot_be_listed_removes_nothing(open_place: Path) -> None:
    docs, data = open_place / "docs", open_place / "data"
    data.mkdir()
    write(docs / "gate.txt", GATE)
    with ordinary_user(open_place):
        settings = Settings(data_dir=data, reader=False)
        with Citewell.open(settings, embedder=HashEmbedder(), create=True) as citewell:
            citewell.documents.sync([docs])
            docs.chmod(0)
            report = citewell.documents.sync([docs], SyncOptions(max_removed=1))
            docs.chmod(0o755)
            assert (told(report), len(citewell.documents.all(access=EVERYTHING))) == ([], 1)
            assert report.problems == (
                f"{docs}: this folder cannot be listed: permission denied. Nothing that was read from it is removed.",
            )


# -- nothing is lost by accident -------------------------------------------------------------------------------------


def test_a_missing_folder_removes_nothing(three: Path, sync: Sync, empty_citewell: Citewell) -> None:
    shutil.rmtree(three)
    report = sync(max_removed=1)
    assert (told(report), len(ids(empty_citewell))) == ([], 3)
    assert "No such file or directory" in report.problems[0]


def test_an_empty_folder_removes_nothing_unless_all_of_it_was_meant(
    three: Path, sync: Sync, empty_citewell: Citewell
) -> None:
    shutil.rmtree(three)
    three.mkdir()
    report = sync(max_removed=0.99)
    assert (told(report), len(ids(empty_citewell)), len(report.kept)) == ([], 3, 3)
    assert "not mounted" in report.problems[0]
    assert len(told(sync(max_removed=1))) == 3
    assert ids(empty_citewell) == {}
    assert sync().problems == ()


def test_more_than_half_is_not_removed_at_once(three: Path, sync: Sync) -> None:
    (three / "gate.txt").unlink()
    (three / "ferry.txt").unlink()
    write(three / "new.txt", "A new paper lies here.\n")
    report = sync()
    assert told(report) == [("created", "new.txt")], "the rest is done"
    assert report.problems == (
        f"{three}: 2 of its 3 documents would be removed, more than the share of 0.5 that is allowed. None is; if it is"
        " meant, sync again with --max-removed 0.68.",
    )
    assert set(report.kept) == {str(three / "gate.txt"), str(three / "ferry.txt")}
    shutil.copy(three / "new.txt", three / "one.txt")
    assert told(sync(max_removed=0.1)) == [("created", "one.txt")]
    assert told(sync(max_removed=0.4)) == [("removed", "ferry.txt"), ("removed", "gate.txt")]


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_that_is_none_is_refused(sync: Sync, share: float) -> None:
    with pytest.raises(InvalidSetting, match="expected a share, 0 to 1"):
        sync(max_removed=share)


def test_a_folder_inside_another_is_named_alone(three: Path, sync: Sync) -> None:
    with pytest.raises(InvalidSetting, match=r"docs/sub lies in .*docs; name the outer one alone"):
        sync(three, three / "sub")
    assert sync(three, three).unchanged == 3


# -- which files -----------------------------------------------------------------------------------------------------


def test_files_that_are_left_out_from_now_on_lose_their_documents(three: Path, sync: Sync) -> None:
    """Afterwards the store has what a first sync with these patterns would have given it."""
    assert told(sync(exclude=("sub/",))) == [("removed", "crane.txt")]
    assert told(sync()) == [("created", "crane.txt")]
    write(three / ".citewellignore", "# nothing that is moved\n\nsub/\n")
    assert told(sync()) == [("removed", "crane.txt")]
    assert told(sync(include=("gate.*", "ferry.*"))) == []
    assert told(sync(include=("gate.*",))) == [("removed", "ferry.txt")]


def test_an_ignore_file_that_cannot_be_used_leaves_its_folder_as_it_was(
    three: Path, sync: Sync, empty_citewell: Citewell
) -> None:
    """What was to be left out must not get in, nor what is there be taken for gone."""
    write(three / "sub" / ".citewellignore", "[z-a]\n")
    write(three / "sub" / "new.txt", "Another paper.\n")
    (failed,) = sync().results
    assert (failed.status, Path(failed.location).name) == (IngestStatus.FAILED, "sub")
    assert failed.error is not None
    assert "no pattern like those of .gitignore" in failed.error
    assert set(ids(empty_citewell)) == {"gate.txt", "ferry.txt", "crane.txt"}


# -- two at once, and interruptions ----------------------------------------------------------------------------------

HOLD = """
import sys
from pathlib import Path
from tests.support.fakes import HashEmbedder, ReadsHere
from rag.app import Citewell
from rag.read.layout import Content
from rag.settings import Settings
def wait(result, number, total):
    print("in it", flush=True)
    sys.stdin.readline()
settings = Settings(data_dir=Path(sys.argv[1]), reader=False)
with Citewell.open(settings, embedder=HashEmbedder(), create=True) as citewell:
    citewell.documents.sync([Path(sys.argv[2])], on_result=wait)
"""


def test_of_two_syncs_at_once_the_second_is_told_who_writes(docs: Path, tmp_path: Path) -> None:
    write(docs / "gate.txt", GATE)
    process = python_process(HOLD, tmp_path / "shared", docs)
    assert process.stdout is not None
    assert process.stdout.readline() == "in it\n"
    settings = Settings(data_dir=tmp_path / "shared", reader=False)
    with Citewell.open(settings, embedder=HashEmbedder(), create=True) as citewell:
        with pytest.raises(StorageBusy, match=rf"process {process.pid} is writing to .*Try again when it has finished"):
            citewell.documents.sync([docs])
        process.communicate("go on\n", timeout=200)
        assert process.returncode == 0
        assert citewell.documents.sync([docs]).unchanged == 1


def test_an_interrupted_sync_is_completed_by_the_next(three: Path, sync: Sync, empty_citewell: Citewell) -> None:
    (three / "ferry.txt").rename(three / "boat.txt")
    for number in range(6):
        write(three / f"{number}.txt", f"Paper {number} lies on the desk.\n")

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    for _ in range(20):
        try:
            empty_citewell.documents.sync([three], on_result=stop)
        except KeyboardInterrupt:
            assert all(check.ok for check in empty_citewell.maintenance.check())
        else:
            break
    sync()
    assert set(ids(empty_citewell)) == {"gate.txt", "boat.txt", "crane.txt", *(f"{n}.txt" for n in range(6))}
    assert told(sync()) == []


def test_files_are_read_again_after_an_update_of_the_readers(
    docs: Path, sync: Sync, empty_citewell: Citewell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What they say is the same, so nothing is stored anew; and the time after, no file is opened."""
    write(docs / "gate.txt", "The gate opens at eight.\n")
    sync()
    read: list[str] = []
    parse = empty_citewell._parser

    def watched(data: bytes, media_type: str) -> Content:
        read.append(media_type)
        return parse(data, media_type)

    monkeypatch.setattr(empty_citewell.documents, "_parser", watched)
    for version, expected in [("", 0), ("another", 1), ("another", 0)]:
        if version:
            monkeypatch.setattr("rag.read.version.READING_VERSION", READING_VERSION + 1)
        number, changes = len(read), empty_citewell.maintenance.health().index_version
        report = sync()
        assert (told(report), report.unchanged) == ([], 1)
        empty_citewell.documents.ingest([docs])
        assert len(read) - number == expected
        assert empty_citewell.maintenance.health().index_version == changes


def test_a_dry_run_after_an_update_of_the_readers_announces_no_change(
    docs: Path, sync: Sync, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(docs / "gate.txt", "The gate opens at eight.\n")
    sync()
    monkeypatch.setattr("rag.read.version.READING_VERSION", READING_VERSION + 1)
    report = sync(dry_run=True)
    assert (told(report), report.unchanged) == ([], 1)


def test_what_release_0_1_0_noted_is_what_version_1_of_the_readers_notes(
    docs: Path, sync: Sync, empty_citewell: Citewell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It noted this with each file, with the settings that came with it: readers of that version read none again."""
    monkeypatch.setattr("rag.read.version.READING_VERSION", 1)
    path = write(docs / "gate.txt", "The gate opens at eight.\n")
    sync()
    known = empty_citewell._store.known_file(os.fsencode(path))
    assert known is not None
    assert known.record.read_with == "292616f9c9b5d940"
