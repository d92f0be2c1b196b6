"""Whose a conversation is, and what of it somebody sees who may not read all that it quotes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from rag.errors import ConversationNotFound
from rag.records import Access
from rag.render.examples import ANSWER
from rag.store.base import Conversation, ConversationStore, DocumentGroups, NewTurn, RetentionPolicy, Store
from tests.support.access import EVERYTHING
from tests.support.stores import put

NOW = RetentionPolicy(7, datetime(2026, 11, 23, 9, 0, tzinfo=UTC))
ID = "A" * 22
REQUEST = "r" * 22
SOURCE = ANSWER.citations[0].place.source


def of(store: Store, person: str, *groups: str) -> ConversationStore:
    return store.conversations_of(Access(person, frozenset(groups)))


@pytest.fixture
def kept(store: Store) -> ConversationStore:
    """Ida's: an answer out of a document that her group may read, and a follow-up that was filled in from it."""
    put(store, SOURCE.id, "A loan lasts four weeks.")
    store.set_groups([DocumentGroups(SOURCE.id, frozenset({"hr"}))])
    mine = of(store, "ida", "hr")
    mine.add(NewTurn(None, REQUEST, ANSWER, ID, "Loans", store.change_number()), NOW, at_most=9, started=True)
    follow_up = replace(ANSWER, stand_alone_question="How long does a loan of four weeks last?")
    mine.add(NewTurn(ID, "", follow_up, "", "", store.change_number()), NOW, at_most=9, started=False)
    return mine


def words_of(found: Conversation | None) -> list[str]:
    assert found is not None
    shown = [str(turn.answer) for turn in found.turns]
    return [
        word for word in (SOURCE.title, SOURCE.id, "four weeks", ANSWER.citations[0].quote) if word in "".join(shown)
    ]


def test_another_cannot_tell_it_from_none(store: Store, kept: ConversationStore) -> None:
    for other in (of(store, "ola", "hr"), of(store, "", "hr"), store.conversations_of(EVERYTHING)):
        assert other.find(ID, NOW) is None
        assert other.find_repeated(None, REQUEST, NOW) is None
        assert (other.rename(ID, "Mine", NOW), other.delete(ID, NOW), other.share(ID, "hr", NOW)) == (
            None,
            False,
            False,
        )
        with pytest.raises(ConversationNotFound):
            other.rate(ID, 1, "relevant", NOW)
        with pytest.raises(ConversationNotFound):
            other.add(NewTurn(ID, "", ANSWER, "", "", 0), NOW, at_most=9, started=False)
    assert words_of(kept.find(ID, NOW))
    assert [head.id for head in kept.heads(NOW, at_most=9)] == [ID]
    assert of(store, "ola", "hr").heads(NOW, at_most=9) == []


def test_one_that_is_shared_is_opened_and_not_changed(store: Store, kept: ConversationStore) -> None:
    assert kept.share(ID, "hr", NOW)
    ola = of(store, "ola", "hr")
    assert words_of(ola.find(ID, NOW)) == words_of(kept.find(ID, NOW))
    assert (ola.rename(ID, "Mine", NOW), ola.delete(ID, NOW), ola.heads(NOW, at_most=9)) == (None, False, [])
    assert of(store, "zoe", "it").find(ID, NOW) is None
    kept.share(ID, "", NOW)
    assert ola.find(ID, NOW) is None


def test_what_somebody_may_not_read_or_no_more_is_left_out(store: Store, kept: ConversationStore) -> None:
    kept.share(ID, "it", NOW)
    both, only_it = of(store, "zoe", "hr", "it"), of(store, "ola", "it")
    assert words_of(both.find(ID, NOW))
    assert words_of(only_it.find(ID, NOW)) == []
    store.set_groups([DocumentGroups(SOURCE.id, frozenset({"board"}))])
    assert words_of(kept.find(ID, NOW)) == []
    repeated = kept.find_repeated(None, REQUEST, NOW)
    assert repeated is not None
    assert ANSWER.citations[0].quote not in str(repeated[1])
    store.set_groups([DocumentGroups(SOURCE.id, frozenset({"hr"}))])
    assert words_of(kept.find(ID, NOW)), "it is kept as it was shown"


def test_where_nobody_signed_in_it_stays_with_who_may_read_everything(store: Store) -> None:
    put(store, SOURCE.id, "A loan lasts four weeks.")
    store.conversations_of(EVERYTHING).add(NewTurn(None, "", ANSWER, ID, "Loans", 0), NOW, at_most=9, started=False)
    assert words_of(store.conversations_of(EVERYTHING).find(ID, NOW))
    assert words_of(store.conversations_of(Access("ola", frozenset(), reads_everything=True)).find(ID, NOW))
    assert of(store, "ida", "hr").find(ID, NOW) is None
    assert of(store, "").find(ID, NOW) is None


def test_nothing_is_kept_for_nobody_in_particular(store: Store) -> None:
    with pytest.raises(ConversationNotFound):
        of(store, "", "hr").add(NewTurn(None, "", ANSWER, ID, "Loans", 0), NOW, at_most=9, started=False)
