"""The tokens of the widget: short-lived, signed, and of no use for anything but asking.

A token is `v1.PAYLOAD.SIGNATURE`, both in URL-safe base64. The payload is JSON with `exp`, seconds since 1970, and,
where the token is bound to one, `origin`. The signature is HMAC-SHA256. Its key comes from 32 random bytes in the data
directory and from the API key, so that whoever has a token cannot try API keys against it, and a new API key ends all
tokens.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rag.errors import StorageError
from rag.settings import Settings

_VERSION = "v1"
_FILE = "widget-secret"
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Token:
    """What is handed out."""

    text: str
    expires_at: int  # seconds since 1970


class Tokens:
    """Issues tokens and checks them. All processes over one data directory take each other's."""

    def __init__(self, settings: Settings, *, clock: Callable[[], float] = time.time) -> None:
        self._path = Path(settings.data_dir) / _FILE
        self._api_key = settings.api_key
        self._seconds = settings.widget_token_seconds
        self._clock = clock
        self._secret: bytes | None = None

    def issue(self, origin: str = "") -> Token:
        """A token for pages of `origin`, or of any origin that may ask. Raises StorageError when none can be signed."""
        expires_at = int(self._clock()) + self._seconds
        payload = {"exp": expires_at} | ({"origin": origin} if origin else {})
        signed = f"{_VERSION}.{_encoded(json.dumps(payload).encode())}"
        return Token(f"{signed}.{_encoded(self._signature(signed, self._made_secret()))}", expires_at)

    def holds(self, text: str, origin: str = "") -> bool:
        """Whether a token was issued here, is not over, and is for pages of `origin`; "" stands for any of them."""
        signed, _, signature = text.rpartition(".")
        secret = self._kept_secret()
        if secret is None or not signed.startswith(f"{_VERSION}."):
            return False
        try:
            given = _decoded(signature)
            if not hmac.compare_digest(given, self._signature(signed, secret)):
                return False
            payload = json.loads(_decoded(signed.partition(".")[2]))
        except ValueError:
            return False
        is_for_it = not origin or payload.get("origin", origin) == origin
        return bool(is_for_it and payload["exp"] > self._clock())

    def _signature(self, signed: str, secret: bytes) -> bytes:
        key = hmac.digest(secret, b"citewell widget\0" + hashlib.sha256(self._api_key.encode()).digest(), "sha256")
        return hmac.digest(key, signed.encode(), "sha256")

    def _kept_secret(self) -> bytes | None:
        """The secret, or None where none was ever made, and so no token either."""
        if self._secret is None:
            try:
                kept = self._path.read_bytes()
            except FileNotFoundError:
                return None
            except OSError as error:
                raise StorageError(f"{self._path} cannot be read: {error.strerror}.") from error
            if len(kept) != _SECRET_BYTES:
                raise StorageError(
                    f"{self._path} has {len(kept)} bytes; expected {_SECRET_BYTES}. Delete it, and a new one is made."
                )
            self._secret = kept
        return self._secret

    def _made_secret(self) -> bytes:
        kept = self._kept_secret()
        if kept is None:
            try:
                _write_once(self._path, secrets.token_bytes(_SECRET_BYTES))
            except OSError as error:
                raise StorageError(f"{self._path} cannot be written: {error.strerror}.") from error
            kept = self._kept_secret()
        if kept is None:
            raise StorageError(f"{self._path} was deleted while it was written.")
        return kept


def _write_once(path: Path, content: bytes) -> None:
    """Make a file that only its owner can read, whole at once; one that is there by then stays."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            path.hardlink_to(name)
    finally:
        Path(name).unlink()


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.b64decode(text.encode() + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
