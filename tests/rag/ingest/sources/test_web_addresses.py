"""Which addresses are connected to: nothing but public ones, however they are written, unless they are permitted."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import FetchRefused
from rag.hosts import IPAddress, parse_permit
from rag.ingest.sources.web.addresses import check_addresses, why_not_public
from rag.ingest.sources.web.fetch import Fetcher, FetchLimits
from rag.ingest.sources.web.urls import parse_url


class Trap:
    """A socket of this machine that somebody may connect to, and lists of who was looked up and connected to."""

    def __init__(self, listening: socket.socket) -> None:
        self._listening = listening
        self.port = listening.getsockname()[1]
        self.looked_up: list[str] = []
        self.connected: list[object] = []

    def is_untouched(self) -> bool:
        """Whether nobody has connected, as the socket itself says."""
        try:
            connection, _ = self._listening.accept()
        except BlockingIOError:
            return not self.connected
        connection.close()
        return False


@pytest.fixture
def trap(monkeypatch: pytest.MonkeyPatch) -> Iterator[Trap]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        trap = Trap(listening)
        connect = socket.create_connection

        def noting(address: tuple[str, int], *args: object, **options: object) -> socket.socket:
            trap.connected.append(address)
            return connect(address, *args, **options)  # type: ignore[arg-type] # whatever it takes

        monkeypatch.setattr(socket, "create_connection", noting)
        yield trap


def fetcher(trap: Trap, *found: str, allow: Sequence[str] = ()) -> Fetcher:
    """A fetcher for which each name has the addresses `found`."""

    def resolve(host: str, _: int) -> Sequence[IPAddress]:
        trap.looked_up.append(host)
        return [ip_address(address) for address in found]

    return Fetcher(FetchLimits(10_000, total_seconds=2), tuple(map(parse_permit, allow)), resolve)


@pytest.mark.parametrize("port", ["", ":{port}"], ids=["port 80", "the port of the trap"])
@pytest.mark.parametrize(
    "written",
    [
        "http://127.0.0.1{port}/",
        "http://127.0.0.1.{port}/",
        "http://127.8.9.10{port}/",
        "http://127。0。0。1{port}/",
        "http://１２７.０.０.１{port}/",
        "http://127.1{port}/",
        "http://2130706433{port}/",
        "http://0x7f000001{port}/",
        "http://0x7f.1{port}/",
        "http://0177.1{port}/",
        "http://0177.0.0.1{port}/",
        "http://017700000001{port}/",
        "http://0{port}/",
        "http://0.0.0.0{port}/",
        "http://[::]{port}/",
        "http://[::1]{port}/",
        "http://[0:0:0:0:0:0:0:1]{port}/",
        "http://[::ffff:127.0.0.1]{port}/",
        "http://[::ffff:7f00:1]{port}/",
        "http://[::127.0.0.1]{port}/",
        "http://[64:ff9b::127.0.0.1]{port}/",
        "http://[64:ff9b:1::7f00:1]{port}/",
        "http://[2002:7f00:1::]{port}/",
        "http://[2001:0:7f00:1::]{port}/",
        "http://[fe80::1]{port}/",
        "http://[fd00:ec2::254]{port}/",
        "http://[ff02::1]{port}/",
        "http://169.254.169.254{port}/latest/meta-data/",
        "http://10.0.0.1{port}/",
        "http://172.31.255.255{port}/",
        "http://192.168.0.1{port}/",
        "http://100.100.100.200{port}/",
        "http://224.0.0.1{port}/",
        "http://255.255.255.255{port}/",
        "http://localhost{port}/",
        "http://LOCALHOST.{port}/",
        "http://inside.example{port}/",
        "http://a@127.0.0.1{port}/",
        "http://public.example@127.0.0.1{port}/",
        "http://127.0.0.1{port}\\@public.example/",
        "http://public.example\\@127.0.0.1{port}/",
        "http://public.example{port}\t@127.0.0.1/",
        "file:///etc/passwd",
        "file://127.0.0.1{port}/etc/passwd",
        "gopher://127.0.0.1{port}/_x",
        "data:text/html,x",
        "ftp://127.0.0.1{port}/",
    ],
)
def test_the_inside_is_refused_before_anything_is_connected_to(trap: Trap, written: str, port: str) -> None:
    get = fetcher(trap, "127.0.0.1")
    with pytest.raises(FetchRefused):
        get.get(parse_url(written.replace("{port}", port.format(port=trap.port))))
    assert trap.is_untouched()
    assert not [name for name in trap.looked_up if name[0].isdigit()], "no resolver is asked what a number means"


def test_the_trap_springs(trap: Trap) -> None:
    """What the other tests rely on: with leave, the same request does connect."""
    get = fetcher(trap, "127.0.0.1", allow=[f"127.0.0.0/8:{trap.port}"])
    with pytest.raises(Exception, match="not there in whole"):
        Fetcher(FetchLimits(10, total_seconds=0.1), get.allow, get.resolve).get(
            parse_url(f"http://a.example:{trap.port}/")
        )
    assert trap.connected == [("127.0.0.1", trap.port)]
    assert not trap.is_untouched()


def test_one_inner_address_among_public_ones_is_enough(trap: Trap) -> None:
    with pytest.raises(FetchRefused, match=r"leads to 10\.0\.0\.1, a private address"):
        fetcher(trap, "93.184.215.14", "10.0.0.1", "1.1.1.1").get(parse_url("http://both.example/"))
    assert trap.connected == []


@pytest.mark.parametrize("port", [22, 25, 6379, 8080])
def test_other_ports_of_public_hosts_are_refused(trap: Trap, port: int) -> None:
    with pytest.raises(FetchRefused, match=f"port {port} is not one of the web's"):
        fetcher(trap, "93.184.215.14").get(parse_url(f"http://public.example:{port}/"))
    assert trap.connected == []


@pytest.mark.parametrize(
    ("allow", "written", "address", "is_allowed"),
    [
        pytest.param("", "http://a.example/", "93.184.215.14", True, id="public"),
        pytest.param("", "https://a.example/", "2606:4700::1111", True, id="public, IPv6"),
        pytest.param("", "https://a.example/", "64:ff9b::808:808", True, id="public, behind a gateway to IPv4"),
        pytest.param("10.0.0.0/8", "http://a.example/", "10.1.2.3", True, id="a network"),
        pytest.param("10.0.0.0/8", "http://a.example/", "11.1.2.3", True, id="public, beside a network"),
        pytest.param("10.0.0.0/8", "http://a.example/", "192.168.0.1", False, id="outside a network"),
        pytest.param("10.0.0.0/8", "http://a.example:8080/", "10.1.2.3", False, id="another port of a network"),
        pytest.param("10.0.0.0/8:8080", "http://a.example:8080/", "10.1.2.3", True, id="the port of a network"),
        pytest.param("10.0.0.0/8:8080", "http://a.example/", "10.1.2.3", False, id="not the port of a network"),
        pytest.param("10.0.0.0/8", "http://a.example/", "::ffff:10.1.2.3", False, id="the network in IPv6 clothes"),
        pytest.param("wiki", "http://wiki/", "10.1.2.3", True, id="a host"),
        pytest.param("wiki", "http://wiki/", "127.0.0.1", True, id="a host on this machine"),
        pytest.param("wiki", "http://wiki.example/", "10.1.2.3", False, id="another host"),
        pytest.param("wiki", "http://a.wiki/", "10.1.2.3", False, id="a host below it"),
        pytest.param("wiki", "http://10.1.2.3/", "10.1.2.3", False, id="its address"),
        pytest.param("wiki", "http://wiki:8080/", "10.1.2.3", False, id="another port of a host"),
        pytest.param("wiki:8080", "http://wiki:8080/", "10.1.2.3", True, id="the port of a host"),
        pytest.param("a.example:8080", "http://a.example:8080/", "93.184.215.14", True, id="a port of a public host"),
        pytest.param("wiki", "http://wiki/", "169.254.169.254", False, id="a host that leads to a cloud's keys"),
        pytest.param("wiki", "http://wiki/", "fe80::1", False, id="likewise in IPv6"),
        pytest.param("wiki", "http://wiki/", "0.0.0.0", False, id="a host without an address"),  # noqa: S104 - refused
        pytest.param("169.254.169.254", "http://wiki/", "169.254.169.254", True, id="meant all the same"),
    ],
)
def test_what_is_allowed(allow: str, written: str, address: str, is_allowed: bool) -> None:
    permits = [parse_permit(allow)] if allow else []
    if is_allowed:
        check_addresses(parse_url(written), [ip_address(address)], permits)
    else:
        with pytest.raises(FetchRefused):
            check_addresses(parse_url(written), [ip_address(address)], permits)


@given(st.ip_addresses())
def test_no_address_is_taken_for_public_that_python_knows_as_special(address: IPv4Address | IPv6Address) -> None:
    if not why_not_public(address):
        embedded = address if isinstance(address, IPv4Address) else address.sixtofour
        if embedded is not None:
            assert embedded.is_global
            assert not (embedded.is_multicast or embedded.is_reserved)
        else:
            nat64 = int(address) >> 32 == 0x64FF9B << 64
            assert nat64 or (address.is_global and not (address.is_multicast or address.is_reserved))


def test_a_message_says_what_was_found_and_how_to_allow_it() -> None:
    with pytest.raises(FetchRefused) as caught:
        check_addresses(parse_url("http://wiki:8080/a"), [ip_address("10.0.0.7")], [])
    assert str(caught.value) == (
        "http://wiki:8080/a: wiki leads to 10.0.0.7, a private address; only public ones are connected to. If it is"
        " meant, allow 10.0.0.7:8080 with --allow or CITEWELL_FETCH_ALLOW"
    )
