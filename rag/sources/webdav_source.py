"""A folder on a WebDAV server, Nextcloud and ownCloud among them: listed folder by folder, each file read with GET.

WebDAV promises little: what a version of a file is called (its ETag), or else when it was changed. Nextcloud and
ownCloud say more: a file keeps its id when it is moved, and the ETag of a folder changes with anything below it, so
that what is below an unchanged folder is not asked for again.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

from rag.errors import FetchFailed, InvalidSetting, PageGone
from rag.settings import Settings
from rag.sources.document_source import SourceEntry, SourceListing, too_many_bytes, why_not_path
from rag.sources.folder_memory import RememberedFolder, load_folders, save_folders
from rag.sources.multistatus import QUESTION, DavEntry, DavFolder, parse_multistatus, parts_of
from rag.sources.pace import Pace
from rag.sources.source_client import SourceClient
from rag.sources.source_file import ConfiguredSource

# Of the answer about one folder: with some 700 bytes a file, 40,000 files.
_MAX_LISTING_BYTES = 30_000_000
# Servers whose folders have another ETag whenever anything below them is another one.
_TELLING_SERVERS = ("nextcloud", "owncloud")


class WebdavSource:
    """The files in and below one folder of a WebDAV server."""

    def __init__(
        self, configured: ConfiguredSource, memory: Path, pace: Pace, settings: Settings, *, password: str = ""
    ) -> None:
        """`memory` is the file that has what was listed before, where the server tells of unchanged folders.

        Raises InvalidSetting.
        """
        server = configured.options.get("server", "")
        if server not in ("", *_TELLING_SERVERS):
            raise InvalidSetting(
                f"source {configured.name}: server is {server!r}; expected nextcloud, owncloud, or nothing."
            )
        self._client = SourceClient(configured, pace, settings, password)
        if "?" in self._client.url.target:
            raise InvalidSetting(f"source {configured.name}: url has a question mark; expected the path of a folder.")
        self._is_telling = bool(server)
        self._top = parts_of(self._client.url.target)
        self._memory = memory
        self._patterns = configured.patterns
        self._most = configured.limit("max_documents")

    def list(self, since: str) -> SourceListing:
        """As in DocumentSource; the cursor is the ETag of the folder, where that says something of all below it."""
        top = self._ask("")
        cursor = top.etag if self._is_telling else ""
        if cursor and cursor == since:
            return SourceListing(iter(()), cursor, is_unchanged=True)
        known = load_folders(self._memory) if since and cursor else {}
        return SourceListing(self._entries(top, known), cursor)

    def read(self, entry: SourceEntry, max_bytes: int) -> bytes:
        """As in DocumentSource. Bytes of another number than was listed are none of what was listed."""
        reply = self._client.ask(
            "GET", self._target(entry.path), max_bytes=max_bytes, too_much=too_many_bytes(max_bytes)
        )
        if reply.status in (404, 410):
            raise PageGone(f"{entry.path}: {reply.problem}")
        if reply.status != 200:
            raise FetchFailed(f"{entry.path}: {reply.problem}")
        if entry.size is not None and len(reply.data) != entry.size:
            raise FetchFailed(
                f"{entry.path}: {len(reply.data):,} bytes came, where {entry.size:,} were listed; it is changing, or"
                " the server is wrong about it"
            )
        return reply.data

    def close(self) -> None:
        """As in DocumentSource."""
        self._client.close()

    def _entries(self, top: DavFolder, known: Mapping[str, RememberedFolder]) -> Iterator[SourceEntry]:
        """The files of all folders, one folder after the other. Raises FetchFailed where the listing breaks off."""
        listed: dict[str, RememberedFolder] = {}
        astray: list[str] = []
        waiting = {"": top.etag}
        while waiting:
            folder, etag = waiting.popitem()
            before = known.get(folder)
            if folder and before is not None and etag and etag == before.etag:
                entries = before.entries
            else:
                found = self._ask(folder) if folder else top
                entries = found.entries
                astray += found.astray
            listed[folder] = RememberedFolder(etag, entries)
            if len(listed) > self._most:
                raise FetchFailed(f"it lists more than {self._most:,} folders; raise max_documents if that is meant")
            for entry in entries:
                path = f"{folder}/{entry.name}" if folder else entry.name
                if not entry.is_folder or why_not_path(path):
                    yield _source_entry(path, entry)
                elif path not in listed and not self._is_passed_over(path, entry.name):
                    waiting[path] = entry.etag
        if astray:
            raise FetchFailed(
                f"{len(astray):,} of the addresses in it do not belong there, or the server says nothing of them, the"
                f" first: {astray[0]}"
            )
        if self._is_telling:
            save_folders(self._memory, listed)

    def _is_passed_over(self, path: str, name: str) -> bool:
        """Whether nothing below a folder is wanted."""
        return name.startswith(".") or self._patterns.leaves_out(path, is_folder=True)

    def _ask(self, folder: str) -> DavFolder:
        """What the server says of one folder. Raises FetchFailed."""
        too_much = FetchFailed(f"what it says of the folder has more than {_MAX_LISTING_BYTES:,} bytes; divide it")
        place = folder or "the folder"
        reply = self._client.ask(
            "PROPFIND",
            self._target(folder, is_folder=True),
            max_bytes=_MAX_LISTING_BYTES,
            too_much=too_much,
            headers={"Depth": "1", "Content-Type": "application/xml; charset=utf-8"},
            body=QUESTION,
        )
        if reply.status in (405, 501):
            raise FetchFailed(f"{place}: {reply.problem}; no WebDAV is spoken at that address")
        if reply.status in (403, 404):
            raise FetchFailed(f"{place}: {reply.problem}; is the address right? A folder below it can be excluded")
        if reply.status != 207:
            raise FetchFailed(f"{place}: {reply.problem}; 207 (Multi-Status) was expected")
        try:
            return parse_multistatus(reply.data, self._client.url, (*self._top, *_parts(folder)))
        except FetchFailed as error:
            raise FetchFailed(f"{place}: {error}") from error

    def _target(self, path: str, *, is_folder: bool = False) -> str:
        """The path of a request. It is made of the names alone, never of an address that the server gave."""
        names = [quote(part, safe="", errors="surrogateescape") for part in (*self._top, *_parts(path))]
        return "/" + "/".join(names) + ("/" if is_folder and names else "")


def _parts(path: str) -> tuple[str, ...]:
    return tuple(path.split("/")) if path else ()


def _source_entry(path: str, entry: DavEntry) -> SourceEntry:
    # Without anything that tells one version from the next, each time is another one.
    dated = f"{entry.modified_at} {entry.size}" if entry.modified_at else secrets.token_hex(8)
    return SourceEntry(path, entry.etag or dated, entry.size, entry.modified_at, identity=entry.file_id)
