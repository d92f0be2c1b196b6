"""What is wrong with a data directory is said in words that a stranger may read, and what it stops."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from rag.app import Citewell
from rag.app.readiness import can_be_written, find_problems, problem_of_storage
from rag.errors import StorageDamaged, StorageReadOnly, StorageTooNew, StorageUnreachable
from rag.store.base import HealthProblem
from tests.support.restart import restart

GB = 1_000_000_000


def names_of(problems: tuple[HealthProblem, ...]) -> list[tuple[str, str]]:
    return [(problem.name, problem.stops.value) for problem in problems]


@pytest.mark.parametrize(
    ("degraded", "free", "is_writable", "expected"),
    [
        pytest.param(False, GB, True, [], id="all is well"),
        pytest.param(False, GB // 2, True, [], id="just enough room"),
        pytest.param(True, GB, True, [("index", "nothing")], id="index rebuilt"),
        pytest.param(False, GB // 2 - 1, True, [("disk", "changes")], id="disk full"),
        pytest.param(False, GB, False, [("read_only", "changes")], id="not writable"),
        pytest.param(
            True, 0, False, [("index", "nothing"), ("disk", "changes"), ("read_only", "changes")], id="all of these"
        ),
    ],
)
def test_what_is_wrong_where_the_database_can_be_read(
    degraded: bool, free: int, is_writable: bool, expected: list[tuple[str, str]]
) -> None:
    found = find_problems(degraded=degraded, disk_free_bytes=free, least_free_bytes=GB // 2, is_writable=is_writable)
    assert names_of(found) == expected


def test_what_is_wrong_where_it_cannot() -> None:
    errors = (StorageTooNew, StorageDamaged, StorageReadOnly, StorageUnreachable)
    found = tuple(problem_of_storage(error("/srv/x")) for error in errors)
    assert names_of(found) == [
        ("format", "answers"),
        ("database", "answers"),
        ("read_only", "changes"),
        ("unreachable", "answers"),
    ]
    assert not any("/srv" in problem.detail for problem in found), "strangers read it"


def test_a_healthy_one_says_so(citewell: Citewell) -> None:
    health = citewell.maintenance.health()
    assert (health.ready, health.degraded, health.detail, health.problems) == (True, False, "ready", ())


def test_a_disk_with_too_little_room_is_told_of_and_questions_are_answered(citewell: Citewell) -> None:
    restart(citewell, min_free_megabytes=10**12)
    health = citewell.maintenance.health()
    assert health.ready
    assert names_of(health.problems) == [("disk", "changes")]


def test_a_database_that_a_newer_program_has_upgraded_meanwhile_is_told_of(citewell: Citewell) -> None:
    other = apsw.Connection(str(citewell.settings.data_dir / "citewell.sqlite"))
    other.execute("PRAGMA user_version = 99").fetchall()
    other.close()
    health = citewell.maintenance.health()
    assert (health.ready, names_of(health.problems)) == (False, [("format", "answers")])


def test_another_file_in_the_place_of_the_database_is_told_of(citewell: Citewell) -> None:
    path = citewell.settings.data_dir / "citewell.sqlite"
    path.rename(path.with_suffix(".aside"))
    path.write_bytes(b"")
    health = citewell.maintenance.health()
    assert (health.ready, names_of(health.problems)) == (False, [("database", "answers")])


def test_a_folder_without_the_right_to_write_is_known_by_looking(tmp_path: Path) -> None:
    assert can_be_written(tmp_path)
    assert not can_be_written(tmp_path / "missing")
