"""Whose word counts for who may read a document, whatever the order in which it is said."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import apsw
import pytest

from rag.records import GivenBy
from rag.store.base import DocumentGroups
from rag.store.given_groups import groups_after, taken_back
from rag.store.sqlite.sqlite_store import SqliteStore
from tests.support.access import EVERYTHING
from tests.support.stores import GIVEN, WITHOUT_SOURCES, open_store, put_given

RULE, SOURCE, HAND = GivenBy.RULE, GivenBy.SOURCE, GivenBy.HAND


def said(giver: GivenBy, number: int = 0) -> DocumentGroups:
    return DocumentGroups("a", frozenset({f"{giver} {number}"}), giver)


@pytest.mark.parametrize("givers", list(product(GivenBy, repeat=4)), ids=", ".join)
def test_the_last_word_of_whoever_counts_most_holds(givers: tuple[GivenBy, ...]) -> None:
    found = None
    last: dict[GivenBy, frozenset[str]] = {}
    for number, giver in enumerate(givers):
        found = groups_after(found, said(giver, number))
        last[giver] = said(giver, number).groups
    assert found is not None
    most = next(giver for giver in (HAND, SOURCE, RULE) if giver in last)
    assert (found.given_by, found.groups, found.source_groups) == (most, last[most], last.get(SOURCE))
    rules = said(RULE, 9)
    without_hand = taken_back(HAND)(found, rules)
    assert (without_hand.given_by, without_hand.groups) == (
        (SOURCE, last[SOURCE]) if SOURCE in last else (RULE, rules.groups)
    )
    without_source = taken_back(SOURCE)(found, rules)
    assert (without_source.given_by, without_source.groups, without_source.source_groups) == (
        (HAND, last[HAND], None) if HAND in last else (RULE, rules.groups, None)
    )


def test_what_a_source_said_is_told_from_what_was_set_by_hand_in_a_database_of_format_12(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        put_given(store)
    connection = apsw.Connection(str(tmp_path / "citewell.sqlite"))
    connection.execute("UPDATE document_access SET by_hand = 1 WHERE source_set IS NOT NULL")
    connection.execute(f"{WITHOUT_SOURCES}; PRAGMA user_version = 12").fetchall()
    connection.close()
    with SqliteStore.open(tmp_path, create=False) as store:
        assert store.all_groups(EVERYTHING) == GIVEN
        assert all(check.ok for check in store.check())
