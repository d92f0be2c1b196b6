"""What groups elsewhere mean here."""

from __future__ import annotations

import pytest

from rag.access.group_map import GroupMap, Meaning
from rag.access.identity import Role
from rag.errors import InvalidSetting
from rag.settings import Settings

NOTHING: frozenset[str] = frozenset()


def test_without_a_map_names_stay_as_they_are() -> None:
    given = ["hr", "Café staff", "cn=it,dc=example", " hr "]
    assert GroupMap(Settings()).meaning(given).groups == {"hr", "Café staff", "cn=it,dc=example"}


def test_with_one_what_it_does_not_name_counts_for_nothing() -> None:
    mapped = GroupMap(Settings(group_map=("staff-hr=hr", "staff-hr = people", "cn=it,dc=example=it")))
    assert mapped.meaning(["staff-hr", "hr", "owners", "STAFF-HR"]).groups == {"hr", "people"}
    assert mapped.meaning(["cn=it,dc=example"]).groups == {"it"}


def test_what_cannot_be_a_name_of_a_group_is_left_out() -> None:
    assert GroupMap(Settings()).meaning(["", " ", "a\nb", "x" * 201, "person:eve", "hr\0"]).groups == NOTHING


def test_roles_come_with_groups() -> None:
    groups = GroupMap(
        Settings(owner_groups=("admins",), auditor_groups=("control",), editor_groups=("hr", "writers=handbook"))
    )
    assert groups.meaning(["staff"]) == Meaning(frozenset({"staff"}), frozenset(), NOTHING)
    assert groups.meaning(["admins"]).roles == {Role.OWNER}
    assert groups.meaning(["control"]).roles == {Role.AUDITOR}
    assert groups.meaning(["hr"]) == Meaning(frozenset({"hr"}), frozenset({Role.EDITOR}), frozenset({"hr"}))
    assert groups.meaning(["writers"]).edits == {"handbook"}
    assert groups.meaning(["handbook"]).roles == NOTHING


def test_roles_count_the_names_here_and_not_those_elsewhere() -> None:
    mapped = GroupMap(Settings(group_map=("admins=hr",), owner_groups=("admins",)))
    assert mapped.meaning(["admins"]).roles == NOTHING


@pytest.mark.parametrize("entry", ["hr", "=hr", "hr=", "="])
def test_an_entry_that_is_none_is_refused_at_the_start(entry: str) -> None:
    with pytest.raises(InvalidSetting, match="group_map"):
        GroupMap(Settings(group_map=(entry,)))
