"""Repositories that the tests make with git itself, whatever is set up on the machine."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.source_scenes import write_all

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is missing: the Debian package git")


def git(folder: Path, *arguments: str, data: bytes | None = None, **environment: str) -> str:
    """What git says in a folder."""
    known = {
        "PATH": os.environ["PATH"],
        "HOME": os.devnull,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "A",
        "GIT_AUTHOR_EMAIL": "a@example.org",
        "GIT_COMMITTER_NAME": "A",
        "GIT_COMMITTER_EMAIL": "a@example.org",
        "GIT_ALLOW_PROTOCOL": "file",
    }
    ran = subprocess.run(
        [str(shutil.which("git")), "-C", str(folder), *arguments],
        env=known | environment,
        input=data,
        capture_output=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr.decode()
    return ran.stdout.decode()


def make_repository(folder: Path) -> Path:
    """An empty repository with a working tree, on the branch main."""
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    return folder


def commit(folder: Path, holding: Mapping[str, bytes], *, at: int = 1_700_000_000) -> str:
    """The id of a new commit in which the repository holds exactly these files; it is `at` seconds since 1970."""
    write_all(folder, holding)
    git(folder, "add", "--all")
    moment = f"{at} +0000"
    git(folder, "commit", "--quiet", "--allow-empty", "-m", "c", GIT_AUTHOR_DATE=moment, GIT_COMMITTER_DATE=moment)
    return git(folder, "rev-parse", "HEAD").strip()


def commit_entries(folder: Path, *entries: tuple[str, bytes, str]) -> str:
    """A commit of entries that no working tree could have: mode, name and object of each, in one tree."""
    tree = b"".join(mode.encode() + b" " + name + b"\0" + bytes.fromhex(identity) for mode, name, identity in entries)
    made = git(folder, "hash-object", "-t", "tree", "-w", "--stdin", "--literally", data=tree).strip()
    commit_id = git(folder, "commit-tree", made, "-m", "c").strip()
    git(folder, "update-ref", "refs/heads/main", commit_id)
    return commit_id
