"""Sessions of people who signed in at the provider: it is asked again and again whether they still may.

What it said holds for `oidc_recheck_seconds`. Then it is asked with the refresh token that it gave; where it gave none,
the person signs in again after `oidc_groups_minutes`. Tokens are kept sealed with what the browser's cookie holds, so
that nobody can use them who has the database alone.
"""

from __future__ import annotations

import base64
import hmac
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Protocol

from rag.access.identity import Identity
from rag.access.provider_sign_in import ProvenPerson, ProviderTokens
from rag.access.secrets_at_rest import digest_of
from rag.access.sign_on import BY_PROVIDER, SignOn
from rag.errors import SignInRefused, SignInUnavailable
from rag.settings import Settings
from rag.store.people_store import PeopleStore

_NONCE_BYTES = 12
# Seconds that one request has for asking the provider; others of the same person go on meanwhile, and no longer.
_ASKING_SECONDS = 15


class Renewing(Protocol):
    """A provider that can be asked again."""

    def renewed(self, tokens: ProviderTokens) -> ProvenPerson | None:
        """Who it is, as the provider says it now; None where it does not say. Raises as `OpenIdProvider.renewed`."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is kept with a session. It is text in the database: whoever changes it names the text of before."""

    checked_at: int  # when the provider last said who it is
    asking_since: int  # when somebody began to ask again; 0: nobody does
    sealed: str

    @classmethod
    def read(cls, details: str, started_at: int) -> _Kept:
        """What the details of a session say; those of an earlier version held an ID token, and nothing to ask with."""
        try:
            return cls(**json.loads(details))
        except (ValueError, TypeError):
            return cls(started_at, 0, "")

    @property
    def text(self) -> str:
        return json.dumps(asdict(self))


class ProviderSessions:
    """The sessions of one data directory that began at the provider."""

    def __init__(
        self, settings: Settings, store: PeopleStore, sign_on: SignOn, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._store = store
        self._sign_on = sign_on
        self._clock = clock
        self._holds = settings.oidc_recheck_seconds
        self._longest = settings.oidc_groups_minutes * 60

    def details(self, secret: str, tokens: ProviderTokens) -> str:
        """What is kept with a session that begins now, whose cookie holds `secret`."""
        return _Kept(int(self._clock()), 0, _seal(tokens, secret)).text

    def id_token(self, secret: str) -> str:
        """The ID token of the session, to sign out with; "" where there is none."""
        found = self._store.session(digest_of(secret))
        tokens = None if found is None else _unseal(_Kept.read(found.details, 0).sealed, secret)
        return "" if tokens is None else tokens.id_token

    def renewed(self, provider: Renewing, secret: str, identity: Identity) -> Identity:
        """Whose session it is, as the provider said it a short time ago, or says it now.

        Raises SignInRefused where the person has to sign in again; then the session is over. Raises SignInUnavailable
        while the provider does not answer.
        """
        found, now = self._store.session(digest_of(secret)), int(self._clock())
        if found is None:
            raise SignInRefused("This session is over. Sign in again.")
        kept = _Kept.read(found.details, found.started_at)
        age = now - kept.checked_at
        if age < self._holds:
            return identity
        tokens = _unseal(kept.sealed, secret)
        if tokens is None or not tokens.refresh_token:
            if age < self._longest:
                return identity
            self._store.end_session(found.digest)
            raise SignInRefused("What your organisation's sign-on server said of you is too old. Sign in again.")
        asking = replace(kept, asking_since=now)
        if now - kept.asking_since < _ASKING_SECONDS or not self._store.change_session(
            found.digest, found.details, asking.text
        ):  # another request asks already: a refresh token is often good once
            if age < self._holds + _ASKING_SECONDS:
                return identity
            raise SignInUnavailable("The sign-on server takes long to answer whether somebody may still sign in.")
        try:
            return self._asked(provider, found.digest, asking, tokens, secret, identity)
        except SignInRefused:
            self._store.end_session(found.digest)
            raise
        except SignInUnavailable:
            self._store.change_session(found.digest, asking.text, kept.text)
            raise

    def _asked(
        self, provider: Renewing, digest: bytes, asking: _Kept, tokens: ProviderTokens, secret: str, identity: Identity
    ) -> Identity:
        proven = provider.renewed(tokens)
        if proven is None:  # from now on it counts how long ago it said something
            silent = replace(asking, asking_since=0, sealed=_seal(replace(tokens, refresh_token=""), secret))
            self._store.change_session(digest, asking.text, silent.text)
            return identity
        now = self._sign_on.arrived(
            proven.person, proven.groups, method=BY_PROVIDER, mail=proven.mail, shown_as=proven.shown_as
        )
        if now.person != identity.person:
            raise SignInRefused("The sign-on server calls you by another name now. Sign in again.")
        self._store.change_session(digest, asking.text, self.details(secret, proven.tokens))
        return now


def _seal(tokens: ProviderTokens, secret: str) -> str:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305  # here: it takes part of a start

    nonce = secrets.token_bytes(_NONCE_BYTES)
    text = json.dumps(asdict(tokens)).encode()
    return base64.b64encode(nonce + ChaCha20Poly1305(_key(secret)).encrypt(nonce, text, None)).decode()


def _unseal(sealed: str, secret: str) -> ProviderTokens | None:
    """What was sealed; None for nothing, and for what was not sealed with this secret."""
    from cryptography.exceptions import InvalidTag  # as above
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305  # as above

    try:
        data = base64.b64decode(sealed, validate=True)
        text = ChaCha20Poly1305(_key(secret)).decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], None)
        return ProviderTokens(**json.loads(text))
    except (InvalidTag, ValueError, TypeError):
        return None


def _key(secret: str) -> bytes:
    return hmac.digest(secret.encode(), b"citewell tokens of the provider", "sha256")
