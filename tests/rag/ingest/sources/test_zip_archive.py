"""Archives as sources: what is in them becomes documents, under limits, and nothing of them reaches the disk."""

from __future__ import annotations

import io
import os
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from rag.app import Citewell
from rag.ingest.results import IngestResult
from rag.ingest.sources import SyncOptions
from rag.ingest.sources import zip_archive as archives
from rag.store.base import IngestStatus
from tests.support.access import EVERYTHING
from tests.support.folders import LONG_AGO, Sync, told, write

GATE = "The gate opens at eight in the morning.\n"
DOTS = 'its name has a part that is "..", "." or empty; a plain path below the archive was expected'
FERRY = "The ferry leaves at noon from the old pier.\n"


def pack(path: Path, entries: dict[str, str | bytes], *, at: int = LONG_AGO) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in entries.items():
            info = zipfile.ZipInfo(name, (2023, 5, 4, 10, 20, 30))
            info.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(info, data)
    os.utime(path, ns=(at, at))
    return path


def locations(citewell: Citewell) -> dict[str, str]:
    """The id of each document by what its location ends with, after the folder."""
    return {
        info.source.location.rpartition("/docs/")[2]: info.source.id
        for info in citewell.documents.all(access=EVERYTHING)
    }


def failures(citewell: Citewell) -> dict[str, str]:
    """Why each entry failed, by its name."""
    found = {
        file.location.partition("!/")[2]: file.error.partition(": ")[2] for file in citewell.documents.failed_files()
    }
    assert all(file.error.startswith(f"{file.location}: ") for file in citewell.documents.failed_files())
    return found


def test_entries_become_documents_with_the_archive_in_their_location(docs: Path, empty_citewell: Citewell) -> None:
    file = pack(
        docs / "old.zip", {"inner/gate.md": f"# Gate\n\n{GATE}", "ferry.txt": FERRY, "a.png": b"x", ".x.md": "x"}
    )
    results = empty_citewell.documents.ingest([file])
    assert [(r.location, r.status) for r in results] == [
        (f"{file}!/ferry.txt", IngestStatus.CREATED),
        (f"{file}!/inner/gate.md", IngestStatus.CREATED),
    ]
    document = empty_citewell.documents.get(str(results[1].document_id), access=EVERYTHING)
    assert (document.source.title, document.modified_at) == ("Gate", "2023-05-04T10:20:30+00:00")
    assert [r.status for r in empty_citewell.documents.ingest([docs])] == [IngestStatus.UNCHANGED] * 2
    assert [path.name for path in docs.rglob("*")] == ["old.zip"], "nothing was unpacked"


def test_a_changed_archive_brings_its_changes(docs: Path, sync: Sync, empty_citewell: Citewell) -> None:
    pack(docs / "old.zip", {"gate.txt": GATE, "ferry.txt": FERRY, "crane.txt": "It lifts.\n", "d.txt": "It dips.\n"})
    assert len(told(sync())) == 4
    before = locations(empty_citewell)
    assert (told(sync()), sync().unchanged) == ([], 4)
    pack(
        docs / "old.zip",
        {"gate.txt": "It opens at nine.\n", "away/ferry.txt": FERRY, "d.txt": "It dips.\n", "new.txt": "It is new.\n"},
        at=LONG_AGO + 1,
    )
    report = sync()
    assert told(report) == [
        ("created", "new.txt"),
        ("moved", "ferry.txt"),
        ("removed", "crane.txt"),
        ("updated", "gate.txt"),
    ]
    assert report.unchanged == 1
    assert locations(empty_citewell)["old.zip!/away/ferry.txt"] == before["old.zip!/ferry.txt"]


def test_what_is_no_longer_in_an_archive_is_removed_though_the_sync_before_was_broken_off(
    docs: Path, sync: Sync, empty_citewell: Citewell
) -> None:
    pack(docs / "old.zip", {"gate.txt": GATE, "ferry.txt": FERRY, "empty.txt": ""})
    sync()
    pack(docs / "old.zip", {"gate.txt": GATE}, at=LONG_AGO + 1)

    def stop(*_: IngestResult | int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):  # once the archive is noted as read, and before anything is removed
        empty_citewell.documents.sync([docs], SyncOptions(), on_result=stop)
    assert told(sync()) == [("removed", "ferry.txt")]
    assert (list(locations(empty_citewell)), empty_citewell.documents.failed_files()) == (["old.zip!/gate.txt"], [])


def test_what_is_no_longer_in_an_archive_is_removed_though_the_archive_was_ingested(
    docs: Path, sync: Sync, empty_citewell: Citewell
) -> None:
    pack(docs / "old.zip", {"gate.txt": GATE, "ferry.txt": FERRY})
    sync()
    empty_citewell.documents.ingest([pack(docs / "old.zip", {"gate.txt": GATE}, at=LONG_AGO + 1)])
    assert len(locations(empty_citewell)) == 2, "nothing is removed by reading one file"
    assert told(sync()) == [("removed", "ferry.txt")]


