"""A MediaWiki, asked over its API: its pages, each as the HTML that the wiki makes of the newest revision.

The listing names the newest revision of each page, so that only what was edited is asked for. What the newest change of
the whole wiki was says whether there is anything to list at all.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from rag.errors import DocumentTooLarge, FetchFailed, FetchRefused, InvalidSetting
from rag.ingest.sources.web.urls import parse_url, shown
from rag.settings import Settings
from rag.sources.document_source import SourceEntry, SourceListing, moment_of
from rag.sources.entry_page import entry_page
from rag.sources.pace import Pace
from rag.sources.source_client import SourceClient, SourceReply
from rag.sources.source_file import ConfiguredSource

_MAX_BYTES = 20_000_000
# A page of HTML in JSON, where each quotation mark takes two bytes and each letter of some scripts six.
_JSON_FACTOR = 6
_ALWAYS = {"format": "json", "formatversion": "2"}
_COOKIE_CHARS = 4_000
_MAX_COOKIES = 20


class MediawikiSource:
    """The pages of one wiki in some of its namespaces, without redirects."""

    def __init__(self, configured: ConfiguredSource, pace: Pace, settings: Settings, *, password: str = "") -> None:
        """Raises InvalidSetting."""
        written = configured.options.get("namespaces", "0")
        self._namespaces = tuple(written.split())
        if not all(number.isascii() and number.isdecimal() for number in self._namespaces):
            raise InvalidSetting(
                f"source {configured.name}: namespaces is {written!r}; expected their numbers, like 0 12."
            )
        self._client = SourceClient(configured, pace, settings, password, is_basic=False)
        if "?" in self._client.url.target:
            raise InvalidSetting(f"source {configured.name}: url has a question mark; expected that of api.php.")
        self._user, self._password = configured.user, password
        self._most = configured.limit("max_documents")
        self._cookies: dict[str, str] = {}
        self._is_signed_in = not password

    def list(self, since: str) -> SourceListing:
        """As in DocumentSource; the cursor is the number of the newest change."""
        self._sign_in()
        cursor = self._newest_change()
        if cursor and cursor == since:
            return SourceListing(iter(()), cursor, is_unchanged=True)
        return SourceListing(self._entries(), cursor)

    def read(self, entry: SourceEntry, max_bytes: int) -> bytes:
        """As in DocumentSource: the page as the wiki shows it, with its title above it."""
        self._sign_in()
        asked = {
            "action": "parse",
            "oldid": entry.version,
            "prop": "text",
            "disabletoc": "1",
            "disableeditsection": "1",
        }
        found = self._ask(asked, max_bytes=_JSON_FACTOR * max_bytes + _MAX_BYTES)
        body = _table(found.get("parse"))
        text, title = body.get("text"), body.get("title")
        if not isinstance(text, str) or not isinstance(title, str):
            raise FetchFailed(f"{entry.path}: the wiki gives no text for it")
        page = entry_page(title, text)
        if len(page) > max_bytes:
            raise DocumentTooLarge(
                f"{entry.path}: it has {len(page):,} bytes, but {max_bytes:,} are allowed; split the page or raise"
                " CITEWELL_MAX_DOCUMENT_BYTES"
            )
        return page

    def close(self) -> None:
        """As in DocumentSource."""
        self._client.close()

    def _entries(self) -> Iterator[SourceEntry]:
        """The pages of one namespace after the other. Raises FetchFailed where the listing breaks off."""
        for namespace in self._namespaces:
            asked = {
                "action": "query",
                "generator": "allpages",
                "gapnamespace": namespace,
                "gapfilterredir": "nonredirects",
                "gaplimit": "max",
                "prop": "info|revisions",
                "inprop": "url",
                "rvprop": "ids|timestamp",
            }
            more: Mapping[str, str] = {}
            for _ in range(self._most + 1):
                found = self._ask({**asked, **more})
                pages = _table(found.get("query")).get("pages", [])
                for page in pages if isinstance(pages, list) else ():
                    yield self._entry(_table(page))
                onward = {key: str(value) for key, value in _table(found.get("continue")).items()}
                if not onward:
                    break
                if onward == more:
                    raise FetchFailed("the wiki lists the same pages again and again")
                more = onward
            else:
                raise FetchFailed("the wiki's list of pages has no end")

    def _entry(self, page: Mapping[str, Any]) -> SourceEntry:
        title, number, revision = page.get("title"), page.get("pageid"), page.get("lastrevid")
        if not (isinstance(title, str) and isinstance(number, int) and isinstance(revision, int)):
            raise FetchFailed("the wiki lists a page without a title, a number or a revision")
        revisions = page.get("revisions")
        newest = _table(revisions[0]) if isinstance(revisions, list) and revisions else {}
        moment = newest.get("timestamp")
        return SourceEntry(
            title,
            str(revision),
            modified_at=moment_of(moment) if isinstance(moment, str) else "",
            media_type="text/html",
            address=self._own_address(page.get("fullurl")),
            identity=str(number),
        )

    def _own_address(self, written: object) -> str:
        """The address of a page where it is on the host of the wiki; "" otherwise."""
        try:
            place = parse_url(written) if isinstance(written, str) else None
        except FetchRefused:
            return ""
        return place.text if place is not None and place.host == self._client.url.host else ""

    def _newest_change(self) -> str:
        """What names the state of the wiki; "" where it remembers no changes."""
        asked = {"action": "query", "list": "recentchanges", "rclimit": "1", "rcprop": "ids|timestamp"}
        changes = _table(self._ask(asked).get("query")).get("recentchanges")
        newest = changes[0] if isinstance(changes, list) and changes else None
        if not isinstance(newest, dict):
            return ""
        return hashlib.sha256(json.dumps(newest, sort_keys=True).encode()).hexdigest()[:32]

    # -- requests -----------------------------------------------------------------------------------------------------

    def _sign_in(self) -> None:
        """Show the wiki the password of a bot (Special:BotPasswords). Raises FetchFailed."""
        if self._is_signed_in:
            return
        tokens = self._ask({"action": "query", "meta": "tokens", "type": "login"})
        token = _table(_table(tokens.get("query")).get("tokens")).get("logintoken")
        if not isinstance(token, str):
            raise FetchFailed("the wiki gives no token to sign in with")
        said = self._ask({"action": "login"}, {"lgname": self._user, "lgpassword": self._password, "lgtoken": token})
        outcome = _table(said.get("login")).get("result")
        if outcome != "Success":
            raise FetchFailed(
                f"the wiki does not take the user and the password ({shown(str(outcome))}); expected those of a bot,"
                " from Special:BotPasswords"
            )
        self._is_signed_in = True

    def _ask(
        self, parameters: Mapping[str, str], form: Mapping[str, str] | None = None, *, max_bytes: int = _MAX_BYTES
    ) -> Mapping[str, Any]:
        """What the API answers. Raises FetchFailed, for its own errors too."""
        headers = {"Accept": "application/json"}
        if self._cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        if form:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        reply = self._client.ask(
            "POST" if form else "GET",
            f"{self._client.url.target}?{urlencode({**_ALWAYS, **parameters})}",
            max_bytes=max_bytes,
            too_much=FetchFailed(f"the answer has more than {max_bytes:,} bytes"),
            headers=headers,
            body=urlencode(form).encode() if form else b"",
        )
        if reply.status != 200:
            raise FetchFailed(f"the wiki cannot be asked: {reply.problem}")
        self._keep_cookies(reply)
        try:
            found = json.loads(reply.data)
        except (ValueError, RecursionError) as error:
            raise FetchFailed("the answer is no JSON; is the address that of api.php?") from error
        problem = _table(_table(found).get("error"))
        if problem:
            raise FetchFailed(f"the wiki says: {shown(str(problem.get('info', problem.get('code'))))}")
        return _table(found)

    def _keep_cookies(self, reply: SourceReply) -> None:
        """Keep what tells the wiki who is signed in; it is sent to this host alone."""
        for line in reply.cookies:
            name, _, value = line.partition(";")[0].partition("=")
            is_plain = (name + value).isascii() and (name + value).isprintable() and " " not in name + value
            has_room = name in self._cookies or len(self._cookies) < _MAX_COOKIES
            if name and is_plain and len(name + value) <= _COOKIE_CHARS and has_room:
                self._cookies[name] = value


def _table(found: object) -> Mapping[str, Any]:
    """What was found where it is an object of JSON; an empty one otherwise."""
    return found if isinstance(found, dict) else {}
