"""Groups from a real directory: found, refreshed, never asked in the open, and no name means more than a name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from rag.access.ldap_groups import LdapGroups
from rag.errors import InvalidSetting, SignInRefused, SignInUnavailable
from rag.settings import Settings
from tests.support import directory
from tests.support.certificates import make_certificates
from tests.support.directory import GROUPS, PASSWORD, PEOPLE, READER, RunningDirectory

pytestmark = pytest.mark.skipif(not directory.IS_THERE, reason=directory.MISSING)


@pytest.fixture(scope="module")
def slapd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDirectory]:
    with directory.running_directory(tmp_path_factory.mktemp("slapd")) as running:
        ida = running.add_person("ida")
        odd = running.add_person("o(d)d*")
        running.add_person("alone")
        running.add_group("hr", ida, odd)
        running.add_group("staff", ida)
        yield running


@pytest.fixture
def settings(slapd: RunningDirectory) -> Settings:
    return Settings(
        ldap_url=slapd.secure_address,
        ldap_bind_dn=READER,
        ldap_password=PASSWORD,
        ldap_people_base=PEOPLE,
        ldap_groups_base=GROUPS,
        ca_file=slapd.certificates.authority,
        ldap_seconds=30,
    )


def test_groups_are_found_over_ldaps(settings: Settings) -> None:
    groups = LdapGroups(settings)
    assert sorted(groups.groups("ida")) == ["hr", "staff"]
    assert groups.groups("alone") == ()


def test_and_over_starttls(settings: Settings, slapd: RunningDirectory) -> None:
    groups = LdapGroups(replace(settings, ldap_url=slapd.address))
    assert sorted(groups.groups("ida")) == ["hr", "staff"]


def test_the_password_is_not_sent_in_the_open(settings: Settings, slapd: RunningDirectory, tmp_path: Any) -> None:
    """With a certificate of an unknown authority neither way goes on to say it."""
    stranger = make_certificates(tmp_path / "stranger", "127.0.0.1").authority
    for url in (slapd.address, slapd.secure_address):
        with pytest.raises(SignInUnavailable):
            LdapGroups(replace(settings, ldap_url=url, ca_file=stranger)).groups("ida")


def test_a_server_of_another_name_is_none(settings: Settings, slapd: RunningDirectory) -> None:
    with pytest.raises(SignInUnavailable):
        LdapGroups(replace(settings, ldap_url=slapd.unnamed_address)).groups("ida")


@pytest.mark.parametrize("name", ["eve", "*", "i*", "ida)(uid=*", "ida)(|(uid=*", "ida\0", "{dn}", "\\2a", ""])
def test_a_name_is_a_name_and_nothing_else(settings: Settings, name: str) -> None:
    with pytest.raises(SignInRefused):
        LdapGroups(settings).groups(name)


def test_signs_in_a_name_are_taken_as_they_are(settings: Settings) -> None:
    assert LdapGroups(settings).groups("o(d)d*") == ("hr",)


class TestTime:
    def test_who_leaves_is_out_when_the_time_is_over(self, settings: Settings, slapd: RunningDirectory) -> None:
        moment = 0.0
        groups = LdapGroups(settings, clock=lambda: moment)
        leaver = slapd.add_person("leaver")
        group = slapd.add_group("leavers", leaver)
        assert groups.groups("leaver") == ("leavers",)
        slapd.remove(group)
        slapd.remove(leaver)
        moment = 29.9
        assert groups.groups("leaver") == ("leavers",)
        moment = 30
        with pytest.raises(SignInRefused):
            groups.groups("leaver")

    def test_who_was_unknown_is_in_as_soon(self, settings: Settings, slapd: RunningDirectory) -> None:
        moment = 0.0
        groups = LdapGroups(settings, clock=lambda: moment)
        with pytest.raises(SignInRefused):
            groups.groups("joiner")
        joiner = slapd.add_person("joiner")
        moment = 30
        assert groups.groups("joiner") == ()
        slapd.remove(joiner)


def test_a_directory_that_is_silent_lets_nobody_in(settings: Settings) -> None:
    with pytest.raises(SignInUnavailable, match=r"ldaps://127\.0\.0\.1:1"):
        LdapGroups(replace(settings, ldap_url="ldaps://127.0.0.1:1")).groups("ida")


def test_a_wrong_password_of_the_service_lets_nobody_in(settings: Settings) -> None:
    with pytest.raises(SignInUnavailable, match="Invalid credentials"):
        LdapGroups(replace(settings, ldap_password="wrong")).groups("ida")  # noqa: S106 - opens nothing


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"ldap_url": "http://x"}, "ldap_url"),
        ({"ldap_url": "ldap:///"}, "ldap_url"),
        ({"ldap_people_base": ""}, "PEOPLE_BASE"),
        ({"ldap_password": ""}, "belong together"),
        ({"ldap_seconds": 0}, "1 to 60"),
        ({"ldap_seconds": 61}, "1 to 60"),
        ({"ldap_person_filter": "(uid=ida)"}, "ldap_person_filter"),
    ],
)
def test_settings_that_would_not_do_are_refused_at_the_start(
    settings: Settings, changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(InvalidSetting, match=reason):
        LdapGroups(replace(settings, **changes))
