"""Who may read a file, by its mode and those of its folders. The folders above a test's own belong to others."""

from __future__ import annotations

import grp
import os
import pwd
from pathlib import Path

import pytest

from rag.access import posix_groups as module
from rag.access.posix_groups import posix_groups

OWNER = f"person:{pwd.getpwuid(os.getuid()).pw_name}"
GROUP = grp.getgrgid(os.getgid()).gr_name


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that everybody may search, as they may those above it."""
    named = module._named

    def as_if_open_above(path: Path, owner: int, group: int, others: int) -> frozenset[str]:
        return named(path, owner, group, others) if path.is_relative_to(tmp_path) else frozenset({"everybody"})

    monkeypatch.setattr(module, "_named", as_if_open_above)
    tmp_path.chmod(0o755)
    return tmp_path


@pytest.mark.parametrize(
    ("mode", "names"),
    [
        (0o644, {OWNER, GROUP, "everybody"}),
        (0o640, {OWNER, GROUP}),
        (0o600, {OWNER}),
        (0o040, {GROUP}),
        (0o000, set()),
        (0o604, {OWNER}),  # the group may not, though others may: that cannot be said with groups
    ],
)
def test_the_mode_says_who_reads(folder: Path, mode: int, names: set[str]) -> None:
    path = folder / "a.md"
    path.write_text("A text.")
    path.chmod(mode)
    assert posix_groups(str(path)) == names


@pytest.mark.parametrize(
    ("mode", "names"), [(0o755, {OWNER, GROUP, "everybody"}), (0o750, {OWNER, GROUP}), (0o700, {OWNER})]
)
def test_whoever_may_not_search_a_folder_above_reads_nothing_in_it(folder: Path, mode: int, names: set[str]) -> None:
    inner = folder / "inner"
    inner.mkdir()
    (inner / "a.md").write_text("A text.")
    (inner / "a.md").chmod(0o644)
    inner.chmod(mode)
    assert posix_groups(str(inner / "a.md")) == names


def test_two_groups_are_nobody_and_everybody_gives_way() -> None:
    both = module._both
    assert both(frozenset({"hr"}), frozenset({"staff"})) == frozenset()
    assert both(frozenset({"hr", "everybody"}), frozenset({"staff"})) == {"staff"}
    assert both(frozenset({"hr"}), frozenset({"staff", "everybody"})) == {"hr"}
    assert both(frozenset({"hr", "staff"}), frozenset({"staff"})) == {"staff"}


def test_an_entry_of_an_archive_is_read_by_whoever_reads_the_archive(folder: Path) -> None:
    (folder / "old.zip").write_bytes(b"PK")
    (folder / "old.zip").chmod(0o640)
    assert posix_groups(f"{folder}/old.zip!/inner/a.md") == {OWNER, GROUP}


@pytest.mark.parametrize("location", ["api:handbook", "https://intranet.example/", "/nowhere/a.md", ""])
def test_what_is_no_file_is_read_by_nobody(location: str) -> None:
    assert posix_groups(location) == frozenset()


def test_a_file_with_a_list_of_its_own_is_for_its_owner(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / "a.md"
    path.write_text("A text.")
    path.chmod(0o664)
    monkeypatch.setattr(os, "listxattr", lambda found: [module._ACCESS_LIST] if Path(found) == path else [])
    assert posix_groups(str(path)) == {OWNER}
