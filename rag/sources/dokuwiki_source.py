"""A DokuWiki, asked over XML-RPC: its pages, each as the HTML that the wiki makes of it, and the files uploaded to it.

Two answers list all there is, with a hash of the text of each page, so that only what was edited is asked for. What the
two answers say names the state of the whole wiki.
"""

from __future__ import annotations

import hashlib
import html
import re
import xmlrpc.client  # nosec B411
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from xml.parsers.expat import ExpatError

from rag.errors import FetchFailed, InvalidSetting, PageGone
from rag.ingest.sources.web.urls import shown
from rag.settings import Settings
from rag.sources.document_source import SourceEntry, SourceListing, too_many_bytes
from rag.sources.entry_page import entry_page
from rag.sources.pace import Pace
from rag.sources.source_client import SourceClient
from rag.sources.source_file import ConfiguredSource
from rag.sources.source_xml import parse_source_xml
from rag.sources.wiki_access import AccessList, media_scopes, page_scopes, readers_of

_API = "lib/exe/xmlrpc.php"
# Of a list: with some 400 bytes a page, 75,000 pages.
_MAX_LISTING_BYTES = 30_000_000
# A page of HTML in XML, where an angle bracket takes four bytes and a quotation mark six.
_XML_FACTOR = 6
_HEADING = re.compile(r"<h([1-6])\b[^<>]*>(.{1,1000}?)</h\1>", re.DOTALL)
_TAG = re.compile(r"<[^<>]*>")
_WHAT = "an answer of XML-RPC"


