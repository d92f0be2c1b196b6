"""Signing in at the organisation's own OpenID Connect provider: authorisation code with PKCE, and nothing else.

Only the provider is contacted: the host of the issuer, and those that `oidc_hosts` names besides. Which session comes
of it is not known here.
"""

from __future__ import annotations

import base64
import hashlib
import json
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import httpx2

from rag.access.id_token import ProviderKeys, checked_claims
from rag.access.provider_sign_in import PendingSignIn, ProvenPerson, ProviderTokens
from rag.errors import InvalidSetting, SignInRefused, SignInUnavailable
from rag.hosts import is_loopback
from rag.settings import Settings

_SECONDS = 10  # for one request to the provider
_MAX_BYTES = 1_000_000  # of one answer of it
_METADATA_HOLDS = 3_600  # seconds
_FAILURE_HOLDS = 5  # seconds in which a provider that did not answer is not asked again
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_OPTIONAL_ENDPOINTS = ("userinfo_endpoint", "end_session_endpoint")


class OpenIdProvider:
    """The provider of the settings. Nothing is fetched before somebody signs in."""

    def __init__(
        self,
        settings: Settings,
        *,
        transport: httpx2.BaseTransport | None = None,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises InvalidSetting for an issuer that is not https (but on this machine), or without a client id."""
        self._issuer = settings.oidc_issuer
        self._client_id = settings.oidc_client_id
        self._secret = settings.oidc_client_secret
        self._scopes = " ".join(dict.fromkeys(("openid", *settings.oidc_scopes)))
        self._person_claim = settings.oidc_person_claim
        self._groups_claim = settings.oidc_groups_claim
        self._now, self._clock = now, clock
        if not self._client_id:
            raise InvalidSetting("Signing in with oidc needs CITEWELL_OIDC_CLIENT_ID, the name of this service there.")
        issuer = urlsplit(self._issuer)
        if not _is_safe(self._issuer) or issuer.query or issuer.fragment or issuer.username:
            raise InvalidSetting(
                f"oidc_issuer is {self._issuer!r}; expected the https address that the provider calls itself, like"
                " https://sso.example/realms/staff; plain http is taken on this machine only."
            )
        self._hosts = {issuer.netloc, *settings.oidc_hosts}
        self._client = httpx2.Client(
            transport=transport,
            verify=settings.trusted_authorities(),
            timeout=_SECONDS,
            follow_redirects=False,
            trust_env=False,  # no proxy of the environment stands between the service and its provider
        )
        self._lock = threading.Lock()
        self._known: Mapping[str, Any] = {}
        self._known_since = 0.0
        self._failed: SignInUnavailable | None = None
        self._failed_at = 0.0
        self._keys = ProviderKeys(lambda: self._get_json(self._metadata()["jwks_uri"]), clock=clock)

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def address(self, pending: PendingSignIn, redirect_uri: str) -> str:
        """Where the browser is sent to sign in. Raises SignInUnavailable where the provider cannot be asked."""
        digest = hashlib.sha256(pending.verifier.encode()).digest()
        parameters = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": redirect_uri,
            "scope": self._scopes,
            "state": pending.state,
            "nonce": pending.nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        return _with_query(self._metadata()["authorization_endpoint"], parameters)

    def person(self, pending: PendingSignIn, code: str, redirect_uri: str, *, issuer: str | None) -> ProvenPerson:
        """Who came back with `code`; `issuer` is what the provider put beside it (RFC 9207), if it did.

        Raises SignInRefused for a code or token that does not hold, SignInUnavailable where the provider cannot be
        asked.
        """
        metadata = self._metadata()
        if issuer is None and metadata.get("authorization_response_iss_parameter_supported") is True:
            raise SignInRefused("The answer of the sign-on server does not say which server it is of.")
        if issuer is not None and issuer != self._issuer:
            raise SignInRefused("The answer comes from another sign-on server.")
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": pending.verifier,
        }
        status, given = self._tokens(metadata, form)
        if status != httpx2.codes.OK:
            what = f"{given.get('error', status)} {given.get('error_description', '')}".strip()
            raise SignInRefused(f"The sign-on server takes the code for no sign-in: {what[:200]}")
        token = given.get("id_token")
        if not isinstance(token, str):
            raise SignInRefused("The sign-on server gave no ID token. Its client has to allow the scope openid.")
        claims = self._checked(token, nonce=pending.nonce)
        tokens = ProviderTokens(claims["sub"], token, _text_of(given, "refresh_token"))
        return self._proven(self._completed(claims, metadata, given), tokens)

    def renewed(self, tokens: ProviderTokens) -> ProvenPerson | None:
        """Who somebody is by now who signed in before, by the refresh token; None where the provider does not say.

        Raises SignInRefused where it gives nothing any more, SignInUnavailable where it cannot be asked.
        """
        metadata = self._metadata()
        form = {"grant_type": "refresh_token", "refresh_token": tokens.refresh_token}
        status, given = self._tokens(metadata, form)
        if given.get("error") == "invalid_grant":
            raise SignInRefused("The sign-on server says that your sign-in there is over.")
        if status != httpx2.codes.OK:
            raise SignInUnavailable(f"The sign-on server renews nothing: {given.get('error', status)!r:.200}")
        token = given.get("id_token")
        claims = self._checked(token, nonce=None) if isinstance(token, str) else {}
        if claims.get("sub", tokens.subject) != tokens.subject:
            raise SignInRefused("The sign-on server renews the sign-in of somebody else.")
        claims = self._completed({"sub": tokens.subject} | claims, metadata, given)
        if claims.keys() == {"sub"}:
            return None
        kept = replace(tokens, refresh_token=_text_of(given, "refresh_token") or tokens.refresh_token)
        return self._proven(claims, replace(kept, id_token=token) if isinstance(token, str) else kept)

    def _checked(self, token: str, *, nonce: str | None) -> dict[str, Any]:
        return checked_claims(
            token, self._keys, issuer=self._issuer, client_id=self._client_id, nonce=nonce, now=self._now
        )

    def _completed(
        self, claims: dict[str, Any], metadata: Mapping[str, Any], given: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The claims, with what the provider says besides where one that is wanted is not among them."""
        wanted = (self._person_claim, self._groups_claim)
        if any(_claim(claims, name) is None for name in wanted) and "userinfo_endpoint" in metadata:
            return self._user_info(metadata["userinfo_endpoint"], given, claims["sub"]) | claims
        return claims

    def _proven(self, claims: Mapping[str, Any], tokens: ProviderTokens) -> ProvenPerson:
        person = _claim(claims, self._person_claim)
        if not isinstance(person, str) or not person:
            raise SignInRefused(
                f"The sign-on server does not say who signed in: there is no claim {self._person_claim!r}."
                " CITEWELL_OIDC_PERSON_CLAIM names it."
            )
        shown_as, mail = (value if isinstance(value := claims.get(name), str) else "" for name in ("name", "email"))
        return ProvenPerson(person, shown_as, mail, _names(_claim(claims, self._groups_claim)), tokens)

    def sign_out_address(self, id_token: str, back_to: str) -> str | None:
        """Where the browser is sent to sign out there too, or None where the provider has no such thing."""
        try:
            endpoint = self._metadata().get("end_session_endpoint")
        except SignInUnavailable:
            return None  # signing out here must not depend on it
        if not endpoint:
            return None
        parameters = {"client_id": self._client_id, "post_logout_redirect_uri": back_to}
        return _with_query(endpoint, parameters | ({"id_token_hint": id_token} if id_token else {}))

    def _metadata(self) -> Mapping[str, Any]:
        """What the provider says of itself, an hour old at most."""
        with self._lock:
            if self._known and self._clock() - self._known_since < _METADATA_HOLDS:
                return self._known
            if self._failed is not None and self._clock() - self._failed_at < _FAILURE_HOLDS:
                raise SignInUnavailable(str(self._failed))  # not everybody waits for the same silence
            try:
                self._known, self._known_since, self._failed = self._discovered(), self._clock(), None
            except SignInUnavailable as error:
                self._failed, self._failed_at = error, self._clock()
                raise
            return self._known

    def _discovered(self) -> Mapping[str, Any]:
        found = self._get_json(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != self._issuer:
            raise SignInUnavailable(
                f"The sign-on server calls itself {str(found.get('issuer'))[:200]!r}; expected {self._issuer!r}, as"
                " CITEWELL_OIDC_ISSUER has it, to the letter."
            )
        for name in (*_ENDPOINTS, *_OPTIONAL_ENDPOINTS):
            address = found.get(name)
            if address is None and name in _OPTIONAL_ENDPOINTS:
                continue
            if not isinstance(address, str) or not _is_safe(address) or urlsplit(address).netloc not in self._hosts:
                raise SignInUnavailable(
                    f"The sign-on server's {name} is {str(address)[:200]!r}; expected an https address at"
                    f" {', '.join(sorted(self._hosts))}. CITEWELL_OIDC_HOSTS can name more hosts."
                )
        return found

    def _tokens(self, metadata: Mapping[str, Any], form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """What the provider gives for a code or refresh token, and the status."""
        headers = {}
        methods = metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if self._secret and "client_secret_basic" in methods:
            pair = f"{quote(self._client_id, safe='')}:{quote(self._secret, safe='')}"
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        else:
            form["client_id"] = self._client_id
            if self._secret:
                form["client_secret"] = self._secret
        return self._send("POST", metadata["token_endpoint"], data=form, headers=headers)

    def _user_info(self, endpoint: str, given: Mapping[str, Any], subject: str) -> dict[str, Any]:
        """What the provider says of the person besides the token; nothing where it does not answer as it should."""
        token = given.get("access_token")
        if not isinstance(token, str):
            return {}
        status, body = self._send("GET", endpoint, headers={"Authorization": f"Bearer {token}"})
        return body if status == httpx2.codes.OK and body.get("sub") == subject else {}

    def _get_json(self, address: str) -> dict[str, Any]:
        status, body = self._send("GET", address)
        if status != httpx2.codes.OK:
            raise SignInUnavailable(f"The sign-on server answers {address} with {status}; expected 200.")
        return body

    def _send(
        self, method: str, address: str, *, data: dict[str, str] | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Status and JSON object of an answer, {} where it is none. Raises SignInUnavailable without an answer."""
        try:
            with self._client.stream(
                method, address, data=data, headers={"Accept": "application/json"} | (headers or {})
            ) as response:
                content = b""
                for part in response.iter_bytes():
                    content += part
                    if len(content) > _MAX_BYTES:
                        raise SignInUnavailable(f"The sign-on server's answer is over {_MAX_BYTES} bytes.")
        except (httpx2.HTTPError, httpx2.InvalidURL, ssl.SSLError) as error:
            raise SignInUnavailable(f"The sign-on server at {address} cannot be asked: {error}") from error
        try:
            body = json.loads(content)
        except ValueError:
            body = None
        return response.status_code, body if isinstance(body, dict) else {}


def _is_safe(address: str) -> bool:
    """Whether what is sent to an address can be read by nobody on the way."""
    parts = urlsplit(address)
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
    )


def _with_query(address: str, parameters: Mapping[str, str]) -> str:
    return f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(parameters)}"


def _text_of(given: Mapping[str, Any], name: str) -> str:
    """A text of this name in an answer; "" for none."""
    value = given.get(name)
    return value if isinstance(value, str) else ""


def _claim(claims: Mapping[str, Any], name: str) -> Any:
    """A claim by its name, or by its path: "realm_access.roles" is the roles inside of realm_access."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _names(value: object) -> tuple[str, ...]:
    """Names of groups as claims have them: a list of texts, or one text for one group."""
    if isinstance(value, str):
        return (value,)
    return tuple(entry for entry in value if isinstance(entry, str)) if isinstance(value, list) else ()
