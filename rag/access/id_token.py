"""What an OpenID Connect provider says about who signed in: its tokens, checked against its keys."""

from __future__ import annotations

import hmac
import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, cast

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import ECKey, JWKRegistry, KeySet, OKPKey, RSAKey

from rag.errors import SignInRefused, SignInUnavailable

_log = logging.getLogger("citewell.access")

# Signatures with a key of which the public half is known to all. Neither "none" nor one of the HS kind, which would
# take that public half for a secret.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA")
_KEY_TYPES = ("RSA", "EC", "OKP")
_LEEWAY = 30  # seconds that the clocks of two machines may differ
_KEYS_HOLD = 3_600  # seconds; then they are fetched again, so that one that was withdrawn is not taken for ever
_KEYS_REST = 30  # seconds between two fetches, however many unknown keys are named
_MAX_TOKEN_CHARS = 20_000

_PublicKey = RSAKey | ECKey | OKPKey


class ProviderKeys:
    """The provider's public keys, fetched when first needed, when over, and when a token names an unknown one."""

    def __init__(self, fetch: Callable[[], Mapping[str, Any]], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: KeySet | None = None
        self._fetched = 0.0

    def known(self) -> KeySet:
        """The keys as they were last fetched, an hour ago at most. Raises SignInUnavailable."""
        with self._lock:
            if self._keys is None or self._clock() - self._fetched >= _KEYS_HOLD:
                self._take()
            return cast(KeySet, self._keys)

    def renewed(self) -> KeySet:
        """The keys, fetched again unless that was done within the last half minute. Raises SignInUnavailable."""
        with self._lock:
            if self._keys is None or self._clock() - self._fetched >= _KEYS_REST:
                self._take()
            return cast(KeySet, self._keys)

    def _take(self) -> None:
        given = self._fetch().get("keys")
        keys = [key for entry in (given if isinstance(given, list) else []) if (key := _public_key(entry))]
        if not keys:
            raise SignInUnavailable("The sign-on server gives no key that its tokens could be checked with.")
        self._keys, self._fetched = KeySet(list(keys)), self._clock()


def checked_claims(
    token: str,
    keys: ProviderKeys,
    *,
    issuer: str,
    client_id: str,
    nonce: str | None,
    now: Callable[[], float] = time.time,
) -> dict[str, Any]:
    """What an ID token says, after OpenID Connect Core 1.0, 3.1.3.7.

    With `nonce` None the token was given for a refresh token, which is proof enough of what it belongs to. Raises
    SignInRefused for one that was not signed by the provider for this service in answer to this sign-in, or is
    over; SignInUnavailable where the keys cannot be had.
    """
    if len(token) > _MAX_TOKEN_CHARS:
        raise SignInRefused(
            f"The sign-on server's token has {len(token)} characters; expected {_MAX_TOKEN_CHARS} at most."
        )
    registry = jwt.JWTClaimsRegistry(
        now=lambda: int(now()),
        leeway=_LEEWAY,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": client_id},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
    )
    try:
        try:
            claims = jwt.decode(token, keys.known(), algorithms=ALGORITHMS).claims
        except InvalidKeyIdError:
            claims = jwt.decode(token, keys.renewed(), algorithms=ALGORITHMS).claims
        registry.validate(claims)
    except (JoseError, ValueError) as error:
        raise SignInRefused(f"The sign-on server's token does not hold: {error}") from error
    given = claims.get("nonce")
    if nonce is not None and not (isinstance(given, str) and hmac.compare_digest(given.encode(), nonce.encode())):
        raise SignInRefused("The sign-on server's token belongs to another sign-in.")
    audience = claims["aud"]
    if claims.get("azp", client_id) != client_id or (
        isinstance(audience, list) and len(audience) > 1 and "azp" not in claims
    ):
        raise SignInRefused("The sign-on server's token was made for another service.")
    return claims


def _public_key(entry: object) -> _PublicKey | None:
    """One entry of a key set, or None for what is not for checking signatures, or not understood."""
    if not isinstance(entry, dict) or entry.get("kty") not in _KEY_TYPES or entry.get("use", "sig") != "sig":
        return None
    try:
        return cast(_PublicKey, JWKRegistry.import_key(entry))
    except (JoseError, ValueError, TypeError, KeyError) as error:
        _log.warning("a key of the sign-on server is left out: %s", error)
        return None
