"""A drill shows that a backup can be restored, holds what it should and answers; and what is wrong with one."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from rag.app import Citewell
from rag.app.drill import Drill, newest_backup
from rag.app.maintain import maintain
from rag.app.maintenance_report import MaintenanceReport
from rag.errors import InputError
from rag.records import Access
from tests.support.age_keys import make_key, needs_age
from tests.support.fakes import HashEmbedder
from tests.support.restart import restart

STEPS = ["backup", "restore", "verify", "compare", "ask"]
EVERYTHING = Access.everything()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "backups"


@pytest.fixture
def citewell(citewell: Citewell, folder: Path) -> Citewell:
    restart(citewell, backup_folder=folder, min_free_megabytes=0)
    return citewell


def drilled(citewell: Citewell, question: str = "") -> MaintenanceReport:
    settings = citewell.settings
    return Drill(newest_backup(settings), settings, citewell.beside, citewell, question).run()


def details(report: MaintenanceReport) -> dict[str, str]:
    return {step.name: step.detail for step in report.steps}


def test_a_good_backup_goes_through_all_of_it_and_leaves_nothing(citewell: Citewell) -> None:
    maintain(citewell)
    before = {path for path in citewell.settings.data_dir.rglob("*") if "index" not in path.parts}
    report = drilled(citewell)
    assert [(step.name, step.ok) for step in report.steps] == [(name, True) for name in STEPS]
    count = citewell.documents.count(access=EVERYTHING)
    assert f"{count:,} documents are the same, 0 were added or changed since, 0 are gone" in details(report)["compare"]
    assert " quotes hold" in details(report)["ask"]
    assert {path for path in citewell.settings.data_dir.rglob("*") if "index" not in path.parts} == before


def test_what_has_changed_since_is_told_and_is_not_wrong(citewell: Citewell) -> None:
    maintain(citewell)
    first = citewell.documents.all(access=EVERYTHING)[0].source.id
    citewell.documents.remove(first)
    citewell.documents.put("hours", b"The harbour opens at six in the morning.", media_type="text/plain")
    report = drilled(citewell, "When does the harbour open?")
    assert report.ok
    assert ", 1 were added or changed since, 1 are gone" in details(report)["compare"]


def test_a_text_that_was_there_before_and_is_not_in_it_is_wrong(citewell: Citewell, folder: Path) -> None:
    """As of a backup that was made of another data directory, or with another clock."""
    maintain(citewell)
    citewell.documents.put("hours", b"The harbour opens at six in the morning.", media_type="text/plain")
    newest_backup(citewell.settings).rename(folder / "citewell-20990101T000000Z.sqlite")
    report = drilled(citewell)
    assert report.failed == ("compare",)
    assert "1 texts are not in it that were there before: hours" in details(report)["compare"]


def test_one_that_cannot_be_restored_ends_the_drill(citewell: Citewell, folder: Path) -> None:
    folder.mkdir()
    (folder / "citewell-20200101T000000Z.sqlite").write_bytes(b"no backup at all")
    report = drilled(citewell)
    assert [(step.name, step.ok) for step in report.steps] == [("backup", True), ("restore", False)]
    assert "is no database; expected a file that `rag backup` wrote" in details(report)["restore"]


def test_one_of_another_model_cannot_be_used(citewell: Citewell) -> None:
    maintain(citewell)
    with sqlite3.connect(newest_backup(citewell.settings)) as database:
        database.execute("UPDATE meta SET value = json_set(value, '$.sha256', 'other') WHERE name = 'model'")
        assert database.total_changes == 1
    database.close()
    report = drilled(citewell)
    assert report.failed == ("verify",)
    assert "was made with the model" in details(report)["verify"]


def test_without_a_data_directory_there_is_nothing_to_compare_with(
    citewell: Citewell, embedder: HashEmbedder, tmp_path: Path
) -> None:
    maintain(citewell)
    elsewhere = replace(citewell.settings, data_dir=tmp_path / "elsewhere")

    def open_at(path: Path) -> Citewell:
        return Citewell.open(replace(elsewhere, data_dir=path), embedder=embedder)

    report = Drill(newest_backup(elsewhere), elsewhere, open_at).run()
    assert report.ok
    assert "there is no data directory here to compare it with" in details(report)["compare"]
    assert not elsewhere.data_dir.exists()


def test_the_newest_backup_is_taken(citewell: Citewell, folder: Path) -> None:
    folder.mkdir()
    for name in ("citewell-20210101T000000Z.sqlite", "citewell-20220101T000000Z.sqlite.age", "later.sqlite"):
        (folder / name).touch()
    assert newest_backup(citewell.settings).name == "citewell-20220101T000000Z.sqlite.age"
    shutil.rmtree(folder)
    with pytest.raises(InputError, match="has no backup that `rag maintain` made"):
        newest_backup(citewell.settings)
    with pytest.raises(InputError, match="CITEWELL_BACKUP_FOLDER names no folder"):
        newest_backup(replace(citewell.settings, backup_folder=None))


@needs_age
def test_nightly_care_encrypts_its_backup_and_tries_it(citewell: Citewell, folder: Path, tmp_path: Path) -> None:
    key = make_key(tmp_path / "key")
    restart(citewell, backup_recipients=(key,), backup_identity=tmp_path / "key", drill_backups=True, keep_backups=1)
    folder.mkdir()
    (folder / "citewell-20200101T000000Z.sqlite").write_bytes(b"old")
    report = maintain(citewell)
    assert report.ok
    (backup,) = folder.iterdir()
    assert backup.name.endswith(".sqlite.age")
    assert ", encrypted to 1 keys" in details(report)["backup"]
    assert "bytes, encrypted" in details(report)["drill"]
    assert " quotes hold" in details(report)["drill"]


@needs_age
def test_nightly_care_says_when_its_backup_cannot_be_opened(citewell: Citewell, tmp_path: Path) -> None:
    key = make_key(tmp_path / "key")
    make_key(tmp_path / "other")
    restart(citewell, backup_recipients=(key,), backup_identity=tmp_path / "other", drill_backups=True)
    report = maintain(citewell)
    assert report.failed == ("drill",)
    assert "is not encrypted to the key in" in details(report)["drill"]


def test_a_drill_of_a_backup_that_was_not_made_is_wrong(citewell: Citewell, folder: Path) -> None:
    restart(citewell, drill_backups=True)
    folder.write_text("a file in the place of the folder")
    assert maintain(citewell).failed == ("backup", "drill")