def test_what_is_kept_of_a_changed_archive_is_told_of_each_time(docs: Path, sync: Sync) -> None:
    pack(docs / "old.zip", {"gate.txt": GATE, "ferry.txt": FERRY})
    sync()
    pack(docs / "old.zip", {"gate.txt": GATE}, at=LONG_AGO + 1)
    assert [len(sync(max_removed=0.1).kept) for _ in range(3)] == [1, 1, 1]
    assert told(sync()) == [("removed", "ferry.txt")]


def test_an_unpacked_archive_is_a_move(docs: Path, sync: Sync, empty_citewell: Citewell) -> None:
    pack(docs / "old.zip", {"gate.txt": GATE, "ferry.txt": FERRY})
    sync()
    before = locations(empty_citewell)
    (docs / "old.zip").unlink()
    write(docs / "gate.txt", GATE)
    write(docs / "ferry.txt", FERRY)
    assert told(sync()) == [("moved", "ferry.txt"), ("moved", "gate.txt")]
    assert locations(empty_citewell) == {name.removeprefix("old.zip!/"): i for name, i in before.items()}


def test_a_deleted_archive_takes_its_documents_along(docs: Path, sync: Sync, empty_citewell: Citewell) -> None:
    pack(docs / "old.zip", {"gate.txt": GATE})
    write(docs / "ferry.txt", FERRY)
    sync()
    (docs / "old.zip").unlink()
    assert told(sync()) == [("removed", "gate.txt")]
    assert empty_citewell._store.known_files(os.fsencode(docs) + b"/", f"{docs}/")[0].record.path.endswith(b"ferry.txt")


def test_a_damaged_archive_removes_what_came_from_it_only_within_the_limit(
    docs: Path, sync: Sync, empty_citewell: Citewell
) -> None:
    pack(docs / "old.zip", {"gate.txt": GATE})
    sync()
    write(docs / "old.zip", "no longer an archive", at=LONG_AGO + 1)
    report = sync()
    assert told(report) == [("failed", "old.zip")]
    assert "this is no ZIP archive, or a damaged one" in str(report.results[0].error)
    assert len(locations(empty_citewell)) == len(report.kept) == 1
    assert told(sync(max_removed=1)) == [("removed", "gate.txt")]
    assert (told(sync()), sync().failed_before) == ([], 1)


def test_a_file_with_the_place_of_an_entry_is_another_document(
    docs: Path, sync: Sync, empty_citewell: Citewell
) -> None:
    pack(docs / "old.zip", {"gate.txt": GATE})
    write(docs / "old.zip!" / "gate.txt", FERRY)
    assert told(sync()) == [("created", "gate.txt"), ("created", "gate.txt")]
    assert len({info.source.id for info in empty_citewell.documents.all(access=EVERYTHING)}) == 2
    assert (told(sync()), sync().unchanged) == ([], 2)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("../up.md", DOTS),
        (
            "a/../../up.md",
            DOTS,
        ),
        ("./here.md", DOTS),
        ("a//b.md", DOTS),
        ("/etc/a.md", "its name is an absolute path; one below the archive was expected"),
        ("C:/a.md", "its name is an absolute path; one below the archive was expected"),
        ("..\\up.md", "its name has a backslash, which some systems take for a folder; expected slashes alone"),
        ("a\x1b[2J.md", "its name has a control character; a plain path below the archive was expected"),
        ("n" * 1_001 + ".md", "its name has 1,004 characters; at most 1,000 are allowed"),
        ("in.zip", "an archive inside an archive is not read; unpack the outer one"),
        ("empty.md", "the file is empty; a document with text was expected"),
    ],
)
def test_one_bad_entry_is_refused_and_the_rest_is_read(
    docs: Path, empty_citewell: Citewell, name: str, why: str
) -> None:
    pack(docs / "old.zip", {"a.txt": GATE, name: "" if name == "empty.md" else "# Up\n\nIt rained.\n", "z.txt": FERRY})
    results = empty_citewell.documents.ingest([docs])
    assert sorted(r.status.value for r in results) == ["created", "created", "failed"]
    (error,) = failures(empty_citewell).values()
    assert error.endswith(why)
    assert set(locations(empty_citewell)) == {"old.zip!/a.txt", "old.zip!/z.txt"}


