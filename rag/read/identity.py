"""What tells two versions of the format readers apart, so that a file is read again after an update of the program."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path


@cache
def reading_sha256() -> str:
    """The SHA-256 of the code that reads files. The libraries below it are pinned and change with the program."""
    digest = hashlib.sha256()
    here = Path(__file__).parent
    for path in sorted(here.rglob("*.py")):
        digest.update(path.relative_to(here).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
