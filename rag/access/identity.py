"""Who asks, as every way of signing in says it, and the roles there are. Nothing here knows how it was found out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from rag.records import Access


class Role(StrEnum):
    """What somebody may do besides asking, which everybody may who is known."""

    READER = "reader"  # asks, reads and opens what the groups may read
    EDITOR = "editor"  # adds, changes and removes documents of some groups
    OWNER = "owner"  # reads everything, and decides about people, groups and rules
    AUDITOR = "auditor"  # reads the audit log


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks. It holds for one request: the next one finds out again."""

    person: str  # "" for nobody in particular
    groups: frozenset[str]
    roles: frozenset[Role]
    edits: frozenset[str]  # groups whose documents an editor may change; an owner may change all
    method: str  # how it was found out: "single-user", "key", "local", "token", ...

    @classmethod
    def single_user(cls) -> Identity:
        """Whoever reaches a service that asks nobody to sign in."""
        return cls("", frozenset(), frozenset(Role), frozenset(), "single-user")

    @property
    def access(self) -> Access:
        """What may be read: all for an owner, else what the person's groups may read."""
        return Access(self.person, self.groups, reads_everything=Role.OWNER in self.roles)

    def has(self, role: Role) -> bool:
        """Whether somebody has a role. An owner is an editor too, and both are readers; the audit log is apart."""
        implied = {Role.READER: {Role.EDITOR, Role.OWNER}, Role.EDITOR: {Role.OWNER}}
        return role in self.roles or bool(implied.get(role, set()) & self.roles)

    def may_edit(self, groups: frozenset[str]) -> bool:
        """Whether somebody may change a document that these groups may read, or give it to these groups."""
        if Role.OWNER in self.roles:
            return True
        return Role.EDITOR in self.roles and bool(groups) and groups <= self.edits
