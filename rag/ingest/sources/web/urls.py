"""Addresses of pages, taken apart once and strictly: what is checked is what is connected to.

Parsers that disagree on where the host ends are how checks are passed by, so whatever they could read differently is
refused: backslashes, control characters, credentials, hosts in odd spellings.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from ipaddress import IPv6Address
from urllib.parse import quote, urljoin

from rag.errors import FetchRefused, InputError
from rag.hosts import IPAddress, parse_host, parse_port

MAX_CHARS = 2_000
_PORTS = {"http": 80, "https": 443, "imap": 143, "imaps": 993}
WEB = ("http", "https")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_PARTS = re.compile(r"[a-z]+://([^/?#]*)([^?#]*)(\?[^#]*)?(?:#.*)?", re.IGNORECASE | re.DOTALL)
_HOST_PORT = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]+)(?::([0-9]*))?")
# What stays as it is in a path or query; everything else becomes %XX of its UTF-8 bytes.
_KEPT = "%/:;=@!$&'()*+,~?"
_SHOWN_CHARS = 300
_USER = re.compile(r"(//)[^/?#]*@")


@dataclass(frozen=True, slots=True)
class Url:
    """A page's address. Two that are equal mean the same page."""

    scheme: str  # "http" or "https"; of a mail server "imap" or "imaps"
    host: str | IPAddress  # as `parse_host` gives it
    port: int
    target: str  # path and query, at least "/"; ASCII

    @property
    def name(self) -> str:
        """The host as text, IPv6 without brackets: what the certificate must be for."""
        return str(self.host)

    @property
    def authority(self) -> str:
        """Host and port as in the Host header: "intranet.example:8080"."""
        host = f"[{self.host}]" if isinstance(self.host, IPv6Address) else str(self.host)
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def text(self) -> str:
        """The whole address, without a fragment."""
        return f"{self.scheme}://{self.authority}{self.target}"


def parse_url(written: str, schemes: tuple[str, str] = WEB) -> Url:
    """The address of a page, without a fragment. Raises FetchRefused for what is none, or could be read in two ways.

    `schemes` are others where something else than a page is meant.
    """
    _refuse_characters(written)
    scheme = _SCHEME.match(written)
    if scheme is None or scheme[1].lower() not in schemes:
        found = f"it begins with {scheme[1].lower()[:20]!r}" if scheme else "it has no scheme"
        raise FetchRefused(f"{shown(written)}: {found}; expected an address with {schemes[0]}:// or {schemes[1]}://")
    parts = _PARTS.fullmatch(written)
    if parts is None:
        raise FetchRefused(f"{shown(written)}: two slashes and a host were expected behind {scheme[0]}")
    authority, path, query = parts[1], parts[2], parts[3] or ""
    if "@" in authority:
        raise FetchRefused(f"{shown(written)}: a user name or password in an address is not used; leave it out")
    split = _HOST_PORT.fullmatch(authority)
    if split is None:
        raise FetchRefused(f"{shown(written)}: a host, or host and port, was expected behind {scheme[0]}//")
    kind = scheme[1].lower()
    try:
        host = parse_host(split[1])
        port = parse_port(split[2]) if split[2] else _PORTS[kind]
    except InputError as error:
        raise FetchRefused(f"{shown(written)}: {error}") from error
    return Url(kind, host, port, quote(f"{path or '/'}{query}", safe=_KEPT))


def join_url(base: Url, location: str) -> Url:
    """Where a page at `base` sends its reader with `location`, which may be relative. Raises FetchRefused."""
    _refuse_characters(location)
    if _SCHEME.match(location):
        return parse_url(location)
    if location.startswith("//"):
        return parse_url(f"{base.scheme}:{location}")
    # Only paths come here, so that no other parser has a say in what the host is.
    return parse_url(urljoin(base.text, location))


def shown(written: str) -> str:
    """What was written, fit to be printed and stored: no control characters, no password, not endless."""
    letters = (c if unicodedata.category(c)[0] not in "CZ" or c == " " else "\ufffd" for c in written[:_SHOWN_CHARS])
    return _USER.sub(r"\1***@", "".join(letters)) or "an empty address"


def _refuse_characters(written: str) -> None:
    if len(written) > MAX_CHARS:
        raise FetchRefused(f"{shown(written)}: it has {len(written):,} characters; at most {MAX_CHARS:,} are allowed")
    if "\\" in written:
        raise FetchRefused(f"{shown(written)}: it has a backslash, which programs read differently; expected slashes")
    if any(unicodedata.category(c)[0] == "C" for c in written) or written != written.strip():
        raise FetchRefused(f"{shown(written)}: it has a control character, or white space at an end; leave it out")
