"""The addresses that may be connected to: public ones at the ports of the web, and those permitted by name.

Everything else is the inside of somebody's network, and a page, a redirect or a name server that leads there is how a
program is made to read what only it can reach (server-side request forgery).
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from rag.errors import FetchRefused
from rag.hosts import WEB_PORTS, IPAddress, IPNetwork, Permit
from rag.ingest.sources.web.urls import Url

# From the registries of special addresses (https://www.iana.org/assignments/iana-ipv4-special-registry and
# iana-ipv6-special-registry), rather than `ipaddress`, whose tables differ from one version of Python to the next.
_NOT_PUBLIC_4: dict[IPv4Network, str] = {
    IPv4Network("0.0.0.0/8"): "an unspecified address",
    IPv4Network("10.0.0.0/8"): "a private address",
    IPv4Network("100.64.0.0/10"): "a private address",
    IPv4Network("127.0.0.0/8"): "a loopback address",
    IPv4Network("168.63.129.16/32"): "an address of a cloud's own services",  # Azure's, in the midst of public ones
    IPv4Network("169.254.0.0/16"): "a link-local address",
    IPv4Network("172.16.0.0/12"): "a private address",
    IPv4Network("192.0.0.0/24"): "a reserved address",
    IPv4Network("192.0.2.0/24"): "an address for examples",
    IPv4Network("192.88.99.0/24"): "a reserved address",
    IPv4Network("192.168.0.0/16"): "a private address",
    IPv4Network("198.18.0.0/15"): "a reserved address",
    IPv4Network("198.51.100.0/24"): "an address for examples",
    IPv4Network("203.0.113.0/24"): "an address for examples",
    IPv4Network("224.0.0.0/4"): "a multicast address",
    IPv4Network("240.0.0.0/4"): "a reserved address",
}
_PUBLIC_6 = IPv6Network("2000::/3")
_NOT_PUBLIC_6 = {
    IPv6Network("::/128"): "an unspecified address",
    IPv6Network("::1/128"): "a loopback address",
    IPv6Network("::ffff:0:0/96"): "an IPv4 address in the form of an IPv6 one",
    IPv6Network("fc00::/7"): "a private address",
    IPv6Network("fec0::/10"): "a private address",
    IPv6Network("fe80::/10"): "a link-local address",
    IPv6Network("ff00::/8"): "a multicast address",
    IPv6Network("2001::/23"): "a reserved address",  # Teredo among them, which embeds IPv4 addresses
    IPv6Network("2001:db8::/32"): "an address for examples",
    IPv6Network("3fff::/20"): "an address for examples",
}
_NAT64 = IPv6Network("64:ff9b::/96")
_6TO4 = IPv6Network("2002::/16")
# Where a name that is permitted may not lead either: machines of a cloud ask for their keys at link-local addresses.
_NEVER_BY_NAME: tuple[IPNetwork, ...] = (
    *(IPv4Network(network) for network in ("0.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16", "224.0.0.0/3")),
    *(IPv6Network(network) for network in ("::/128", "::ffff:0:0/96", "fe80::/10", "ff00::/8")),
)


def check_addresses(url: Url, found: Sequence[IPAddress], allow: Sequence[Permit]) -> None:
    """Raise FetchRefused unless each address that `url`'s host has may be connected to at its port."""
    for address in found:
        if not any(_permits(permit, url, address) for permit in allow):
            _refuse_special(url, address)
            if url.port not in WEB_PORTS:
                raise FetchRefused(
                    f"{url.text}: port {url.port} is not one of the web's, 80 and 443; if it is meant, allow"
                    f" {url.name}:{url.port} with --allow or CITEWELL_FETCH_ALLOW"
                )


def why_not_public(address: IPAddress) -> str:
    """What kind of address it is, "a loopback address"; "" for a public one."""
    if isinstance(address, IPv4Address):
        return next((kind for network, kind in _NOT_PUBLIC_4.items() if address in network), "")
    embedded = _embedded(address)
    if embedded is not None:
        kind = why_not_public(embedded)
        return kind and f"{kind} ({embedded}) in the form of an IPv6 one"
    for network, kind in _NOT_PUBLIC_6.items():
        if address in network:
            return kind
    return "" if address in _PUBLIC_6 and address.scope_id is None else "a reserved address"


def _embedded(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that a gateway would connect to in place of this one."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.sixtofour if address in _6TO4 else None


def _permits(permit: Permit, url: Url, address: IPAddress) -> bool:
    if not permit.covers_port(url.port):
        return False
    if permit.network is not None:
        # False where one is of IPv4 and the other of IPv6.
        return address in permit.network
    return permit.host == url.host and not any(address in network for network in _NEVER_BY_NAME)


def _refuse_special(url: Url, address: IPAddress) -> None:
    kind = why_not_public(address)
    if kind:
        found = f"{url.name} is {kind}" if address == url.host else f"{url.name} leads to {address}, {kind}"
        port = "" if url.port in WEB_PORTS else f":{url.port}"
        shown = f"[{address}]" if port and isinstance(address, IPv6Address) else str(address)
        raise FetchRefused(
            f"{url.text}: {found}; only public ones are connected to. If it is meant, allow {shown}{port} with --allow"
            " or CITEWELL_FETCH_ALLOW"
        )