class DokuwikiSource:
    """The pages and uploaded files of one wiki that the account may read."""

    def __init__(self, configured: ConfiguredSource, pace: Pace, settings: Settings, *, password: str = "") -> None:
        """Raises InvalidSetting."""
        self._client = SourceClient(configured, pace, settings, password)
        target = self._client.url.target
        if not target.endswith(f"/{_API}"):
            raise InvalidSetting(f"source {configured.name}: url is {self._client.url.text}; expected that of {_API}.")
        self._top = target.removesuffix(_API)
        self._user, self._password = configured.user, password
        self._namespace = configured.options.get("namespace", "")
        self._names = frozenset(configured.group_map) if configured.rights else None
        if self._names is not None and not (self._names and password):
            raise InvalidSetting(
                f"source {configured.name}: rights needs group_map, with what each name of the wiki's access list is"
                ' called here, such as "@staff" = "staff"; and the password of a superuser, who may see that list.'
            )

    def list(self, since: str) -> SourceListing:
        """As in DocumentSource; the cursor is made of all that the wiki lists."""
        # Whoever shows a wrong password is answered as one who shows none: most pages would seem to be gone.
        if self._password and not self._ask("dokuwiki.login", self._user, self._password):
            raise FetchFailed("the wiki does not take the user and the password")
        access = self._access() if self._names is not None else None
        entries = [
            *(self._page(_table(page), access) for page in self._rows("dokuwiki.getPagelist", {"hash": True})),
            *(self._media(_table(media), access) for media in self._rows("wiki.getAttachments", {})),
        ]
        told = sorted((e.path, e.version, sorted(e.readers or ())) for e in entries)
        cursor = hashlib.sha256(repr(told).encode("utf-8", "surrogatepass")).hexdigest()[:32]
        if cursor == since:
            return SourceListing(iter(()), cursor, is_unchanged=True)
        return SourceListing(iter(entries), cursor)

    def read(self, entry: SourceEntry, max_bytes: int) -> bytes:
        """As in DocumentSource: a page as the wiki shows it, below a title where it has no heading; a file as it is."""
        if not entry.media_type:
            return self._file(entry, max_bytes)
        most = _XML_FACTOR * max_bytes + _MAX_LISTING_BYTES
        text = self._ask("wiki.getPageHTML", entry.reference, max_bytes=most)
        if not isinstance(text, str) or not text.strip():
            raise PageGone(f"{entry.path}: the wiki gives no text for it")
        page = _whole_page(entry.reference, text)
        if len(page) > max_bytes:
            raise too_many_bytes(max_bytes)
        return page

    def close(self) -> None:
        """As in DocumentSource."""
        self._client.close()

    def _file(self, entry: SourceEntry, max_bytes: int) -> bytes:
        target = self._media_target(entry.reference)
        reply = self._client.ask("GET", target, max_bytes=max_bytes, too_much=too_many_bytes(max_bytes))
        if reply.status in (404, 410):
            raise PageGone(f"{entry.path}: {reply.problem}")
        if reply.status != 200:
            raise FetchFailed(f"{entry.path}: {reply.problem}")
        if len(reply.data) != entry.size:
            raise FetchFailed(f"{entry.path}: {len(reply.data):,} bytes came, where {entry.size:,} were listed")
        return reply.data

    # -- what it lists ------------------------------------------------------------------------------------------------

    def _page(self, found: Mapping[str, Any], access: AccessList | None) -> SourceEntry:
        name, changed = found.get("id"), found.get("rev", found.get("revision"))
        if not (isinstance(name, str) and isinstance(changed, int)):
            raise FetchFailed("the wiki lists a page without an id or a revision")
        return SourceEntry(
            name.replace(":", "/"),
            # With its name: what the wiki makes of the same text depends on where it lies.
            f"page {name} {changed} {found.get('hash', '')}",
            modified_at=_moment(changed),
            media_type="text/html",
            address=self._address(f"{self._top}doku.php?id={quote(name, safe=':', errors='replace')}"),
            readers=self._readers(access, page_scopes(name)),
            reference=name,
        )

    def _media(self, found: Mapping[str, Any], access: AccessList | None) -> SourceEntry:
        name, size, changed = found.get("id"), found.get("size"), found.get("mtime", found.get("revision"))
        if not (isinstance(name, str) and isinstance(size, int) and isinstance(changed, int)):
            raise FetchFailed("the wiki lists a file without an id, a size or a time")
        return SourceEntry(
            name.replace(":", "/"),
            f"file {name} {changed} {size}",
            size,
            _moment(changed),
            address=self._address(self._media_target(name)),
            readers=self._readers(access, media_scopes(name)),
            reference=name,
        )

    def _media_target(self, name: str) -> str:
        return f"{self._top}lib/exe/fetch.php?media={quote(name, safe=':', errors='replace')}"

    def _address(self, target: str) -> str:
        url = self._client.url
        return f"{url.scheme}://{url.authority}{target}"

    def _readers(self, access: AccessList | None, scopes: tuple[str, ...]) -> frozenset[str] | None:
        """The names in the access list that may read; None where it is not asked."""
        return readers_of(access, scopes, self._names) if access is not None and self._names is not None else None

    def _access(self) -> AccessList:
        """The access list. Raises FetchFailed, also where a line of it could not be understood."""
        found: dict[str, dict[str, int]] = {}
        # PHP writes an empty table as an empty list.
        for scope, lines in _table(self._ask("plugin.acl.listAcls") or {}).items():
            for name, level in _table(lines).items():
                if not str(level).strip().isdecimal():
                    raise FetchFailed("the wiki's access list has a line without a level")
                found.setdefault(scope, {})[name] = int(str(level).strip()[:9])
        return found

    # -- requests -----------------------------------------------------------------------------------------------------

    def _rows(self, method: str, options: Mapping[str, Any]) -> Sequence[Any]:
        """What lies in the namespace and those in it."""
        found = self._ask(method, self._namespace, dict(options))
        if not isinstance(found, list):
            raise FetchFailed(f"the wiki's answer to {method} is no list")
        return found

    def _ask(self, method: str, *arguments: Any, max_bytes: int = _MAX_LISTING_BYTES) -> Any:
        """What the API answers. Raises FetchFailed, for its own errors too."""
        reply = self._client.ask(
            "POST",
            self._client.url.target,
            max_bytes=max_bytes,
            too_much=FetchFailed(f"the answer to {method} has more than {max_bytes:,} bytes"),
            headers={"Content-Type": "text/xml; charset=utf-8"},
            body=xmlrpc.client.dumps(arguments, method, encoding="utf-8").encode("utf-8", "replace"),
        )
        if reply.status != 200:
            raise FetchFailed(
                f"the wiki cannot be asked: {reply.problem}; its settings remote and remoteuser say who may"
                + (", and only a superuser may see the access list" if method == "plugin.acl.listAcls" else "")
            )
        data = reply.data.strip()
        parse_source_xml(data, _WHAT)  # refuses what the other parser would follow: hence the "nosec" above
        try:
            (found,), _ = xmlrpc.client.loads(data)
        except xmlrpc.client.Fault as error:
            raise FetchFailed(f"the wiki says: {shown(str(error.faultString))}") from error
        except (ExpatError, xmlrpc.client.Error, ValueError, LookupError, TypeError, AttributeError) as error:
            raise FetchFailed(f"the answer is not what {_WHAT} is; is the address that of {_API}?") from error
        return found


def _whole_page(name: str, text: str) -> bytes:
    """The HTML of a page as a document: its title is its first heading, else the last part of its name, put above."""
    heading = _HEADING.search(text)
    if heading is None:
        return entry_page(name.rpartition(":")[2].replace("_", " "), text)
    return entry_page(html.unescape(_TAG.sub("", heading[2])).strip(), text, has_heading=True)


def _moment(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return ""


def _table(found: object) -> Mapping[str, Any]:
    """What was found, which is to be a table of names. Raises FetchFailed."""
    if not isinstance(found, dict):
        raise FetchFailed("the wiki lists what is no table of names and values")
    return found
