"""`python -m tests.soak [kills] [fuzz] [readers] [documents] [cluster] [patroni]`: what takes too long.

Without a name all run but `patroni`, which needs Debian's etcd-server and Patroni.
Each part prints what it saw as it goes, and its figures at the end. Exit code 1: something broke.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.soak import cluster, documents, fuzz, kills, readers
from tests.soak.patroni_pair import patroni_pair
from tests.support.postgres import MISSING, postgres_programs
from tests.support.postgres_pair import postgres_pair

_PARTS = ("kills", "fuzz", "readers", "documents", "cluster")
_ASKED_FOR = ("patroni",)
_SWAP = 5.0  # seconds between two changes under the readers


def main() -> int:
    """Run the parts that are named, all of them without a name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(_PARTS + _ASKED_FOR)}")
    parser.add_argument("--cycles", type=int, default=200, help="kills")
    parser.add_argument("--files", type=int, default=2_000, help="to fuzz")
    parser.add_argument("--minutes", type=float, default=10, help="that four readers ask for")
    parser.add_argument("--documents", type=int, default=10_000, help="to ingest")
    parser.add_argument("--failovers", type=int, default=20, help="cluster, patroni")
    parser.add_argument("--nodes", type=int, default=3, help="cluster, patroni")
    parser.add_argument("--patroni", default="patroni", help="the command, which another user may start too")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if unknown := set(arguments.parts) - {*_PARTS, *_ASKED_FOR}:
        parser.error(f"{', '.join(sorted(unknown))}: expected {', '.join(_PARTS + _ASKED_FOR)}")
    problems: list[str] = []
    for part in arguments.parts or _PARTS:
        with tempfile.TemporaryDirectory() as folder:
            if part == "kills":
                problems += kills.run(Path(folder), arguments.cycles, arguments.seed, say)
            elif part == "fuzz":
                problems += fuzz.run(arguments.files, arguments.seed, say)
            elif part == "readers":
                problems += readers.run(Path(folder), arguments.minutes * 60, _SWAP, say, seed=arguments.seed)
            elif part in ("cluster", "patroni"):
                patroni = shlex.split(arguments.patroni) if part == "patroni" else []
                problems += _failovers(Path(folder), arguments.failovers, arguments.nodes, arguments.seed, patroni)
            else:
                problems += documents.run(Path(folder), arguments.documents, say)
    for problem in problems:
        say(f"BROKEN: {problem}")
    say("Nothing broke." if not problems else f"{len(problems)} problem(s).")
    return bool(problems)


def _failovers(folder: Path, count: int, nodes: int, seed: int, patroni: Sequence[str]) -> list[str]:
    """What was wrong when primaries were killed whose standby a command promotes, or Patroni, if it is named."""
    programs = postgres_programs()
    if programs is None:
        return [MISSING]
    if patroni:
        with patroni_pair(programs, patroni) as watched:
            return cluster.run(folder, watched, watched.address, count, say, nodes=nodes, seed=seed)[0]
    with postgres_pair(programs, is_durable=True) as pair:
        return cluster.run(folder, pair, pair.address(), count, say, nodes=nodes, seed=seed)[0]


def say(line: str) -> None:
    """Print at once: these runs are watched."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
