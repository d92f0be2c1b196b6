"""What `rag verify` says about a database: nothing false, whoever wrote it last."""

from __future__ import annotations

from pathlib import Path

from tests.support.access import EVERYTHING
from tests.support.stores import open_store, put


def test_words_written_since_the_last_search_are_no_damage(tmp_path: Path) -> None:
    """The connection that is checked has searched, and another one has put the word index together anew since."""
    lines = [f"Shed {number} holds tar{number} and rope{number}." for number in range(7)]
    for first in range(28, 52, 4):
        with open_store(tmp_path / f"data{first}") as store:
            for number in range(first):
                put(store, f"d{number}", *lines[: number % 7 + 1])
        with open_store(tmp_path / f"data{first}") as store:
            assert store.search_words(EVERYTHING, ["tar1"], 5) != []
            for number in range(first, 60):
                put(store, f"d{number}", *lines[: number % 7 + 1])
            assert [check for check in store.check() if not check.ok] == []
