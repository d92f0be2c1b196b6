"""Host names and addresses as people write them, and what they permit to be fetched. Resolves and connects to nothing.

One spelling is left of each host, so that what is compared with a list is what will be asked of the resolver: systems
take 2130706433, 0x7f.1 and 0177.0.0.1 for 127.0.0.1, and browsers take 127。0。0。1 for it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import idna

from rag.errors import InputError

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network

# Where web servers listen, and where a port that is not named leads.
WEB_PORTS = (80, 443)
MAX_PORT = 65_535
_MAX_HOST_CHARS = 253
# An underscore is in no host name by the book and in many by use.
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
# A last label like this makes systems read the whole name as an address.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_BRACKETED = re.compile(r"\[([^\[\]]+)\](?::([0-9]{1,5}))?")


@dataclass(frozen=True, slots=True)
class Permit:
    """What may be fetched besides public addresses at the ports 80 and 443: a host, or the addresses of a network."""

    host: str = ""  # as `parse_host` gives it; "" where a network is meant
    network: IPNetwork | None = None
    port: int | None = None  # None: 80 and 443

    def covers_port(self, port: int) -> bool:
        """Whether it holds for a port."""
        return port in WEB_PORTS if self.port is None else port == self.port


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address, or a name that always stands for one."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def parse_host(written: str) -> str | IPAddress:
    """The name in lower case and ASCII, without a dot at its end, or the address that is written; IPv6 in brackets.

    "BÜCHER.example." -> "xn--bcher-kva.example". Raises InputError, saying what is wrong, without naming where.
    """
    if written.startswith("["):
        return _parse_ipv6(written)
    host = written
    if not host.isascii():
        try:
            host = idna.encode(host[: _MAX_HOST_CHARS + 1], uts46=True, std3_rules=True).decode("ascii")
        except UnicodeError as error:
            raise InputError(f"{written[:_MAX_HOST_CHARS]!r} is no host name ({error})") from error
    host = host.lower().removesuffix(".")
    labels = host.split(".")
    if len(host) > _MAX_HOST_CHARS or not all(_LABEL.fullmatch(label) for label in labels):
        raise InputError(f"{written[:_MAX_HOST_CHARS]!r} is no host name; expected one like intranet.example")
    if not _NUMBER.fullmatch(labels[-1]):
        return host
    try:
        return IPv4Address(host)
    except ValueError:
        raise InputError(
            f"{written!r} is an address in a spelling that programs read differently; expected four numbers from 0 to"
            " 255 with dots"
        ) from None


def parse_permit(written: str) -> Permit:
    """What an entry of `fetch_allow` permits: "host", "host:port", "CIDR" or "CIDR:port"; IPv6 with a port in brackets.

    "10.0.0.0/8:8080", "[fd00::/8]:8080", "wiki.intranet". Raises InputError for anything else.
    """
    bracketed = _BRACKETED.fullmatch(written)
    if bracketed:
        place, port = bracketed[1], bracketed[2]
    elif written.count(":") > 1:  # IPv6 without a port
        place, port = written, None
    else:
        place, colon, after = written.partition(":")
        port = after if colon else None
    number = None if port is None else parse_port(port)
    try:
        return Permit(network=ip_network(place), port=number)
    except ValueError as error:
        if bracketed or "/" in place or ":" in place:
            raise InputError(str(error)) from error
    host = parse_host(place)
    if not isinstance(host, str):
        raise InputError(f"{place!r} is an address with something behind it")
    return Permit(host=host, port=number)


def parse_port(written: str) -> int:
    """A port, 1 to 65535. Raises InputError."""
    if re.fullmatch(r"[0-9]{1,5}", written) and 1 <= int(written) <= MAX_PORT:
        return int(written)
    raise InputError(f"{written[:20]!r} is no port; expected 1 to {MAX_PORT}")


def _parse_ipv6(written: str) -> IPv6Address:
    """The address in brackets. One that is bound to an interface of this machine ("%eth0") is none for a page."""
    try:
        if "%" not in written and written.endswith("]"):
            return IPv6Address(written[1:-1])
    except ValueError:
        pass
    raise InputError(f"{written[:_MAX_HOST_CHARS]!r} is no IPv6 address; expected one like [2001:4860::1]")
