"""Does anybody learn what they may not read? `python -m tests.bench.noninterference [--minutes 10] [--seed 1]`

The property of tests/rag/app/test_noninterference.py, on as many random histories of documents, groups, rules and
questions as the minutes allow. A case is one person in one history: everything that the person is given, compared with
what an installation gives that only ever had the permitted documents. It ends at the first difference, and shows it.
Most of the time goes to files that are written and removed: `TMPDIR=/dev/shm` keeps them in memory.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict, dataclass

from hypothesis import HealthCheck, given, seed, settings

from tests.support.installations import PEOPLE, Step, cases, compare

_AT_ONCE = 50  # histories between two looks at the clock


@dataclass(frozen=True, slots=True)
class Tried:
    """How much was compared, without a difference."""

    histories: int
    cases: int
    responses: int
    seconds: float


def try_for(seconds: float, first_seed: int, *, at_once: int = _AT_ONCE) -> Tried:
    """Compare for some time, `at_once` histories between looks at the clock. Raises AssertionError for a difference."""
    started, number = time.monotonic(), first_seed
    found: list[int] = []
    while not found or time.monotonic() - started < seconds:

        @seed(number)
        @settings(max_examples=at_once, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(**cases)
        def some(first: list[Step], then: list[Step], asked: list[str], exact_up_to: int) -> None:
            found.append(compare(first, then, asked, exact_up_to))

        some()
        number += 1
        sys.stderr.write(f"{len(found)} histories, {sum(found)} responses\n")
    return Tried(len(found), len(found) * len(PEOPLE), sum(found), round(time.monotonic() - started, 1))


def main() -> None:
    """Try, and print how much."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.noninterference", description=__doc__.partition("\n\n")[0]
    )
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1, help="of the first histories; the same ones come again")
    given_options = parser.parse_args()
    tried = try_for(60 * given_options.minutes, given_options.seed)
    sys.stdout.write(json.dumps(asdict(tried)) + "\n")


if __name__ == "__main__":
    main()
