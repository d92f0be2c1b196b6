"""One mail server, asked over IMAP: one connection, encrypted, an end to each answer, and nothing changed there.

imaplib leads the dialogue. What it does with sockets is done here instead: it would take an answer of any length, and
wait for ever for one that comes byte by byte.
"""

from __future__ import annotations

import imaplib
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import httpcore2

from rag.errors import DocumentTooLarge, FetchFailed, InvalidSetting, PageGone
from rag.hosts import is_loopback
from rag.ingest.sources.web.connect import Budget
from rag.ingest.sources.web.fetch import FetchLimits, naming_errors
from rag.ingest.sources.web.urls import Url, shown
from rag.settings import Settings
from rag.sources.document_source import too_many_bytes
from rag.sources.imap_answers import (
    ListedMail,
    MailFolder,
    MailState,
    answers_in,
    folder_in,
    listed_mail_in,
    number_in,
    pairs_in,
    parse_answer,
    rights_in,
    state_in,
)
from rag.sources.pace import Pace
from rag.sources.source_client import ANSWER_SECONDS, CONNECT_SECONDS, NOT_TAKEN, backend_of, source_url
from rag.sources.source_file import ConfiguredSource

_Found = TypeVar("_Found")

_AT_ONCE = 65_536
_MAX_LINE_BYTES = 100_000
# Of a greeting and of signing in, of small answers, and of the list of all folders.
_SMALL, _MAX_LIST_BYTES = 200_000, 5_000_000
# Messages that are listed with one answer, and bytes for each, of which keywords take most.
_BATCH, _BYTES_A_MESSAGE = 500, 2_000
_WANTED = "UID FLAGS RFC822.SIZE INTERNALDATE"


class FolderRefused(FetchFailed):
    """The server does not show one folder; others it may."""


