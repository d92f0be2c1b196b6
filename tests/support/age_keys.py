"""Pairs of keys of age, made for one test."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

needs_age = pytest.mark.skipif(shutil.which("age") is None, reason="age was not found; Debian: apt-get install age")


def make_key(path: Path) -> str:
    """The public key of a new pair, whose secret one is written to `path`."""
    program = shutil.which("age-keygen")
    assert program
    subprocess.run([program, "-o", str(path)], check=True, capture_output=True)
    return path.read_text().partition("public key: ")[2].split()[0]
