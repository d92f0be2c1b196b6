"""A primary that dies, and a standby that takes its place: what was acknowledged stays, and what was not is said."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from rag.app import Citewell
from rag.errors import StorageUnreachable
from rag.records import Source
from rag.render.examples import ANSWER
from rag.settings import Settings
from rag.store.base import IngestStatus, NewTurn, RetentionPolicy
from rag.store.postgres.postgres_store import PostgresStore
from tests.soak import cluster
from tests.support.access import EVERYTHING
from tests.support.barrels import text_of, token
from tests.support.fakes import HashEmbedder
from tests.support.postgres import postgres_programs_or_skip
from tests.support.postgres_pair import PostgresPair, postgres_pair
from tests.support.processes import wait_for
from tests.support.stores import MODEL, put

pytestmark = pytest.mark.crash

# The process of the server whose commit waits for the standby.
WAITING = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'"

NOW = RetentionPolicy(7, datetime(2026, 11, 23, 9, 0, tzinfo=UTC))

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


def end_commits(pair: PostgresPair, count: int) -> None:
    """End so many processes of the server whose commits wait for the standby."""
    # Each look in a transaction of its own: a second one in the same would see what the first one did.
    with psycopg.connect(pair.address(pair.primary), autocommit=True) as connection:
        assert wait_for(lambda: len(connection.execute(WAITING).fetchall()) == count)
        for (process,) in connection.execute(WAITING).fetchall():
            connection.execute("SELECT pg_terminate_backend(%s, 200000)", (process,))


def test_votes_and_conversations_without_an_answer_are_looked_for_and_kept_once(
    pair: PostgresPair, store: PostgresStore
) -> None:
    talk = store.conversations_of(EVERYTHING)
    ids = {name: name * 22 for name in "abcd"}
    for name in "bcd":
        talk.add(NewTurn(None, "", ANSWER, ids[name], "Loans", 0), NOW, at_most=9, started=False)
    changes: list[Callable[[], object]] = [
        lambda: store.add_feedback("answer", None, "relevant", None, "", "ida"),
        lambda: talk.add(NewTurn(None, "r" * 22, ANSWER, ids["a"], "Loans", 0), NOW, at_most=9, started=True)[0],
        lambda: talk.rate(ids["b"], 1, "relevant", NOW),
        lambda: talk.delete(ids["c"], NOW),
    ]
    pair.kill(pair.standby)
    with ThreadPoolExecutor(len(changes)) as beside:
        changed = [beside.submit(change) for change in changes]
        end_commits(pair, len(changes))
        pair.rebuild()
        assert [future.result(200) for future in changed] == [1, ids["a"], None, True]
    assert [vote.relevance for vote in store.feedback_of("ida")] == ["relevant"]
    found = {name: talk.find(ids[name], NOW) for name in ids}
    assert {name: one and [turn.relevance for turn in one.turns] for name, one in found.items()} == {
        "a": [None],
        "b": ["relevant"],
        "c": None,
        "d": [None],
    }


def test_a_vote_that_is_lost_is_said_to_be(
    pair: PostgresPair, store: PostgresStore, beside: ThreadPoolExecutor
) -> None:
    changed = put_without_standby(pair, beside, lambda: store.add_feedback("answer", None, "relevant", None, "", "ida"))
    lost = pair.primary
    pair.serve_apart(pair.standby)
    pair.promote()
    pair.kill(lost)
    with pytest.raises(StorageUnreachable, match=r"has ended during a commit .* was not made; do it again"):
        changed.result(200)
    store.add_feedback("answer", None, "relevant", None, "", "ida")
    assert len(store.feedback_of("ida")) == 1


def test_a_node_that_has_what_a_new_primary_lost_makes_its_index_anew(pair: PostgresPair, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "node", database=pair.make_database(f"test_{next(numbers)}"), reader=False)
    other_settings = replace(settings, data_dir=tmp_path / "other")
    with (
        Citewell.open(settings, embedder=HashEmbedder(), create=True) as node,
        Citewell.open(other_settings, embedder=HashEmbedder(), create=True) as other,
    ):
        bring(other, "a", 1)
        # From here on nothing waits for the standby, which gets nothing more.
        with psycopg.connect(pair.address(pair.primary), autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET synchronous_standby_names = ''")
            connection.execute("SELECT pg_reload_conf()")
        pair.kill(pair.standby)
        bring(other, "b", 2)
        assert (finds(node, 1), finds(node, 2)) == (True, True)
        before = node.store.change_number()
        assert other.store.jobs is not None
        other.store.jobs.offer("key", Source("b", "", "/b.txt"), b"Ships waited.", made_with="these readers")
        lost = pair.primary
        pair.serve_apart(pair.standby)
        pair.kill(lost)
        pair.promote()
        # As many changes as were lost: the numbers alone would be the same.
        with Citewell.open(replace(settings, data_dir=tmp_path / "third"), embedder=HashEmbedder()) as third:
            bring(third, "c", 3)
            assert third.store.change_number() > before + 1_000
            # The table of jobs is not logged: it is there, and empty.
            assert third.store.jobs is not None
            assert third.store.jobs.take("these readers") is None
        for each in (node, other):
            assert [finds(each, number) for number in (1, 2, 3)] == [True, False, True]
            index = each.index.current()
            assert index is not None
            assert index.size == len(each.store.all_chunk_ids())


def bring(citewell: Citewell, name: str, number: int) -> None:
    citewell.documents.put(name, text_of(number).encode(), media_type="text/plain")


def finds(citewell: Citewell, number: int) -> bool:
    hits = citewell.questions.search(f"Which place is called {token(number)}?", access=EVERYTHING)
    return any(token(number) in hit.chunk.text for hit in hits)


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