class ImapClient:
    """Asks one server, one command after the other, and once more where a connection that was kept is gone."""

    def __init__(
        self,
        configured: ConfiguredSource,
        pace: Pace,
        settings: Settings,
        password: str,
        *,
        seconds: float = ANSWER_SECONDS,
    ) -> None:
        """For the address that is written as the source's url. `seconds` is how long a small answer may take.

        Raises InvalidSetting.
        """
        self.url = source_url(configured, ("imaps", "imap"))
        where = f"source {configured.name}"
        if self.url.target != "/":
            raise InvalidSetting(f"{where}: url has something behind the host; choose folders with include.")
        if not configured.user or not password:
            raise InvalidSetting(f"{where}: expected a user, and password_env or password_file.")
        self._user, self._password = configured.user, password
        self._pace = pace
        self._seconds = seconds
        self._tls = settings.trusted_authorities()
        self._budget = Budget(seconds)
        self._dialogue: _Dialogue | None = None
        self._abilities: frozenset[str] = frozenset()
        self._selected = ""

    def can(self, ability: str) -> bool:
        """Whether the server has an extension, such as CONDSTORE. Raises FetchFailed."""
        if self._dialogue is None:
            self._ask(lambda _: None)
        return ability in self._abilities

    def folders(self) -> list[MailFolder]:
        """All folders that the account sees. Raises FetchFailed."""
        pieces = self._ask(lambda d: _said(d.list('""', '"*"'), "the list of folders"), max_bytes=_MAX_LIST_BYTES)
        return [folder_in(answer) for answer in answers_in(pieces) if answer != [None]]

    def state(self, folder: MailFolder) -> MailState:
        """What names the state of a folder. Raises FetchFailed, FolderRefused among it."""
        counted = " HIGHESTMODSEQ" if self.can("CONDSTORE") else ""
        words = f"(UIDVALIDITY UIDNEXT MESSAGES{counted})"
        return state_in(self._ask(lambda d: _said(d.status(_quoted(folder.name), words), folder.path)))

    def rights(self, folder: MailFolder) -> dict[str, str]:
        """Who may do what with a folder. Raises FetchFailed, FolderRefused where the account may not know."""
        return dict(rights_in(self._ask(lambda d: _said(d.getacl(_quoted(folder.name)), folder.path))))

    def mails(self, folder: MailFolder, validity: int) -> Iterator[ListedMail]:
        """The messages of a folder, which is in the state of that validity. Raises FetchFailed, FolderRefused."""
        count = self._ask(lambda d: self._select(d, folder.name, folder.path, validity))
        for first in range(1, count + 1, _BATCH):
            last = min(first + _BATCH - 1, count)
            yield from self._listed(folder, first, last)

    def mail(self, name: str, path: str, validity: int, number: int, max_bytes: int) -> bytes:
        """The bytes of a message in the folder of a name. Raises PageGone, FetchFailed, and DocumentTooLarge."""

        def fetch(dialogue: _Dialogue) -> bytes:
            if self._selected != name:
                self._select(dialogue, name, path, validity)
            pieces = _said(dialogue.uid("FETCH", str(number), "(UID BODY.PEEK[])"), path)
            for answer in answers_in(pieces):
                found = _attributes(answer)[1]
                body = found.get("BODY[]")
                if isinstance(body, bytes) and found.get("UID") == str(number).encode():
                    return body
            raise PageGone(f"{path}: the server does not have it any more")

        return self._ask(fetch, max_bytes=max_bytes + _SMALL, too_much=too_many_bytes(max_bytes))

    def close(self) -> None:
        """Let go of the connection."""
        dialogue, self._dialogue, self._selected = self._dialogue, None, ""
        if dialogue is not None:
            dialogue.shutdown()

    def _listed(self, folder: MailFolder, first: int, last: int) -> list[ListedMail]:
        """The messages of a folder from one place in it to another. Raises FetchFailed where one is missing."""

        def fetch(dialogue: _Dialogue) -> list[ListedMail]:
            if self._selected != folder.name:
                raise FetchFailed(f"{folder.path}: the connection was lost while it was listed")
            wanted = f"({_WANTED}{' EMAILID' if 'OBJECTID' in self._abilities else ''})"
            found: dict[int, ListedMail] = {}
            for answer in answers_in(_said(dialogue.fetch(f"{first}:{last}", wanted), folder.path)):
                place, named = _attributes(answer)
                if first <= place <= last and "RFC822.SIZE" in named:
                    found[place] = listed_mail_in(named)
            if len(found) < last - first + 1:
                raise FetchFailed(
                    f"{folder.path}: {len(found):,} messages were listed where {last - first + 1:,} were expected;"
                    " somebody is deleting some, or the server is wrong about them"
                )
            return list(found.values())

        return self._ask(fetch, max_bytes=_BATCH * _BYTES_A_MESSAGE + _SMALL)

    def _select(self, dialogue: _Dialogue, name: str, path: str, validity: int) -> int:
        """Open a folder without changing anything in it; how many messages it has."""
        self._selected = ""
        found = _said(dialogue.select(_quoted(name), readonly=True), path)
        if number_in((dialogue.response("UIDVALIDITY")[1] or [None])[-1]) != validity:
            raise FetchFailed(f"{path}: its messages were numbered anew meanwhile")
        self._selected = name
        return number_in(found[-1] if found else None)

    # -- the connection -----------------------------------------------------------------------------------------------

    def _ask(
        self,
        act: Callable[[_Dialogue], _Found],
        *,
        max_bytes: int = _SMALL,
        too_much: FetchFailed | DocumentTooLarge | None = None,
    ) -> _Found:
        """What `act` gives. Raises SourceTimeOver, FetchFailed, and `too_much` for more than `max_bytes`."""
        self._pace.step()
        seconds = self._pace.seconds_for(max_bytes, self._seconds)
        too_much = too_much or FetchFailed(f"the answer has more than {max_bytes:,} bytes, which are allowed")
        is_kept = self._dialogue is not None
        with naming_errors(self.url, FetchLimits(max_bytes, seconds, CONNECT_SECONDS)):
            try:
                try:
                    return self._try(act, seconds, max_bytes, too_much)
                except (imaplib.IMAP4.abort, httpcore2.NetworkError):
                    if not is_kept:
                        raise
                # A server may end a connection that is kept open just when it is used again.
                return self._try(act, seconds, max_bytes, too_much)
            except (imaplib.IMAP4.error, ValueError) as error:
                raise FetchFailed(f"the server does not speak proper IMAP ({shown(str(error))})") from error

    def _try(
        self,
        act: Callable[[_Dialogue], _Found],
        seconds: float,
        max_bytes: int,
        too_much: FetchFailed | DocumentTooLarge,
    ) -> _Found:
        self._budget.renew(seconds)
        try:
            if self._dialogue is None:
                self._dialogue = self._connect()
            self._budget.expect(max_bytes, too_much)
            return act(self._dialogue)
        except FolderRefused:
            raise
        except BaseException:
            self.close()
            raise

    def _connect(self) -> _Dialogue:
        """A connection whose other end knows who asks. Raises FetchFailed."""
        self._budget.expect(_SMALL, FetchFailed("it sends too much before anything is asked"))
        dialogue = _Dialogue(self.url, self._budget, self._tls)
        try:
            self._sign_in(dialogue)
        except BaseException:
            dialogue.shutdown()
            raise
        return dialogue

    def _sign_in(self, dialogue: _Dialogue) -> None:
        """Encrypt what is not encrypted yet, and show user and password. Raises FetchFailed."""
        if self.url.scheme == "imap" and "STARTTLS" in dialogue.abilities():
            _said(dialogue.xatom("STARTTLS"), "an encrypted connection")
            dialogue.encrypt()
        why_not = why_no_password(self.url, dialogue.state, is_encrypted=dialogue.is_encrypted)
        if why_not:
            raise FetchFailed(why_not)
        is_plain = "AUTH=PLAIN" in dialogue.abilities()
        if not is_plain and not (self._user + self._password).isascii():
            raise FetchFailed("the server takes a user and a password in ASCII only (it has no AUTH=PLAIN)")
        try:
            if is_plain:
                words = f"\0{self._user}\0{self._password}".encode()
                kind, _ = dialogue.authenticate("PLAIN", lambda _: words)
            else:
                kind, _ = dialogue.login(_quoted(self._user), self._password)
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:
            # What the server says of it may repeat what it was told.
            raise FetchFailed(NOT_TAKEN) from error
        if kind != "OK":
            raise FetchFailed(NOT_TAKEN)
        self._abilities = dialogue.abilities()


