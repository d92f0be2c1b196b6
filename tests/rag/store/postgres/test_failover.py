"""A primary that dies, and a standby that takes its place: what was acknowledged stays, and what was not is said."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from rag.errors import StorageUnreachable
from rag.store.base import IngestStatus
from rag.store.postgres.postgres_store import PostgresStore
from tests.soak import cluster
from tests.support.access import EVERYTHING
from tests.support.postgres import postgres_programs_or_skip
from tests.support.postgres_pair import PostgresPair, postgres_pair
from tests.support.processes import wait_for
from tests.support.stores import MODEL, put

pytestmark = pytest.mark.crash

# The process of the server whose commit waits for the standby.
WAITING = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'"

numbers = itertools.count()


@pytest.fixture(scope="module")
def running() -> Iterator[PostgresPair]:
    with postgres_pair(postgres_programs_or_skip()) as pair:
        yield pair


@pytest.fixture
def pair(running: PostgresPair) -> PostgresPair:
    """A primary with its standby, whatever the test before did to them."""
    if not running.has_standby:
        running.rebuild()
    return running


@pytest.fixture
def store(pair: PostgresPair) -> Iterator[PostgresStore]:
    """A store in a database of its own, at the address of both servers."""
    with PostgresStore.open(pair.make_database(f"test_{next(numbers)}")) as opened:
        opened.bind_model(MODEL)
        yield opened


@pytest.fixture
def beside() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as executor:
        yield executor


def waits_for_standby(pair: PostgresPair) -> Callable[[], bool]:
    """Whether a commit at the primary waits for a standby."""

    def is_waiting() -> bool:
        with psycopg.connect(pair.address(pair.primary)) as connection:
            return connection.execute(WAITING).fetchone() is not None

    return is_waiting


def put_without_standby(pair: PostgresPair, beside: ThreadPoolExecutor, change: Callable[[], object]) -> Future[object]:
    """A change whose commit waits for a standby that has died."""
    pair.kill(pair.standby)
    changed = beside.submit(change)
    assert wait_for(waits_for_standby(pair))
    return changed


def test_what_was_acknowledged_survives_a_killed_primary_under_load(pair: PostgresPair, tmp_path: Path) -> None:
    said: list[str] = []
    problems, figures = cluster.run(tmp_path, pair, pair.address(), 1, said.append, nodes=2)
    assert problems == []
    assert (len(figures.written), len(figures.answered)) == (1, 1), said


def test_a_commit_without_an_answer_that_was_made_is_acknowledged_once_a_standby_has_it(
    pair: PostgresPair, store: PostgresStore, beside: ThreadPoolExecutor
) -> None:
    changed = put_without_standby(pair, beside, lambda: put(store, "a", "The harbour froze."))
    with psycopg.connect(pair.address(pair.primary)) as connection:
        (first,) = connection.execute(WAITING).fetchone() or (0,)
        connection.execute("SELECT pg_terminate_backend(%s, 200000)", (first,))
    assert wait_for(waits_for_standby(pair))  # the look whether it was made
    assert not changed.done()
    pair.rebuild()
    assert changed.result(200) is IngestStatus.CREATED
    assert store.counts(EVERYTHING) == (1, 2, 1)


def test_a_commit_without_an_answer_that_is_lost_is_said_to_be_and_made_once_when_it_is_done_again(
    pair: PostgresPair, store: PostgresStore, beside: ThreadPoolExecutor
) -> None:
    put(store, "a", "The harbour froze.")
    changed = put_without_standby(pair, beside, lambda: put(store, "b", "Ships waited outside."))
    lost = pair.primary
    pair.serve_apart(pair.standby)
    pair.promote()
    pair.kill(lost)
    with pytest.raises(StorageUnreachable, match=r"has ended during a commit .* was not made; do it again"):
        changed.result(200)
    assert [info.source.id for info in store.documents(EVERYTHING)] == ["a"]
    assert put(store, "b", "Ships waited outside.") is IngestStatus.CREATED
    assert store.counts(EVERYTHING) == (2, 4, 2)


def test_a_deletion_without_an_answer_is_looked_for_too(
    pair: PostgresPair, store: PostgresStore, beside: ThreadPoolExecutor
) -> None:
    put(store, "a", "The harbour froze.")
    changed = put_without_standby(pair, beside, lambda: store.delete_document("a"))
    with psycopg.connect(pair.address(pair.primary)) as connection:
        (first,) = connection.execute(WAITING).fetchone() or (0,)
        connection.execute("SELECT pg_terminate_backend(%s, 200000)", (first,))
    pair.rebuild()
    assert changed.result(200) is None
    assert store.documents(EVERYTHING) == []


def test_of_several_servers_the_one_that_takes_changes_is_found_in_whichever_place_it_is_named(
    pair: PostgresPair,
) -> None:
    name = f"test_{next(numbers)}"
    pair.make_database(name)
    for places in ((pair.primary, pair.standby), (pair.standby, pair.primary)):
        with PostgresStore.open(pair.address(*places, database=name)) as opened:
            opened.bind_model(MODEL)
            put(opened, "a", "The harbour froze.")
            assert opened.counts(EVERYTHING) == (1, 2, 1)


def test_standbys_alone_are_no_database_to_open(pair: PostgresPair) -> None:
    with pytest.raises(StorageUnreachable, match=r"session is read-only.* must be the primary"):
        PostgresStore.open(pair.address(pair.standby, pair.standby))
