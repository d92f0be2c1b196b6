"""The keys of the service: CITEWELL_API_KEY, and those in the file CITEWELL_API_KEY_FILE. Whoever has one is an owner.

The file has a key a line, at most two, so that one can take the place of the other without a pause; it is read again
when it changes. A line may be "sha256:" and the hash of a key, in hexadecimal: then the file is nothing to steal.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
from pathlib import Path

from fastapi import Request

from rag.access.identity import Identity, Role
from rag.errors import InvalidSetting
from web.settings import WebSettings

_MIN_CHARS = 16
_MIN_DIFFERENT = 6  # characters: of what `openssl rand -hex 16` gives, fewer are not to be had by chance
_MOST_KEYS = 2
_HASHED = re.compile(r"sha256:([0-9a-f]{64})")
_OWNER = Identity("", frozenset(), frozenset(Role), frozenset(), "key")
_log = logging.getLogger("citewell.web")


def key_matches(authorization: str, api_key: str) -> bool:
    """Whether an Authorization header carries the key; takes the same time wherever a wrong key differs."""
    scheme, _, given = authorization.partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), api_key.encode())


class ServiceKeys:
    """Those of the settings, as hashes."""

    def __init__(self, settings: WebSettings) -> None:
        """Raises InvalidSetting for a weak key, and for a file that cannot be read, or holds what is no key."""
        if settings.api_key:
            _refuse_weak(settings.api_key, "CITEWELL_API_KEY is a key")
        self._path = settings.api_key_file
        self._own = [_digest(settings.api_key)] if settings.api_key else []
        self._changed = -1
        self._of_file: list[bytes] = []
        if self._path is not None:
            self._of_file = _read(self._path)
            self._changed = self._path.stat().st_mtime_ns

    def __bool__(self) -> bool:
        """Whether the settings name any."""
        return bool(self._own) or self._path is not None

    def match(self, authorization: str) -> bool:
        """Whether an Authorization header carries one of them."""
        scheme, _, given = authorization.partition(" ")
        digest = _digest(given.strip())
        # All are compared, and as hashes, so that the time says nothing of which one is near.
        found = [hmac.compare_digest(digest, key) for key in (*self._own, *self._from_file())]
        return scheme.lower() == "bearer" and any(found)

    def _from_file(self) -> list[bytes]:
        """The keys of the file as it is now; none while it cannot be read."""
        if self._path is None:
            return []
        try:
            changed = self._path.stat().st_mtime_ns
            if changed != self._changed:
                self._of_file, self._changed = _read(self._path), changed
        except (OSError, InvalidSetting) as error:
            _log.error("no key of api_key_file is taken: %s", error)
            self._of_file, self._changed = [], -1
        return self._of_file


async def by_service_key(request: Request) -> Identity | None:
    """The owner, where the request carries the key. A wrong one may be of another kind, and is not refused here."""
    keys: ServiceKeys = request.app.state.service_keys
    return _OWNER if keys.match(request.headers.get("authorization", "")) else None


def _read(path: Path) -> list[bytes]:
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidSetting(f"api_key_file {path} cannot be read: {error}.") from error
    if not 1 <= len(lines) <= _MOST_KEYS:
        raise InvalidSetting(f"api_key_file {path} has {len(lines)} lines; expected a key in each of 1 or 2.")
    found = []
    for line in lines:
        hashed = _HASHED.fullmatch(line)
        if hashed is None:
            _refuse_weak(line, f"api_key_file {path} has a key")
        found.append(bytes.fromhex(hashed[1]) if hashed else _digest(line))
    return found


def _refuse_weak(key: str, what: str) -> None:
    """Raise InvalidSetting for a key that could be guessed, whoever could try: proxies make loopback reachable."""
    if len(key) < _MIN_CHARS or len(set(key)) < _MIN_DIFFERENT:
        raise InvalidSetting(
            f"{what} of {len(key)} characters, {len(set(key))} of them different; expected {_MIN_CHARS} or more,"
            f" {_MIN_DIFFERENT} of them different, such as `openssl rand -hex 32` gives. Where nobody but this machine"
            " is answered, no key is needed."
        )


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
