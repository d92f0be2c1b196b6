"""Whatever somebody is given is what an installation would give that holds nothing but what this person may read.

Random documents come, change, go and change hands, by hand and by rules, with questions in between, so that all that is
remembered is remembered of something else. Then every way in is compared for every person, byte for byte: with a second
installation that only ever had the permitted documents. `python -m tests.bench.noninterference` tries many more.
"""

from __future__ import annotations

import threading

from hypothesis import HealthCheck, given

from rag.records import EVERYBODY
from tests.support.examples import fewer
from tests.support.installations import PEOPLE, Step, cases, compare, do, everything_seen, installation
from tests.support.postgres import PostgresServer

FEW = fewer(33, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
QUICK = fewer(5, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@QUICK
@given(**cases)
def test_nobody_learns_what_they_may_not_read(
    first: list[Step], then: list[Step], asked: list[str], exact_up_to: int
) -> None:
    assert compare(first, then, asked, exact_up_to) > 0


@FEW
@given(**cases)
def test_nobody_learns_from_postgresql_what_they_may_not_read(
    postgres: PostgresServer, first: list[Step], then: list[Step], asked: list[str], exact_up_to: int
) -> None:
    """Byte for byte what an installation with SQLite gives that only ever had the permitted documents."""
    with postgres.database() as url:
        assert compare(first, then, asked, exact_up_to, database=url) > 0


def test_nothing_shows_of_what_changes_for_others_at_the_same_time() -> None:
    """One thread brings documents in for the board, changes groups and rules, and removes them; Bob asks meanwhile."""
    bob = PEOPLE[1]
    done = threading.Event()
    problems: list[BaseException] = []
    with installation(exact_up_to=50_000) as citewell:
        do(citewell, Step("put", "d0", "The harbour opens at noon. A ferry costs 1.5 euros.", ("staff",)))
        do(citewell, Step("put", "d1", "The harbour opens at eleven. A ferry carries three boats.", (EVERYBODY,)))
        question = "What opens the harbour?"
        before = everything_seen(citewell, bob, [question])

        def change() -> None:
            try:
                for number in range(12):
                    do(citewell, Step("put", "d2", f"The harbour opens at May in {1900 + number}.", ("board",)))
                    do(citewell, Step("put", "d3", f"A ferry costs {number} euros.", ()))
                    do(citewell, Step("groups", "d3", groups=("board",)))
                    do(citewell, Step("rules", sources=("d3", "d2"), groups=("board",) if number % 2 else ()))
                    do(citewell, Step("groups", "d2"))
                    do(citewell, Step("delete", "d3"))
            except BaseException as error:  # noqa: BLE001 - any error at all fails the test
                problems.append(error)
            finally:
                done.set()

        changing = threading.Thread(target=change)
        changing.start()
        asked = 0
        while not done.is_set() or not asked:
            found = everything_seen(citewell, bob, [question])
            assert found == before
            asked += 1
        changing.join()
    assert problems == []
