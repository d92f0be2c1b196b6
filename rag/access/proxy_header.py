"""Who asks, as a reverse proxy says it in headers that it alone may send."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from rag.errors import InvalidSetting, ProxyRefused, SignInRefused
from rag.settings import Settings


@dataclass(frozen=True, slots=True)
class NamedPerson:
    """Who asks, as the proxy names them."""

    person: str
    mail: str  # "" for none
    groups: tuple[str, ...]  # as the proxy calls them


class ProxyHeaders:
    """Reads the headers of the settings from requests of the addresses of the settings."""

    def __init__(self, settings: Settings) -> None:
        """Raises InvalidSetting for an address that is none."""
        self._networks = []
        for entry in settings.proxy_addresses:
            try:
                self._networks.append(ip_network(entry))
            except ValueError as error:
                raise InvalidSetting(
                    f"proxy_addresses has {entry!r}; expected an address or network, like 10.0.0.5 or 10.0.0.0/24."
                ) from error
        names = (settings.proxy_user_header, settings.proxy_groups_header, settings.proxy_mail_header)
        self._names = tuple(name.lower().encode("ascii", "replace") for name in names)

    def person(self, headers: Sequence[tuple[bytes, bytes]], peer: str) -> NamedPerson | None:
        """Who asks, or None where no header says it. `peer` is the address that the connection comes from.

        Raises ProxyRefused for the headers from any other address, SignInRefused for those that cannot be understood.
        """
        found = [[value for name, value in headers if name.lower() == wanted] for wanted in self._names]
        if not any(found):
            return None
        if not self._is_proxy(peer):
            raise ProxyRefused(
                f"This request says who asks in a header, and comes from {peer or 'an unknown address'}, which is none"
                " of the proxy. Whoever runs this service can name the proxy's address in CITEWELL_PROXY_ADDRESSES."
            )
        if any(len(values) > 1 for values in found):
            raise SignInRefused(
                "The proxy sent a header twice that says who asks. It has to replace those that a client sends."
            )
        person, groups, mail = (_text(values[0]) if values else "" for values in found)
        return NamedPerson(person, mail, _listed(groups)) if person else None

    def _is_proxy(self, peer: str) -> bool:
        try:
            address = ip_address(peer)
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)  # how a socket for both kinds shows an IPv4 address
        return any((mapped or address) in network for network in self._networks)


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        raise SignInRefused("A header of the proxy is not UTF-8.") from error


def _listed(text: str) -> tuple[str, ...]:
    """Names between commas, semicolons or bars; proxies differ in that."""
    for separator in ";|":
        text = text.replace(separator, ",")
    return tuple(name for part in text.split(",") if (name := part.strip()))
