"""Who asks by the word of a reverse proxy: from its address, and from no other."""

from __future__ import annotations

import pytest

from rag.access.proxy_header import NamedPerson, ProxyHeaders
from rag.errors import InvalidSetting, ProxyRefused, SignInRefused
from rag.settings import Settings

PROXY = "10.0.0.5"
READER = ProxyHeaders(Settings(proxy_addresses=(PROXY, "10.1.0.0/16", "fd00::/64")))


def headers(**values: str) -> list[tuple[bytes, bytes]]:
    return [(name.replace("_", "-").encode(), value.encode()) for name, value in values.items()]


IDA = headers(remote_user="ida", remote_groups="hr, staff;it|all", remote_email="ida@example.org")


@pytest.mark.parametrize("peer", [PROXY, "10.1.2.3", "fd00::7", "::ffff:10.0.0.5"])
def test_the_proxy_says_who_asks(peer: str) -> None:
    assert READER.person(IDA, peer) == NamedPerson("ida", "ida@example.org", ("hr", "staff", "it", "all"))


@pytest.mark.parametrize("peer", ["10.0.0.6", "127.0.0.1", "fd00:1::7", "::1", "", "unknown", "10.0.0.5, 10.0.0.6"])
@pytest.mark.parametrize(
    "given", [IDA, headers(remote_groups="hr"), headers(remote_email="x"), headers(remote_user="")]
)
def test_nobody_else_does(peer: str, given: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(ProxyRefused, match="CITEWELL_PROXY_ADDRESSES"):
        READER.person(given, peer)


def test_without_a_named_proxy_nobody_does() -> None:
    with pytest.raises(ProxyRefused):
        ProxyHeaders(Settings()).person(IDA, "127.0.0.1")


def test_a_request_without_the_headers_says_nothing_of_a_person() -> None:
    other = headers(x_remote_user="eve", remote_user_name="eve", remote_user2="eve")
    assert READER.person(other, PROXY) is None
    assert READER.person(other, "10.0.0.6") is None
    assert READER.person(headers(remote_user=" ", remote_groups="hr"), PROXY) is None


@pytest.mark.parametrize(
    "given",
    [IDA + headers(remote_user="eve"), IDA + headers(Remote_User="eve"), IDA + headers(remote_groups="owners")],
    ids=["two persons", "in other letters", "two lists of groups"],
)
def test_what_a_client_puts_beside_the_proxy_s_own_is_refused(given: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(SignInRefused, match="twice"):
        READER.person(given, PROXY)


def test_names_are_utf_8() -> None:
    assert READER.person(headers(remote_user="jürgen"), PROXY) == NamedPerson("jürgen", "", ())
    with pytest.raises(SignInRefused, match="UTF-8"):
        READER.person([(b"remote-user", b"j\xfcrgen")], PROXY)


def test_the_headers_can_be_named() -> None:
    settings = Settings(
        proxy_addresses=(PROXY,),
        proxy_user_header="X-Forwarded-User",
        proxy_groups_header="X-Forwarded-Groups",
        proxy_mail_header="X-Forwarded-Email",
    )
    given = headers(x_forwarded_user="ida", x_forwarded_groups="hr", remote_user="eve")
    assert ProxyHeaders(settings).person(given, PROXY) == NamedPerson("ida", "", ("hr",))


@pytest.mark.parametrize("address", ["proxy.example", "10.0.0.5/8", "10.0.0", "*"])
def test_an_address_that_is_none_is_refused_at_the_start(address: str) -> None:
    with pytest.raises(InvalidSetting, match="proxy_addresses"):
        ProxyHeaders(Settings(proxy_addresses=(address,)))
