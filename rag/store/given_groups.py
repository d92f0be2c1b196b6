"""Whose word counts for who may read a document: what was set by hand over what its source says, that over the rules.

What a source says is kept beside what was set by hand, so that this can be taken back at any time.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

from rag.records import GivenBy
from rag.store.base import DocumentGroups

# What holds of a document from now on, of what held before and of what is said of it.
Settling = Callable[[DocumentGroups, DocumentGroups], DocumentGroups]


def groups_after(before: DocumentGroups | None, said: DocumentGroups) -> DocumentGroups:
    """What holds of a document once it is said who may read it; `before` is None where it is a new one."""
    before = before or DocumentGroups(said.document_id, frozenset())
    if said.given_by is GivenBy.HAND:
        return replace(before, groups=said.groups, given_by=GivenBy.HAND)
    source = said.groups if said.given_by is GivenBy.SOURCE else before.source_groups
    return _settled(before, source, said.groups, is_by_hand=before.given_by is GivenBy.HAND)


def taken_back(giver: GivenBy) -> Settling:
    """What holds once the word of `giver` does not count any more, of what held and of what the rules say."""

    def without(before: DocumentGroups, by_rules: DocumentGroups) -> DocumentGroups:
        source = None if giver is GivenBy.SOURCE else before.source_groups
        is_by_hand = before.given_by is GivenBy.HAND and giver is not GivenBy.HAND
        return _settled(before, source, by_rules.groups, is_by_hand=is_by_hand)

    return without


def groups_in(document_id: str, names: str, by_hand: bool, source: str | None, location: str) -> DocumentGroups:
    """A row of either store as a record. The groups that may read it, and those that its source says, are JSON."""
    said = None if source is None else frozenset(json.loads(source))
    return stored_groups(document_id, frozenset(json.loads(names)), said, location, by_hand=by_hand)


def stored_groups(
    document_id: str, groups: frozenset[str], source: frozenset[str] | None, location: str, *, by_hand: bool
) -> DocumentGroups:
    """The record of what is stored: who gave a document its groups follows from the rest."""
    giver = _giver_of(by_hand=by_hand, by_source=source is not None)
    return DocumentGroups(document_id, groups, giver, location, source)


def _giver_of(*, by_hand: bool, by_source: bool) -> GivenBy:
    if by_hand:
        return GivenBy.HAND
    return GivenBy.SOURCE if by_source else GivenBy.RULE


def _settled(
    before: DocumentGroups, source: frozenset[str] | None, rules: frozenset[str], *, is_by_hand: bool
) -> DocumentGroups:
    groups = before.groups if is_by_hand else rules if source is None else source
    giver = _giver_of(by_hand=is_by_hand, by_source=source is not None)
    return replace(before, groups=groups, given_by=giver, source_groups=source)
