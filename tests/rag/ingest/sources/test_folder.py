"""Which files of a folder are found, in which order, and what is passed over."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from rag.errors import InvalidSetting, UnreadableDocument
from rag.ingest.sources.folder import MAX_DEPTH, list_folder, named, stamp_of, trusted
from rag.ingest.sources.patterns import IGNORE_FILE, MAX_LINES, Patterns, parse
from rag.store.base import UNTRUSTED
from tests.support.effort import at_most
from tests.support.folders import write

EVERYTHING = Patterns()


def listed(folder: Path, patterns: Patterns = EVERYTHING, **options: Any) -> list[str]:
    """The files that are found, relative to the folder."""
    return [str(found.path.relative_to(folder)) for found in list_folder(folder, patterns, **options).files]


def make(folder: Path, *names: str) -> None:
    for name in names:
        write(folder / name, "It rained.\n")


def test_folder_is_walked_in_sorted_order(tmp_path: Path) -> None:
    make(tmp_path, "b/z.md", "b/a.HTML", "a.txt", "c.htm", "b/c/d.txt", "d.zip")
    assert listed(tmp_path) == ["a.txt", "b/a.HTML", "b/c/d.txt", "b/z.md", "c.htm", "d.zip"]


def test_hidden_unsupported_and_linked_entries_are_passed_over(tmp_path: Path) -> None:
    make(tmp_path, "outside/secret.md", "docs/kept.md")
    make(tmp_path / "docs", ".hidden.md", ".git/config.md", "picture.png", "no_suffix")
    (tmp_path / "docs" / "link.md").symlink_to(tmp_path / "outside" / "secret.md")
    (tmp_path / "docs" / "folder").symlink_to(tmp_path / "outside")
    (tmp_path / "docs" / "loop").symlink_to(tmp_path / "docs")
    assert listed(tmp_path / "docs") == ["kept.md"]


def test_named_file_is_kept_whatever_its_suffix(tmp_path: Path) -> None:
    make(tmp_path, ".notes.xyz")
    found = named(tmp_path / ".notes.xyz")
    assert (found.path, found.stamp.size) == (tmp_path / ".notes.xyz", 11)


def test_named_file_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UnreadableDocument, match=r"missing: there is no such file; check the path"):
        named(tmp_path / "missing")


def test_a_folder_to_leave_out_is_left_out(tmp_path: Path) -> None:
    make(tmp_path, "a/x.txt", "b/x.txt", "c/b/x.txt")
    assert listed(tmp_path, leave_out=tmp_path / "b") == ["a/x.txt", "c/b/x.txt"]


def test_very_deep_folders_are_told_and_end_the_walk(tmp_path: Path) -> None:
    make(tmp_path, "a.txt")
    place = os.open(tmp_path, os.O_RDONLY)
    for _ in range(MAX_DEPTH + 5):
        os.mkdir("d", dir_fd=place)
        inner = os.open("d", os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = inner
    os.close(place)
    listing = list_folder(tmp_path, Patterns())
    assert len(listing.files) == 1
    (why,) = listing.unlisted.values()
    assert f"it lies {MAX_DEPTH} folders deep" in why


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param(["*.md"], ["a.txt", "old/b.txt", "old/new/c.txt"], id="suffix"),
        pytest.param(["old/"], ["a.md", "a.txt"], id="folder"),
        pytest.param(["/a.*"], ["old/a.md", "old/b.txt", "old/new/c.txt"], id="at the top"),
        pytest.param(["**/new/**"], ["a.md", "a.txt", "old/a.md", "old/b.txt"], id="any depth"),
        pytest.param(["*.md", "!old/a.md"], ["a.txt", "old/a.md", "old/b.txt", "old/new/c.txt"], id="taken back"),
        pytest.param(["# *.md", "", "*.txt"], ["a.md", "old/a.md"], id="comment"),
        pytest.param(["old", "!old/a.md"], ["a.md", "a.txt"], id="not out of a folder that is left out"),
    ],
)
def test_lines_of_an_ignore_file_mean_what_git_makes_of_them(
    tmp_path: Path, lines: list[str], expected: list[str]
) -> None:
    make(tmp_path, "a.md", "a.txt", "old/a.md", "old/b.txt", "old/new/c.txt")
    write(tmp_path / IGNORE_FILE, "\n".join(lines))
    assert listed(tmp_path) == expected


def test_a_line_deeper_down_wins(tmp_path: Path) -> None:
    make(tmp_path, "a.md", "sub/a.md", "sub/b.md", "other/a.md")
    write(tmp_path / IGNORE_FILE, "a.md\n")
    write(tmp_path / "sub" / IGNORE_FILE, "!a.md\n/b.md\n")
    assert listed(tmp_path) == ["sub/a.md"]


@pytest.mark.parametrize(
    ("include", "exclude", "expected"),
    [
        ((), (), ["a.md", "a.txt", "drafts/b.md", "x.zip"]),
        (("*.md",), (), ["a.md", "drafts/b.md"]),
        (("*.md", "*.zip"), ("drafts/",), ["a.md", "x.zip"]),
        (("drafts/",), (), ["drafts/b.md"]),
        ((), ("*", "!*.txt"), ["a.txt"]),
    ],
)
def test_patterns_that_were_asked_for(
    tmp_path: Path, include: tuple[str, ...], exclude: tuple[str, ...], expected: list[str]
) -> None:
    make(tmp_path, "a.md", "a.txt", "drafts/b.md", "x.zip")
    assert listed(tmp_path, Patterns.of(include, exclude)) == expected


@pytest.mark.parametrize(
    ("line", "why"),
    [
        pytest.param("[z-a]", "is no pattern|no pattern like", id="damaged"),
        pytest.param("*a*b*c*d*", "more than 3 stars", id="stars"),
        pytest.param("a" * 300, "has 300 characters; expected at most 256", id="long"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(line: str, why: str) -> None:
    with pytest.raises(InvalidSetting, match=rf"^--exclude.*({why})"):
        Patterns.of((), (line,))


def test_too_many_lines_are_refused() -> None:
    with pytest.raises(InvalidSetting, match="has 1,001 lines; at most 1,000"):
        parse(["a"] * (MAX_LINES + 1), "the file")


def test_the_slowest_line_on_the_slowest_name_is_quick_enough() -> None:
    """Three stars against a name that almost matches in very many ways."""
    patterns = Patterns.of((), ("*a*a*ab",))
    with at_most(1):
        assert not patterns.leaves_out("a" * 255, is_folder=False)


@pytest.mark.parametrize(
    ("mtime_ns", "age_ns", "is_trusted"),
    [
        pytest.param(1_000_000_000_123_456_789, 10_000_000, False, id="within a tick"),
        pytest.param(1_000_000_000_123_456_789, 100_000_000, True, id="after it"),
        pytest.param(1_000_000_000_000_000_000, 1_900_000_000, False, id="whole seconds"),
        pytest.param(1_000_000_000_000_000_000, 2_100_000_000, True, id="whole seconds, long after"),
        pytest.param(1_000_000_000_123_456_789, -(10**18), True, id="of the future"),
    ],
)
def test_a_stamp_is_trusted_when_a_later_change_would_show(
    tmp_path: Path, mtime_ns: int, age_ns: int, is_trusted: bool
) -> None:
    make(tmp_path, "a.txt")
    os.utime(tmp_path / "a.txt", ns=(mtime_ns, mtime_ns))
    found = (tmp_path / "a.txt").stat()
    assert trusted(found, mtime_ns + age_ns) == (stamp_of(found) if is_trusted else UNTRUSTED)
