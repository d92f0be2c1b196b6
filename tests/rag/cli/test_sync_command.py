"""`rag sync`, and `rag documents --failed`: what is printed, where, and the exit codes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.folders import LONG_AGO, write
from tests.support.hash_cli import Rag, Ran


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    for name in ("gate", "ferry", "crane"):
        write(tmp_path / "docs" / f"{name}.txt", f"The {name} opens at eight in the morning.\n")
    return tmp_path / "docs"


def test_a_line_for_each_change_and_a_summary(rag: Rag, docs: Path) -> None:
    assert rag("sync", docs) == Ran(
        0,
        f"created    {docs}/crane.txt\ncreated    {docs}/ferry.txt\ncreated    {docs}/gate.txt\n3 created\n",
        "",
    )
    (docs / "gate.txt").rename(docs / "door.txt")
    (docs / "crane.txt").unlink()
    ran = rag("sync", docs)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        f"moved      {docs}/door.txt (from {docs}/gate.txt)\nremoved    {docs}/crane.txt\n"
        "1 moved, 1 unchanged, 1 removed\n"
    )
    assert rag("sync", docs) == Ran(0, "2 unchanged\n", "")


def test_a_failure_is_told_once_and_can_be_listed(rag: Rag, docs: Path) -> None:
    bad = write(docs / "bad.txt", "")
    ran = rag("sync", docs)
    assert ran.code == 1
    assert ran.err == f"failed     {bad}: the file is empty; a document with text was expected\n"
    assert ran.out.splitlines()[-1] == "3 created, 1 failed"
    assert rag("sync", docs) == Ran(0, "3 unchanged, 1 failed before (rag documents --failed)\n", "")
    assert f"{bad}: the file is empty" in rag("documents", "--failed").out
    (listed,) = rag("documents", "--failed", "--json").json["failed"]
    assert (listed["location"], listed["error"].startswith(f"{bad}: ")) == (str(bad), True)
    assert rag("sync", docs, "--retry").code == 1
    bad.unlink()
    assert rag("sync", docs).code == 0
    assert rag("documents", "--failed").out == "No file has failed.\n"


def test_json_has_everything(rag: Rag, docs: Path) -> None:
    write(docs / "gate2.txt", (docs / "gate.txt").read_text())
    body = rag("sync", docs, "--json").json
    assert [(Path(r["location"]).name, r["status"]) for r in body["results"]] == [
        ("crane.txt", "created"),
        ("ferry.txt", "created"),
        ("gate.txt", "created"),
        ("gate2.txt", "created"),
    ]
    assert body["duplicates"] == [[f"{docs}/gate.txt", f"{docs}/gate2.txt"]]
    (docs / "ferry.txt").rename(docs / "boat.txt")
    body = rag("sync", docs, "--json", "--dry-run").json
    assert body["dry_run"] is True
    assert [(r["previous_location"], r["location"]) for r in body["results"]] == [
        (f"{docs}/ferry.txt", f"{docs}/boat.txt")
    ]
    assert {k: body[k] for k in ("unchanged", "failed_before", "kept", "problems")} == {
        "unchanged": 3,
        "failed_before": 0,
        "kept": [],
        "problems": [],
    }


def test_too_many_removals_fail_and_say_how_to_allow_them(rag: Rag, docs: Path) -> None:
    rag("sync", docs)
    (docs / "gate.txt").unlink()
    (docs / "ferry.txt").unlink()
    ran = rag("sync", docs)
    assert (ran.code, ran.out) == (1, "1 unchanged, 2 kept\n")
    assert ran.err.rstrip().endswith("--max-removed 0.68.")
    assert rag("sync", docs, "--max-removed", "0.68").code == 0
    assert rag("sync", docs, "--max-removed", "2").code == 2


def test_a_missing_folder_fails_and_the_others_are_synced(rag: Rag, docs: Path, tmp_path: Path) -> None:
    ran = rag("sync", tmp_path / "missing", docs)
    assert ran.code == 1
    assert ran.out.endswith("3 created\n")
    assert ran.err == (
        f"{tmp_path}/missing: this folder cannot be listed: No such file or directory."
        " Nothing that was read from it is removed.\n"
    )


def test_patterns_choose_files_and_a_bad_one_is_named(rag: Rag, docs: Path) -> None:
    assert rag("sync", docs, "--include", "gate.*", "--include", "ferry.*", "--exclude", "f*").out.endswith(
        "1 created\n"
    )
    ran = rag("sync", docs, "--exclude", "[z-a]")
    assert (ran.code, ran.out) == (2, "")
    assert "--exclude has a line that is no pattern" in ran.err


def test_a_dry_run_of_the_first_sync_makes_nothing(rag: Rag, docs: Path, tmp_path: Path) -> None:
    ran = rag("sync", docs, "--dry-run")
    assert ran.code == 1
    assert "holds no documents yet" in ran.err
    assert not (tmp_path / "data").exists()


def test_an_archive_is_ingested_entry_by_entry(rag: Rag, tmp_path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(tmp_path / "old.zip", "w") as packed:
        packed.writestr("in/gate.txt", "The gate opens at eight in the morning.\n")
        packed.writestr("../up.txt", "It rained.\n")
    os.utime(tmp_path / "old.zip", ns=(LONG_AGO, LONG_AGO))
    ran = rag("ingest", tmp_path / "old.zip")
    assert (ran.code, ran.out.splitlines()[-1]) == (1, "1 created, 1 failed")
    assert f"{tmp_path}/old.zip!/in/gate.txt" in ran.out
    assert "../up.txt: its name has a part" in ran.err
