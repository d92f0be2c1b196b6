"""Who the visitor of another site's page is, signed by that page's own server.

A token is a JSON Web Token with HS256 under the key that Citewell and the server share (`widget_key`): every language
has a library for it. It says `aud` "citewell-widget", `sub` who asks, `origin` the page's, `iat` and `exp`; and
`groups`, a list, unless those count that are known here.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from rag.errors import InvalidSetting

AUDIENCE = "citewell-widget"
_MIN_KEY_CHARS = 32  # of which HS256 makes 256 bits
_MAX_TOKEN_CHARS = 8_000  # what a proxy takes as one header
_LEEWAY = 30  # seconds that the clocks of two machines may differ


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks in a page of another site."""

    person: str
    groups: tuple[str, ...] | None  # None: those that are known here


class WidgetVisitors:
    """Checks the tokens that servers of other sites' pages have signed."""

    def __init__(self, key: str, *, max_seconds: int, now: Callable[[], float] = time.time) -> None:
        """With the key that both share, for tokens of `max_seconds` at most. Raises InvalidSetting for a short one."""
        if len(key) < _MIN_KEY_CHARS:
            raise InvalidSetting(f"widget_key has {len(key)} characters; expected {_MIN_KEY_CHARS} or more, by chance.")
        self._key = OctKey.import_key(key)
        self._seconds = max_seconds
        self._now = now

    def visitor(self, text: str, origin: str = "") -> Visitor | None:
        """Who a token is of, for pages of `origin` ("" for any); None where it does not hold."""
        if not text.isascii() or len(text) > _MAX_TOKEN_CHARS:
            return None
        registry = jwt.JWTClaimsRegistry(
            now=lambda: int(self._now()),
            leeway=_LEEWAY,
            aud={"essential": True, "value": AUDIENCE},
            sub={"essential": True},
            iat={"essential": True},
            exp={"essential": True},
            origin={"essential": True},
        )
        try:
            claims = jwt.decode(text, self._key, algorithms=("HS256",)).claims
            registry.validate(claims)
        except (JoseError, ValueError):
            return None
        groups, given = claims.get("groups"), claims["origin"]
        holds_too_long = claims["exp"] - self._now() > self._seconds + _LEEWAY
        is_list = isinstance(groups, list) and all(isinstance(name, str) for name in groups)
        if holds_too_long or not isinstance(given, str) or (origin and given != origin):
            return None
        if groups is not None and not is_list:
            return None
        return Visitor(claims["sub"], None if groups is None else tuple(groups))
