from __future__ import annotations

import pytest

from rag.access.identity import Identity, Role
from rag.records import Access


def of(*roles: Role, edits: tuple[str, ...] = ()) -> Identity:
    return Identity("ida", frozenset({"hr"}), frozenset(roles), frozenset(edits), "local")


def test_who_need_not_sign_in_reads_everything_and_has_every_role() -> None:
    assert Identity.single_user().access == Access.everything()
    assert all(Identity.single_user().has(role) for role in Role)


def test_a_person_reads_what_the_groups_may_read() -> None:
    assert of(Role.READER).access == Access("ida", frozenset({"hr"}))


def test_an_owner_reads_everything() -> None:
    assert of(Role.OWNER).access == Access("ida", frozenset({"hr"}), reads_everything=True)


@pytest.mark.parametrize(
    ("has", "roles"),
    [
        pytest.param(Role.READER, {Role.READER}, id="reader"),
        pytest.param(Role.EDITOR, {Role.READER, Role.EDITOR}, id="editor"),
        pytest.param(Role.OWNER, {Role.READER, Role.EDITOR, Role.OWNER}, id="an owner is no auditor"),
        pytest.param(Role.AUDITOR, {Role.AUDITOR}, id="auditor"),
    ],
)
def test_which_roles_a_role_brings_with_it(has: Role, roles: set[Role]) -> None:
    assert {role for role in Role if of(has).has(role)} == roles


@pytest.mark.parametrize(
    ("identity", "groups", "expected"),
    [
        pytest.param(of(Role.EDITOR, edits=("hr", "it")), {"hr"}, True, id="a group of theirs"),
        pytest.param(of(Role.EDITOR, edits=("hr",)), {"hr", "it"}, False, id="also for another group"),
        pytest.param(of(Role.EDITOR, edits=("hr",)), set(), False, id="for nobody"),
        pytest.param(of(Role.READER, edits=("hr",)), {"hr"}, False, id="no editor"),
        pytest.param(of(Role.OWNER), set(), True, id="an owner changes all"),
    ],
)
def test_an_editor_changes_documents_that_only_groups_of_theirs_may_read(
    identity: Identity, groups: set[str], expected: bool
) -> None:
    assert identity.may_edit(frozenset(groups)) is expected
