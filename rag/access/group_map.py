"""Names of groups, as others have them, to the groups and roles here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rag.access.identity import Role
from rag.access.names import check_group
from rag.errors import InputError, InvalidSetting
from rag.settings import Settings

_MAX_GROUPS = 2_000  # of one person


@dataclass(frozen=True, slots=True)
class Meaning:
    """What somebody's groups elsewhere make of them here."""

    groups: frozenset[str]
    roles: frozenset[Role]
    edits: frozenset[str]  # groups whose documents they may change


class GroupMap:
    """What being in a group of the provider, proxy or directory means here."""

    def __init__(self, settings: Settings) -> None:
        """Raises InvalidSetting for an entry of the group map that is not of the form theirs=ours."""
        self._ours: dict[str, set[str]] = {}
        for entry in settings.group_map:
            theirs, equals, ours = (part.strip() for part in entry.rpartition("="))
            if not (theirs and equals and ours):
                raise InvalidSetting(f"group_map has {entry!r}; expected theirs=ours, like staff-hr=hr.")
            self._ours.setdefault(theirs, set()).add(ours)
        self._roles = {
            Role.OWNER: frozenset(settings.owner_groups),
            Role.AUDITOR: frozenset(settings.auditor_groups),
        }
        self._edits = [_edited(entry) for entry in settings.editor_groups]

    def meaning(self, theirs: Iterable[str]) -> Meaning:
        """Groups, roles and what may be edited. Where there is a map, what it does not name counts for nothing."""
        names = list(theirs)[:_MAX_GROUPS]
        if self._ours:
            names = [ours for name in names for ours in self._ours.get(name, ())]
        groups = frozenset(_named(names))
        edits = frozenset(edited for group, edited in self._edits if group in groups)
        roles = {role for role, holders in self._roles.items() if holders & groups}
        return Meaning(groups, frozenset(roles | ({Role.EDITOR} if edits else set())), edits)


def _named(names: Iterable[str]) -> Iterator[str]:
    """Those that can be names of groups here; others could be in no rule either."""
    for name in names:
        try:
            yield check_group(name)
        except InputError:
            continue


def _edited(entry: str) -> tuple[str, str]:
    """("hr-editors", "hr") for "hr-editors=hr"; a name alone edits what is its own."""
    group, equals, edited = (part.strip() for part in entry.rpartition("="))
    if not equals:
        return edited, edited
    if not (group and edited):
        raise InvalidSetting(f"editor_groups has {entry!r}; expected a group, or who=what, like hr-editors=hr.")
    return group, edited
