"""One page from the web: resolved once, checked, fetched from the address that was checked, under limits.

Every redirect is a new address, checked like the first. No cookies, no credentials, no proxies from the environment.
Knows nothing of documents.
"""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus
from importlib.metadata import version
from ipaddress import ip_address

import httpcore2

from rag.errors import DocumentTooLarge, FetchFailed, FetchRefused, PageGone
from rag.hosts import IPAddress, Permit
from rag.ingest.sources.web.addresses import check_addresses
from rag.ingest.sources.web.connect import Budget, PinnedBackend
from rag.ingest.sources.web.unpack import Unpacker
from rag.ingest.sources.web.urls import Url, join_url

Resolve = Callable[[str, int], Sequence[IPAddress]]

_REDIRECTS = (301, 302, 303, 307, 308)
_GONE = (404, 410)
_MEDIA_TYPE = re.compile(r"\s*([\w.+-]+/[\w.+-]+)\s*(?:;|$)")
_CHARSET = re.compile(r";\s*charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)
# Seconds. A page that changed less than this before it was sent may change again within the same second.
_SETTLED = 60
# For bytes of the network besides the body: frames of the pieces that it comes in.
_FRAMES = 1_000_000


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """What a page may cost."""

    max_bytes: int  # of the page, packed and unpacked
    total_seconds: float = 60  # for all of it, redirects included
    connect_seconds: float = 10  # for one connection
    max_redirects: int = 5
    max_header_bytes: int = 65_536  # of each answer


@dataclass(frozen=True, slots=True)
class FetchedPage:
    """What was fetched."""

    url: Url  # that gave it: where redirects ended
    data: bytes = b""
    media_type: str = ""  # as its server says, in lower case; "" when it does not
    charset: str = ""  # likewise
    modified_at: str = ""  # ISO 8601, UTC: when its server says that it was last changed
    is_unchanged: bool = False  # since the time that was asked about: there is no data
    is_settled: bool = False  # `modified_at` tells this version from the next one


def resolve(host: str, port: int) -> Sequence[IPAddress]:
    """All addresses of a host, as the system finds them. Raises FetchFailed when it has none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise FetchFailed(f"no address was found for {host} ({reason}); is it spelt right?") from error
    return [ip_address(str(place[0])) for _, _, _, _, place in found]


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Fetches pages under the same rules."""

    limits: FetchLimits
    allow: tuple[Permit, ...] = ()
    resolve: Resolve = resolve
    tls: ssl.SSLContext | None = None  # None: the certificates that the system trusts
    _agent: str = field(default_factory=lambda: f"Citewell/{version('citewell')}")

    def get(self, url: Url, *, unchanged_since: str = "") -> FetchedPage:
        """The page at `url`; with `unchanged_since`, ISO 8601, only if it has changed since then.

        Raises FetchRefused where it, or a redirect, leads to what may not be connected to, PageGone for 404 and 410,
        FetchFailed, and DocumentTooLarge.
        """
        patience = Budget(self.limits.total_seconds)
        place = url
        for _ in range(self.limits.max_redirects + 1):
            # What was asked of one address says nothing of another.
            since = unchanged_since if place == url else ""
            found = self._ask(place, since, patience)
            if isinstance(found, FetchedPage):
                return found
            place = found
        most = self.limits.max_redirects
        raise FetchFailed(f"{url.text}: it redirects more than {most} times, the last time to {place.text}")

    def _ask(self, url: Url, since: str, patience: Budget) -> FetchedPage | Url:
        """The page at one address, or where it sends its reader instead."""
        with naming_errors(url, self.limits):
            addresses = [url.host] if not isinstance(url.host, str) else self.resolve(url.host, url.port)
        check_addresses(url, addresses, self.allow)
        with naming_errors(url, self.limits):
            backend = PinnedBackend(list(dict.fromkeys(addresses)), patience)
            target = httpcore2.URL(scheme=url.scheme, host=url.name, port=url.port, target=url.target)
            origin = target.origin
            connection = httpcore2.HTTPConnection(origin, ssl_context=self.tls, network_backend=backend)
            most = self.limits.max_header_bytes
            patience.expect(most, FetchFailed(f"its headers have more than {most:,} bytes, which are allowed"))
            timeout = {"timeout": {"connect": self.limits.connect_seconds}}
            try:
                request = httpcore2.Request("GET", target, headers=self._headers(url, since), extensions=timeout)
                response = connection.handle_request(request)
                return self._read(url, response, patience, since)
            finally:
                connection.close()

    def _headers(self, url: Url, since: str) -> list[tuple[str, str]]:
        headers = [
            ("Host", url.authority),
            ("User-Agent", self._agent),
            ("Accept", "text/html,application/xhtml+xml,application/pdf;q=0.9,text/plain;q=0.9,*/*;q=0.5"),
            ("Accept-Encoding", "gzip, deflate"),
            ("Connection", "close"),
        ]
        if since:
            date = datetime.fromisoformat(since).astimezone(UTC)
            headers.append(("If-Modified-Since", format_datetime(date, usegmt=True)))
        return headers

    def _read(self, url: Url, response: httpcore2.Response, patience: Budget, since: str) -> FetchedPage | Url:
        headers = {name.lower().decode("latin-1"): value.decode("latin-1") for name, value in response.headers[::-1]}
        status = response.status
        if status in _REDIRECTS and "location" in headers:
            return _redirected(url, headers["location"])
        if status == 304 and since:
            return FetchedPage(url, is_unchanged=True)
        if status in _GONE:
            raise PageGone(f"the server answers {status_name(status)}")
        if status not in (200, 203):
            raise FetchFailed(f"the server answers {status_name(status)}; a page was expected, so try again later")
        data = self._body(response, headers, patience)
        content_type = headers.get("content-type", "")
        media_type, charset = _MEDIA_TYPE.match(content_type), _CHARSET.search(content_type)
        modified, sent = http_date(headers.get("last-modified")), http_date(headers.get("date")) or datetime.now(UTC)
        if modified is not None and modified > sent:  # it cannot be (RFC 9110, 8.8.2.1)
            modified = None
        return FetchedPage(
            url,
            data,
            media_type[1].lower() if media_type else "",
            charset[1].lower() if charset else "",
            modified.isoformat(timespec="seconds") if modified else "",
            is_settled=modified is not None and (sent - modified).total_seconds() >= _SETTLED,
        )

    def _body(self, response: httpcore2.Response, headers: Mapping[str, str], patience: Budget) -> bytes:
        """The bytes of an answer, unpacked. Raises DocumentTooLarge, FetchFailed."""
        most = self.limits.max_bytes
        too_large = DocumentTooLarge(
            f"it has more than {most:,} bytes, which are allowed; raise CITEWELL_MAX_DOCUMENT_BYTES"
        )
        told = headers.get("content-length", "")
        if told.isdecimal() and int(told) > most:
            raise too_large
        patience.expect(most + most // 8 + _FRAMES, too_large)
        unpacker = Unpacker(headers.get("content-encoding", "").strip().lower(), max_bytes=most)
        data = bytearray()
        for piece in response.iter_stream():
            data += unpacker.feed(piece)
            patience.left()
        unpacker.finish()
        return bytes(data)


def _redirected(url: Url, location: str) -> Url:
    """Where a redirect leads. Raises FetchRefused where it gives up encryption."""
    # Servers send addresses in UTF-8, which HTTP's headers are not.
    place = join_url(url, location.encode("latin-1").decode("utf-8", "replace"))
    if url.scheme == "https" and place.scheme == "http":
        raise FetchRefused(
            f"{url.text}: it redirects from https to {place.text}, which anybody on the way can change; if you trust"
            " it, name that address itself"
        )
    return place


def status_name(status: int) -> str:
    """404 -> "404 (Not Found)"."""
    return f"{status} ({HTTPStatus(status).phrase})" if status in set(HTTPStatus) else str(status)


def http_date(written: str | None) -> datetime | None:
    """A date of HTTP; None for what is none."""
    try:
        found = parsedate_to_datetime(written) if written else None
        # Without a zone it is meant to be in UTC.
        return found and (found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC))
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


@contextmanager
def naming_errors(url: Url, limits: FetchLimits) -> Iterator[None]:
    """Let errors name the page, and translate those of the network."""
    try:
        yield
    except FetchRefused:
        raise  # it names an address already
    except (PageGone, FetchFailed, DocumentTooLarge) as error:
        raise type(error)(f"{url.text}: {error}") from error.__cause__
    except httpcore2.ConnectTimeout as error:
        raise FetchFailed(
            f"{url.text}: no connection after {limits.connect_seconds:g} seconds; is the server running?"
        ) from error
    except httpcore2.TimeoutException as error:
        raise FetchFailed(
            f"{url.text}: it was not there in whole after {limits.total_seconds:g} seconds; try again later"
        ) from error
    except httpcore2.NetworkError as error:
        raise FetchFailed(f"{url.text}: {_reason(error)}") from error
    except httpcore2.ProtocolError as error:
        raise FetchFailed(f"{url.text}: the server does not speak proper HTTP ({error})") from error


def _reason(error: httpcore2.NetworkError) -> str:
    """What the system or the encryption says about a connection that failed, in words."""
    cause = error.__cause__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({cause.verify_message})"
    if isinstance(cause, ssl.SSLError):
        return f"no encrypted connection came about ({cause.reason or 'the server ended it'})"
    said = cause.strerror if isinstance(cause, OSError) and cause.strerror else str(error)
    return f"the connection failed ({said or 'the server ended it'})"
