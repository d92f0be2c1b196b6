"""What a browser keeps between its way to the provider and its way back: a signed cookie, for ten minutes.

The answer of the provider counts only in the browser that set out for it, and once: else somebody could sign others in
under their own name.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import asdict
from pathlib import Path

from fastapi import Request
from fastapi.responses import Response
from itsdangerous import BadData, URLSafeTimedSerializer

from rag.access.provider_sign_in import PendingSignIn
from rag.errors import SignInRefused
from web.kept_secret import KeptSecret
from web.settings import WebSettings

_FILE = "sign-in-secret"
_SECURE, _LOCAL = "__Host-citewell-sign-in", "citewell-sign-in"
_SECONDS = 600  # to type a password, and to find the second factor


class PendingSignIns:
    """Gives a browser what it has to bring back, and checks it."""

    def __init__(self, settings: WebSettings) -> None:
        self._secret = KeptSecret(Path(settings.data_dir) / _FILE)

    def remember(self, request: Request, response: Response, pending: PendingSignIn, next_address: str) -> None:
        """Let the browser keep it, in place of what it set out for before. Raises StorageError."""
        signed = self._signer(self._secret.made()).dumps([asdict(pending), next_address])
        is_secure = request.url.scheme == "https"
        response.set_cookie(
            _name(request), str(signed), max_age=_SECONDS, path="/", secure=is_secure, httponly=True, samesite="lax"
        )

    def recalled(self, request: Request, state: str) -> tuple[PendingSignIn, str]:
        """What the browser set out with, and where to go on to. Raises SignInRefused, StorageError."""
        secret = self._secret.kept()
        try:
            if secret is None:
                raise BadData("nothing was ever signed")
            kept, next_address = self._signer(secret).loads(request.cookies.get(_name(request), ""), max_age=_SECONDS)
            pending = PendingSignIn(**kept)
        except (BadData, TypeError, ValueError) as error:
            raise SignInRefused(_LOST) from error
        if not hmac.compare_digest(pending.state.encode(), state.encode()):
            raise SignInRefused(_LOST)
        return pending, str(next_address)

    def forget(self, request: Request, response: Response) -> None:
        """Let the browser forget it."""
        is_secure = request.url.scheme == "https"
        response.delete_cookie(_name(request), path="/", secure=is_secure, httponly=True, samesite="lax")

    def _signer(self, secret: bytes) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(
            secret, salt="citewell sign-in", signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"}
        )


_LOST = "This sign-in was not begun in this browser, or more than ten minutes ago, or is over. Begin it again."


def _name(request: Request) -> str:
    """Over https a name that browsers take from this very host alone."""
    return _SECURE if request.url.scheme == "https" else _LOCAL
