"""A backup holds the whole data directory, and putting one back loses no line of the audit log."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from rag.access.audit import AuditFilter, AuditKind
from rag.access.audit.log_files import log_files
from rag.app import Citewell
from rag.app.backups import files_to_keep
from rag.errors import InputError, StorageDamaged
from tests.support.fakes import HashEmbedder
from web.settings import WebSettings

RULES = '[[rule]]\nsource = "**"\ngroups = ["hr"]\n'
GLOSSARY = "term,alternatives\nloan,borrowing\n"


@pytest.fixture
def settings(settings: WebSettings) -> WebSettings:
    return replace(settings, audit="on")


@pytest.fixture
def backup(settings: WebSettings, embedder: HashEmbedder, tmp_path: Path) -> Path:
    """One of a data directory with all that there may be, which goes on afterwards: three lines, then a fourth."""
    settings.data_dir.mkdir()
    (settings.data_dir / "access.toml").write_text(RULES)
    (settings.data_dir / "glossary.csv").write_text(GLOSSARY)
    with Citewell.open(settings, embedder=embedder, create=True) as citewell:
        citewell.documents.put("loans", b"A loan lasts four weeks.", media_type="text/plain")
        citewell.people.accounts.add("ida")
        citewell.maintenance.back_up(tmp_path / "backup")
        citewell.people.accounts.add("otto")
    return tmp_path / "backup"


def lines(settings: WebSettings, embedder: HashEmbedder) -> list[tuple[str, str]]:
    """Kind and whom of each line, after a look that all of them are sound."""
    with Citewell.open(settings, embedder=embedder) as citewell:
        assert citewell.audit.check().is_sound
        return [(entry.kind, entry.whom) for entry in citewell.audit.entries(AuditFilter())]


def facts(settings: WebSettings, embedder: HashEmbedder) -> dict[str, object]:
    """Of the last line."""
    with Citewell.open(settings, embedder=embedder) as citewell:
        return dict(list(citewell.audit.entries())[-1].facts)


def test_everything_is_there_again_on_another_machine(
    settings: WebSettings, embedder: HashEmbedder, backup: Path, tmp_path: Path
) -> None:
    other = replace(settings, data_dir=tmp_path / "other")
    restored = Citewell.restore(backup, other)
    assert (restored.aside, restored.files, restored.log) == ((), ("access.toml", "glossary.csv", "audit"), "restored")
    assert (other.data_dir / "access.toml").read_text() == RULES
    assert (other.data_dir / "glossary.csv").read_text() == GLOSSARY
    found = lines(other, embedder)
    assert found[-1] == ("restored", "")
    assert found[-2] == ("person_added", "ida"), "the names of persons are there too"
    kept = [path for path in other.data_dir.rglob("*") if path.is_file() and path.name != "citewell.sqlite"]
    assert [path for path in kept if path.stat().st_mode & 0o077 and "index" not in path.parts] == []
    assert not list(other.data_dir.glob(".restored-*"))
    with sqlite3.connect(other.data_dir / "citewell.sqlite") as database:
        assert database.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'kept_files'").fetchone() == (0,)
    database.close()


def test_a_log_that_has_gone_on_since_stays(settings: WebSettings, embedder: HashEmbedder, backup: Path) -> None:
    before = lines(settings, embedder)
    restored = Citewell.restore(backup, settings, replace=True)
    assert restored.log == "kept"
    assert lines(settings, embedder) == [*before, ("restored", "")]
    assert before[-1] == ("person_added", "otto"), "what happened after the backup is not forgotten"
    with Citewell.open(settings, embedder=embedder) as citewell:
        assert [person.name for person in citewell.people.accounts.all()] == ["ida"]


def test_another_log_is_set_aside_and_told_of(settings: WebSettings, embedder: HashEmbedder, backup: Path) -> None:
    shutil.rmtree(settings.data_dir / "audit")
    with Citewell.open(settings, embedder=embedder) as citewell:
        citewell.people.accounts.add("zoe")
        end = citewell.audit.check()
    restored = Citewell.restore(backup, settings, replace=True)
    (aside,) = [path for path in restored.aside if path.name.endswith("-audit")]
    assert len(log_files(aside)) == 1
    assert lines(settings, embedder)[-2:] == [("person_added", "ida"), ("restored", "")]
    found = facts(settings, embedder)
    assert (found["log"], found["before"], found["before_hash"]) == ("restored", end.last, end.hash)


def test_files_that_differ_are_set_aside(settings: WebSettings, backup: Path) -> None:
    (settings.data_dir / "access.toml").write_text("")
    restored = Citewell.restore(backup, settings, replace=True)
    (aside,) = [path for path in restored.aside if path.name.endswith("-access.toml")]
    assert (aside.read_text(), (settings.data_dir / "access.toml").read_text()) == ("", RULES)
    assert not [path for path in restored.aside if path.name.endswith("-glossary.csv")], "it is the same"


def test_a_backup_without_files_leaves_those_that_are_there(
    settings: WebSettings, embedder: HashEmbedder, backup: Path
) -> None:
    """As those of earlier versions are."""
    with sqlite3.connect(backup) as database:
        database.execute("DROP TABLE kept_files")
    database.close()
    before = lines(settings, embedder)
    restored = Citewell.restore(backup, settings, replace=True)
    assert (restored.files, restored.log) == ((), "none")
    assert (settings.data_dir / "access.toml").read_text() == RULES
    assert lines(settings, embedder) == [*before, ("restored", "")]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE kept_files SET content = zeroblob(length(content)) WHERE name = 'access.toml'",
        "UPDATE kept_files SET parts = 2 WHERE name = 'audit/head'",
        "UPDATE kept_files SET part = 1, parts = 2 WHERE name = 'glossary.csv'",
    ],
    ids=["another content", "cut off", "without a beginning"],
)
def test_a_backup_with_a_damaged_file_changes_nothing(settings: WebSettings, backup: Path, change: str) -> None:
    with sqlite3.connect(backup) as database:
        database.execute(change)
    database.close()
    before = state(settings)
    with pytest.raises(StorageDamaged):
        Citewell.restore(backup, settings, replace=True)
    assert state(settings) == before


@pytest.mark.parametrize("name", ["../escaped", "/escaped", "audit/../../escaped", ".bashrc", "a//b", ""])
def test_no_file_of_a_backup_leads_out_of_the_directory(settings: WebSettings, backup: Path, name: str) -> None:
    with sqlite3.connect(backup) as database:
        database.execute("UPDATE kept_files SET name = ? WHERE name = 'glossary.csv'", (name,))
    database.close()
    before = state(settings)
    with pytest.raises(InputError, match="as `rag backup` writes them"):
        Citewell.restore(backup, settings, replace=True)
    assert state(settings) == before


def state(settings: WebSettings) -> dict[str, bytes]:
    """All that lies in the data directory, and beside it."""
    return {str(path): path.read_bytes() for path in settings.data_dir.parent.rglob("*") if path.is_file()}


@pytest.mark.usefixtures("backup")
def test_lines_that_are_added_meanwhile_are_not_in_the_backup(
    settings: WebSettings, embedder: HashEmbedder, tmp_path: Path
) -> None:
    """What belongs to it is said when the log is locked; what is read afterwards ends there."""
    with Citewell.open(settings, embedder=embedder) as citewell:

        def files() -> list:
            found = list(files_to_keep(settings.data_dir))
            citewell.people.accounts.add("late")
            return found

        citewell.store.back_up(tmp_path / "another", files)
    other = replace(settings, data_dir=tmp_path / "other")
    Citewell.restore(tmp_path / "another", other)
    assert lines(other, embedder)[-2:] == [("person_added", "otto"), ("restored", "")]
    assert AuditKind.CUT not in {kind for kind, _ in lines(other, embedder)}


def test_a_large_file_is_kept_in_parts(settings: WebSettings, embedder: HashEmbedder, tmp_path: Path) -> None:
    content = bytes(range(256)) * 70_000  # 18 MB
    with Citewell.open(settings, embedder=embedder, create=True) as citewell:
        (settings.data_dir / "glossary.csv").write_bytes(content)
        citewell.maintenance.back_up(tmp_path / "backup")
    other = replace(settings, data_dir=tmp_path / "other")
    Citewell.restore(tmp_path / "backup", other)
    assert (other.data_dir / "glossary.csv").read_bytes() == content
