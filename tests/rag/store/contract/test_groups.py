"""Which groups may read which document: nothing that reads for a person gives anything of the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rag.errors import DocumentNotFound
from rag.records import EVERYBODY, Access, GivenBy
from rag.store.base import DocumentGroups, FileRecord, IngestStatus, Stamp, Store
from tests.support.access import EVERYTHING
from tests.support.stores import open_store, parts

ANN = Access("ann", frozenset({"staff"}))
BOB = Access("bob", frozenset({"guests"}))
NOBODY = Access("", frozenset())
OPEN = ("The harbour opened at 1.5 in May.", "Ships came in.", "You may not:", "run")
SECRET = ("The harbour closes at 1.5 for good.", "Salaries are doubled.", "Ships leave.")


@pytest.fixture
def shelf(store: Store) -> Store:
    """One document for staff and one that nobody may read, with an earlier text and an original of each."""
    for document_id, lines, groups in (("open", OPEN, ["staff"]), ("secret", SECRET, [])):
        store.put_document(*parts(document_id, "An earlier text."), groups=groups)
        given = parts(document_id, *lines)
        original = given.document.text.encode()
        store.put_document(*given, groups=groups, keep_versions=3, original=original)
    return store


def ids_of(store: Store, document_id: str) -> list[int]:
    return store.chunk_ids(EVERYTHING, document_id)


def sha256_of_original(store: Store, document_id: str) -> str:
    """ "" where there is no such document."""
    try:
        return store.original_sha256(EVERYTHING, document_id) or ""
    except DocumentNotFound:
        return ""


# What reads for a person, and what of it is not allowed to be there. `i` is the id of the document.
READS: dict[str, Callable[[Store, Access, str], Any]] = {
    "document": lambda s, a, i: s.document(a, i),
    "document_info": lambda s, a, i: s.document_info(a, i),
    "sentences": lambda s, a, i: s.sentences(a, i),
    "original": lambda s, a, i: s.original(a, i),
    "describe_original": lambda s, a, i: s.describe_original(a, i),
    "original_part": lambda s, a, i: s.original_part(a, i, sha256_of_original(s, i), 2, 7),
    "original_sha256": lambda s, a, i: s.original_sha256(a, i),
    "documents": lambda s, a, i: [info for info in s.documents(a) if info.source.id == i],
    "page_at": lambda s, a, i: s.page_at(a, i, 10),
    "versions": lambda s, a, i: s.versions(a, i),
    "version": lambda s, a, i: s.version(a, i, ""),
    "chunks": lambda s, a, i: s.chunks(a, ids_of(s, i)),
    "chunk_ids": lambda s, a, i: s.chunk_ids(a, i),
    "texts": lambda s, a, i: s.texts(a, [i]),
    "chunk_vectors": lambda s, a, i: s.chunk_vectors(a, ids_of(s, i))[0].tolist(),
    "sentence_vectors": lambda s, a, i: s.sentence_vectors(a, ids_of(s, i))[1].tolist(),
    "search_words": lambda s, a, i: [c for c, _ in s.search_words(a, ["harbour", "1.5"], 9) if c in ids_of(s, i)],
    "phrase_counts": lambda s, a, i: [c for c in s.phrase_counts(a, "1.5") if c in ids_of(s, i)],
    "groups": lambda s, a, i: s.groups(a, i),
    "all_groups": lambda s, a, i: [one for one in s.all_groups(a) if one.document_id == i],
}


def outcome(read: Callable[[Store, Access, str], Any], store: Store, access: Access, document_id: str) -> str:
    """What came back, or the error, as it is written."""
    try:
        return repr(read(store, access, document_id))
    except DocumentNotFound as error:
        return repr(error)


@pytest.mark.parametrize("name", READS)
def test_what_may_not_be_read_is_as_if_it_were_not_there(shelf: Store, name: str) -> None:
    read = READS[name]
    assert outcome(read, shelf, ANN, "open") == outcome(read, shelf, EVERYTHING, "open")
    for access, document_id in ((ANN, "secret"), (BOB, "open"), (NOBODY, "open")):
        found = outcome(read, shelf, access, document_id)
        assert found == outcome(read, shelf, access, "absent").replace("absent", document_id)
        assert found != outcome(read, shelf, EVERYTHING, document_id)


def test_numbers_are_those_of_what_may_be_read(shelf: Store, tmp_path_factory: pytest.TempPathFactory) -> None:
    with open_store(tmp_path_factory.mktemp("alone")) as alone:
        given = parts("open", *OPEN)
        alone.put_document(*given, groups=["staff"])
        asked = ["harbour", "ships", "1.5", "salaries"]
        assert shelf.counts(ANN) == alone.counts(EVERYTHING)
        assert shelf.chunk_frequencies(ANN, asked) == alone.chunk_frequencies(EVERYTHING, asked)
        assert shelf.content_number(ANN) == alone.content_number(ANN)
        scores = [score for _, score in shelf.search_words(ANN, asked, 9)]
        assert scores == [score for _, score in alone.search_words(EVERYTHING, asked, 9)]
        assert list(shelf.phrase_counts(ANN, "1.5").values()) == list(alone.phrase_counts(EVERYTHING, "1.5").values())
    assert (shelf.counts(NOBODY), shelf.content_number(NOBODY)) == ((0, 0, 0), 0)
    assert shelf.counts(EVERYTHING)[0] == 2


def test_whose_group_it_is_decides_and_everybody_is_whoever_is_somebody(store: Store) -> None:
    for document_id, groups in (
        ("everybody", [EVERYBODY]),
        ("staff", ["staff", "board"]),
        ("ann", ["person:ann"]),
        ("nobody", []),
    ):
        store.put_document(*parts(document_id, "A text."), groups=groups)

    def seen(access: Access) -> list[str]:
        return sorted(info.source.id for info in store.documents(access))

    assert seen(ANN) == ["ann", "everybody", "staff"]
    assert seen(BOB) == ["everybody"]
    assert seen(Access("bob", frozenset({"board", "person:ann"}))) == ["everybody", "staff"]
    assert seen(Access("", frozenset({"board"}))) == ["staff"]
    assert seen(NOBODY) == []
    assert seen(EVERYTHING) == ["ann", "everybody", "nobody", "staff"]


def test_groups_hold_from_the_next_read_and_count_as_one_change(shelf: Store) -> None:
    before = shelf.change_number(), shelf.groups_changes(), shelf.content_state(ANN), shelf.content_state(BOB)
    changes = [DocumentGroups("open", frozenset({"guests"})), DocumentGroups("absent", frozenset())]
    assert shelf.set_groups(changes) == 1
    assert shelf.counts(ANN)[0] == 0
    assert shelf.document(BOB, "open").text.startswith("open")
    assert (shelf.change_number(), shelf.groups_changes()) == (before[0] + 1, before[1] + 1)
    assert shelf.content_state(ANN) != before[2]
    assert shelf.content_state(BOB) != before[3]
    assert shelf.set_groups(changes) == 0
    assert shelf.change_number() == before[0] + 1


def test_groups_are_changed_while_another_process_brings_documents_in(
    shelf: Store, opened: Callable[[], Store]
) -> None:
    with opened().write_lock():
        assert shelf.set_groups([DocumentGroups("open", frozenset())]) == 1


def test_groups_that_were_set_by_hand_stay(store: Store) -> None:
    store.put_document(*parts("a", "A text."), groups=["staff"])
    by_hand = DocumentGroups("a", frozenset({"board"}), GivenBy.HAND)
    store.set_groups([by_hand])
    assert store.set_groups([DocumentGroups("a", frozenset({"staff"}))], rules="1") == 0
    assert store.put_document(*parts("a", "Another text."), groups=["staff"]) == IngestStatus.UPDATED
    assert store.all_groups(EVERYTHING) == [by_hand]
    assert store.take_groups_back(GivenBy.HAND, [DocumentGroups("a", frozenset({"guests"}))]) == 1
    assert store.all_groups(EVERYTHING) == [DocumentGroups("a", frozenset({"guests"}))]
    assert store.set_groups([DocumentGroups("a", frozenset())], rules="1") == 1


def test_a_document_may_come_with_groups_that_are_set_by_hand(store: Store) -> None:
    store.put_document(*parts("a", "A text."), groups=["board"], given_by=GivenBy.HAND)
    store.put_document(*parts("a", "Another text."), groups=["staff"], rules="1")
    assert store.all_groups(EVERYTHING) == [DocumentGroups("a", frozenset({"board"}), GivenBy.HAND)]
    store.put_document(*parts("a", "A third text."), groups=["guests"], given_by=GivenBy.HAND)
    assert store.all_groups(EVERYTHING) == [DocumentGroups("a", frozenset({"guests"}), GivenBy.HAND)]


def groups_of(store: Store) -> tuple[set[str], GivenBy, set[str] | None]:
    """The groups of the document "a", who gave them, and what its source says, as one read and as all are."""
    found = store.groups(EVERYTHING, "a")
    assert found is not None
    assert store.all_groups(EVERYTHING) == [found]
    return set(found.groups), found.given_by, None if found.source_groups is None else set(found.source_groups)


def said(giver: GivenBy, *groups: str) -> list[DocumentGroups]:
    return [DocumentGroups("a", frozenset(groups), giver)]


def test_what_a_source_says_counts_over_rules_and_under_what_was_set_by_hand(store: Store) -> None:
    store.put_document(*parts("a", "A text."), groups=["staff"], given_by=GivenBy.SOURCE)
    assert groups_of(store) == ({"staff"}, GivenBy.SOURCE, {"staff"})
    assert store.set_groups(said(GivenBy.RULE, "everybody"), rules="1") == 0
    store.put_document(*parts("a", "Another text."), groups=["everybody"], rules="1")
    assert groups_of(store) == ({"staff"}, GivenBy.SOURCE, {"staff"})
    assert store.set_groups(said(GivenBy.HAND, "board")) == 1
    before = store.change_number(), store.groups_changes()
    assert store.set_groups(said(GivenBy.SOURCE, "audit")) == 0
    assert groups_of(store) == ({"board"}, GivenBy.HAND, {"audit"})
    assert (store.change_number(), store.groups_changes()) == before, "who may read it has not changed"
    store.put_document(*parts("a", "A third text."), groups=["guests"], given_by=GivenBy.SOURCE)
    assert groups_of(store) == ({"board"}, GivenBy.HAND, {"guests"})
    assert store.counts(BOB)[0] == 0
    assert store.take_groups_back(GivenBy.HAND, said(GivenBy.RULE, "everybody")) == 1
    assert groups_of(store) == ({"guests"}, GivenBy.SOURCE, {"guests"})
    assert store.counts(BOB)[0] == 1


def test_a_source_that_says_nothing_any_more_leaves_it_to_rules_and_to_what_was_set_by_hand(store: Store) -> None:
    store.put_document(*parts("a", "A text."), groups=[], given_by=GivenBy.SOURCE)
    assert groups_of(store) == (set(), GivenBy.SOURCE, set())
    assert store.take_groups_back(GivenBy.SOURCE, said(GivenBy.RULE, "staff")) == 1
    assert groups_of(store) == ({"staff"}, GivenBy.RULE, None)
    store.set_groups(said(GivenBy.SOURCE, "guests"))
    store.set_groups(said(GivenBy.HAND, "board"))
    assert store.take_groups_back(GivenBy.SOURCE, said(GivenBy.RULE, "staff")) == 0
    assert groups_of(store) == ({"board"}, GivenBy.HAND, None)
    assert store.take_groups_back(GivenBy.HAND, [*said(GivenBy.RULE, "staff"), DocumentGroups("b", frozenset())]) == 1
    assert groups_of(store) == ({"staff"}, GivenBy.RULE, None)


def test_a_document_that_came_by_other_rules_than_those_applied_is_told_of(store: Store) -> None:
    store.put_document(*parts("a", "A text."), groups=["staff"])
    assert store.applied_rules() == ""
    store.set_groups([], rules="1")
    store.put_document(*parts("b", "A text."), groups=["staff"], rules="1")
    store.put_document(*parts("c", "A text."), groups=["staff"], given_by=GivenBy.HAND)
    assert store.applied_rules() == "1"
    store.put_document(*parts("d", "A text."), groups=["staff"], rules="2")
    assert store.applied_rules() == "?"
    store.set_groups([], rules="2")
    assert store.applied_rules() == "2"


def test_a_new_text_has_the_groups_of_today(store: Store) -> None:
    store.put_document(*parts("a", "A text."), groups=["staff"])
    store.put_document(*parts("a", "Another text."), groups=["guests"])
    assert (store.counts(ANN)[0], store.counts(BOB)[0]) == (0, 1)
    store.delete_document("a")
    assert store.counts(BOB) == (0, 0, 0)
    store.put_document(*parts("a", "A text."))
    assert (store.counts(BOB)[0], store.counts(EVERYTHING)[0]) == (0, 1)


def test_another_place_is_another_content(shelf: Store) -> None:
    before = shelf.content_number(ANN), shelf.content_number(BOB)
    record = FileRecord(b"/open", "/open", Stamp(1, 2, 3), "00", "open", "", "2026-11-27T00:00:00+00:00", "00")
    shelf.remember_files([record], relocated=[("open", "/elsewhere", "")])
    assert shelf.content_number(ANN) != before[0]
    assert shelf.content_number(BOB) == before[1]


def test_each_chunk_has_the_set_by_which_it_may_be_read(shelf: Store) -> None:
    ids, sets = shelf.sets_of_chunks()
    assert ids.tolist() == sorted(shelf.all_chunk_ids().tolist())
    permitted = np.isin(sets, sorted(shelf.permitted_sets(ANN)))
    assert ids[permitted].tolist() == shelf.chunk_ids(ANN, "open")
    later, _ = shelf.sets_of_chunks(above=int(ids[-2]))
    assert later.tolist() == ids[-1:].tolist()
    assert shelf.permitted_sets(NOBODY) == frozenset()


def test_counts_are_made_again_with_the_word_index(shelf: Store) -> None:
    before = shelf.counts(ANN)
    shelf.rebuild_words()
    assert shelf.counts(ANN) == before
