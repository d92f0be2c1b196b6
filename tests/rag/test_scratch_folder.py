"""A scratch folder is private, goes when it is done with, and one of a killed process goes before the next is made."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rag.disk import scratch_folder
from rag.errors import StorageError
from tests.support.places import ROOT
from tests.support.processes import environment

HOLD = """
import sys
from pathlib import Path
from rag.disk import scratch_folder
with scratch_folder(Path(sys.argv[1])) as folder:
    (folder / "plain").write_text("secret")
    print(folder, flush=True)
    sys.stdin.read()
"""


def test_it_is_for_its_user_alone_and_goes_whatever_happens(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), scratch_folder(tmp_path) as folder:
        assert folder.parent == tmp_path
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "file").touch()
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_one_of_another_process_stays_while_it_lives_and_goes_when_it_was_killed(tmp_path: Path) -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(),
        cwd=ROOT,
        text=True,
    )
    with other:
        assert other.stdout is not None
        held = Path(other.stdout.readline().strip())
        with scratch_folder(tmp_path) as own:
            assert sorted(tmp_path.iterdir()) == sorted([held, own])
        other.kill()
        other.wait()
    assert (held / "plain").exists()
    with scratch_folder(tmp_path) as own:
        assert list(tmp_path.iterdir()) == [own]


def test_what_is_no_scratch_folder_stays(tmp_path: Path) -> None:
    (tmp_path / ".scratch-file").write_text("a file")
    (tmp_path / "there").mkdir()
    (tmp_path / ".scratch-link").symlink_to(tmp_path / "there")
    with pytest.raises(StorageError), scratch_folder(tmp_path / "none"):
        pass
    with scratch_folder(tmp_path):
        assert (tmp_path / ".scratch-file").exists()
        assert (tmp_path / ".scratch-link").is_symlink()
