"""The groups that the organisation's directory has somebody in, asked over LDAP and kept for a few seconds.

A person whom the directory does not know, or not any more, is refused. Where it cannot be asked nobody gets in on what
it said before: within `ldap_seconds` of leaving, a person is out.
"""

from __future__ import annotations

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from rag.errors import InvalidSetting, SignInRefused, SignInUnavailable
from rag.hosts import is_loopback
from rag.settings import Settings

_NO_ATTRIBUTES = "1.1"  # that is how one asks for entries alone: RFC 4511, 4.5.1.8
_SECONDS = 5  # for one answer of the directory
_KEPT_PERSONS = 10_000
_MAX_SECONDS = 60  # the longest that what the directory said may hold


class LdapGroups:
    """Looks up groups in the directory of the settings."""

    def __init__(self, settings: Settings, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Raises InvalidSetting where the directory could not be asked safely, or the package for it is not there."""
        self._settings = settings
        self._ldap = _library()
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[float, tuple[str, ...] | None]] = OrderedDict()
        _check(settings)

    def groups(self, person: str) -> tuple[str, ...]:
        """The names of somebody's groups, as of `ldap_seconds` ago or later.

        Raises SignInRefused for who is not in the directory (any more), SignInUnavailable where it does not answer.
        """
        with self._lock:
            asked, groups = self._kept.get(person, (float("-inf"), None))
        if self._clock() - asked >= self._settings.ldap_seconds:
            asked, groups = self._clock(), self._looked_up(person)
            with self._lock:
                self._kept[person] = (asked, groups)
                self._kept.move_to_end(person)
                while len(self._kept) > _KEPT_PERSONS:
                    self._kept.popitem(last=False)
        if groups is None:
            raise SignInRefused("The organisation's directory does not know you, or not any more.")
        return groups

    def _looked_up(self, person: str) -> tuple[str, ...] | None:
        """The names of somebody's groups, None for who is not there. Raises SignInUnavailable."""
        ldap, settings = self._ldap, self._settings
        try:
            connection = self._connected()
            try:
                found = self._search(
                    connection, settings.ldap_people_base, _filled(ldap, settings.ldap_person_filter, person=person), []
                )
                if len(found) != 1:  # two of one name could be taken for each other
                    return None
                name = found[0][0]
                groups = self._search(
                    connection,
                    settings.ldap_groups_base or settings.ldap_people_base,
                    _filled(ldap, settings.ldap_group_filter, person=person, dn=name),
                    [settings.ldap_group_attribute],
                )
            finally:
                connection.unbind_s()
        except ldap.LDAPError as error:
            raise SignInUnavailable(f"The directory at {settings.ldap_url} cannot be asked: {_words(error)}") from error
        wanted = settings.ldap_group_attribute.lower()
        return tuple(
            value.decode("utf-8", "replace")
            for _, attributes in groups
            for name, values in attributes.items()
            if name.lower() == wanted
            for value in values
        )

    def _connected(self) -> Any:
        """A connection that nobody on the way reads, as the service's own account."""
        ldap, settings = self._ldap, self._settings
        connection = ldap.initialize(settings.ldap_url)
        connection.protocol_version = ldap.VERSION3
        connection.set_option(ldap.OPT_REFERRALS, 0)  # another server that this one names is not asked
        connection.set_option(ldap.OPT_NETWORK_TIMEOUT, _SECONDS)
        connection.set_option(ldap.OPT_TIMEOUT, _SECONDS)
        connection.set_option(ldap.OPT_X_TLS_REQUIRE_CERT, ldap.OPT_X_TLS_DEMAND)
        if settings.ca_file is not None:
            connection.set_option(ldap.OPT_X_TLS_CACERTFILE, str(settings.ca_file))
        connection.set_option(ldap.OPT_X_TLS_NEWCTX, 0)  # what was set before holds from here on
        if _wants_tls_first(settings):
            connection.start_tls_s()
        connection.simple_bind_s(settings.ldap_bind_dn, settings.ldap_password)
        return connection

    def _search(self, connection: Any, base: str, query: str, attributes: list[str]) -> list[tuple[str, Any]]:
        found = connection.search_st(
            base, self._ldap.SCOPE_SUBTREE, query, attributes or [_NO_ATTRIBUTES], timeout=_SECONDS
        )
        return [(name, values) for name, values in found if name is not None]  # what has no name leads elsewhere


def _library() -> ModuleType:
    """python-ldap, which needs the C library of OpenLDAP and so is not installed with the rest."""
    try:
        import ldap
        import ldap.filter
    except ImportError as error:
        raise InvalidSetting(
            "ldap_url is set, and the package python-ldap is not installed. On Debian: apt-get install gcc python3-dev"
            " libldap-dev libsasl2-dev, then pip install 'citewell[ldap]'."
        ) from error
    return ldap  # type: ignore[no-any-return] # it has no types


def _check(settings: Settings) -> None:
    """Raise InvalidSetting for the first setting that would not do."""
    parts = urlsplit(settings.ldap_url)
    if parts.scheme not in ("ldap", "ldaps") or not parts.hostname:
        raise InvalidSetting(
            f"ldap_url is {settings.ldap_url!r}; expected ldaps://directory.example, or ldap:// for StartTLS."
        )
    if not settings.ldap_people_base:
        raise InvalidSetting("ldap_url needs CITEWELL_LDAP_PEOPLE_BASE, like ou=people,dc=example,dc=com.")
    if bool(settings.ldap_bind_dn) != bool(settings.ldap_password):
        # With a name and no password, directories let in an anonymous one without a word.
        raise InvalidSetting("CITEWELL_LDAP_BIND_DN and CITEWELL_LDAP_PASSWORD belong together; one of them is empty.")
    if not 1 <= settings.ldap_seconds <= _MAX_SECONDS:
        raise InvalidSetting(f"ldap_seconds is {settings.ldap_seconds}; expected 1 to {_MAX_SECONDS}.")
    for name in ("ldap_person_filter", "ldap_group_filter"):
        text = getattr(settings, name)
        if "{person}" not in text and "{dn}" not in text:
            raise InvalidSetting(f"{name} is {text!r}; expected a filter with {{person}} in it, like (uid={{person}}).")


def _wants_tls_first(settings: Settings) -> bool:
    """Whether the connection begins in the open: then nothing is said on it before TLS, but on this machine."""
    parts = urlsplit(settings.ldap_url)
    return parts.scheme == "ldap" and not (is_loopback(parts.hostname or "") and settings.ca_file is None)


def _filled(ldap: ModuleType, template: str, **values: str) -> str:
    """A filter with values in it, of which no character means anything to the filter."""
    # In one go, so that a name like "{dn}" is not filled in again.
    return re.sub(r"\{(person|dn)\}", lambda found: ldap.filter.escape_filter_chars(values.get(found[1], "")), template)


def _words(error: Exception) -> str:
    """What OpenLDAP's library says of a failure."""
    given = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
    return ": ".join(str(given[part]) for part in ("desc", "info") if given.get(part)) or type(error).__name__
