"""A bucket that is asked as Amazon's S3 is: its objects, listed a thousand at a time, each read with GET.

A bucket has no folders: a key with slashes is taken for a path. It says what a version of an object is called (its
ETag), nothing that stays when one is moved, and nothing cheaply of who may read one.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from rag.errors import DocumentTooLarge, FetchFailed, InvalidSetting, PageGone
from rag.ingest.sources.web.urls import Url, shown
from rag.settings import Settings
from rag.sources.bucket_listing import BucketObject, BucketPage, bucket_error, parse_bucket_page, plain_tag
from rag.sources.document_source import SourceEntry, SourceListing, too_many_bytes, why_not_path
from rag.sources.pace import Pace
from rag.sources.s3_signature import encoded_path, encoded_query, signed_headers
from rag.sources.source_client import SourceClient, SourceReply, source_url
from rag.sources.source_file import ConfiguredSource

# Of a thousand keys with 1,024 bytes each, which take three times that where they are encoded.
_MAX_LISTING_BYTES = 20_000_000
_BUCKET = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?!\.)){1,253}[A-Za-z0-9]")
_REGION = re.compile(r"[a-z0-9-]{1,50}")
_KEY = re.compile(r"[!-~]{1,200}")
_ADDRESSING = ("path", "host")


class S3Source:
    """The objects of one bucket whose keys begin with a prefix."""

    def __init__(
        self,
        configured: ConfiguredSource,
        pace: Pace,
        settings: Settings,
        *,
        password: str = "",
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`password` is the secret key that belongs to the access key, the user. Raises InvalidSetting."""
        where = f"source {configured.name}"
        options = configured.options
        self._bucket = options["bucket"]
        self._region = options.get("region", "us-east-1")
        addressing = options.get("addressing", "path")
        folder = options.get("prefix", "").strip("/")
        if not _BUCKET.fullmatch(self._bucket):
            raise InvalidSetting(f"{where}: bucket is {self._bucket!r}; expected the name of a bucket.")
        if not _REGION.fullmatch(self._region):
            raise InvalidSetting(f"{where}: region is {self._region!r}; expected one like eu-central-1.")
        if addressing not in _ADDRESSING:
            raise InvalidSetting(f"{where}: addressing is {addressing!r}; expected path or host.")
        if folder and why_not_path(folder):
            raise InvalidSetting(f"{where}: prefix is {folder!r}: {why_not_path(folder)}.")
        if bool(configured.user) != bool(password):
            raise InvalidSetting(
                f"{where}: expected a user, the access key, and its secret key with password_env or password_file; or"
                " neither, for a bucket that everybody may read."
            )
        if configured.user and not _KEY.fullmatch(configured.user):
            raise InvalidSetting(f"{where}: user is {configured.user!r}; expected an access key.")
        self._prefix = f"{folder}/" if folder else ""
        self._key, self._secret, self._now = configured.user, password, now
        self._most = configured.limit("max_documents")
        endpoint = source_url(configured)
        if "?" in endpoint.target:
            raise InvalidSetting(f"{where}: url has a question mark; expected that of the server, without the bucket.")
        self._top = endpoint.target.rstrip("/")
        if addressing == "path":
            self._top += f"/{self._bucket}"
        else:
            configured = replace(configured, options={**options, "url": bucket_host(endpoint, self._bucket, where)})
        self._client = SourceClient(configured, pace, settings, password, is_basic=False)

    def list(self, since: str) -> SourceListing:  # noqa: ARG002 - a bucket has no name for its state
        """As in DocumentSource; there is no cursor."""
        return SourceListing(self._entries())

    def read(self, entry: SourceEntry, max_bytes: int) -> bytes:
        """As in DocumentSource. Bytes of another version than was listed are not taken for it."""
        key = encoded_path(f"{self._prefix}{entry.path}")
        reply = self._ask(f"{self._top}/{key}", max_bytes, too_much=too_many_bytes(max_bytes))
        if reply.status in (404, 410):
            raise PageGone(f"{entry.path}: {_problem(reply)}")
        if reply.status != 200:
            raise FetchFailed(f"{entry.path}: {_problem(reply)}")
        tag = plain_tag(reply.headers.get("etag", ""))
        if entry.reference and tag and tag != entry.reference:
            raise FetchFailed(f"{entry.path}: another version came than was listed; it is changing")
        # What is kept packed is listed with its packed size.
        is_packed = reply.headers.get("content-encoding", "").strip().lower() not in ("", "identity")
        if entry.size is not None and len(reply.data) != entry.size and not is_packed:
            raise FetchFailed(
                f"{entry.path}: {len(reply.data):,} bytes came, where {entry.size:,} were listed; it is changing, or"
                " the server is wrong about it"
            )
        return reply.data

    def close(self) -> None:
        """As in DocumentSource."""
        self._client.close()

    def _entries(self) -> Iterator[SourceEntry]:
        """All objects. Raises FetchFailed where the listing breaks off."""
        asked = {"list-type": "2", "max-keys": "1000", "encoding-type": "url", "prefix": self._prefix}
        astray: list[str] = []
        onward = ""
        # A part of the list may be empty, and there is no end to a list of empty parts.
        for _ in range(self._most + 1):
            page = self._page({**asked, "continuation-token": onward} if onward else asked)
            for found in page.objects:
                if not found.key.startswith(self._prefix):
                    astray.append(shown(found.key))
                elif not (found.key.endswith("/") and not found.size):  # it stands for a folder
                    yield _source_entry(found.key.removeprefix(self._prefix), found)
            if not page.onward:
                break
            if page.onward == onward:
                raise FetchFailed("the bucket lists the same objects again and again")
            onward = page.onward
        else:
            raise FetchFailed("the bucket's list has no end")
        if astray:
            raise FetchFailed(
                f"{len(astray):,} of the keys in it do not begin with the prefix that was asked for, the first:"
                f" {astray[0]}"
            )

    def _page(self, parameters: Mapping[str, str]) -> BucketPage:
        too_much = FetchFailed(f"a part of the list has more than {_MAX_LISTING_BYTES:,} bytes")
        target = f"{self._top or '/'}?{encoded_query(parameters)}"
        reply = self._ask(target, _MAX_LISTING_BYTES, too_much=too_much)
        if reply.status != 200:
            raise FetchFailed(f"the bucket {self._bucket}: {_problem(reply)}")
        return parse_bucket_page(reply.data)

    def _ask(self, target: str, max_bytes: int, *, too_much: FetchFailed | DocumentTooLarge) -> SourceReply:
        host = self._client.url.authority
        who = {"key": self._key, "secret": self._secret, "region": self._region}

        def signed() -> Mapping[str, str]:
            return signed_headers("GET", host, target, now=self._now(), **who) if self._secret else {}

        return self._client.ask("GET", target, max_bytes=max_bytes, too_much=too_much, headers=signed)


def bucket_host(endpoint: Url, bucket: str, where: str) -> str:
    """The address of a server with the bucket in front of its name. Raises InvalidSetting, with `where` in front."""
    if not isinstance(endpoint.host, str):
        raise InvalidSetting(f"{where}: addressing is host, but url has a number for a host; expected path.")
    if endpoint.scheme == "https" and "." in bucket:
        raise InvalidSetting(
            f"{where}: no certificate is for a bucket with a dot before the host; set addressing to path."
        )
    return replace(endpoint, host=f"{bucket}.{endpoint.host}").text


def _source_entry(path: str, found: BucketObject) -> SourceEntry:
    # Without anything that tells one version from the next, each time is another one.
    dated = f"{found.modified_at} {found.size}" if found.modified_at else secrets.token_hex(8)
    return SourceEntry(path, found.etag or dated, found.size, found.modified_at, reference=found.etag)


def _problem(reply: SourceReply) -> str:
    """What is wrong with an answer, in the words of the server too."""
    code = bucket_error(reply.data)
    return f"{reply.problem}: {code}" if code else reply.problem
