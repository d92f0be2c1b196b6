"""Jobs: each is one node's at a time, a node that died keeps none, and nobody else's result is kept."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest

from rag.records import Source
from rag.store.postgres.postgres_store import PostgresStore

SOURCE = Source("a1", "", "/papers/harbour.txt", "text/plain")
SAME = "the same readers, model and settings"


@pytest.fixture
def offer(store: PostgresStore) -> Callable[[str], None]:
    return lambda key: store.jobs.offer(key, SOURCE, key.encode(), made_with=SAME)


def let_leases_end(url: str) -> None:
    """What the clock does half a minute after a node has died."""
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE citewell.jobs SET lease_until = lease_until - interval '31 s' WHERE claim <> ''")


def test_each_job_is_taken_by_one_node_the_oldest_first(
    store: PostgresStore, other: PostgresStore, offer: Callable[[str], None]
) -> None:
    for key in ("one", "two", "three"):
        offer(key)
    taken = [node.jobs.take(SAME) for node in (store, other, store, other)]
    assert [job and (job.source, job.data) for job in taken] == [
        (SOURCE, b"one"),
        (SOURCE, b"two"),
        (SOURCE, b"three"),
        None,
    ]


def test_what_was_made_is_had_once_it_is_there(
    store: PostgresStore, other: PostgresStore, offer: Callable[[str], None]
) -> None:
    offer("one")
    assert (store.jobs.outcome("one"), store.jobs.outcome("two")) == (None, None)
    job = other.jobs.take(SAME)
    assert job is not None
    assert store.jobs.outcome("one") is None
    assert other.jobs.finish(job, b"made of one")
    assert store.jobs.outcome("one") == b"made of one"
    assert other.jobs.take(SAME) is None


def test_a_job_of_a_node_that_died_is_done_once_by_another_when_its_lease_has_ended(
    store: PostgresStore, other: PostgresStore, offer: Callable[[str], None], url: str
) -> None:
    offer("one")
    dead = store.jobs.take(SAME)
    assert dead is not None
    assert other.jobs.take(SAME) is None
    let_leases_end(url)
    again = other.jobs.take(SAME)
    assert again is not None
    assert (again.id, again.data) == (dead.id, dead.data)
    # It was not dead, only slow: what it makes comes too late.
    assert not store.jobs.renew(dead, SAME)
    assert not store.jobs.finish(dead, b"late")
    assert other.jobs.finish(again, b"made")
    assert store.jobs.outcome("one") == b"made"


def test_a_job_that_is_renewed_stays_with_its_node(
    store: PostgresStore, other: PostgresStore, offer: Callable[[str], None], url: str
) -> None:
    offer("one")
    job = store.jobs.take(SAME)
    assert job is not None
    let_leases_end(url)
    assert store.jobs.renew(job, SAME)
    assert other.jobs.take(SAME) is None


def test_a_job_that_is_given_back_is_free_at_once(
    store: PostgresStore, other: PostgresStore, offer: Callable[[str], None]
) -> None:
    offer("one")
    for _ in range(5):  # giving back does not count as a try
        job = store.jobs.take(SAME)
        assert job is not None
        store.jobs.give_back(job)
    assert other.jobs.take(SAME) is not None


def test_what_several_nodes_may_have_died_of_is_left_to_who_asked(
    store: PostgresStore, other: PostgresStore, offer: Callable[[str], None], url: str
) -> None:
    offer("one")
    for _ in range(3):
        assert other.jobs.take(SAME) is not None
        let_leases_end(url)
    assert other.jobs.take(SAME) is None
    assert store.jobs.withdraw("one")


def test_only_what_nobody_is_at_is_withdrawn(
    store: PostgresStore, other: PostgresStore, offer: Callable[[str], None]
) -> None:
    offer("one")
    offer("two")
    job = other.jobs.take(SAME)
    assert job is not None
    assert (store.jobs.withdraw("one"), store.jobs.withdraw("two"), store.jobs.withdraw("two")) == (False, True, True)
    other.jobs.finish(job, b"made")
    assert not store.jobs.withdraw("one")


def test_a_node_with_other_readers_or_settings_takes_nothing_and_does_not_count(
    store: PostgresStore, other: PostgresStore, offer: Callable[[str], None]
) -> None:
    offer("one")
    assert other.jobs.take("another model") is None
    assert (store.jobs.helpers(SAME), store.jobs.helpers("another model")) == (0, 1)


def test_helpers_are_the_others_that_were_heard_of(store: PostgresStore, other: PostgresStore, url: str) -> None:
    assert store.jobs.take(SAME) is None
    assert other.jobs.take(SAME) is None
    assert store.jobs.helpers(SAME) == 1
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE citewell.helpers SET seen_at = seen_at - interval '31 s'")
    assert store.jobs.helpers(SAME) == 0
    other.jobs.leave()
    assert other.jobs.take(SAME) is None
    assert store.jobs.helpers(SAME) == 1


def test_what_a_dead_node_had_made_for_it_is_had_by_the_next_that_asks_for_the_same(
    store: PostgresStore, other: PostgresStore, offer: Callable[[str], None], url: str
) -> None:
    offer("one")
    job = other.jobs.take(SAME)
    assert job is not None
    other.jobs.finish(job, b"made")
    with PostgresStore.open(url) as after:
        after.jobs.offer("one", SOURCE, b"one", made_with=SAME)
        assert after.jobs.outcome("one") == b"made"
        store.jobs.forget()  # the jobs of others stay
        assert after.jobs.outcome("one") == b"made"
        after.jobs.forget()
        assert after.jobs.outcome("one") is None