def altered(path: Path, name: str, change: dict[str, int]) -> None:
    """Overwrite fields of an entry in the archive's list: offsets are those of the ZIP format."""
    offsets = {"flags": (8, "<H"), "method": (10, "<H"), "packed": (20, "<L"), "size": (24, "<L"), "mode": (38, "<L")}
    data = bytearray(path.read_bytes())
    start = data.index(name.encode(), data.index(b"PK\x01\x02")) - 46
    for field, value in change.items():
        offset, kind = offsets[field]
        struct.pack_into(kind, data, start + offset, value)
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"mode": (stat.S_IFLNK | 0o777) << 16}, "this is a link; a regular file was expected"),
        ({"mode": (stat.S_IFIFO | 0o777) << 16}, "this is a device or a pipe; a regular file was expected"),
        ({"flags": 1}, "it is encrypted; expected one that opens without a password"),
        ({"method": 14}, "it is packed in a way that is not read; expected the ordinary one (deflate)"),
        ({"packed": 5}, "the archive is damaged here"),
        ({"size": 60_000_000}, "60,000,000 bytes, but 50,000,000 are allowed"),
        ({"size": 9_000_000}, "unpack to 9,000,000, more than 200 times as many"),
    ],
)
def test_an_entry_that_is_not_what_it_should_be_is_refused(
    docs: Path, empty_citewell: Citewell, monkeypatch: pytest.MonkeyPatch, change: dict[str, int], why: str
) -> None:
    monkeypatch.setattr(archives, "_SMALL_TOTAL", 10**9)  # else the archive is refused for them all
    file = pack(docs / "old.zip", {"bad.txt": GATE, "good.txt": FERRY})
    altered(file, "bad.txt", change)
    empty_citewell.documents.ingest([docs])
    assert why in failures(empty_citewell)["bad.txt"]
    assert set(locations(empty_citewell)) == {"old.zip!/good.txt"}


def test_of_entries_with_the_same_name_none_is_read(docs: Path, empty_citewell: Citewell) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(docs / "old.zip", "w") as packed:
        packed.writestr("a.txt", GATE)
        packed.writestr("a.txt", FERRY)
        packed.writestr("b.txt", FERRY)
    empty_citewell.documents.ingest([docs])
    assert set(locations(empty_citewell)) == {"old.zip!/b.txt"}
    assert "several entries have this name" in failures(empty_citewell)["a.txt"]


def test_a_small_archive_that_unpacks_to_very_much_is_refused(docs: Path, empty_citewell: Citewell) -> None:
    bomb = pack(docs / "bomb.zip", {f"{number}.txt": b"a" * 900_000 for number in range(12)})
    assert bomb.stat().st_size < 20_000
    (result,) = empty_citewell.documents.ingest([docs])
    assert "bytes unpack to 10,800,000, more than 200 times as many" in str(result.error)


def test_an_entry_that_unpacks_to_very_much_is_refused(docs: Path, empty_citewell: Citewell) -> None:
    pack(docs / "bomb.zip", {"bomb.txt": b"a" * 9_000_000, "good.txt": FERRY})
    empty_citewell.documents.ingest([docs])
    assert "unpack to 9,000,000, more than 200 times as many" in failures(empty_citewell)["bomb.txt"]
    assert set(locations(empty_citewell)) == {"bomb.zip!/good.txt"}


@pytest.mark.parametrize(
    ("limit", "value", "why"),
    [
        ("MAX_ENTRIES", 2, "3 entries, but 2 are allowed; split the archive"),
        ("MAX_LIST_BYTES", 100, "its list of entries has"),
        ("MAX_TOTAL_BYTES", 50, "the archive unpacks to more than 50 bytes"),
    ],
)
def test_a_large_archive_is_refused(
    docs: Path, empty_citewell: Citewell, monkeypatch: pytest.MonkeyPatch, limit: str, value: int, why: str
) -> None:
    monkeypatch.setattr(archives, limit, value)
    pack(docs / "old.zip", {"a.txt": GATE, "b.txt": FERRY, "c.txt": FERRY})
    assert any(why in str(result.error) for result in empty_citewell.documents.ingest([docs]))


def test_wherever_an_archive_is_damaged_there_is_a_reason_and_no_more(docs: Path, empty_citewell: Citewell) -> None:
    """Each byte of a small archive in turn; what is still read is what was packed."""
    file = pack(docs / "old.zip", {"a.txt": GATE, "b.md": f"# F\n\n{FERRY}"})
    whole = file.read_bytes()
    for place in range(len(whole)):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        for result in empty_citewell.documents.ingest([file]):
            assert (result.error is None) is (result.status is not IngestStatus.FAILED)
    for place in range(0, len(whole), 7):
        file.write_bytes(whole[:place])
        assert empty_citewell.documents.ingest([file])[0].status is IngestStatus.FAILED
    read = {
        empty_citewell.documents.get(info.source.id, access=EVERYTHING).text.strip()
        for info in empty_citewell.documents.all(access=EVERYTHING)
    }
    assert read <= {GATE.strip(), f"# F\n\n{FERRY}".strip(), f"F\n\n{FERRY}".strip()}


def test_names_that_are_not_text_do_not_stop_the_others(docs: Path, empty_citewell: Citewell) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as packed:
        packed.writestr("caf\u00e9.txt", GATE)
        packed.writestr("b.txt", FERRY)
    (docs / "old.zip").write_bytes(data.getvalue())
    empty_citewell.documents.ingest([docs])
    assert set(locations(empty_citewell)) == {"old.zip!/caf\u00e9.txt", "old.zip!/b.txt"}