def why_no_password(url: Url, state: str, *, is_encrypted: bool) -> str:
    """Why a password is not sent to a server whose dialogue is in a state, in words; "" where it may be."""
    if not is_encrypted and not is_loopback(url.name):
        return "the server offers no encryption (STARTTLS); a password is sent over an encrypted connection only"
    if state != "NONAUTH":
        return "the server lets everybody in without a password, so that it is not known whose messages these are"
    return ""


class _Dialogue(imaplib.IMAP4):
    """imaplib over a connection of ours, with an end to all patience."""

    def __init__(self, url: Url, budget: Budget, tls: ssl.SSLContext) -> None:
        self._url, self._budget, self._tls = url, budget, tls
        self._held = bytearray()
        self.is_encrypted = False
        super().__init__(url.name, url.port)

    def open(self, host: str = "", port: int = 0, timeout: float | None = None) -> None:  # noqa: ARG002 - as imaplib has it
        """Connect; imaplib calls this."""
        self.host, self.port = host, port
        self._stream = backend_of(self._url, self._budget).connect_tcp(host, port, CONNECT_SECONDS)
        if self._url.scheme == "imaps":
            self.encrypt()

    def encrypt(self) -> None:
        """Encrypt the connection from here on. What came in the clear is not taken for anything that comes after."""
        if self._held:
            raise FetchFailed("it sends more before the connection is encrypted than it was asked for")
        self._stream = self._stream.start_tls(self._tls, self._url.name)
        self.is_encrypted = True

    def abilities(self) -> frozenset[str]:
        """What the server can do, now: it may say so anew after each step of signing in."""
        pieces = _said(self.capability(), "what the server can do")
        words = b" ".join(piece for piece in pieces[-1:] if isinstance(piece, bytes))
        return frozenset(words.decode("latin-1").upper().split())

    def read(self, size: int) -> bytes:
        """So many bytes, whose number the server has told; imaplib calls this."""
        self._budget.need(size - len(self._held))
        while len(self._held) < size:
            self._fill()
        return self._take(size)

    def readline(self) -> bytes:
        """The next line with its end; imaplib calls this."""
        searched = 0
        while (end := self._held.find(b"\n", searched)) < 0:
            searched = len(self._held)
            if searched > _MAX_LINE_BYTES:
                raise FetchFailed(f"it sends a line of more than {_MAX_LINE_BYTES:,} bytes")
            self._fill()
        return self._take(end + 1)

    def send(self, data: Any) -> None:
        """Send all of it; imaplib calls this."""
        self._stream.write(bytes(data))

    def shutdown(self) -> None:
        """Let go of the connection; imaplib calls this too."""
        with suppress(httpcore2.NetworkError, OSError):
            self._stream.close()

    def _fill(self) -> None:
        data = self._stream.read(_AT_ONCE)
        if not data:
            raise self.abort("the server ended the connection")
        self._held += data

    def _take(self, size: int) -> bytes:
        taken = bytes(self._held[:size])
        del self._held[:size]
        return taken


def _attributes(answer: Sequence[Any]) -> tuple[int, Any]:
    """The place of a message in its folder, and what FETCH says of it by name."""
    parts = parse_answer(answer)
    if len(parts) != 2:
        raise FetchFailed("the server answers what is no message where one was asked for")
    return number_in(parts[0]), pairs_in(parts[1])


def _said(reply: tuple[str, Any], what: str) -> list[Any]:
    """What the server answered. Raises FolderRefused where it refuses."""
    kind, pieces = reply
    if kind != "OK":
        said = pieces[-1] if pieces and isinstance(pieces[-1], bytes) else b""
        raise FolderRefused(f"{what}: the server says {shown(said.decode('latin-1'))}")
    return [piece for piece in pieces or [] if piece is not None]


def _quoted(word: str) -> str:
    """A word of printable ASCII as a string of IMAP, whatever is in it."""
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'
