"""Who may read a page of a DokuWiki, from its access list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

# "@ALL" is everybody, signed in or not; other names with @ are groups, those without are persons.
_EVERYBODY = "@ALL"
_MAY_READ = 1
# A page or a namespace ("guides:gate", "guides:*"), and what each name in its lines may do there.
AccessList = Mapping[str, Mapping[str, int]]


def page_scopes(page: str) -> tuple[str, ...]:
    """The scopes that decide about a page, the closest first: "a:b" has a:b, a:* and *."""
    return (page, *media_scopes(page))


def media_scopes(media: str) -> tuple[str, ...]:
    """Those that decide about a file that was uploaded: its namespaces alone."""
    parts = media.split(":")[:-1]
    return (*(":".join((*parts[:end], "*")) for end in range(len(parts), 0, -1)), "*")


def readers_of(access: AccessList, scopes: tuple[str, ...], names: Iterable[str]) -> frozenset[str]:
    """Those of the names all of whose people may read there, whatever else they are.

    The wiki lets the closest scope decide that has a line for somebody, by the best of these lines. A line may so close
    to some of a group what is open to the group; since nobody here knows who they are, the group may not read then.
    """
    others = {name for scope in scopes for name in access.get(scope, {})}
    return frozenset(
        name for name in names if all(_may_read(access, scopes, {name, other}) for other in (*others, _EVERYBODY))
    )


def _may_read(access: AccessList, scopes: tuple[str, ...], names: set[str]) -> bool:
    """Whether somebody may who has these names and no other."""
    for scope in scopes:
        found = [level for name, level in access.get(scope, {}).items() if name in names or name == _EVERYBODY]
        if found:
            return max(found) >= _MAY_READ
    return False
