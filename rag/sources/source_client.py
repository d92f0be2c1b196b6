"""One server of a source, asked over HTTP: one place, one connection, an end to each answer, no redirect followed.

Nothing of what a server says leads anywhere else: requests go to the host of the address in citewell.toml and to no
other, and so do name and password.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version

import httpcore2

from rag.errors import DocumentTooLarge, FetchFailed, FetchRefused, InvalidSetting
from rag.hosts import is_loopback
from rag.ingest.sources.web.connect import Budget, PinnedBackend
from rag.ingest.sources.web.fetch import FetchLimits, naming_errors, resolve, status_name
from rag.ingest.sources.web.unpack import Unpacker
from rag.ingest.sources.web.urls import WEB, Url, parse_url, shown
from rag.settings import Settings
from rag.sources.pace import Pace, SourceTimeOver
from rag.sources.retry_after import seconds_asked_for, span_of
from rag.sources.source_file import ConfiguredSource

CONNECT_SECONDS = 10
# For a small answer.
ANSWER_SECONDS = 60
_HEADER_BYTES = 65_536
# For bytes of the network besides the body: frames of the pieces that it comes in.
_FRAMES = 1_000_000
# How often a server is asked that is too busy each time, and how many seconds it is left alone at most.
_TRIES = 5
_MAX_WAIT = 600
NOT_TAKEN = "the server does not take the user and the password"


@dataclass(frozen=True, slots=True)
class SourceReply:
    """What a server answered."""

    status: int
    data: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)  # by their names in small letters
    cookies: tuple[str, ...] = ()  # as they are written in Set-Cookie

    @property
    def problem(self) -> str:
        """What is wrong with an answer that was expected to be another one, and what to do about it."""
        if self.status in (301, 302, 303, 307, 308):
            place = shown(self.headers.get("location", ""))
            return f"the server sends elsewhere, to {place}; if that is meant, write that address into the file"
        if self.status in (401, 407):
            return f"{NOT_TAKEN} ({self.status})"
        return f"the server answers {status_name(self.status)}"


class SourceClient:
    """Asks one server, one request after the other."""

    def __init__(
        self,
        configured: ConfiguredSource,
        pace: Pace,
        settings: Settings,
        password: str,
        *,
        is_basic: bool = True,
        seconds: float = ANSWER_SECONDS,
    ) -> None:
        """For the address that is written as the source's url. `seconds` is how long a small answer may take.

        The password goes with each request, unless it is not `is_basic` and whoever asks sends it in another way.
        Raises InvalidSetting, also where a password would be sent for others to read.
        """
        self.url = source_url(configured)
        if password and self.url.scheme != "https" and not is_loopback(self.url.name):
            raise InvalidSetting(
                f"source {configured.name}: a password is sent with https only; {self.url.text} is not."
            )
        self._pace = pace
        self._seconds = seconds
        self._tls = settings.trusted_authorities() if self.url.scheme == "https" else None
        self._always = [
            ("Host", self.url.authority),
            ("User-Agent", f"Citewell/{version('citewell')}"),
            ("Accept-Encoding", "identity"),
        ]
        if password and is_basic:
            word = base64.b64encode(f"{configured.user}:{password}".encode()).decode()
            self._always.append(("Authorization", f"Basic {word}"))
        self._budget = Budget(seconds)
        self._connection: httpcore2.HTTPConnection | None = None

    def ask(
        self,
        method: str,
        target: str,
        *,
        max_bytes: int,
        too_much: FetchFailed | DocumentTooLarge,
        headers: Mapping[str, str] | Callable[[], Mapping[str, str]] | None = None,
        body: bytes = b"",
    ) -> SourceReply:
        """The answer, whatever its status. `target` is path and query, in ASCII.

        Where `headers` is a function, it makes them anew for each try. A server that says that it is too busy, and for
        how long, is asked again then. Raises SourceTimeOver, also where that is too long, FetchFailed, and `too_much`,
        with the address in front, for more than `max_bytes`.
        """
        tries = 0
        while True:
            told = headers() if callable(headers) else headers or {}
            reply = self._ask_once(method, target, max_bytes, too_much, told, body)
            tries += 1
            seconds = seconds_asked_for(reply.headers) if reply.status in (429, 503) else None
            if seconds is None:
                return reply
            self.close()  # it would not be kept open for so long
            if tries == _TRIES or seconds > _MAX_WAIT or not self._pace.wait(seconds):
                place = Url(self.url.scheme, self.url.host, self.url.port, target)
                often = f", {tries} times," if tries > 1 else ""
                raise SourceTimeOver(
                    f"{place.text}: {reply.problem}{often} and asks to be left alone for {span_of(seconds)}"
                )

    def close(self) -> None:
        """Let go of the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _ask_once(
        self,
        method: str,
        target: str,
        max_bytes: int,
        too_much: FetchFailed | DocumentTooLarge,
        headers: Mapping[str, str],
        body: bytes,
    ) -> SourceReply:
        self._pace.step()
        seconds = self._pace.seconds_for(max_bytes, self._seconds)
        self._budget.renew(seconds)
        place = Url(self.url.scheme, self.url.host, self.url.port, target)
        request = httpcore2.Request(
            method,
            httpcore2.URL(scheme=place.scheme, host=place.name, port=place.port, target=target),
            headers=[
                *self._always,
                *headers.items(),
                *([("Content-Length", str(len(body)))] if body else []),
            ],
            content=body,
            extensions={"timeout": {"connect": CONNECT_SECONDS}},
        )
        limits = FetchLimits(max_bytes, total_seconds=seconds, connect_seconds=CONNECT_SECONDS)
        with naming_errors(place, limits):
            try:
                return self._send(request, max_bytes, too_much)
            except BaseException:
                self.close()
                raise

    def _send(
        self, request: httpcore2.Request, max_bytes: int, too_much: FetchFailed | DocumentTooLarge
    ) -> SourceReply:
        is_kept = self._connection is not None
        try:
            response = self._respond(request)
        except (httpcore2.NetworkError, httpcore2.ProtocolError):
            if not is_kept:
                raise
            # A server may close a connection that is kept open just when it is used again.
            self.close()
            response = self._respond(request)
        found = {name.lower().decode("latin-1"): value.decode("latin-1") for name, value in response.headers[::-1]}
        told = found.get("content-length", "")
        if response.status == 200 and told.isdecimal() and int(told[:20]) > max_bytes:
            raise too_much
        self._budget.expect(max_bytes + max_bytes // 8 + _FRAMES, too_much)
        unpacker = Unpacker(found.get("content-encoding", "").strip().lower(), max_bytes=max_bytes)
        data = bytearray()
        try:
            for piece in response.iter_stream():
                data += unpacker.feed(piece)
                self._budget.left()
        except DocumentTooLarge:
            raise too_much from None
        if response.status not in (204, 304):
            unpacker.finish()
        response.close()
        if self._connection is not None and self._connection.is_closed():
            self._connection = None
        cookies = (value.decode("latin-1") for name, value in response.headers if name.lower() == b"set-cookie")
        return SourceReply(response.status, bytes(data), found, tuple(cookies))

    def _respond(self, request: httpcore2.Request) -> httpcore2.Response:
        """The head of the answer, over the connection that is open or over a new one."""
        self._budget.expect(_HEADER_BYTES, FetchFailed(f"its headers have more than {_HEADER_BYTES:,} bytes"))
        if self._connection is not None and (self._connection.has_expired() or not self._connection.is_idle()):
            self.close()
        if self._connection is None:
            self._connection = httpcore2.HTTPConnection(
                request.url.origin, ssl_context=self._tls, network_backend=backend_of(self.url, self._budget)
            )
        return self._connection.handle_request(request)


def backend_of(url: Url, budget: Budget) -> PinnedBackend:
    """What connects to the host of an address, and to nothing else. Raises FetchFailed where it has no address."""
    host = url.host
    addresses = list(dict.fromkeys(resolve(host, url.port))) if isinstance(host, str) else [host]
    return PinnedBackend(addresses, budget)


def source_url(configured: ConfiguredSource, schemes: tuple[str, str] = WEB) -> Url:
    """The address that is written as the source's url. Raises InvalidSetting."""
    try:
        return parse_url(configured.options["url"], schemes)
    except FetchRefused as error:
        raise InvalidSetting(f"source {configured.name}: url: {error}.") from error
