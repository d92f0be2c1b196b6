"""The command of what is measured over a PostgreSQL server of its own."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.support.postgres import MISSING, PostgresServer, postgres_programs, postgres_server

# A server, a folder, how many passages and how many rounds, to lines of what was found.
MeasuredOver = Callable[[PostgresServer, Path, int, int], Sequence[str]]


def run_over_postgres(name: str, description: str | None, measured: MeasuredOver, *, passages: int, rounds: int) -> int:
    """Print what was measured, with so many passages and rounds unless the arguments say others; the exit code."""
    parser = argparse.ArgumentParser(prog=f"python -m tests.bench.{name}", description=description)
    parser.add_argument("--passages", type=int, default=passages)
    parser.add_argument("--rounds", type=int, default=rounds)
    given = parser.parse_args()
    programs = postgres_programs()
    if programs is None:
        sys.stderr.write(f"{MISSING}\n")
        return 1
    with postgres_server(programs) as server, tempfile.TemporaryDirectory() as folder:
        sys.stdout.write("\n".join(measured(server, Path(folder), given.passages, given.rounds)) + "\n")
    return 0
