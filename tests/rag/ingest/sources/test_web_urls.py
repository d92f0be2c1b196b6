"""Addresses as they are written: each host in one spelling, and refused what could be read in two ways."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import FetchRefused, InputError
from rag.hosts import Permit, parse_host, parse_permit
from rag.ingest.sources.web.urls import join_url, parse_url, shown


@pytest.mark.parametrize(
    ("written", "text"),
    [
        pytest.param("http://a.example", "http://a.example/", id="a path is added"),
        pytest.param("HTTP://A.Example/B?c=D", "http://a.example/B?c=D", id="scheme and host in lower case"),
        pytest.param("http://a.example.:80/", "http://a.example/", id="a dot at the end, and the port that is meant"),
        pytest.param("https://a.example:443/", "https://a.example/", id="likewise of https"),
        pytest.param("https://a.example:80/", "https://a.example:80/", id="another port stays"),
        pytest.param("http://a.example:/b", "http://a.example/b", id="an empty port"),
        pytest.param("http://a.example/b#c?d", "http://a.example/b", id="without a fragment"),
        pytest.param("http://a.example?b/c", "http://a.example/?b/c", id="a query without a path"),
        pytest.param("http://bücher.example/ä b?ü", "http://xn--bcher-kva.example/%C3%A4%20b?%C3%BC", id="letters"),
        pytest.param("http://a.example/%7Eb%2F", "http://a.example/%7Eb%2F", id="escapes stay"),
        pytest.param("http://[2001:4860:0::1]:8080/", "http://[2001:4860::1]:8080/", id="IPv6 in its short form"),
        pytest.param("http://example。com/", "http://example.com/", id="another script's dot"),
        pytest.param("http://１２７.0.0.1/", "http://127.0.0.1/", id="another script's digits"),
        pytest.param("http://a.example/x@y:z", "http://a.example/x@y:z", id="an at sign in the path"),
    ],
)
def test_each_page_has_one_spelling(written: str, text: str) -> None:
    assert parse_url(written).text == text
    assert parse_url(text) == parse_url(written)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        pytest.param("", "it has no scheme", id="nothing"),
        pytest.param("a.example/b", "it has no scheme", id="no scheme"),
        pytest.param("//a.example/b", "it has no scheme", id="half a scheme"),
        pytest.param("file:///etc/passwd", "it begins with 'file'", id="file"),
        pytest.param("gopher://127.0.0.1:6379/_x", "it begins with 'gopher'", id="gopher"),
        pytest.param("data:text/html,x", "it begins with 'data'", id="data"),
        pytest.param("javascript:alert(1)", "it begins with 'javascript'", id="javascript"),
        pytest.param("ftp://a.example/", "it begins with 'ftp'", id="ftp"),
        pytest.param("http:a.example", "two slashes and a host", id="no slashes"),
        pytest.param("http:/a.example", "two slashes and a host", id="one slash"),
        pytest.param("http:///a", "a host, or host and port", id="no host"),
        pytest.param("http://a@127.0.0.1/", "a user name or password", id="a user"),
        pytest.param("http://a:b@c.example/", "a user name or password", id="a password"),
        pytest.param("http://127.0.0.1\\@x/", "it has a backslash", id="a backslash before the at sign"),
        pytest.param("http:\\\\a.example", "it has a backslash", id="backslashes for slashes"),
        pytest.param("http://a.example/\tb", "it has a control character", id="a tab"),
        pytest.param("http://a.example/\r\nHost: b", "it has a control character", id="line ends"),
        pytest.param("http://a.example\x00.b/", "it has a control character", id="NUL"),
        pytest.param("http://a\u202e.example/", "it has a control character", id="a direction override"),
        pytest.param(" http://a.example/", "white space at an end", id="a space before"),
        pytest.param("http://a b/", "is no host name", id="a space in the host"),
        pytest.param("http://a%2eb/", "is no host name", id="an escape in the host"),
        pytest.param("http://a..b/", "is no host name", id="an empty label"),
        pytest.param("http://a.example../", "is no host name", id="two dots at the end"),
        pytest.param("http://*.example/", "is no host name", id="a wildcard"),
        pytest.param(f"http://{'a' * 64}.example/", "is no host name", id="a label that is too long"),
        pytest.param("http://\u2100.example/", "is no host name", id="a letter that becomes a slash"),
        pytest.param("http://2130706433/", "in a spelling that programs read differently", id="one number"),
        pytest.param("http://0x7f.1/", "in a spelling that programs read differently", id="hexadecimal"),
        pytest.param("http://0x7f000001/", "in a spelling that programs read differently", id="one hexadecimal number"),
        pytest.param("http://a.0x/", "in a spelling that programs read differently", id="a bare 0x"),
        pytest.param("http://0177.1/", "in a spelling that programs read differently", id="octal"),
        pytest.param("http://0177.0.0.1/", "in a spelling that programs read differently", id="four numbers in octal"),
        pytest.param("http://127.1/", "in a spelling that programs read differently", id="two numbers"),
        pytest.param("http://127。1/", "in a spelling that programs read differently", id="two with another dot"),
        pytest.param("http://1.2.3.256/", "in a spelling that programs read differently", id="out of range"),
        pytest.param("http://1.2.3.4.5/", "in a spelling that programs read differently", id="five numbers"),
        pytest.param("http://[::1%25eth0]/", "is no IPv6 address", id="an interface"),
        pytest.param("http://[::1%eth0]/", "is no IPv6 address", id="an interface without an escape"),
        pytest.param("http://[1.2.3.4]/", "is no IPv6 address", id="IPv4 in brackets"),
        pytest.param("http://::1/", "a host, or host and port", id="IPv6 without brackets"),
        pytest.param("http://[::1/", "a host, or host and port", id="a bracket that is not closed"),
        pytest.param("http://[::1]a/", "a host, or host and port", id="something behind the bracket"),
        pytest.param("http://a.example:0/", "is no port", id="port 0"),
        pytest.param("http://a.example:65536/", "is no port", id="a port too large"),
        pytest.param("http://a.example:８０/", "a host, or host and port", id="a port in another script"),
        pytest.param("http://a.example:80:90/", "a host, or host and port", id="two ports"),
        pytest.param("http://a.example/" + "a" * 2_000, "2,017 characters", id="endless"),
    ],
)
def test_what_is_no_page_or_could_be_read_in_two_ways_is_refused(written: str, reason: str) -> None:
    with pytest.raises(FetchRefused, match=reason):
        parse_url(written)


@given(st.text(alphabet="htps:/@\\.[]0x127%#?ab。１\t\u202e -", max_size=30))
def test_whatever_is_written_is_refused_or_has_one_spelling(tail: str) -> None:
    try:
        url = parse_url("http://" + tail)
    except FetchRefused:
        return
    assert parse_url(url.text) == url
    assert url.text.isascii()
    assert url.text.split("/")[2] == url.authority


def test_a_password_is_not_repeated_and_what_is_shown_is_printable() -> None:
    with pytest.raises(FetchRefused) as caught:
        parse_url("http://anna:secret@a.example/")
    assert str(caught.value).startswith("http://***@a.example/: ")
    assert shown("http://a\x1b[31m\n") == "http://a\ufffd[31m\ufffd"


@pytest.mark.parametrize(
    ("location", "text"),
    [
        pytest.param("/c", "http://a.example:8080/c", id="a path"),
        pytest.param("c?d#e", "http://a.example:8080/x/c?d", id="relative"),
        pytest.param("../../c", "http://a.example:8080/c", id="upwards"),
        pytest.param("//b.example/c", "http://b.example/c", id="another host"),
        pytest.param("https://b.example", "https://b.example/", id="another scheme"),
        pytest.param("", "http://a.example:8080/x/y?z", id="nothing: the same page"),
    ],
)
def test_a_redirect_may_be_relative(location: str, text: str) -> None:
    assert join_url(parse_url("http://a.example:8080/x/y?z"), location).text == text


@pytest.mark.parametrize(
    "location",
    ["file:///etc/passwd", "http:c", "//u@b.example", "/\\b.example", "/\t/b", "//0x7f.1/", "//[", "//[::1", "///a"],
    ids=repr,
)
def test_a_redirect_is_as_strict(location: str) -> None:
    with pytest.raises(FetchRefused):
        join_url(parse_url("http://a.example/x"), location)


def test_hosts_are_names_or_addresses() -> None:
    assert parse_host("Wiki_2.Intranet.") == "wiki_2.intranet"
    assert parse_host("127.0.0.1.") == IPv4Address("127.0.0.1")
    assert parse_host("[::1]") == IPv6Address("::1")


@pytest.mark.parametrize(
    ("written", "permit"),
    [
        pytest.param("Wiki.Intranet", Permit("wiki.intranet"), id="a host"),
        pytest.param("wiki:8080", Permit("wiki", port=8080), id="host and port"),
        pytest.param("10.0.0.0/8", Permit(network=ip_network("10.0.0.0/8")), id="a network"),
        pytest.param("10.0.0.0/8:8080", Permit(network=ip_network("10.0.0.0/8"), port=8080), id="network and port"),
        pytest.param("127.0.0.1:80", Permit(network=ip_network("127.0.0.1/32"), port=80), id="address and port"),
        pytest.param("fd00::/8", Permit(network=ip_network("fd00::/8")), id="an IPv6 network"),
        pytest.param("[fd00::/8]:81", Permit(network=ip_network("fd00::/8"), port=81), id="IPv6 network and port"),
        pytest.param("[::1]", Permit(network=ip_network("::1/128")), id="an IPv6 address in brackets"),
    ],
)
def test_what_an_entry_permits(written: str, permit: Permit) -> None:
    assert parse_permit(written) == permit


@pytest.mark.parametrize(
    "written",
    [
        "",
        "*",
        "http://a.example",
        "10.0.0.1/8",
        "10.0.0.0/33",
        "a:0",
        "a:b",
        "a:",
        "0x7f.1",
        "2130706433",
        "[a]:80",
        "::/x",
    ],
)
def test_an_entry_that_permits_nothing_clear_is_refused(written: str) -> None:
    with pytest.raises(InputError):
        parse_permit(written)
