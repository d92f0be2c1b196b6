"""An OpenID Connect provider in a few lines, which can also forge, mix up and forget whatever a test wants."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

ISSUER = "https://sso.example/realms/staff"
CLIENT = "citewell"
NOW = 1_800_000_000


def key_of(number: int) -> ECKey:
    """A fresh key that the provider calls key-1, key-2, ..."""
    return ECKey.generate_key("P-256", {"kid": f"key-{number}", "use": "sig", "alg": "ES256"})


@dataclass
class ScriptedProvider:
    """Answers the requests of a client; what is in its fields is what it says."""

    keys: list[ECKey | RSAKey] = field(default_factory=lambda: [key_of(1)])
    claims: dict[str, Any] = field(default_factory=dict)  # beside or in place of the usual ones
    metadata: dict[str, Any] = field(default_factory=dict)
    user_info: dict[str, Any] = field(default_factory=dict)
    token: str | None = None  # given as it is
    refuses: bool = False
    error: tuple[str, int] = ("invalid_grant", 400)  # what it says then, with which status
    refresh_token: str | None = None  # given with every token, and good for one more
    renews_id_token: bool = True
    asked: list[str] = field(default_factory=list)  # paths, in order
    forms: list[dict[str, str]] = field(default_factory=list)
    headers: list[httpx2.Headers] = field(default_factory=list)
    clock: Callable[[], float] = lambda: NOW
    nonce: str = ""  # of who signs in

    def transport(self) -> httpx2.MockTransport:
        return httpx2.MockTransport(self._answer)

    def usual_claims(self) -> dict[str, Any]:
        now = int(self.clock())
        usual = {"iss": ISSUER, "aud": CLIENT, "sub": "ida", "iat": now, "exp": now + 300, "nonce": self.nonce}
        return {name: value for name, value in (usual | self.claims).items() if value is not None}

    def signed(self, claims: dict[str, Any] | None = None) -> str:
        key = self.keys[0]
        algorithm = "ES256" if isinstance(key, ECKey) else "RS256"
        return jwt.encode({"alg": algorithm, "kid": key.kid}, claims or self.usual_claims(), key, [algorithm])

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        path = urlsplit(str(request.url)).path.removeprefix("/realms/staff")
        self.asked.append(path)
        self.headers.append(request.headers)
        if path == "/.well-known/openid-configuration":
            base = {
                "issuer": ISSUER,
                "authorization_endpoint": f"{ISSUER}/authorize",
                "token_endpoint": f"{ISSUER}/token",
                "jwks_uri": f"{ISSUER}/keys",
                "userinfo_endpoint": f"{ISSUER}/userinfo",
                "end_session_endpoint": f"{ISSUER}/logout",
            }
            return _json({name: value for name, value in (base | self.metadata).items() if value is not None})
        if path == "/keys":
            return _json({"keys": [key.as_dict(private=False) for key in self.keys]})
        if path == "/token":
            self.forms.append({name: values[0] for name, values in parse_qs(request.content.decode()).items()})
            if self.refuses:
                return _json({"error": self.error[0]}, self.error[1])
            body = {"access_token": "access", "token_type": "Bearer"}
            if self.refresh_token:
                body["refresh_token"] = self.refresh_token
            if self.renews_id_token or self.forms[-1]["grant_type"] != "refresh_token":
                body["id_token"] = self.token or self.signed()
            return _json(body)
        if path == "/userinfo":
            return _json({"sub": "ida"} | self.user_info)
        return httpx2.Response(404)


def _json(body: dict[str, Any], status: int = 200) -> httpx2.Response:
    return httpx2.Response(status, content=json.dumps(body).encode(), headers={"Content-Type": "application/json"})
