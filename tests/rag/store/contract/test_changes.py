"""The log of changes, snapshots, the lock, the model and the threshold."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from rag.errors import InputError, ModelMismatch, StorageBusy
from rag.store.base import SiteThreshold, Store
from tests.support.access import EVERYTHING
from tests.support.stores import MODEL, parts, put

LINES = ("The harbour froze in January.", "Ships waited outside.", "Naïve ☃ readers 😀 understood.")


def test_what_was_removed_since_a_change_is_known_until_it_is_forgotten(store: Store) -> None:
    tokens = [store.change_token(0)]
    for name in ("a", "b", "a"):
        store.put_document(*parts(name, f"The {name} was written at {len(tokens)} o'clock."))
        tokens.append(store.change_token(len(tokens)))
    store.delete_document("b")
    assert len({*tokens, None, store.change_token(4)}) == 6
    assert [store.removed_since(number).tolist() for number in range(5)] == [[1, 2], [1, 2], [1, 2], [2], []]
    store.forget_changes_before(3)
    assert [store.change_token(number) is None for number in range(6)] == [True, True, True, False, False, True]
    assert store.removed_since(3).tolist() == [2]


def test_each_change_counts_one_and_other_connections_see_it(store: Store, opened: Callable[[], Store]) -> None:
    other = opened()
    assert other.change_number() == 0
    put(store, "a", *LINES)
    put(store, "b", *LINES)
    put(store, "b", *LINES)
    store.delete_document("a")
    store.add_feedback("answer", None, "relevant", None, "")
    assert (other.change_number(), store.change_number()) == (3, 3)
    assert other.database_id == store.database_id


def test_a_snapshot_stays_at_its_moment(store: Store) -> None:
    put(store, "a", *LINES)
    with store.snapshot():
        before = (store.change_number(), store.counts(EVERYTHING))
        thread = threading.Thread(target=put, args=(store, "b", *LINES))
        thread.start()
        thread.join()
        assert (store.change_number(), store.counts(EVERYTHING)) == before == (1, (1, 4, 2))
    assert (store.change_number(), store.counts(EVERYTHING)) == (2, (2, 8, 4))


def test_writing_threads_take_turns(store: Store) -> None:
    def write(name: str) -> None:
        for number in range(10):
            put(store, f"{name}{number}", *LINES)

    threads = [threading.Thread(target=write, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (store.counts(EVERYTHING)[0], store.change_number()) == (30, 30)


def test_feedback_does_not_wait_for_an_ingest(store: Store) -> None:
    with store.write_lock():
        thread = threading.Thread(target=store.add_feedback, args=("answer", None, "relevant", None, ""))
        thread.start()
        thread.join(timeout=200)
        assert not thread.is_alive()


def test_a_store_is_bound_to_one_model(store: Store, opened: Callable[[], Store]) -> None:
    assert store.model() == MODEL
    store.bind_model(MODEL)
    other = dataclasses.replace(MODEL, name="other model", sha256="cd" * 32, dimension=8)
    with pytest.raises(
        ModelMismatch, match=r"of the model test model \(4 dim.*; this is other model \(8 dim.*another data"
    ):
        store.bind_model(other)
    assert opened().model() == MODEL


def test_vectors_need_a_model_first(opened: Callable[[], Store]) -> None:
    with pytest.raises(ValueError, match="call bind_model"):
        put(opened(), "a", *LINES)


def test_a_closed_store_says_so(store: Store) -> None:
    store.close()
    store.close()
    for call in (store.change_number, lambda: put(store, "a", *LINES)):
        with pytest.raises(ValueError, match="the store is closed"):
            call()


def test_a_sound_database_passes_every_check(store: Store) -> None:
    put(store, "a", *LINES)
    assert [(check.name, check.ok) for check in store.check()] == [
        ("database", True),
        ("texts", True),
        ("originals", True),
        ("vectors", True),
        ("word index", True),
    ]


def test_the_threshold_of_a_site_is_kept_and_forgotten(store: Store, opened: Callable[[], Store]) -> None:
    fitted = SiteThreshold(0.4, 0.1, 100, 60, 5, "ab" * 32, "2026-11-23T09:00:00+00:00")
    assert store.threshold() is None
    store.set_threshold(fitted)
    assert opened().threshold() == fitted
    store.set_threshold(None)
    assert (store.threshold(), store.change_number()) == (None, 0)


def test_one_writes_at_a_time_and_the_others_are_told(store: Store, opened: Callable[[], Store]) -> None:
    other = opened()
    with store.write_lock(), store.write_lock():
        put(store, "a", *LINES)
        store.confirm_write_lock()
        with pytest.raises(StorageBusy):
            put(other, "b", *LINES)
    put(other, "b", *LINES)
    assert store.counts(EVERYTHING)[0] == 2


def test_a_backup_is_of_one_moment_and_never_written_over_something(store: Store, tmp_path: Path) -> None:
    put(store, "a", *LINES)
    assert store.back_up(tmp_path / "backup") == (tmp_path / "backup").stat().st_size
    with pytest.raises(InputError, match="is there already"):
        store.back_up(tmp_path / "backup")


def test_the_words_can_be_made_again(store: Store) -> None:
    put(store, "a", *LINES)
    found = store.search_words(EVERYTHING, ["harbour"], 5)
    store.rebuild_words()
    assert (store.search_words(EVERYTHING, ["harbour"], 5), [check for check in store.check() if not check.ok]) == (
        found,
        [],
    )
