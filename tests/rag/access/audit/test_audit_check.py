"""Any change of what was written is found: of a letter, of a line, of the order, of the files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rag.access.audit import AuditEvent, AuditKind, AuditLog, AuditPolicy, check_log

Lines = list[bytes]
Change = Callable[[Lines], Lines]


def written(folder: Path, *, lines: int, file_bytes: int) -> list[Path]:
    log = AuditLog(folder, AuditPolicy(file_bytes=file_bytes))
    for number in range(lines):
        log.write(AuditEvent(AuditKind.OPENED, person=f"p{number % 2}", facts={"document": f"d{number}"}))
    assert check_log(folder).troubles == ()
    return sorted(folder.glob("*.jsonl"))


@st.composite
def changes(draw: st.DrawFn) -> tuple[str, Change]:
    """A change of the lines of a log, by name: what it does to them."""
    kind = draw(st.sampled_from(["edit", "cut", "remove", "insert", "repeat", "move", "swap"]))
    at, other = draw(st.integers(0, 7)), draw(st.integers(0, 7))

    def edit(lines: Lines) -> Lines:
        place = draw(st.integers(0, len(lines[at]) - 1))
        byte = draw(st.integers(0, 255))
        return [*lines[:at], lines[at][:place] + bytes([byte]) + lines[at][place + 1 :], *lines[at + 1 :]]

    def cut(lines: Lines) -> Lines:
        place = draw(st.integers(0, len(lines[at]) - 1))
        return [*lines[:at], lines[at][:place], *lines[at + 1 :]]

    def remove(lines: Lines) -> Lines:
        count = draw(st.integers(1, len(lines)))
        return [*lines[:at], *lines[at + count :]]

    def insert(lines: Lines) -> Lines:
        return [*lines[:at], draw(st.binary(min_size=1, max_size=40)), *lines[at:]]

    def repeat(lines: Lines) -> Lines:
        return [*lines[:at], lines[other], *lines[at:]]

    def move(lines: Lines) -> Lines:
        left = [*lines[:other], *lines[other + 1 :]]
        return [*left[:at], lines[other], *left[at:]]

    def swap(lines: Lines) -> Lines:
        changed = list(lines)
        changed[at], changed[other] = lines[other], lines[at]
        return changed

    by_name = {"edit": edit, "cut": cut, "remove": remove, "insert": insert, "repeat": repeat, "move": move}
    return kind, by_name.get(kind, swap)


@given(changes(), st.sampled_from([400, 1_000, 1_000_000]))
def test_whatever_is_changed_in_the_files_is_found(change: tuple[str, Change], file_bytes: int) -> None:
    """The lines of all files, changed, are put back with as many lines in each file as before, the rest in the last."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        files = written(folder, lines=8, file_bytes=file_bytes)
        before = [path.read_bytes().splitlines(keepends=True) for path in files]
        flat = [line for lines in before for line in lines]
        changed = change[1](flat)
        assume(b"".join(changed) != b"".join(flat))
        rest = list(changed)
        for path, lines in zip(files, before, strict=True):
            mine = rest if path == files[-1] else rest[: len(lines)]
            rest = rest[len(mine) :]
            path.write_bytes(b"".join(mine))
        # A piece without a line break behind the last line is what a crash leaves: it is told of, and all lines stand.
        report = check_log(folder)
        only_behind = b"".join(changed).startswith(b"".join(flat)) and report.lines == len(flat)
        assert report.troubles != ()
        assert not report.is_sound or only_behind


@pytest.mark.parametrize("gone", [0, 1, 2])
def test_a_file_that_is_missing_is_found(tmp_path: Path, gone: int) -> None:
    files = written(tmp_path, lines=9, file_bytes=900)
    assert len(files) == 3
    files[gone].unlink()
    assert not check_log(tmp_path).is_sound


def test_files_that_change_places_are_found(tmp_path: Path) -> None:
    files = written(tmp_path, lines=9, file_bytes=900)
    texts = [path.read_bytes() for path in files]
    files[0].write_bytes(texts[1])
    files[1].write_bytes(texts[0])
    assert not check_log(tmp_path).is_sound


def test_a_fault_says_where_it_is(tmp_path: Path) -> None:
    (path,) = written(tmp_path, lines=3, file_bytes=10_000)
    path.write_bytes(path.read_bytes().replace(b'"d1"', b'"d7"'))
    found = [(trouble.file, trouble.line, trouble.what) for trouble in check_log(tmp_path).troubles]
    follows = "line 3 does not follow upon line 1: something before it was changed, removed, added or moved"
    assert found == [(path.name, 2, "its content does not have the hash that it names"), (path.name, 3, follows)]
