"""A backup on the command line: encrypted, put back, and put to the test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.age_keys import make_key, needs_age
from tests.support.hash_cli import Rag


@needs_age
def test_an_encrypted_backup_is_tried_and_put_back_with_the_secret_key(ingested: Rag, tmp_path: Path) -> None:
    key, backup = make_key(tmp_path / "key"), tmp_path / "backup.age"
    made = ingested("backup", backup, "--encrypt-to", key, "--json").json
    assert made == {
        "file": str(backup),
        "bytes": backup.stat().st_size,
        "documents": made["documents"],
        "encrypted": True,
    }
    tried = ingested("drill", backup, "--identity", tmp_path / "key", "--json")
    assert (tried.code, [step["name"] for step in tried.json["steps"] if step["ok"]]) == (
        0,
        ["backup", "restore", "verify", "compare", "ask"],
    )
    there = tmp_path / "there"
    assert ingested("restore", backup, "--identity", tmp_path / "key", "--data-dir", there).code == 0
    assert len(ingested("documents", "--data-dir", there, "--json").json["documents"]) == made["documents"]


@needs_age
def test_without_the_secret_key_a_drill_says_what_is_wrong(ingested: Rag, tmp_path: Path) -> None:
    ingested("backup", tmp_path / "backup", "--encrypt-to", make_key(tmp_path / "key"))
    tried = ingested("drill", tmp_path / "backup")
    assert tried.code == 1
    assert "WRONG  restore: " in tried.out
    assert "expected the file with its secret key" in tried.out


def test_a_drill_takes_the_newest_backup_of_the_folder(
    ingested: Rag, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CITEWELL_BACKUP_FOLDER", str(tmp_path / "backups"))
    nothing = ingested("drill")
    assert (nothing.code, "has no backup that `rag maintain` made" in nothing.err) == (1, True)
    assert ingested("maintain").code == 0
    (backup,) = (tmp_path / "backups").iterdir()
    tried = ingested("drill", "--question", "When was the harbour at Westerholm opened?")
    assert (tried.code, tried.out.startswith(f"ok     backup: {backup}")) == (0, True)
    elsewhere = ingested("drill", "--data-dir", tmp_path / "none")
    assert (elsewhere.code, "there is no data directory here" in elsewhere.out) == (0, True)
    assert not (tmp_path / "none").exists()
