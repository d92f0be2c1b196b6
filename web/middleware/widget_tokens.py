"""The tokens of the widget: short-lived, signed, and of no use for anything but asking.

A token is `v1.PAYLOAD.SIGNATURE`, both in URL-safe base64. The payload is JSON with `exp`, seconds since 1970, and,
where the token is bound to one, `origin`. The signature is HMAC-SHA256. Its key comes from 32 random bytes in the data
directory and from the API key, so that whoever has a token cannot try API keys against it, and a new API key ends all
tokens.

A server that knows who its visitor is signs tokens itself, see `rag/access/widget_identity.py`; they hold here as well.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from itsdangerous import BadData, Signer
from itsdangerous.encoding import base64_decode, base64_encode

from web.kept_secret import KeptSecret
from web.settings import WebSettings

if TYPE_CHECKING:
    from rag.access.widget_identity import Visitor, WidgetVisitors  # it takes part of a start, and few need it

_VERSION = b"v1"
_FILE = "widget-secret"
FRAME = "/widget"
# All that a token of a page is good for.
ASKING = frozenset(
    {
        ("POST", "/api/v1/ask"),
        ("POST", "/api/v1/feedback"),
        ("POST", "/api/v1/verify"),
        ("GET", "/api/v1/search"),
        ("GET", "/api/v1/suggestions"),
    }
)


@dataclass(frozen=True, slots=True)
class WidgetToken:
    """What is handed out."""

    text: str
    expires_at: int  # seconds since 1970


class WidgetTokens:
    """Issues tokens and checks them. All processes over one data directory take each other's."""

    def __init__(self, settings: WebSettings, *, clock: Callable[[], float] = time.time) -> None:
        """Raises InvalidSetting for a key of other servers that would not do."""
        self._secret = KeptSecret(Path(settings.data_dir) / _FILE)
        self._visitors = _visitors(settings, clock)
        self._api_key = settings.api_key
        self._seconds = settings.widget_token_seconds
        self._clock = clock

    def issue(self, origin: str = "") -> WidgetToken:
        """A token for pages of `origin`, or of any origin that may ask. Raises StorageError when none can be signed."""
        expires_at = int(self._clock()) + self._seconds
        payload = {"exp": expires_at} | ({"origin": origin} if origin else {})
        signed = b".".join((_VERSION, base64_encode(json.dumps(payload))))
        return WidgetToken(self._signer(self._secret.made()).sign(signed).decode(), expires_at)

    def holds(self, text: str, origin: str = "") -> bool:
        """Whether a token is not over, and is for pages of `origin`; "" stands for any of them.

        It was issued here, or signed by the server of a page. Raises StorageError.
        """
        return self.visitor(text, origin) is not None or self._was_issued(text, origin)

    def visitor(self, text: str, origin: str = "") -> Visitor | None:
        """Who a token is of that the server of a page signed; None for any other one, and one that does not hold."""
        return self._visitors.visitor(text, origin) if self._visitors else None

    def _was_issued(self, text: str, origin: str) -> bool:
        secret = self._secret.kept()
        if secret is None:
            return False
        try:
            version, _, content = self._signer(secret).unsign(text).partition(b".")
            payload = json.loads(base64_decode(content))
        except (BadData, ValueError):
            return False
        if version != _VERSION:
            return False
        is_for_it = not origin or payload.get("origin", origin) == origin
        return bool(is_for_it and payload["exp"] > self._clock())

    def _signer(self, secret: bytes) -> Signer:
        key = hmac.digest(secret, b"citewell widget\0" + hashlib.sha256(self._api_key.encode()).digest(), "sha256")
        return Signer(key, sep=b".", key_derivation="none", digest_method=hashlib.sha256)


def _visitors(settings: WebSettings, clock: Callable[[], float]) -> WidgetVisitors | None:
    """What checks tokens of other servers, where one has the key. Raises InvalidSetting."""
    if not settings.widget_key:
        return None
    from rag.access.widget_identity import WidgetVisitors

    return WidgetVisitors(settings.widget_key, max_seconds=settings.widget_token_seconds, now=clock)
