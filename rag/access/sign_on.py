"""People whom somebody else vouches for: the provider, the proxy, the server of a page. What becomes of them here.

They are kept beside local accounts, so that rules, tokens and the audit log know one kind of person. Groups and roles
that come from outside are kept apart from those that an owner gives, and change with every sign-in.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Protocol

from rag.access.accounts import Accounts, identity_of
from rag.access.group_map import GroupMap
from rag.access.identity import Identity, Role
from rag.access.names import check_name
from rag.errors import InputError, SignInRefused
from rag.settings import Settings
from rag.store.people_store import PeopleStore, Person

# Who says so, where a group or role comes from outside: whoever said it last, of the ways that there are.
OUTSIDE = "sign-on"
# Ways of signing in, as identities and the audit log name them.
BY_PROVIDER, BY_PROXY, BY_PAGE, BY_KEY = "oidc", "proxy", "widget", "key"
_REFUSED = "You may not use this service. Ask whoever runs it."


class Directory(Protocol):
    """What knows everybody's groups."""

    def groups(self, person: str) -> tuple[str, ...]:
        """The names of somebody's groups there. Raises SignInRefused for who is not, or no longer, in it."""


class SignOn:
    """Turns whom others vouch for into identities here."""

    def __init__(
        self,
        settings: Settings,
        accounts: Accounts,
        people: PeopleStore,
        directory: Directory | None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Raises InvalidSetting for an entry of the group map that is none."""
        self._map = GroupMap(settings)
        self._people = people
        self._accounts = accounts
        self._directory = directory
        self._away_seconds = settings.session_idle_hours * 3_600
        self._longest_seconds = settings.session_days * 86_400
        self._clock = clock

    def was_away(self, person: str) -> bool:
        """Whether somebody was last noted as here so long ago that a session would be over."""
        found = self._people.person(person)
        return found is not None and found.signed_in_at + self._away_seconds <= self._clock()

    def note_here(self, person: str) -> None:
        """Note that somebody is here, as signing in does."""
        self._people.note_signed_in(person, int(self._clock()))

    def arrived(self, name: str, groups: Iterable[str], *, method: str, mail: str = "", shown_as: str = "") -> Identity:
        """Who signs in at the provider or comes through the proxy. Who comes for the first time is added, as a reader.

        Where there is a directory, its groups count and `groups` do not. Raises SignInRefused for who is suspended,
        unknown to the directory, or called like an account that an owner made; SignInUnavailable where the directory
        does not answer.
        """
        name = _checked(name)
        person = self._people.person(name)
        if person is not None:
            _check(person)
        return self._kept(name, self._known_groups(name, groups), method, mail, shown_as)

    def renewed(self, identity: Identity) -> Identity:
        """Somebody who signed in before, with what the directory says now. Others stay as they are.

        Without a directory a key of somebody whom others vouch for is refused when they have not for `session_days`.

        Raises as `arrived` does.
        """
        if not identity.person or identity.method in (BY_PROXY, BY_PAGE):
            return identity
        if self._directory is None:
            if identity.method == BY_KEY and self._is_forgotten(self._people.person(identity.person)):
                raise SignInRefused("Nobody has vouched for you for long. Sign in again, and your keys hold again.")
            return identity
        person = self._people.person(identity.person)
        if person is None or person.is_service or person.has_password:
            return identity
        now = self._kept(person.name, self._directory.groups(person.name), identity.method, "", "")
        # A key may be for less than its person may do. What was gained just now counts from the next request.
        return replace(
            identity,
            groups=identity.groups & now.groups,
            roles=identity.roles & now.roles,
            edits=identity.edits & now.edits,
        )

    def asking(self, name: str, groups: Iterable[str] | None) -> Identity:
        """Somebody in whose name a page asks, and does nothing else. Nothing is kept of them.

        `groups` are None where the page's server does not say: then those count that are known here. Raises as
        `arrived` does, but for an account that an owner made.
        """
        name = _checked(name)
        person = self._people.person(name)
        if person is not None and person.suspended:
            raise SignInRefused(_REFUSED)
        if groups is None and self._directory is None:
            known = person.groups if person is not None else frozenset()
            if self._is_forgotten(person):  # what others said of them is too old; what an owner says stays
                known = self._people.belongings(name, "group")
        else:
            known = self._map.meaning(self._known_groups(name, groups or ())).groups
        return Identity(name, known, frozenset({Role.READER}), frozenset(), BY_PAGE)

    def _is_forgotten(self, person: Person | None) -> bool:
        """Whether somebody who comes by the word of others has not come for as long as a session may last."""
        if person is None or person.has_password or person.is_service or not person.signed_in_at:
            return False
        return person.signed_in_at + self._longest_seconds <= self._clock()

    def _known_groups(self, name: str, given: Iterable[str]) -> Iterable[str]:
        return given if self._directory is None else self._directory.groups(name)

    def _kept(self, name: str, groups: Iterable[str], method: str, mail: str, shown_as: str) -> Identity:
        """The identity as it is kept, after what comes from outside was written where it differs."""
        meaning = self._map.meaning(groups)
        before = self._people.person(name)
        if before is not None:  # what is not said stays
            mail, shown_as = mail or before.mail, shown_as or before.shown_as
        person = self._accounts.arrived(name, shown_as=shown_as, mail=mail, groups=meaning.groups, said_by=OUTSIDE)
        for kind, values in (("role", frozenset(map(str, meaning.roles))), ("edits", meaning.edits)):
            if self._people.belongings(name, kind, said_by=OUTSIDE) != values:
                self._people.set_belongings(name, kind, values, said_by=OUTSIDE)
                person = self._accounts.get(name)
        if person.suspended:
            raise SignInRefused(_REFUSED)
        return identity_of(person, method)


def _checked(name: str) -> str:
    try:
        return check_name(name)
    except InputError as error:
        raise SignInRefused(f"Whoever signed you in gives a name that cannot be one here: {error}") from error


def _check(person: Person) -> None:
    """Raise SignInRefused where somebody of this name may not come in by another's word."""
    if person.suspended:
        raise SignInRefused(_REFUSED)
    if person.has_password or person.is_service:
        # Else whoever can choose a name there could take over the account here.
        raise SignInRefused(
            f"There is an account {person.name!r} here that was not made by signing in this way. Sign in with its"
            " password, or an owner removes it."
        )
