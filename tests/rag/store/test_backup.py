"""A backup holds one moment whole, and putting it back loses nothing that was there."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest

from rag.app import Citewell
from rag.errors import InputError, StorageBusy, StorageDamaged, StorageError, StorageTooNew
from rag.settings import Settings
from rag.store.sqlite.backup import restore
from rag.store.sqlite.sqlite_store import SqliteStore
from tests.support.access import EVERYTHING
from tests.support.fakes import HashEmbedder
from tests.support.hash_cli import COMMAND, Rag
from tests.support.processes import environment, wait_for
from tests.support.stores import open_store, parts


@pytest.fixture
def store(tmp_path: Path) -> SqliteStore:
    opened = open_store(tmp_path / "data")
    opened.put_document(*parts("a", "The harbour is deep."))
    return opened


def texts(folder: Path) -> dict[str, str]:
    with SqliteStore.open(folder, create=False) as opened:
        return {
            info.source.id: opened.document(EVERYTHING, info.source.id).text for info in opened.documents(EVERYTHING)
        }


def test_a_backup_put_back_elsewhere_is_the_same(store: SqliteStore, tmp_path: Path) -> None:
    size = store.back_up(tmp_path / "backup")
    assert size == (tmp_path / "backup").stat().st_size
    store.put_document(*parts("b", "The tide is out."))
    assert restore(tmp_path / "backup", tmp_path / "other", replace=False) is None
    assert texts(tmp_path / "other") == {"a": "a\nThe harbour is deep."}
    with SqliteStore.open(tmp_path / "other") as other:
        assert other.database_id != store.database_id, "an index of the one must not pass for one of the other"
        assert all(check.ok for check in other.check())
    assert sorted(p.name for p in tmp_path.iterdir()) == ["backup", "data", "other"], "nothing else is left behind"


def test_what_a_backup_replaces_is_set_aside_whole(store: SqliteStore, tmp_path: Path) -> None:
    store.back_up(tmp_path / "backup")
    store.put_document(*parts("b", "The tide is out."))
    store.close()
    aside = restore(tmp_path / "backup", tmp_path / "data", replace=True)
    assert aside is not None
    assert set(texts(tmp_path / "data")) == {"a"}
    assert restore(aside, tmp_path / "again", replace=False) is None
    assert set(texts(tmp_path / "again")) == {"a", "b"}


def test_an_open_store_does_not_write_where_a_backup_was_put(store: SqliteStore, tmp_path: Path) -> None:
    store.back_up(tmp_path / "backup")
    restore(tmp_path / "backup", tmp_path / "data", replace=True)
    assert store.document(EVERYTHING, "a").text == "a\nThe harbour is deep.", "it goes on reading what it had open"
    with pytest.raises(StorageError, match="Start the program again"):
        store.put_document(*parts("b", "The tide is out."))
    store.close()
    with SqliteStore.open(tmp_path / "data") as again:
        again.put_document(*parts("b", "The tide is out."))
    assert set(texts(tmp_path / "data")) == {"a", "b"}


def test_a_damaged_database_gives_way_to_a_backup(store: SqliteStore, tmp_path: Path) -> None:
    store.back_up(tmp_path / "backup")
    store.close()
    live = tmp_path / "data" / "citewell.sqlite"
    live.write_bytes(b"no database" + live.read_bytes()[11:])
    aside = restore(tmp_path / "backup", tmp_path / "data", replace=True)
    assert aside is not None
    assert aside.read_bytes().startswith(b"no database")
    assert set(texts(tmp_path / "data")) == {"a"}


def test_a_log_left_behind_is_not_merged_into_the_backup(store: SqliteStore, tmp_path: Path) -> None:
    """As after a kill: the log beside the database has changes that were never merged."""
    store.back_up(tmp_path / "backup")
    store.put_document(*parts("b", "The tide is out."))
    shutil.copytree(tmp_path / "data", tmp_path / "killed")
    assert (tmp_path / "killed" / "citewell.sqlite-wal").stat().st_size
    aside = restore(tmp_path / "backup", tmp_path / "killed", replace=True)
    assert aside is not None
    assert set(texts(tmp_path / "killed")) == {"a"}
    restore(aside, tmp_path / "again", replace=False)
    assert set(texts(tmp_path / "again")) == {"a", "b"}


def test_a_backup_is_never_written_over_something(store: SqliteStore, tmp_path: Path) -> None:
    for name, content in (("file", b"x"), ("empty", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match="is there already"):
            store.back_up(tmp_path / name)
        assert (tmp_path / name).read_bytes() == content
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(InputError, match="is there already"):
        store.back_up(tmp_path / "link")
    with pytest.raises(InputError, match="is no folder"):
        store.back_up(tmp_path / "missing" / "backup")


def test_a_directory_with_a_database_is_left_alone_without_replace(store: SqliteStore, tmp_path: Path) -> None:
    store.back_up(tmp_path / "backup")
    with pytest.raises(InputError, match="--replace"):
        restore(tmp_path / "backup", tmp_path / "data", replace=False)
    store.put_document(*parts("b", "The tide is out."))


def test_what_is_no_backup_is_refused_and_nothing_is_made(store: SqliteStore, tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "foreign").execute("CREATE TABLE t (a)").connection.close()
    (tmp_path / "text").write_text("Dear diary, " * 500, encoding="utf-8")
    (tmp_path / "empty").write_bytes(b"")
    store.back_up(tmp_path / "newer")
    with sqlite3.connect(tmp_path / "newer") as newer:
        newer.execute("PRAGMA user_version = 99")
    newer.close()
    for name, error, message in (
        ("foreign", InputError, "another program"),
        ("text", InputError, "no database"),
        ("empty", InputError, "another program"),
        ("absent", InputError, "is no file"),
        ("data/citewell.sqlite", InputError, "in use"),
        ("newer", StorageTooNew, "has format 99"),
    ):
        with pytest.raises(error, match=message):
            restore(tmp_path / name, tmp_path / "other", replace=True)
        assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("kind", ["cut", "flipped"])
def test_a_damaged_backup_is_refused_and_the_directory_is_as_it_was(
    store: SqliteStore, tmp_path: Path, kind: str
) -> None:
    for number in range(40):
        store.put_document(*parts(f"d{number}", f"The harbour has {number} cranes. " * 20))
    store.back_up(tmp_path / "backup")
    data = bytearray((tmp_path / "backup").read_bytes())
    if kind == "cut":
        del data[len(data) // 2 :]
    else:
        at = data.index(b"The harbour has 17 cranes.")
        data[at] ^= 1
    (tmp_path / "backup").write_bytes(data)
    with pytest.raises(StorageDamaged, match="is damaged"):
        restore(tmp_path / "backup", tmp_path / "data", replace=True)
    assert len(store.documents(EVERYTHING)) == 41
    assert sorted(p.name for p in (tmp_path / "data").glob("*.sqlite")) == ["citewell.sqlite"]


def test_nothing_is_put_back_while_another_process_writes(store: SqliteStore, tmp_path: Path) -> None:
    store.back_up(tmp_path / "backup")
    with store.write_lock(), pytest.raises(StorageBusy):
        restore(tmp_path / "backup", tmp_path / "data", replace=True)
    assert set(texts(tmp_path / "data")) == {"a"}


def test_backups_taken_during_an_ingest_are_each_one_moment_of_it(tmp_path: Path) -> None:
    """Every backup holds the first so many files, whole, and all that were acknowledged before it began."""
    files = tmp_path / "files"
    files.mkdir()
    for number in range(300):
        (files / f"{number:03}.txt").write_text(f"Shed {number} holds {number} barrels of tar.\n", encoding="utf-8")
    data = tmp_path / "data"
    command = [*COMMAND, "ingest", str(files), "--data-dir", str(data)]
    settings = Settings(data_dir=data, reader=False)
    seen: list[int] = []
    with (
        Citewell.open(settings, embedder=HashEmbedder(name=settings.model), create=True) as citewell,
        subprocess.Popen(command, env=environment(), stdout=subprocess.DEVNULL) as ingesting,
    ):
        assert wait_for(lambda: len(citewell.documents.all(access=EVERYTHING)) > 5)
        while ingesting.poll() is None and len(seen) < 20:
            before = len(citewell.documents.all(access=EVERYTHING))
            backup = tmp_path / f"backup-{len(seen)}"
            citewell.maintenance.back_up(backup)
            restore(backup, tmp_path / f"restored-{len(seen)}", replace=False)
            found = sorted(texts(tmp_path / f"restored-{len(seen)}").values())
            assert found == [f"Shed {n} holds {n} barrels of tar.\n" for n in sorted(range(len(found)), key=str)]
            assert len(found) >= before
            seen.append(len(found))
    assert ingesting.returncode == 0
    assert len(seen) >= 2
    assert seen == sorted(seen)


# -- the commands ----------------------------------------------------------------------------------------------------


def test_backup_and_restore_by_command(ingested: Rag, tmp_path: Path) -> None:
    question = "When was the harbour at Westerholm opened?"
    before = ingested("ask", question, "--json").json
    made = ingested("backup", tmp_path / "backup", "--json").json
    size = (tmp_path / "backup").stat().st_size
    assert made == {"file": str(tmp_path / "backup"), "bytes": size, "documents": 3, "encrypted": False}
    other = ("--data-dir", tmp_path / "other")
    put_back = ingested("restore", tmp_path / "backup", *other)
    assert (put_back.code, put_back.err) == (0, "")
    assert "ok       vector index: 7 vectors, 7 passages" in put_back.out
    after = ingested("ask", question, "--json", *other).json
    assert after["answer"] == before["answer"]
    assert after["citations"] == before["citations"]
    again = ingested("restore", tmp_path / "backup", *other)
    assert (again.code, again.out) == (1, "")
    assert "give --replace" in again.err
    replaced = ingested("restore", tmp_path / "backup", "--replace", *other)
    assert replaced.code == 0
    assert "What was there before is now in" in replaced.err
