"""Several nodes over one database: what each sees of the others, and connections that end."""

from __future__ import annotations

import psycopg
import pytest

from rag.errors import StorageBusy, StorageUnreachable
from rag.store.postgres.postgres_store import PostgresStore
from tests.support.access import EVERYTHING
from tests.support.stores import put

LINES = ("The harbour froze in January.", "Ships waited outside.")
# Ends the connections of everybody else to this database, as a server that is started again does.
END_OTHERS = (
    "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


def end_others(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(END_OTHERS)


def test_the_log_of_changes_is_kept_for_a_node_that_has_not_caught_up(
    store: PostgresStore, other: PostgresStore
) -> None:
    put(store, "a", *LINES)
    assert other.removed_since(0).tolist() == []
    for line in ("One.", "Two.", "Three."):
        put(store, "a", line)
    store.forget_changes_before(4)
    assert [other.change_token(number) is None for number in range(5)] == [True, False, False, False, False]
    assert other.removed_since(1).tolist() == [1, 2, 3]
    other.close()
    store.forget_changes_before(4)
    assert [store.change_token(number) is None for number in range(5)] == [True, True, True, True, False]


def test_who_holds_the_lock_is_named(store: PostgresStore, other: PostgresStore) -> None:
    with store.write_lock(), pytest.raises(StorageBusy, match=r"the node 'citewell .*' is writing to the PostgreSQL"):
        put(other, "b", *LINES)


def test_connections_that_ended_unused_are_made_again(store: PostgresStore, url: str) -> None:
    put(store, "a", *LINES)
    end_others(url)
    assert store.counts(EVERYTHING) == (1, 3, 1)
    end_others(url)
    put(store, "b", *LINES)
    assert store.counts(EVERYTHING) == (2, 6, 2)


def test_nothing_is_written_when_the_lock_was_lost_on_the_way(
    store: PostgresStore, other: PostgresStore, url: str
) -> None:
    with store.write_lock():
        end_others(url)
        with pytest.raises(StorageUnreachable, match="that held the lock for writing has ended"):
            put(store, "a", *LINES)
        put(other, "b", *LINES)
    assert [info.source.id for info in other.documents(EVERYTHING)] == ["b"]
    put(store, "a", *LINES)
    assert store.counts(EVERYTHING)[0] == 2


def test_documents_that_two_nodes_bring_in_by_turns_have_ascending_chunks(
    store: PostgresStore, other: PostgresStore
) -> None:
    for number in range(6):
        put((store, other)[number % 2], f"d{number}", *LINES)
    ids = [chunk for number in range(6) for chunk in store.chunk_ids(EVERYTHING, f"d{number}")]
    assert ids == sorted(ids) == sorted(other.all_chunk_ids().tolist())


def test_a_word_index_that_does_not_match_is_found_and_made_again(store: PostgresStore, url: str) -> None:
    put(store, "a", *LINES)
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE citewell.chunk_words SET stems = ARRAY['ship']")
        connection.execute("UPDATE citewell.totals SET count = 7 WHERE name = 'chunks'")
    assert [(check.name, check.detail) for check in store.check() if not check.ok] == [
        ("database", "7 chunks are counted, and 1 are there; `rag rebuild` counts again"),
        ("word index", "it does not match the words of 1 chunks; `rag rebuild` makes it again"),
    ]
    store.rebuild_words()
    assert [check.name for check in store.check() if not check.ok] == []


def test_damage_to_a_text_and_a_vector_is_found(store: PostgresStore, url: str) -> None:
    put(store, "a", *LINES)
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE citewell.documents SET text = replace(text, 'froze', 'thawed')")
        connection.execute("UPDATE citewell.chunk_vectors SET vector = '[1,2,3,4]'")
    assert [check.name for check in store.check() if not check.ok] == ["texts", "vectors"]


def test_a_very_long_word_is_found(store: PostgresStore) -> None:
    word = "x" * 5_000
    put(store, "a", f"The code is {word}.")
    assert [chunk for chunk, _ in store.search_words(EVERYTHING, [word], 5)] == store.chunk_ids(EVERYTHING, "a")
    assert store.chunk_frequencies(EVERYTHING, [word, word[:-1]]) == {word: 1, word[:-1]: 0}


def test_what_was_deleted_is_cleared_away_by_maintenance(store: PostgresStore) -> None:
    put(store, "a", *LINES)
    store.delete_document("a")
    assert (store.merge_log(), store.size() > 0) == (0, True)
