"""People and services: added, invited, suspended, removed; their groups and roles; whether a password is theirs.

Nobody has a password that somebody else knows: who is added gets an invitation, a link that holds for some days, and
chooses one. What changes holds from the next request: sessions and keys say who somebody is, not what they may do.
"""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from rag.access.audit import AuditKind
from rag.access.identity import Identity, Role
from rag.access.names import check_group, check_name, clean_shown_as
from rag.access.secrets_at_rest import Passwords, digest_of, new_secret
from rag.errors import InputError, PersonNotFound, WrongPassword
from rag.store.people_store import NewPerson, PeopleStore, Person

MIN_PASSWORD_CHARS = 12
_MAX_PASSWORD_CHARS = 200
_DAY_SECONDS = 86_400
_MAX_INVITATION_DAYS = 30


class PutDown(Protocol):
    """Puts down in the audit log what was done to somebody, as `rag.access.audit_service.AuditService.write` does."""

    def __call__(self, kind: AuditKind, *, whom: str = "", person: str = "", **facts: object) -> None:
        """Raises StorageError when it cannot be written."""


def put_down_nowhere(kind: AuditKind, *, whom: str = "", person: str = "", **facts: object) -> None:
    """Where there is no audit log."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """A link to a page on which its person chooses a password. Whoever has it first may."""

    person: str
    secret: str
    ends_at: int  # seconds since 1970

    @property
    def path(self) -> str:
        """The address of the page at this service."""
        return f"/invitation/{self.secret}"


class Accounts:
    """The people of one data directory."""

    def __init__(
        self,
        store: PeopleStore,
        *,
        clock: Callable[[], float] = time.time,
        passwords: Passwords | None = None,
        put_down: PutDown = put_down_nowhere,
    ) -> None:
        """`put_down` tells the audit log what was done to whom."""
        self._store = store
        self._clock = clock
        self._passwords = passwords or Passwords()
        self._put_down = put_down

    def all(self) -> list[Person]:
        """Everybody, by name."""
        return self._store.people()

    def get(self, name: str) -> Person:
        """The person of this name. Raises PersonNotFound."""
        found = self._store.person(name.casefold())
        if found is None:
            raise PersonNotFound(f"There is nobody named {name!r}. `rag people list` says who there is.")
        return found

    def add(
        self,
        name: str,
        *,
        shown_as: str = "",
        mail: str = "",
        roles: Iterable[Role] = (Role.READER,),
        groups: Iterable[str] = (),
        edits: Iterable[str] = (),
        is_service: bool = False,
    ) -> Person:
        """Add somebody, who cannot sign in before they are invited. Raises InputError, also when there is one."""
        name = check_name(name)
        given = NewPerson(
            name=name,
            shown_as=clean_shown_as(shown_as),
            mail=clean_shown_as(mail),
            is_service=is_service,
            roles=frozenset(map(str, roles)),
            groups=frozenset(map(check_group, groups)),
            edits=frozenset(map(check_group, edits)),
            created_at=int(self._clock()),
        )
        if not self._store.add_person(given):
            raise InputError(f"There is somebody named {name!r} already.")
        self._put_down_added(given)
        return self.get(name)

    def arrived(self, name: str, *, shown_as: str, mail: str, groups: Iterable[str] | None, said_by: str) -> Person:
        """Whom another service has vouched for; added as a reader the first time, and in the groups that it says.

        With None the groups stay as they are; those that an owner says stay in any case. Raises InputError.
        """
        name, shown_as, mail = check_name(name), clean_shown_as(shown_as), clean_shown_as(mail)
        kept = None if groups is None else frozenset(map(check_group, groups))
        found = self._store.person(name)
        if found is None:
            given = NewPerson(
                name=name,
                shown_as=shown_as,
                mail=mail,
                is_service=False,
                roles=frozenset({str(Role.READER)}),
                groups=kept or frozenset(),
                edits=frozenset(),
                created_at=int(self._clock()),
                said_by=said_by,
            )
            if self._store.add_person(given):
                self._put_down_added(given)
                return self.get(name)
            found = self.get(name)
        if (found.shown_as, found.mail) != (shown_as, mail):
            self._store.describe(name, shown_as, mail)
        if kept is not None and self._store.belongings(name, "group", said_by=said_by) != kept:
            self._store.set_belongings(name, "group", kept, said_by=said_by)
            self._put_down_groups(found)
        return self.get(name)

    def invite(self, name: str, *, days: int = 3) -> Invitation:
        """An invitation, in place of any earlier one. Raises PersonNotFound, and InputError for a service."""
        person = self.get(name)
        if person.is_service:
            raise InputError(f"{person.name} is a service, which has keys and no password: `rag tokens add`.")
        if not 1 <= days <= _MAX_INVITATION_DAYS:
            raise InputError(f"An invitation of {days} days was wanted; expected 1 to {_MAX_INVITATION_DAYS}.")
        secret, ends_at = new_secret(), int(self._clock()) + days * _DAY_SECONDS
        self._store.add_invitation(person.name, digest_of(secret), ends_at)
        self._put_down(AuditKind.PERSON_CHANGED, whom=person.name, change="invited")
        return Invitation(person.name, secret, ends_at)

    def invited(self, secret: str) -> Person | None:
        """Whose invitation it is; None when there is none such, or it is over, used or of somebody suspended."""
        name = self._store.invited(digest_of(secret), int(self._clock()))
        person = None if name is None else self._store.person(name)
        return None if person is None or person.suspended else person

    def accept(self, secret: str, password: str) -> Person:
        """Give the person that was invited the password; the invitation is used up, and all sessions end.

        Raises InputError for a password that will not do, and for an invitation that is none any more.
        """
        check_password(password)
        person = self.invited(secret)
        if person is None:
            raise InputError("This invitation has been used, or its time is over. Ask for another one.")
        self._store.set_password(person.name, self._passwords.hashed(_normal(password)))
        self._put_down(AuditKind.PERSON_CHANGED, whom=person.name, change="password")
        return self.get(person.name)

    def change_password(self, name: str, old: str, new: str) -> None:
        """Give a person another password, and end all their sessions. Raises InputError, WrongPassword for the old."""
        check_password(new)
        if self.signing_in(name, old) is None:
            raise WrongPassword("The old password is not right.")
        self._store.set_password(self.get(name).name, self._passwords.hashed(_normal(new)))
        self._put_down(AuditKind.PERSON_CHANGED, whom=self.get(name).name, change="password")

    def signing_in(self, name: str, password: str) -> Person | None:
        """The person, if the password is theirs and they are not suspended; it takes as long if there is none."""
        name = name.casefold()
        person = self._store.person(name)
        hashed = self._store.password_hash(name)
        if not self._passwords.matches(_normal(password[: _MAX_PASSWORD_CHARS + 1]), hashed):
            return None
        return None if person is None or person.suspended or person.is_service else person

    def set_groups(self, name: str, groups: Iterable[str]) -> None:
        """Put a person into these groups, besides those that their way of signing in says. Raises InputError."""
        before = self.get(name)
        self._store.set_belongings(before.name, "group", map(check_group, groups))
        self._put_down_groups(before)

    def own_groups(self, name: str) -> frozenset[str]:
        """The groups that an owner has put a person into."""
        return self._store.belongings(self.get(name).name, "group")

    def set_roles(self, name: str, roles: Iterable[Role], edits: Iterable[str] = ()) -> None:
        """Give a person these roles and no other, and as an editor these groups. Raises InputError."""
        person, wanted = self.get(name), frozenset(roles)
        if Role.OWNER not in wanted:
            self._refuse_last_owner(person)
        checked = frozenset(map(check_group, edits))
        if checked and Role.EDITOR not in wanted:
            raise InputError("Groups to edit were given to somebody who is no editor; give the role editor too.")
        self._store.set_belongings(person.name, "role", map(str, wanted))
        self._store.set_belongings(person.name, "edits", checked)
        if wanted != person.roles:
            self._put_down(
                AuditKind.ROLES_CHANGED,
                whom=person.name,
                roles=sorted(map(str, wanted)),
                roles_before=sorted(person.roles),
            )
        if checked != person.edits:
            self._put_down(
                AuditKind.PERSON_CHANGED,
                whom=person.name,
                edits=sorted(checked),
                edits_before=sorted(person.edits),
            )

    def suspend(self, name: str) -> None:
        """Keep a person out from the next request on, whatever they hold. Raises InputError for the last owner."""
        person = self.get(name)
        self._refuse_last_owner(person)
        self._store.set_suspended(person.name, True)
        self._put_down(AuditKind.PERSON_CHANGED, whom=person.name, change="suspended")

    def restore(self, name: str) -> None:
        """Let a suspended person in again."""
        person = self.get(name)
        self._store.set_suspended(person.name, False)
        self._put_down(AuditKind.PERSON_CHANGED, whom=person.name, change="restored")

    def remove(self, name: str) -> None:
        """Delete a person, their sessions, keys and conversations. Raises InputError for the last owner."""
        person = self.get(name)
        self._refuse_last_owner(person)
        self._store.remove_person(person.name)
        self._put_down(AuditKind.PERSON_REMOVED, whom=person.name)

    def identity(self, name: str, method: str, *, groups: Iterable[str] = ()) -> Identity | None:
        """What somebody may do now; None for nobody, or who is suspended. `groups` are more that this request says."""
        person = self._store.person(name)
        if person is None or person.suspended:
            return None
        found = identity_of(person, method)
        return replace(found, groups=found.groups | frozenset(groups)) if groups else found

    def _put_down_added(self, given: NewPerson) -> None:
        self._put_down(
            AuditKind.PERSON_ADDED,
            whom=given.name,
            groups=sorted(given.groups),
            roles=sorted(given.roles),
            edits=sorted(given.edits),
            how=given.said_by,
        )

    def _put_down_groups(self, before: Person) -> None:
        after = self.get(before.name)
        if after.groups != before.groups:
            self._put_down(
                AuditKind.PERSON_CHANGED,
                whom=after.name,
                groups=sorted(after.groups),
                groups_before=sorted(before.groups),
            )

    def _refuse_last_owner(self, person: Person) -> None:
        others = (p for p in self._store.people() if p.name != person.name and not p.suspended and not p.is_service)
        if Role.OWNER in person.roles and not person.is_service and not any(Role.OWNER in p.roles for p in others):
            raise InputError(f"{person.name} is the only owner. Make somebody else one first: `rag people roles`.")


def identity_of(person: Person, method: str) -> Identity:
    """What a person may do. A role of another version of the program counts for nothing."""
    known = frozenset(Role(role) for role in person.roles if role in set(Role))
    return Identity(person.name, person.groups, known, person.edits, method)


def check_password(password: str) -> None:
    """Raise InputError for a password that is too short, or too long to be typed."""
    length = len(_normal(password))
    if not MIN_PASSWORD_CHARS <= length <= _MAX_PASSWORD_CHARS:
        raise InputError(
            f"The password has {length} characters; expected {MIN_PASSWORD_CHARS} to {_MAX_PASSWORD_CHARS}. Some words"
            " in a row are easy to remember."
        )


def _normal(password: str) -> str:
    """The same for letters that keyboards write in different ways: "é" as one character or two."""
    return unicodedata.normalize("NFKC", password)
